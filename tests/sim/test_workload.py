"""Generated clients: what they do, how often, and that they work as Kafka's consumers do."""

from itertools import pairwise

import pytest

from kafkasim.scenario import model
from kafkasim.scenario.model import MILLISECOND, SECOND
from tests.sim.build import client, generated, operations, run


def test_the_rate_is_a_ceiling_that_is_reached_where_the_clients_are_quick_enough():
    result = run(generated(workload={"rate": 500, "duration": 4 * SECOND, "clients": 10}))
    asked = [op for op in operations(result) if op.f not in ("assign", "crash")]
    assert 1900 <= len(asked) <= 2010  # an assign asks for committed offsets in one slot with its poll at the most
    for second in range(4):
        begun = [op for op in asked if second * SECOND <= op.start < (second + 1) * SECOND]
        assert len(begun) <= 501
    assert result.statistics.rate_asked == 500
    assert result.statistics.rate_achieved == pytest.approx(500, rel=0.05)


def test_operations_begin_anywhere_within_their_slots():
    starts = [op.start % (SECOND // 100) for op in operations(run(generated(workload={"rate": 100})), "send")]
    assert max(starts) - min(starts) > SECOND // 200


def test_slow_answers_keep_the_rate_below_what_is_asked():
    slow = model.Network(model.Latency("constant", mean=100 * MILLISECOND))
    result = run(generated(workload={"rate": 500, "clients": 2}, network=slow))
    assert result.statistics.rate_achieved == pytest.approx(2 / 0.2, rel=0.1)


def test_a_client_does_one_operation_at_a_time():
    result = run(
        generated(workload={"clients": 3}, network=model.Network(model.Latency("exponential", mean=SECOND // 10)))
    )
    for process in {op.process for op in operations(result)}:
        own = [op for op in operations(result) if op.process == process]
        for before, after in pairwise(own):
            assert before.end_event is not None
            assert before.end_event < after.begin_event


def test_no_message_is_sent_twice_to_a_key():
    sent = [(op.request["key"], op.request["msg"]) for op in operations(run(generated()), "send")]
    assert len(sent) > 100
    assert len(set(sent)) == len(sent)


def test_the_mix_decides_how_often_each_thing_is_done():
    result = run(generated(workload={"mix": (("send", 8), ("list", 2)), "duration": 5 * SECOND}))
    outcomes = result.statistics.outcomes
    assert set(outcomes) == {"send", "list_committed_offsets"}
    assert outcomes["send"]["ok"] / outcomes["list_committed_offsets"]["ok"] == pytest.approx(4, rel=0.25)


def test_consumers_commit_and_assign_by_themselves_unless_the_mix_says_how_often():
    assert {"assign", "poll", "commit_offsets"} <= set(run(generated()).statistics.outcomes)
    named = run(generated(workload={"mix": (("send", 1), ("poll", 1), ("commit", 0), ("assign", 0))}))
    assert "commit_offsets" not in named.statistics.outcomes
    assert named.statistics.outcomes["assign"]["ok"] == 4


def test_a_consumer_that_crashed_resumes_after_what_was_committed():
    result = run(generated(workload={"crash_clients": 0.03, "keys": 1, "duration": 5 * SECOND}))
    resumed = [op for op in operations(result, "assign") if op.response is not None and op.response["positions"]["k1"]]
    assert len(operations(result, "crash")) > 5
    assert len(resumed) > 5
    lists = {(op.process, op.end): op.response for op in operations(result, "list_committed_offsets")}
    for op in resumed:
        listed = lists.get((op.process, op.start))
        if listed is not None:
            assert op.response == {"positions": {"k1": listed["offsets"]["k1"] + 1}}


def test_max_messages_is_what_a_consumer_keeps_of_a_poll():
    result = run(generated(workload={"max_messages": 1, "keys": 1}))
    polls = operations(result, "poll")
    assert {op.max_messages for op in polls} == {1}
    assert max(len(op.response["msgs"].get("k1", [])) for op in polls if op.response is not None) == 1
    assert result.verdict == "valid"


def test_probes_are_refused_and_in_no_history_but_commits_that_reach_too_far_are():
    result = run(generated(workload={"probe": True, "duration": 5 * SECOND}))
    refused = [op for op in operations(result) if op.type == "fail"]
    assert refused
    assert {(op.f, op.error.code) for op in refused if op.error is not None} == {("commit_offsets", 22)}
    assert result.verdict == "valid"


def test_a_node_that_obeys_a_malformed_request_is_found_out(monkeypatch):
    monkeypatch.setattr("kafkasim.sim.workload.PROBES", ({"type": "poll", "offsets": {}},))
    result = run(generated(workload={"probe": True, "duration": 5 * SECOND}))
    assert {(unmet.action, unmet.step, unmet.expected) for unmet in result.unmet} == {("raw", 0, "an error")}


def test_another_client_changes_nothing_for_the_choices_of_the_others():
    def messages(clients: int) -> list[str]:
        result = run(generated(workload={"clients": clients, "mix": (("send", 1),)}))
        return [op.request["key"] for op in operations(result, "send") if op.client == "c1"][:20]

    assert messages(2) == messages(5)


def test_the_rate_achieved_is_that_of_the_generated_clients_in_the_time_they_had():
    busy = client("alice", *(model.Send("k1", number) for number in range(50)), model.Sleep(60 * SECOND))
    alone, beside = run(generated()), run(generated(clients=(busy,)))
    assert beside.statistics.rate_achieved == pytest.approx(alone.statistics.rate_achieved, rel=0.2)
    assert beside.statistics.rate_achieved <= (beside.statistics.rate_asked or 0)


def test_of_very_many_keys_a_client_asks_for_a_few_at_once():
    result = run(generated(workload={"keys": 100_000}))
    asked = [len(op.request["offsets"]) for op in operations(result, "poll")]
    assert 1 < max(asked) <= 50
    assert result.verdict == "valid"
