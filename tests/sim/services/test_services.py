"""What each service promises, judged by trying every order; and that the relaxed ones are as weak as they say."""

import copy
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kafkasim.checkers.identity import identity
from kafkasim.scenario import model
from kafkasim.scenario.model import MILLISECOND, SECOND
from kafkasim.scenario.service_names import SERVICE_NAMES
from kafkasim.sim.choices import SeededChoices
from kafkasim.sim.services import SERVICES
from kafkasim.sim.services.requests import Write, same
from kafkasim.sim.services.sequential_store import SequentialStore
from kafkasim.sim.world import ImpossibleScenarioError, World
from tests.sim.build import client, generated, run, scripted
from tests.sim.services.asking import (
    Asker,
    Bench,
    ask_all,
    ask_one,
    has_an_order,
    in_program_order,
    in_real_time,
    some_programs,
)

STORES = ("lin-kv", "seq-kv", "lww-kv")


def write(value, key="x"):
    return {"type": "write", "key": key, "value": value}


def cas(expected, to, key="x", **more):
    return {"type": "cas", "key": key, "from": expected, "to": to, **more}


def read(key="x"):
    return {"type": "read", "key": key}


def value(answer):
    return {"type": "read_ok", "value": answer}


def error(code):
    return {"type": "error", "code": code}


def histories(service, seeds, clients=3, length=4):
    for seed in seeds:
        programs = some_programs(SeededChoices(seed).stream("programs"), clients, length)
        yield ask_all(service, programs, seed)


def test_a_scenario_can_name_every_service():
    assert tuple(SERVICES) == SERVICE_NAMES


# What one client is told.


def test_lin_kv_does_what_it_is_asked():
    asked = [
        read(),
        cas(1, 2),
        write(1),
        read(),
        cas(1, 2),
        cas(1, 3),
        read(),
        cas(0, 7, "new", create_if_not_exists=True),
    ]
    cas_ok = {"type": "cas_ok"}
    assert ask_one("lin-kv", *asked) == [
        error(20), error(20), {"type": "write_ok"}, value(1), cas_ok, error(22), value(2), cas_ok,
    ]  # fmt: skip


def test_a_cas_that_may_create_a_key_still_compares_the_value_of_one_that_exists():
    assert ask_one("lin-kv", write(1), cas(0, 2, create_if_not_exists=True))[1] == error(22)


@pytest.mark.parametrize("store", STORES)
def test_values_are_compared_as_json(store):
    same, other = {"a": 1, "b": [None]}, {"b": [None], "a": True}
    asked = [write(0), *[cas(0, same)] * 300]
    assert {"type": "cas_ok"} in ask_one(store, *asked)
    assert ask_one("lin-kv", write(same), cas({"b": [None], "a": 1.0}, 0))[1] == {"type": "cas_ok"}
    assert ask_one("lin-kv", write(same), cas(other, 0))[1] == error(22)


def test_any_json_is_a_key():
    keys = [None, True, 1, "1", [1], {"a": [1]}]
    answers = ask_one("lin-kv", *(write(place, key) for place, key in enumerate(keys)), *map(read, keys), read(1.0))
    assert answers[len(keys) :] == [*map(value, range(len(keys))), value(2)]


@pytest.mark.parametrize(
    ("body", "code", "text"),
    [
        ({"type": "write", "key": "x"}, 12, "write: field `value` is missing (expected any JSON value)"),
        ({"type": "read"}, 12, "read: field `key` is missing (expected any JSON value)"),
        ({"type": "cas", "key": 1, "to": 1}, 12, "cas: field `from` is missing (expected any JSON value)"),
        (
            cas(1, 2, create_if_not_exists=1),
            12,
            "cas: field `create_if_not_exists`: expected true or false, got 1",
        ),
        ({"key": "x"}, 12, "field `type` is missing"),
        ({"type": 7}, 12, "field `type`: expected text, got 7"),
        ({"type": "ts"}, 10, 'unknown request type "ts": expected one of read, write, cas'),
    ],
)
@pytest.mark.parametrize("store", STORES)
def test_what_cannot_be_obeyed_is_refused_and_the_field_is_named(store, body, code, text):
    heard = []
    bench = Bench()
    asker = Asker("n0", store, [body], bench)
    bench.network.join("n0", asker)
    asker.receive = lambda envelope: heard.append(envelope.body)  # type: ignore[method-assign]  # to hear what it would hear
    bench.network.join("n0", asker)
    bench.run()
    assert heard == [{"type": "error", "code": code, "text": text, "in_reply_to": 1}]


def test_the_oracle_knows_only_timestamps():
    assert ask_one("lin-tso", read()) == [error(10)]


# What several are told.


def test_lin_kv_is_linearizable():
    assert all(has_an_order(history, in_real_time) for history in histories("lin-kv", range(150)))


def test_seq_kv_is_sequentially_consistent():
    assert all(has_an_order(history, in_program_order) for history in histories("seq-kv", range(300)))


def test_seq_kv_is_not_linearizable():
    assert not all(has_an_order(history, in_real_time) for history in histories("seq-kv", range(50)))


def test_seq_kv_shows_stale_values_but_never_goes_back():
    for seed in range(20):
        writer = [write(number) for number in range(40)]
        asked = ask_all("seq-kv", {"n0": writer, "n1": [read()] * 40}, seed)
        seen = [each.answer.get("value", -1) for each in asked if each.client == "n1"]
        assert seen == sorted(seen)
        done = [(each.body["value"], each.end) for each in asked if each.client == "n0"]
        reads = [each for each in asked if each.client == "n1"]
        stale = [max([-1, *(number for number, end in done if end < each.begin)]) for each in reads]
        if any(got < acknowledged for got, acknowledged in zip(seen, stale, strict=True)):
            break
    else:
        pytest.fail("no read was stale")


def test_seq_kv_shows_a_client_its_own_writes():
    for seed in range(20):
        asked = ask_all("seq-kv", {"n0": [write(1), read(), write(2), read()], "n1": [write(7, "y")] * 9}, seed)
        assert [each.answer.get("value") for each in asked if each.client == "n0"] == [None, 1, None, 2]


def test_seq_kv_forgets_what_nobody_can_be_shown_any_more():
    store = SequentialStore(SeededChoices(0).stream("s"))
    for number in range(1000):
        store.handle("n0", Write("k", number))
    assert len(store._versions["k"]) < 40


def test_lww_kv_loses_acknowledged_writes():
    """Who counts with it by compare and set succeeds twice from the same number: the first success is lost."""

    def lost(seed):
        answers = ask_all("lww-kv", {"n0": [write(0), *[read()] * 20, cas(0, 1), cas(0, 1)]}, seed)
        return [each.answer for each in answers[-2:]] == [{"type": "cas_ok"}] * 2

    assert any(map(lost, range(20)))


def test_lww_kv_does_not_even_show_a_client_its_own_writes():
    answers = [ask_all("lww-kv", {"n0": [write(1), write(2), read()]}, seed)[2].answer for seed in range(30)]
    assert {answer.get("value") for answer in answers} == {None, 1, 2}


def test_lww_kv_agrees_in_the_end():
    for seed in range(5):
        bench = Bench(seed)
        for number in range(3):
            Asker(f"n{number}", "lww-kv", [write(f"{number}-{each}") for each in range(5)], bench)
        bench.run()
        last = Asker("n9", "lww-kv", [read()] * 200, bench)
        bench.run()
        assert len({each.answer["value"] for each in last.asked[150:]}) == 1


def test_the_oracle_never_repeats_itself_nor_goes_back():
    asked = ask_all("lin-tso", {f"n{number}": [{"type": "ts"}] * 20 for number in range(3)}, seed=3)
    given = [each.answer["ts"] for each in asked]
    assert sorted(given) == list(range(60))
    assert all(one.answer["ts"] < other.answer["ts"] for one in asked for other in asked if one.end < other.begin)


# As parts of a world.


def test_services_have_their_chances_from_the_seed():
    programs = some_programs(SeededChoices(0).stream("programs"), 3, 10)
    answers = [[each.answer for each in ask_all("lww-kv", programs, seed)] for seed in (1, 1, 2)]
    assert answers[0] == answers[1] != answers[2]


@pytest.mark.parametrize("store", STORES)
def test_a_copy_of_a_world_has_services_of_its_own(store):
    bench = Bench(1)
    asker = Asker("n0", store, [write(1), read()], bench)
    other, other_asker = copy.deepcopy((bench, asker))
    bench.run()
    assert asker.asked[0].answer == {"type": "write_ok"}
    assert other_asker.asked == []
    other.run()
    assert other_asker.asked == asker.asked


def test_a_partition_can_keep_a_node_from_a_service():
    bench = Bench()
    partition = bench.network.part((("n0", "lin-kv"), ("n1",)))
    askers = [Asker(name, "lin-kv", [write(1)], bench) for name in ("n0", "n1", "n2")]
    bench.run()
    assert [asker.asked[0].answer is None for asker in askers] == [False, True, True]
    bench.network.rejoin(partition)
    again = Asker("n1", "lin-kv", [read()], bench)
    bench.run()
    assert again.asked[0].answer == value(1)


def test_services_that_nobody_asks_are_in_no_history():
    faults = (model.Partition(SECOND // 2, (("c1",),), heal_after=100 * MILLISECOND),)
    groups = [fault.groups for fault in run(generated(faults=faults)).history.faults]
    assert groups == [(("c1",), ("n0", "c2", "c3", "c4"))] * 2


def test_a_history_tells_that_a_service_was_cut_off():
    faults = (model.Partition(SECOND // 2, (("n0", "c1"), ("lin-kv",)), heal_after=100 * MILLISECOND),)
    groups = [fault.groups for fault in run(generated(faults=faults)).history.faults]
    assert groups == [(("n0", "c1"), ("lin-kv",), ("c2", "c3", "c4"))] * 2


def test_no_client_is_called_like_a_service():
    scenario = scripted(client("lin-kv", model.Send("k", 1)))
    with pytest.raises(ImpossibleScenarioError, match="called lin-kv"):
        World(scenario, SeededChoices(0))


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.sampled_from([0, 1, 2, 1.0, 0.5, -0.0, Decimal("0.5"), Decimal(10**30), "", "1", "\ud800"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
    max_leaves=6,
)


@given(VALUES, VALUES)
def test_two_values_are_the_same_where_they_are_one_message(one, other):
    assert same(one, one)
    assert same(one, other) == (identity(one) == identity(other))
