"""Scripted clients: what each action does, what is expected of it, and where scripts wait for each other."""

import pytest

from kafkasim.codec import request_from_body
from kafkasim.messages import Envelope
from kafkasim.scenario import model
from kafkasim.scenario.model import (
    MILLISECOND,
    SECOND,
    Assign,
    Barrier,
    Commit,
    CommitOffsets,
    Crash,
    ListCommittedOffsets,
    NodeCrash,
    Poll,
    Raw,
    ScriptStep,
    Send,
    Sleep,
)
from kafkasim.service import LogService
from kafkasim.sim.world import ImpossibleScenarioError
from tests.sim.build import client, operations, run, scripted, step


def test_every_operation_of_the_log_is_recorded_as_the_client_saw_it():
    result = run(
        scripted(
            client(
                "alice",
                Send("k1", "hello"),
                Poll({"k1": 0, "k2": 0}),
                CommitOffsets({"k1": 0}),
                ListCommittedOffsets(("k1", "k2")),
            ),
            network=model.Network(model.Latency("constant", mean=2 * MILLISECOND)),
        )
    )
    assert [(op.f, op.request, op.type, op.response, op.start, op.end) for op in operations(result)] == [
        ("send", {"key": "k1", "msg": "hello"}, "ok", {"offset": 0}, 0, 4_000_000),
        ("poll", {"offsets": {"k1": 0, "k2": 0}}, "ok", {"msgs": {"k1": [(0, "hello")]}}, 4_000_000, 8_000_000),
        ("commit_offsets", {"offsets": {"k1": 0}}, "ok", {}, 8_000_000, 12_000_000),
        ("list_committed_offsets", {"keys": ["k1", "k2"]}, "ok", {"offsets": {"k1": 0}}, 12_000_000, 16_000_000),
    ]
    assert result.verdict == "valid"
    assert not result.unmet


def test_a_poll_without_offsets_goes_on_where_the_last_one_ended():
    result = run(
        scripted(
            client(
                "alice",
                *(Send("k1", number) for number in range(5)),
                Assign(("k1",)),
                step(Poll(max_messages=2), expect={"k1": [[0, 0], [1, 1]]}),
                step(Poll(max_messages=2), expect={"k1": [[2, 2], [3, 3]]}),
                step(Commit(), expect={}),
                step(ListCommittedOffsets(("k1",)), expect={"k1": 3}),
                step(Poll(), expect={"k1": [[4, 4]]}),
                step(Poll(), expect={}),
            )
        )
    )
    assert not result.unmet
    assert result.expectations == 6


def test_an_assign_starts_after_the_committed_offset_and_keeps_the_position_of_a_key_it_holds():
    result = run(
        scripted(
            client(
                "alice",
                *(Send(key, number) for key in ("k1", "k2") for number in range(3)),
                CommitOffsets({"k1": 1}),
                step(Assign(("k1",)), expect={"k1": 2}),
                Poll(),
                step(Assign(("k1", "k2")), expect={"k1": 3, "k2": 0}),
                step(Assign(("k1",), "start"), expect={"k1": 0}),
                step(Assign(("k1",)), expect={"k1": 0}),
            )
        )
    )
    assert not result.unmet
    lists = operations(result, "list_committed_offsets")
    assert [op.request["keys"] for op in lists] == [["k1"], ["k2"]]
    assert operations(result, "assign")[0].request == {"keys": ["k1"], "from": "committed"}


def test_a_commit_speaks_only_of_keys_that_are_still_held():
    reads_both = (Send("k1", 1), Send("k2", 2), Assign(("k1", "k2")), Poll())
    result = run(scripted(client("alice", *reads_both, Assign(("k2",)), Commit())))
    assert operations(result, "commit_offsets")[0].request == {"offsets": {"k2": 0}}


def test_when_all_are_stuck_again_one_more_barrier_is_given_up():
    alice = client("alice", Barrier("x"), Barrier("y"), Barrier("z"), Send("k1", 1))
    bob = client("bob", Barrier("z"), Barrier("x"), Barrier("y"), Send("k1", 2))
    result = run(scripted(alice, bob))
    assert [(unmet.client, unmet.step) for unmet in result.unmet][:2] == [("alice", 1), ("bob", 1)]
    assert {op.client for op in operations(result, "send")} == {"alice", "bob"}


def test_an_assign_that_cannot_learn_the_committed_offsets_assigns_nothing():
    result = run(scripted(client("alice", Assign(("k1",)), Poll()), faults=(NodeCrash(0, "n0"),)))
    assert operations(result, "assign") == []
    assert operations(result, "poll")[0].request == {"offsets": {}}
    assert [unmet.action for unmet in result.unmet] == ["assign", "poll"]


def test_after_a_crash_a_client_has_no_positions_and_another_process_number():
    result = run(scripted(client("alice", Send("k1", 1), Assign(("k1",)), Poll(), Crash(), Poll(), Commit())))
    assert [op.process for op in operations(result)] == [0, 0, 0, 0, 0, 1, 1]
    assert operations(result, "poll")[-1].request == {"offsets": {}}
    assert operations(result, "commit_offsets")[0].request == {"offsets": {}}


def test_after_a_time_out_a_client_keeps_its_positions_under_another_process_number():
    result = run(
        scripted(
            client("alice", Send("k1", 1), Assign(("k1",)), Poll(), Sleep(SECOND), Poll(), Sleep(SECOND), Poll()),
            faults=(NodeCrash(SECOND // 2, "n0", restart_after=SECOND),),
            system=model.System(storage="durable"),
        )
    )
    polls = operations(result, "poll")
    assert [(op.type, op.process, op.request["offsets"]) for op in polls] == [
        ("ok", 0, {"k1": 0}),
        ("info", 0, {"k1": 1}),
        ("ok", 1, {"k1": 1}),
    ]
    assert (polls[1].end, polls[1].end_event, polls[1].lost) == (None, None, True)
    assert polls[1].error is not None
    assert polls[1].error.code == 0
    assert [(unmet.step, unmet.got) for unmet in result.unmet] == [
        (5, {"error": "timeout", "text": "no reply within 1s"})
    ]


def test_a_definite_error_is_a_failure_and_can_be_expected():
    result = run(scripted(client("alice", step(CommitOffsets({"k1": 99}), expect_error="precondition-failed"))))
    (commit,) = operations(result)
    assert (commit.type, commit.process) == ("fail", 0)
    assert commit.error is not None
    assert commit.error.code == 22
    assert not result.unmet


def test_after_an_indefinite_error_nobody_knows_and_the_client_goes_on_as_another_process(monkeypatch):
    def fail(*_: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr("kafkasim.sim.bugs.commits.ForgetsCommits.list_committed_offsets", fail)
    result = run(
        scripted(
            client("alice", step(ListCommittedOffsets(("k1",)), expect_error="crash"), Send("k1", 1)),
            system=model.System(bug="forgets-commits"),
        )
    )
    asked, sent = operations(result)
    assert (asked.type, asked.end, asked.process, sent.process) == ("info", 0, 0, 1)
    assert asked.error is not None
    assert asked.error.code == 13
    assert not result.unmet


@pytest.mark.parametrize(
    ("expecting", "got"),
    [
        (step(Send("k1", 1), expect={"offset": 1}), {"offset": 0}),
        (step(Send("k1", 1), expect_error="abort"), {"offset": 0}),
        (step(Poll({"k1": 0}), expect={"k1": []}), {}),
        (step(Assign(("k1",)), expect={"k1": 1}), {"k1": 0}),
    ],
)
def test_an_unmet_expectation_is_recorded_and_the_script_goes_on(expecting, got):
    result = run(scripted(client("alice", expecting, Send("k2", 1))))
    (unmet,) = result.unmet
    assert (unmet.client, unmet.step, unmet.got) == ("alice", 1, got)
    assert operations(result)[-1].request == {"key": "k2", "msg": 1}


def test_expectations_compare_json_and_not_python():
    messages = step(Poll({"k1": 0}), expect={"k1": [[0, 1]]})
    for sent, met in ((1, True), (1.0, True), (True, False)):
        result = run(scripted(client("alice", Send("k1", sent), messages)))
        assert (not result.unmet) == met


def test_raw_bodies_reach_the_node_as_they_are():
    result = run(
        scripted(
            client(
                "alice",
                step(Raw({"type": "frobnicate"}), expect_error="not-supported"),
                step(Raw({"type": "send", "key": "k1"}), expect_error="malformed-request"),
                step(Raw({"type": "send", "key": "k1", "msg": None}), expect={"type": "send_ok", "offset": 0}),
                step(
                    Raw({"type": "poll", "offsets": {"k1": 0}}),
                    expect={"type": "poll_ok", "msgs": {"k1": [[0, None]]}},
                ),
                step(Raw({"type": "poll", "msg_id": None, "offsets": {}}), expect_error="timeout"),
                step(Raw({"type": "poll_ok", "in_reply_to": 1}), expect_error="timeout"),
                step(Raw({"type": "init", "node_id": "n0", "node_ids": ["n0"]}), expect={"type": "init_ok"}),
            )
        )
    )
    assert not result.unmet
    assert [op.f for op in operations(result)] == ["send", "poll", "poll"]
    assert result.found == set()


def test_barriers_let_clients_go_on_once_all_are_there():
    result = run(
        scripted(
            client("alice", Sleep(3 * SECOND), Barrier("ready"), Send("k1", "alice"), Barrier("ready")),
            client("bob", Barrier("ready"), Send("k1", "bob"), Sleep(SECOND), Barrier("ready"), Send("k1", "late")),
        )
    )
    assert sorted((op.client, op.start) for op in operations(result)) == [
        ("alice", 3 * SECOND),
        ("bob", 3 * SECOND),
        ("bob", 4 * SECOND),
    ]
    assert not result.unmet


def test_a_barrier_nobody_can_reach_any_more_is_an_unmet_expectation():
    result = run(
        scripted(
            client("alice", Barrier("a"), Barrier("b"), Send("k1", 1)),
            client("bob", Barrier("b"), Barrier("a"), Send("k1", 2)),
        )
    )
    assert {(unmet.client, unmet.action) for unmet in result.unmet} >= {("alice", "barrier")}
    assert len(operations(result, "send")) == 2
    assert result.history.end.end == "complete"


def test_a_barrier_can_be_met_again_only_by_those_who_have_it_as_often():
    result = run(
        scripted(
            client("alice", Barrier("b"), Barrier("b"), Send("k1", 1)),
            client("bob", Barrier("b"), Send("k1", 2)),
        )
    )
    assert not result.unmet
    assert len(operations(result, "send")) == 2


def test_one_script_over_all_clients_is_done_strictly_one_step_after_the_other():
    steps = (
        ScriptStep("alice", step(Send("k1", 1), expect={"offset": 0})),
        ScriptStep("bob", step(Send("k1", 2), expect={"offset": 1})),
        ScriptStep("alice", step(Poll({"k1": 0}), expect={"k1": [[0, 1], [1, 3]]})),
    )
    scenario = model.Scenario(
        "script", "a test", steps=steps, network=model.Network(model.Latency("uniform", low=0, high=SECOND // 3))
    )
    result = run(scenario)
    ends = [(op.begin_event, op.end_event) for op in operations(result)]
    assert ends == [(0, 1), (2, 3), (4, 5)]
    assert [(unmet.client, unmet.step) for unmet in result.unmet] == [("alice", 2)]


def test_clients_speak_to_the_nodes_in_turn_unless_told():
    system = model.System(nodes=2, bug="own-order")
    actions = (Send("k1", 1),)
    result = run(
        scripted(client("a", *actions), client("b", *actions), client("c", *actions, node="n1"), system=system)
    )
    assert [op.node for op in operations(result)] == ["n0", "n1", "n1"]


def test_several_nodes_are_refused_with_a_bug_of_one():
    with pytest.raises(ImpossibleScenarioError, match="nodes: expected 1, got 3"):
        run(scripted(client("alice", Send("k1", 1)), system=model.System(nodes=3, bug="silent")))


def test_an_unknown_bug_is_refused_with_the_names_there_are():
    with pytest.raises(ImpossibleScenarioError, match="drops-acknowledged"):
        run(scripted(system=model.System(bug="no-such")))


def test_a_scenario_without_anything_to_do_is_over_at_once():
    result = run(scripted())
    assert (result.history.operations, result.history.end.end, result.verdict) == ([], "complete", "unknown")


def test_a_request_after_a_raw_one_with_a_number_of_its_own_is_not_answered_by_it():
    steps = (step(Raw({"type": "frobnicate", "msg_id": 2}), expect_error="not-supported"), Send("k1", "hello"))
    for seed in range(20):
        result = run(scripted(client("alice", *steps), network=model.Network(duplicate=1.0)), seed)
        assert (result.unmet, result.check.anomalies) == ([], [])


def test_commit_never_commits_less_than_was_polled():
    steps = (
        Send("k1", 1),
        Send("k1", 2),
        Assign(("k1",)),
        Poll(),
        Poll({"k1": 0}, max_messages=1),
        Commit(),
        step(ListCommittedOffsets(("k1",)), expect={"k1": 1}),
    )
    assert run(scripted(client("alice", *steps))).unmet == []


def test_what_a_simulated_node_would_log_disturbs_nobody_and_another_node_is_still_heard(caplog):
    odd = {"type": "poll", "offsets": {}, "msg_id": "x"}
    run(scripted(client("alice", step(Raw(odd), expect_error="timeout"))))
    assert caplog.records == []
    LogService().receive(Envelope("c1", "n0", request_from_body(odd)))
    assert ["unanswered" in record.message for record in caplog.records] == [True]
