"""What each operation does, one caller at a time: every sentence of the meanings."""

import copy
import enum
import pickle
from collections import UserDict
from types import MappingProxyType

import pytest

from kafkasim import LogEngine
from kafkasim.messages import CommitPastEndError, ErrorCode, MalformedRequestError, RpcError


def engine_with(**logs):
    engine = LogEngine()
    for key, messages in logs.items():
        for msg in messages:
            engine.send(key, msg)
    return engine


class Topic(enum.StrEnum):
    ORDERS = "orders"


class Unhashable(str):
    """Text that fails wherever it is hashed or compared."""

    __slots__ = ()
    __hash__ = None  # type: ignore[assignment]  # that is the point


NOT_KEYS = ["", None, 7, True, b"k", 1.0, ["k"], Topic]
NOT_OFFSETS = [-1, True, False, 1.0, "0", None, [0]]

# --------------------------------------------------------------------------------------
# send
# --------------------------------------------------------------------------------------


def test_offsets_are_dense_from_zero_in_each_key():
    engine = LogEngine()
    assert [engine.send("a", None) for _ in range(5)] == [0, 1, 2, 3, 4]
    assert [engine.send("b", None) for _ in range(2)] == [0, 1]


def test_a_send_returns_the_length_that_the_log_had():
    engine = engine_with(k="abc")
    assert engine.send("k", "d") == 3
    assert engine.end_offsets() == {"k": 4}


def test_the_same_message_sent_twice_is_two_messages():
    assert engine_with(k=["hello", "hello"]).poll({"k": 0}) == {"k": [(0, "hello"), (1, "hello")]}


@pytest.mark.parametrize("msg", [None, True, 0, 1.5, "", "text", [], {"a": [None]}], ids=repr)
def test_any_json_value_is_a_message(msg):
    assert engine_with(k=[msg]).poll({"k": 0}) == {"k": [(0, msg)]}


def test_the_engine_keeps_the_object_that_it_is_given():
    msg = object()
    engine = engine_with(k=[msg])
    [(_, found)] = engine.poll({"k": 0})["k"]
    assert found is msg


def test_the_engine_never_looks_inside_a_message():
    class Opaque:
        def __eq__(self, _other):
            raise AssertionError("compared")

        def __bool__(self):
            raise AssertionError("asked whether it is true")

        __hash__ = None  # type: ignore[assignment]  # hashing is looking inside too

    msg = Opaque()
    assert engine_with(k=[msg]).poll({"k": 0, "other": 0})["k"][0][1] is msg


@pytest.mark.parametrize("key", NOT_KEYS, ids=repr)
def test_a_send_to_what_is_no_key_is_refused_and_appends_nothing(key):
    engine = LogEngine()
    with pytest.raises(MalformedRequestError, match="send: expected non-empty text as key, got "):
        engine.send(key, "lost")
    assert engine.end_offsets() == {}


# --------------------------------------------------------------------------------------
# poll
# --------------------------------------------------------------------------------------


def test_a_poll_returns_everything_from_the_offset_to_the_end():
    engine = engine_with(k="abcd")
    assert engine.poll({"k": 0}) == {"k": [(0, "a"), (1, "b"), (2, "c"), (3, "d")]}
    assert engine.poll({"k": 2}) == {"k": [(2, "c"), (3, "d")]}


@pytest.mark.parametrize("offset", [4, 5, 10**30])
def test_a_poll_at_or_past_the_end_returns_nothing(offset):
    engine = engine_with(k="abcd", other="x")
    assert engine.poll({"k": offset}) == {}
    assert engine.poll({"k": offset}, max_messages=10**30) == {}
    assert engine.poll({"k": offset, "other": 0}) == {"other": [(0, "x")]}


def test_a_poll_of_a_key_never_written_to_returns_nothing_and_creates_nothing():
    engine = engine_with(k="a")
    assert engine.poll({"never": 0}) == {}
    assert engine.poll({"never": 0, "k": 0}) == {"k": [(0, "a")]}
    assert engine.end_offsets() == {"k": 1}


def test_a_poll_of_several_keys_leaves_out_those_with_nothing():
    engine = engine_with(a="x", b="yz", c="w")
    assert engine.poll({"c": 1, "b": 1, "a": 0, "d": 0}) == {"b": [(1, "z")], "a": [(0, "x")]}


def test_max_messages_caps_what_is_returned_of_each_key():
    engine = engine_with(a="wxyz", b="uv")
    assert engine.poll({"a": 1}, max_messages=2) == {"a": [(1, "x"), (2, "y")]}
    assert engine.poll({"a": 1, "b": 1}, max_messages=2) == {"a": [(1, "x"), (2, "y")], "b": [(1, "v")]}
    assert engine.poll({"a": 3}, max_messages=10**30) == {"a": [(3, "z")]}
    assert engine.poll({"a": 3, "b": 0}, max_messages=10**30) == {"a": [(3, "z")], "b": [(0, "u"), (1, "v")]}


@pytest.mark.parametrize("limit", [0, -1, True, 1.0, "1"], ids=repr)
def test_max_messages_is_an_integer_from_one_on(limit):
    with pytest.raises(MalformedRequestError, match="poll: expected an integer >= 1 as max_messages, got "):
        engine_with(k="a").poll({"k": 0}, max_messages=limit)


def test_what_a_poll_returned_is_the_callers_own():
    engine = engine_with(k="ab")
    engine.poll({"k": 0})["k"].clear()
    engine.poll({"k": 0, "other": 0})["k"].clear()
    assert engine.poll({"k": 0}) == {"k": [(0, "a"), (1, "b")]}


# --------------------------------------------------------------------------------------
# commit_offsets and list_committed_offsets
# --------------------------------------------------------------------------------------


def test_a_commit_is_listed_as_the_last_offset_processed():
    engine = engine_with(k="abc")
    engine.commit_offsets({"k": 1})
    assert engine.list_committed_offsets(["k"]) == {"k": 1}


def test_a_commit_of_offset_zero_is_a_commit():
    engine = engine_with(k="a")
    engine.commit_offsets({"k": 0})
    assert engine.list_committed_offsets(["k"]) == {"k": 0}


def test_a_lower_commit_is_accepted_and_changes_nothing():
    engine = engine_with(a="abc", b="abc")
    engine.commit_offsets({"a": 2})
    engine.commit_offsets({"a": 0, "b": 1})
    assert engine.list_committed_offsets(["a", "b"]) == {"a": 2, "b": 1}


def test_a_commit_at_the_end_is_refused_with_a_definite_error():
    engine = engine_with(k="abc")
    with pytest.raises(
        CommitPastEndError, match='key "k" cannot be committed at offset 3: its last message is'
    ) as caught:
        engine.commit_offsets({"k": 3})
    assert (caught.value.key, caught.value.offset, caught.value.end) == ("k", 3, 3)
    assert caught.value.code is ErrorCode.PRECONDITION_FAILED
    assert caught.value.code.definite


def test_a_commit_to_a_key_never_written_to_is_refused_and_creates_nothing():
    engine = LogEngine()
    with pytest.raises(CommitPastEndError, match="it has no messages"):
        engine.commit_offsets({"never": 0})
    assert engine.end_offsets() == engine.list_committed_offsets(["never"]) == {}


@pytest.mark.parametrize("refused", [{"a": 2, "b": 1}, {"b": 1, "a": 2}, {"a": 2, "never": 0, "c": 0}])
def test_a_refused_commit_of_several_keys_leaves_nothing_behind(refused):
    engine = engine_with(a="abc", b="a", c="a")
    engine.commit_offsets({"a": 0})
    with pytest.raises(CommitPastEndError):
        engine.commit_offsets(refused)
    assert engine.list_committed_offsets(["a", "b", "c"]) == {"a": 0}


def test_a_malformed_commit_of_several_keys_leaves_nothing_behind():
    engine = engine_with(a="abc", b="a")
    with pytest.raises(MalformedRequestError):
        engine.commit_offsets({"a": 2, "b": -1})
    assert engine.list_committed_offsets(["a", "b"]) == {}


def test_check_commit_raises_what_the_commit_would_and_changes_nothing():
    engine = engine_with(k="ab")
    engine.check_commit({"k": 1})
    assert engine.list_committed_offsets(["k"]) == {}
    with pytest.raises(CommitPastEndError) as checked:
        engine.check_commit({"k": 2})
    with pytest.raises(CommitPastEndError) as committed:
        engine.commit_offsets({"k": 2})
    assert str(checked.value) == str(committed.value)
    with pytest.raises(MalformedRequestError, match=r"^commit_offsets: "):
        engine.check_commit({"k": True})


def test_a_list_speaks_only_of_the_keys_asked_for_that_have_a_commit():
    engine = engine_with(a="x", b="x", c="x")
    engine.commit_offsets({"a": 0, "b": 0})
    assert engine.list_committed_offsets(["b", "c", "never"]) == {"b": 0}


def test_a_list_may_ask_for_a_key_twice_and_in_any_iterable():
    engine = engine_with(a="x", b="x")
    engine.commit_offsets({"a": 0, "b": 0})
    assert engine.list_committed_offsets(["a", "b", "a"]) == {"a": 0, "b": 0}
    assert engine.list_committed_offsets(key for key in "ab") == {"a": 0, "b": 0}
    assert engine.list_committed_offsets({"b": None}) == {"b": 0}


@pytest.mark.parametrize("keys", ["k1", "", 7, None, Topic.ORDERS], ids=repr)
def test_a_list_of_what_is_no_list_is_refused(keys):
    with pytest.raises(MalformedRequestError, match="list_committed_offsets: expected a list of keys, got "):
        LogEngine().list_committed_offsets(keys)


@pytest.mark.parametrize("key", NOT_KEYS, ids=repr)
def test_a_list_of_what_are_no_keys_is_refused(key):
    for keys in ([key], ["k", key]):
        with pytest.raises(MalformedRequestError, match="list_committed_offsets: expected non-empty text as key, got "):
            LogEngine().list_committed_offsets(keys)


# --------------------------------------------------------------------------------------
# What all of them have in common
# --------------------------------------------------------------------------------------


def test_empty_requests_succeed():
    for engine in (LogEngine(), engine_with(k="a")):
        assert engine.poll({}) == {}
        engine.commit_offsets({})
        engine.check_commit({})
        assert engine.list_committed_offsets([]) == {}


OPERATIONS_ON_OFFSETS = ["poll", "commit_offsets"]


@pytest.mark.parametrize("operation", OPERATIONS_ON_OFFSETS)
@pytest.mark.parametrize("offset", NOT_OFFSETS, ids=repr)
def test_an_offset_is_an_integer_from_zero_on(operation, offset):
    engine = engine_with(k="abc", b="abc")
    for offsets in ({"k": offset}, {"b": 0, "k": offset}):
        with pytest.raises(
            MalformedRequestError, match=f'^{operation}: key "k": expected an integer >= 0 as offset, got '
        ):
            getattr(engine, operation)(offsets)


@pytest.mark.parametrize("operation", OPERATIONS_ON_OFFSETS)
@pytest.mark.parametrize("key", [key for key in NOT_KEYS if not isinstance(key, list)], ids=repr)
def test_a_key_is_non_empty_text(operation, key):
    for offsets in ({key: 0}, {"k": 0, key: 0}):
        with pytest.raises(MalformedRequestError, match=f"^{operation}: expected non-empty text as key, got "):
            getattr(engine_with(k="a"), operation)(offsets)


@pytest.mark.parametrize("operation", OPERATIONS_ON_OFFSETS)
@pytest.mark.parametrize("offsets", [None, 7, "k", [("k", 0)], {"k"}], ids=repr)
def test_offsets_are_a_mapping(operation, offsets):
    with pytest.raises(MalformedRequestError, match=f"^{operation}: expected a mapping of keys to offsets, got "):
        getattr(LogEngine(), operation)(offsets)


@pytest.mark.parametrize("mapping", [UserDict, MappingProxyType])
def test_any_mapping_will_do(mapping):
    engine = engine_with(a="xy", b="z")
    assert engine.poll(mapping({"a": 1, "b": 0})) == {"a": [(1, "y")], "b": [(0, "z")]}
    engine.commit_offsets(mapping({"a": 1}))
    assert engine.list_committed_offsets(["a", "b"]) == {"a": 1}


def test_a_subclass_of_text_is_the_key_that_it_spells():
    engine = LogEngine()
    engine.send(Topic.ORDERS, 1)
    engine.send("orders", 2)
    engine.commit_offsets({Topic.ORDERS: 1})
    polled, listed = engine.poll({Topic.ORDERS: 0}), engine.list_committed_offsets([Topic.ORDERS])
    assert polled == {"orders": [(0, 1), (1, 2)]}
    assert engine.poll({Topic.ORDERS: 1, "other": 0}) == {"orders": [(1, 2)]}
    assert listed == {"orders": 1}
    for answer in (polled, listed, engine.end_offsets()):
        assert [type(key) for key in answer] == [str]


def test_no_code_of_a_key_runs_inside_the_engine():
    engine = LogEngine()
    assert engine.send(Unhashable("k"), 1) == 0
    assert engine.list_committed_offsets([Unhashable("k")]) == {}
    assert engine.end_offsets() == {"k": 1}


class Shifting(UserDict):  # type: ignore[type-arg]  # a mapping of anything will do
    """A mapping that another thread changes between any two looks at it, as it were."""

    def __getitem__(self, key):
        value = super().__getitem__(key)
        self.data[key] = -2
        return value


def test_arguments_that_change_during_the_call_are_looked_at_once():
    engine = engine_with(a="wxyz", b="wxyz")
    assert engine.poll(Shifting(a=3)) == {"a": [(3, "z")]}
    assert engine.poll(Shifting(a=3, b=3)) == {"a": [(3, "z")], "b": [(3, "z")]}
    engine.commit_offsets(Shifting(a=3, b=2))
    assert engine.list_committed_offsets(["a", "b"]) == {"a": 3, "b": 2}


def test_every_refusal_is_an_rpc_error_with_the_protocols_code():
    engine = LogEngine()
    codes = []
    for refused in (
        lambda: engine.send("", 1),
        lambda: engine.poll({"k": -1}),
        lambda: engine.commit_offsets({"k": 0}),
    ):
        with pytest.raises(RpcError) as caught:
            refused()
        codes.append(int(caught.value.code))
    assert codes == [12, 12, 22]


def test_end_offsets_are_in_order_of_creation():
    assert list(engine_with(b="xy", a="z", c="").end_offsets().items()) == [("b", 2), ("a", 1)]


@pytest.mark.parametrize(
    "duplicate",
    [copy.copy, copy.deepcopy, lambda engine: pickle.loads(pickle.dumps(engine))],
    ids=["copy", "deepcopy", "pickle"],
)
def test_a_copy_has_what_was_in_the_engine_and_goes_its_own_way(duplicate):
    engine = engine_with(a="xy", b="z")
    engine.commit_offsets({"a": 0})
    twin = duplicate(engine)
    engine.send("a", "only here")
    engine.commit_offsets({"a": 2})
    twin.send("b", "only there")
    twin.send("c", "only there")
    assert twin.poll({"a": 0, "b": 0}) == {"a": [(0, "x"), (1, "y")], "b": [(0, "z"), (1, "only there")]}
    assert twin.list_committed_offsets(["a", "b"]) == {"a": 0}
    assert engine.end_offsets() == {"a": 3, "b": 1}
    assert engine.list_committed_offsets(["a", "b"]) == {"a": 2}
