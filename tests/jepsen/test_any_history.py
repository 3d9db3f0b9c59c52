"""Whatever a ``history.edn`` holds: it is read or refused in words, and no checker fails on it."""

from contextlib import suppress

from hypothesis import given, settings
from hypothesis import strategies as st

from kafkasim.checkers import check
from kafkasim.history import CONSISTENCY_LEVELS, HistoryError
from kafkasim.jepsen.edn import EdnSet, Keyword, Symbol, Tagged, read_forms
from kafkasim.jepsen.reading import history_from_forms
from kafkasim.jepsen.writing import encode_for_jepsen

OFFSETS = st.integers(0, 4) | st.sampled_from([-1, 2**62, 2**70, 1.0, "0", None, True, [0], Keyword("x")])
MESSAGES = st.integers(0, 5) | st.sampled_from(
    [None, True, 1.0, "1", [1], {"a": 1}, Keyword("a"), "a", EdnSet((1,)), Tagged("t", 1), 10**30, [0, 7], ""]
)
KEYS = st.sampled_from(["k1", "k1", "k1", "k2", 0, "0", None, Keyword("k"), Symbol("k")])
PAIRS = st.lists(st.tuples(OFFSETS, MESSAGES).map(list) | st.sampled_from([[0], [], 7, None]), max_size=4)
POLL = Keyword("poll")
SEND = Keyword("send")


@st.composite
def operations(draw):
    """The invocation and the completion of an operation, nearly always of the workload's form."""
    process = draw(st.integers(0, 3) | st.sampled_from([Keyword("nemesis"), None, "x"]))
    f = draw(st.sampled_from(["send", "poll", "txn", "assign", "subscribe", "crash", "debug", "send", "poll"]))
    begun, ended = [], []
    for _ in range(draw(st.integers(1, 3)) if f == "txn" else 1):
        if f == "send" or (f == "txn" and draw(st.booleans())):
            key, msg = draw(KEYS), draw(MESSAGES)
            begun.append([SEND, key, msg])
            ended.append([SEND, key, draw(st.sampled_from([msg, [draw(OFFSETS), msg], [draw(OFFSETS), msg]]))])
        else:
            begun.append([POLL])
            ended.append([POLL, draw(st.dictionaries(KEYS, PAIRS, max_size=2) | st.none())])
    if f in ("assign", "subscribe"):
        begun = ended = draw(st.lists(KEYS, max_size=3))
    if draw(st.integers(0, 20)) == 0:
        ended = draw(st.sampled_from([None, [], 7, [[POLL, 7]], [["poll"]], [[SEND, "k1"]]]))
    events = []
    for kind, value in (("invoke", begun), (draw(st.sampled_from(["ok", "ok", "ok", "fail", "info"])), ended)):
        event = {"type": Keyword(kind), "process": process, "f": Keyword(f), "value": value}
        if draw(st.booleans()):
            event["time"] = draw(st.integers(0, 100) | st.sampled_from([None, "x", -5, 1.5]) | st.integers(0, 100))
        if f == "assign" and draw(st.booleans()):
            event["seek-to-beginning?"] = True
        events.append({Keyword(name): item for name, item in event.items()})
    return events


def judged_at_every_level(history):
    for level in CONSISTENCY_LEVELS:
        result = check(history, level)
        assert not result.failed
        for anomaly in result.anomalies:
            for example in anomaly.examples:
                assert set(example.operations) <= {op.index for op in history.operations}
    try:
        again = history_from_forms(read_forms(encode_for_jepsen(history).decode()))
    except HistoryError as error:
        raise AssertionError("what was read and written cannot be read again") from error
    assert [op.f for op in again.operations if op.f != "assign"] == [
        op.f for op in history.operations if op.f != "assign"
    ]


@settings(max_examples=300)
@given(st.lists(operations(), max_size=12), st.randoms(use_true_random=False))
def test_any_history_is_judged_or_refused_in_words(pairs, random):
    """The operations overlap at random, those of a process too, which the reader refuses."""
    events = []
    waiting = []
    for begin, end in pairs:
        events.append(begin)
        waiting.append(end)
        while waiting and random.random() < 0.6:
            events.append(waiting.pop(random.randrange(len(waiting))))
    with suppress(HistoryError):
        judged_at_every_level(history_from_forms(events + waiting))


@settings(max_examples=200)
@given(st.lists(operations(), max_size=15))
def test_any_history_of_operations_one_after_the_other_is_judged_or_refused_in_words(pairs):
    with suppress(HistoryError):
        judged_at_every_level(history_from_forms(event for pair in pairs for event in pair))


def test_an_empty_history_is_unknown():
    assert check(history_from_forms([])).verdict == "unknown"
