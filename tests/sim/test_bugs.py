"""Every faulty server is caught by the anomaly that is named for it."""

from typing import Literal

import pytest

from kafkasim.checkers.table import CHECKERS
from kafkasim.scenario import model
from kafkasim.scenario.bug_names import BUG_NAMES, CLUSTER_BUGS
from kafkasim.scenario.model import (
    MILLISECOND,
    SECOND,
    CommitOffsets,
    ListCommittedOffsets,
    NodeCrash,
    Poll,
    Raw,
    Send,
    Sleep,
)
from kafkasim.sim.bugs import BUGS
from tests.sim.build import client, generated, operations, run, scripted, step

SEEDS = range(5)


def faulty(bug: str, storage: Literal["memory", "durable"] = "memory") -> model.Scenario:
    return generated(
        system=model.System(nodes=2 if BUGS[bug].clusters else 1, bug=bug, storage=storage),
        workload={"mix": (("send", 3), ("poll", 3), ("list", 2)), "probe": True, "duration": 3 * SECOND},
    )


@pytest.mark.parametrize("storage", ["memory", "durable"])
@pytest.mark.parametrize("bug", BUGS)
def test_each_bug_is_caught_by_what_is_named_for_it(bug, storage):
    found = set()
    for seed in SEEDS:
        found |= run(faulty(bug, storage), seed).found
        if found.issuperset(BUGS[bug].caught_by):
            return
    assert found.issuperset(BUGS[bug].caught_by)


@pytest.mark.sweep
@pytest.mark.parametrize("bug", BUGS)
def test_most_seeds_catch_a_bug(bug):
    caught = [not run(faulty(bug), seed).found.isdisjoint(BUGS[bug].caught_by) for seed in range(40)]
    assert sum(caught) >= 20


def test_what_catches_a_bug_is_looked_for():
    kinds = {checker.kind for checker in CHECKERS}
    assert {kind for bug in BUGS.values() for kind in bug.caught_by} <= kinds
    assert all(name == bug.name and bug.does for name, bug in BUGS.items())


def test_stale_reads_catch_up():
    actions = (Send("k1", 1), Poll({"k1": 0}), Sleep(SECOND), step(Poll({"k1": 0}), expect={"k1": [[0, 1]]}))
    result = run(scripted(client("alice", *actions), system=model.System(bug="stale-reads")))
    assert not result.unmet
    assert operations(result, "poll")[0].response == {"msgs": {}}
    assert result.found == {"stale-poll"}


def test_half_commits_leave_what_came_before_the_refused_key():
    result = run(
        scripted(
            client(
                "alice",
                Send("k1", 1),
                step(CommitOffsets({"k1": 0, "k2": 0}), expect_error="precondition-failed"),
                step(ListCommittedOffsets(("k1", "k2")), expect={"k1": 0}),
            ),
            system=model.System(bug="half-commits"),
        )
    )
    assert not result.unmet
    assert result.found == {"aborted-commit"}


def test_garbage_ends_the_process_unasked_and_its_supervisor_starts_it_again():
    actions = (Send("k1", 1), Raw({"type": "frobnicate"}), Sleep(SECOND), step(Poll({"k1": 0}), expect={}))
    result = run(scripted(client("alice", *actions), system=model.System(bug="crashes-on-garbage")))
    assert [(fault.fault, fault.planned) for fault in result.history.faults] == [("crash", False), ("restart", True)]
    assert "frobnicate" in result.history.faults[0].text
    assert "node-crash" in result.found


def test_an_acknowledged_write_may_never_become_safe():
    sends = tuple(Send("k1", number) for number in range(100))
    result = run(
        scripted(client("alice", *sends, Sleep(SECOND), Poll({"k1": 0})), system=model.System(bug="acks-before-write"))
    )
    response = operations(result, "poll")[0].response
    assert response is not None
    assert 50 < len(response["msgs"]["k1"]) < 100
    assert result.found >= {"lost-write"}


def test_what_was_dropped_is_not_on_the_disk_either():
    scenario = generated(
        system=model.System(bug="drops-acknowledged", storage="durable"),
        faults=(NodeCrash(SECOND, "n0", SECOND // 10),),
    )
    result = run(scenario)
    lost = [
        result.history.operations[example.operations[0]].start
        for anomaly in result.check.anomalies
        for example in anomaly.examples
        if anomaly.kind == "unseen"
    ]
    assert min(lost) < SECOND


@pytest.mark.parametrize("bug", BUGS)
def test_a_faulty_server_with_a_disk_starts_again_after_a_crash(bug):
    scenario = generated(
        system=model.System(nodes=2 if BUGS[bug].clusters else 1, bug=bug, storage="durable"),
        faults=(NodeCrash(SECOND // 2, "n0", SECOND // 10), NodeCrash(SECOND, "n0", SECOND // 10)),
        timeout=SECOND // 10,
    )
    result = run(scenario)
    assert [(fault.fault, fault.planned) for fault in result.history.faults] == [("crash", True), ("restart", True)] * 2
    sent_after = [op for op in operations(result, "send") if op.start > 6 * SECOND // 5]
    assert any(op.type == "ok" for op in sent_after)


def test_a_timer_of_one_life_wakes_nobody_in_the_next():
    """The server would end once more, over a timer that it has never heard of."""
    result = run(
        scripted(
            client("alice", step(Send("k1", 1), expect_error="timeout")),
            system=model.System(bug="racy-append"),
            faults=(NodeCrash(MILLISECOND, "n0", MILLISECOND // 2),),
        )
    )
    assert [(fault.fault, fault.planned) for fault in result.history.faults] == [("crash", True), ("restart", True)]


def test_a_node_in_memory_keeps_nothing_over_a_crash_whatever_it_writes():
    result = run(
        scripted(
            client("alice", Send("k1", 1), Sleep(SECOND), step(Poll({"k1": 0}), expect={})),
            system=model.System(bug="acks-before-write"),
            faults=(NodeCrash(SECOND // 2, "n0", 0),),
        )
    )
    assert not result.unmet


def test_a_server_that_cannot_start_stays_down_until_the_faults_are_healed(monkeypatch):
    def refuse(*_: object) -> None:
        raise ValueError("the disk is full")

    monkeypatch.setattr("kafkasim.sim.bugs.processes.Silent.recover", refuse)
    result = run(scripted(client("alice", Send("k1", 1)), system=model.System(bug="silent")))
    assert [(fault.fault, fault.text) for fault in result.history.faults] == [
        ("crash", "it could not start: ValueError: the disk is full"),
        ("restart", ""),
        ("crash", "it could not start: ValueError: the disk is full"),
    ]
    assert result.history.end.final_polls == {"k1": "incomplete"}
    assert "node-crash" in result.found


def test_the_scenario_format_knows_the_same_bugs():
    assert set(BUG_NAMES) == set(BUGS)
    assert set(CLUSTER_BUGS) == {name for name, bug in BUGS.items() if bug.clusters}
