"""How a run ends: the final polls, interruptions, figures, and sweeps over many seeds."""

import gc
import pickle
import signal
from concurrent.futures import ThreadPoolExecutor

import pytest

from kafkasim import simulate
from kafkasim.garbage_collection import collector_at_rest, count_as_old
from kafkasim.history import Operation
from kafkasim.scenario import model
from kafkasim.scenario.model import MILLISECOND, SECOND, NodeCrash, Send
from kafkasim.sim.choices import SeededChoices
from kafkasim.sim.client import Client
from kafkasim.sim.statistics import quantiles_of
from kafkasim.sim.world import World
from tests.sim.build import client, generated, operations, run, scripted


def final(result):
    return [op for op in result.history.operations if op.final]


def test_the_final_polls_read_every_key_from_the_start_by_a_process_of_its_own():
    result = run(generated())
    (poll,) = final(result)
    assert set(poll.request["offsets"].items()) == {("k1", 0), ("k2", 0), ("k3", 0)}
    assert poll.process > max(op.process for op in operations(result))
    assert poll.begin_event > max(op.end_event or 0 for op in operations(result))
    assert result.history.end.final_polls == dict.fromkeys(poll.request["offsets"], "complete")


def test_the_final_polls_go_on_until_everything_is_read():
    result = run(generated(system=model.System(max_poll_messages=7)))
    sent = sum(op.f == "send" for op in operations(result))
    read = [pair for op in final(result) for pairs in op.response["msgs"].values() for pair in pairs]
    assert len(read) == sent
    assert set(result.history.end.final_polls.values()) == {"complete"}


def test_a_log_that_lost_its_end_is_read_completely_after_a_second_without_news():
    result = run(scripted(client("alice", Send("k1", 1)), faults=(NodeCrash(0, "n0"),)))
    assert [op.type for op in operations(result)] == ["info"]
    assert result.history.end.final_polls == {"k1": "complete"}
    result = run(generated(faults=(NodeCrash(19 * SECOND // 10, "n0", MILLISECOND),)))
    polls = final(result)
    assert polls[-1].start - polls[0].start >= SECOND
    assert "unseen" in result.found


def test_keys_whose_final_polls_are_never_answered_are_incomplete(monkeypatch):
    monkeypatch.setattr("kafkasim.sim.bugs.processes._SELDOM", 1.0)
    result = run(scripted(client("alice", Send("k1", 1)), system=model.System(bug="silent")))
    assert result.history.end.final_polls == {"k1": "incomplete"}
    assert final(result)[-1].start < 13 * SECOND
    assert result.history.end.end == "complete"


def test_each_node_has_a_final_reader_of_its_own():
    result = run(generated(system=model.System(nodes=3, bug="own-order")))
    assert {(op.client, op.node) for op in final(result)} == {
        ("final-n0", "n0"),
        ("final-n1", "n1"),
        ("final-n2", "n2"),
    }
    assert not result.history.header.promises.atomic_keys


def test_an_interrupted_run_yields_what_is_known_so_far():
    calls = []

    def interrupt(now: int) -> None:
        calls.append(now)
        if len(calls) == 2:
            signal.raise_signal(signal.SIGINT)

    result = simulate.run(generated(workload={"duration": 60 * SECOND}), progress=interrupt)
    assert result.interrupted
    assert result.history.end.end == "interrupted"
    assert result.history.end.final_polls == {}
    assert 500 < len(result.history.operations) < 5000
    assert result.verdict == "valid"
    assert 0 < result.statistics.duration <= calls[-1]
    assert result.statistics.rate_achieved > 100


def test_progress_is_told_in_the_time_of_the_run():
    seen: list[int] = []
    simulate.run(generated(workload={"rate": 2000, "clients": 30}), progress=seen.append)
    assert seen == sorted(seen)
    assert len(seen) > 2
    assert seen[-1] > SECOND


def test_the_figures_count_what_clients_did_and_not_the_final_polls():
    result = run(generated())
    figures = result.statistics
    for function, outcomes in figures.outcomes.items():
        own = operations(result, function)
        assert {kind: sum(op.type == kind for op in own) for kind in ("ok", "fail", "info")} == outcomes
    assert figures.latencies["send"].count == figures.outcomes["send"]["ok"]
    assert "assign" not in figures.latencies
    assert MILLISECOND < figures.latencies["send"].p50 < figures.latencies["send"].p99 <= figures.latencies["send"].max


@pytest.mark.parametrize(
    ("durations", "expected"),
    [([5], (1, 5, 5, 5, 5)), (list(range(100, 0, -1)), (100, 50, 95, 99, 100)), ([2, 1], (2, 1, 2, 2, 2))],
)
def test_quantiles_are_durations_that_occurred(durations, expected):
    figures = quantiles_of(durations)
    assert (figures.count, figures.p50, figures.p95, figures.p99, figures.max) == expected


def test_a_sweep_gives_the_results_of_single_runs_in_the_order_of_the_seeds():
    scenario = generated(system=model.System(bug="drops-acknowledged"))
    with ThreadPoolExecutor(2) as executor:
        spread = list(simulate.sweep(scenario, range(6), executor))
    alone = [run(scenario, seed) for seed in range(6)]
    assert [result.seed for result in spread] == list(range(6))
    assert [result.check for result in spread] == [result.check for result in alone]
    assert [result.check for result in simulate.sweep(scenario, range(6))] == [result.check for result in alone]
    assert all(result.history.operations == [] for result in spread)


def test_the_results_of_a_sweep_can_be_sent_to_another_process():
    scenario = generated(system=model.System(bug="answers-minus-one"))
    result = simulate.run_lightly(scenario, 3)
    assert pickle.loads(pickle.dumps(result)) == result
    assert len(pickle.dumps(result)) < 20_000


def test_an_interrupted_sweep_yields_what_is_ready_and_then_ends(monkeypatch):
    original = simulate.run

    def interrupted_at_two(scenario, seed):
        result = original(scenario, seed)
        result.interrupted = seed == 2
        return result

    monkeypatch.setattr(simulate, "run", interrupted_at_two)
    seen: list[int] = []
    with pytest.raises(KeyboardInterrupt):
        seen.extend(result.seed for result in simulate.sweep(generated(), range(10)))
    assert seen == [0, 1, 2]


@pytest.mark.parametrize("faults", [(), (NodeCrash(SECOND, "n0", restart_after=100 * MILLISECOND),)])
def test_a_world_that_was_taken_apart_leaves_nothing_of_its_run_to_the_garbage_collector(faults):
    left = []
    for seconds in (2, 6):
        world = World(generated(workload={"duration": seconds * SECOND}, faults=faults), SeededChoices(1))
        while world.advance():
            pass
        gc.collect()
        with collector_at_rest():
            world.dissolve()
            del world
            left.append(gc.collect())
    assert max(left) < 50  # of thousands; a thread of the test runner may leave a few of its own


def test_what_counts_as_old_is_not_looked_through_with_what_is_new():
    with collector_at_rest():
        kept = [[number] for number in range(10_000)]
        count_as_old()
        assert gc.get_count()[0] < len(kept)
        assert gc.get_freeze_count() == 0


@pytest.mark.parametrize(("many", "looked_through"), [(120_000, False), (10_000, True)])
def test_only_where_much_was_made_is_it_not_looked_through_afterwards(many, looked_through):
    with collector_at_rest():
        kept = [[number] for number in range(many)]
    counts_as_old = any(each is kept[0] for each in gc.get_objects(generation=2))
    assert counts_as_old != looked_through
    assert gc.isenabled()


def test_ctrl_c_in_the_middle_of_an_event_is_heeded_after_it(monkeypatch):
    taken = Client.receive

    def interrupted(client, envelope):
        operation = client._operation
        if operation is not None and operation.index == 40 and not interrupts:
            interrupts.append(operation)
            signal.raise_signal(signal.SIGINT)
        taken(client, envelope)

    interrupts: list[Operation] = []
    monkeypatch.setattr(Client, "receive", interrupted)
    result = simulate.run(generated(workload={"duration": 60 * SECOND}))
    assert result.interrupted
    assert interrupts[0].type == "ok"
    assert result.check.anomalies == []
