"""Several nodes that are programs: what they say to each other and to the services goes over the same network."""

import sys

import pytest
from msgspec.structs import replace

from kafkasim.history_lines import encode_history
from kafkasim.scenario import model
from kafkasim.scenario.model import MILLISECOND, SECOND
from tests.processes.programs import ASKING, CORRECT, NODES, REPLICATED, explanations, result_of

WORKLOAD = model.Workload(clients=4, keys=2, rate=200.0, duration=SECOND)


def one_leader(*arguments):
    """The command of nodes of which the first has the log, and the others are told every so many seconds, or never."""
    return (sys.executable, str(NODES / "python" / "one_leader.py"), *arguments)


@pytest.mark.parametrize("clock", ["virtual", "real"])
def test_nodes_that_keep_their_logs_in_a_linearizable_store_are_valid(clock):
    result = result_of(REPLICATED, nodes=3, workload=WORKLOAD, clock=clock)

    assert (result.verdict, result.check.anomalies) == ("valid", [])
    assert result.pacing.real_from is None
    assert result.statistics.traffic.sent > 4 * len(result.history.operations)


def test_the_same_seed_gives_the_same_history():
    first, second = (encode_history(result_of(REPLICATED, nodes=3, workload=WORKLOAD).history) for _ in range(2))

    assert first == second


@pytest.mark.usefixtures("_no_timers")
def test_nodes_that_keep_logs_of_their_own_give_one_offset_to_two_messages():
    result = result_of(CORRECT, nodes=2, workload=WORKLOAD)

    assert "inconsistent-offsets" in result.found


@pytest.mark.usefixtures("_no_timers")
def test_a_store_in_which_the_last_write_wins_loses_messages():
    found = set()
    for seed in range(5):
        found |= result_of((*REPLICATED, "lww-kv"), seed, nodes=3, workload=WORKLOAD).found
    assert found & {"lost-write", "inconsistent-offsets", "unseen"}


@pytest.mark.parametrize("seed", range(12))
def test_a_node_that_reads_and_then_compares_and_sets_is_not_accused_where_messages_come_twice(seed):
    network = model.Network(model.Latency("exponential", 2 * MILLISECOND), duplicate=0.2)
    result = result_of(REPLICATED, seed, nodes=3, workload=WORKLOAD, network=network)

    assert (result.verdict, result.check.anomalies) == ("valid", [])
    assert result.statistics.traffic.duplicated > 50


@pytest.mark.parametrize("clock", ["virtual", "real"])
def test_a_node_that_never_learns_what_was_sent_to_another_is_found_out(clock):
    workload = replace(WORKLOAD, duration=SECOND // 4)
    result = result_of(one_leader(), nodes=2, workload=workload, clock=clock)

    assert (result.verdict, result.found) == ("invalid", {"unseen"})
    assert result.history.end.final_polls == {"k1": "complete", "k2": "complete"}
    assert result.pacing.real_from is None
    assert "of the final polls, which read the key to its end, those of final-n1 returned nothing" in explanations(
        result
    )
    acknowledged = [op for op in result.history.operations if op.f == "send" and op.type == "ok"]
    assert sum(anomaly.count for anomaly in result.check.anomalies) == len(acknowledged) > 0


@pytest.mark.parametrize("clock", ["virtual", "real"])
def test_a_node_that_learns_only_every_three_seconds_what_was_sent_to_another_is_right_in_the_end(clock):
    workload = replace(WORKLOAD, duration=SECOND // 4)
    result = result_of(one_leader("3"), nodes=3, workload=workload, clock=clock)

    assert (result.verdict, result.found) == ("valid", set())
    assert result.history.end.final_polls == {"k1": "complete", "k2": "complete"}
    waited = [op for op in result.history.operations if op.final and op.client == "final-n2"]
    assert waited[-1].start - waited[0].start > SECOND, "it was behind for longer than a node alone may be"


@pytest.mark.parametrize(
    "groups", [(("n0", "c1", "c3"), ("n1", "c2", "c4", "lin-kv")), (("n0",), ("n1",), ("lin-kv",)), (("c1",),)]
)
def test_a_partition_costs_answers_and_no_messages(groups):
    """These nodes ask a service without a time limit, so what they wait for in vain ends with the node itself."""
    faults = (
        model.Partition(300 * MILLISECOND, groups, 200 * MILLISECOND),
        *(model.NodeCrash(600 * MILLISECOND, f"n{number}", 10 * MILLISECOND) for number in range(2)),
    )
    result = result_of(REPLICATED, nodes=2, workload=WORKLOAD, faults=faults, timeout=100 * MILLISECOND)

    assert (result.verdict, result.found) == ("valid", set())
    assert any(operation.type == "info" for operation in result.history.operations)


def test_a_node_that_waits_for_ever_for_a_lost_answer_is_silent_once_the_network_is_well_again():
    """What was asked while a message between nodes was lost is excused; what is asked a while later is not."""
    faults = (model.Partition(300 * MILLISECOND, (("n0", "c1"),), 50 * MILLISECOND),)
    result = result_of(
        REPLICATED, nodes=1, workload=replace(WORKLOAD, clients=1), faults=faults, timeout=100 * MILLISECOND
    )

    assert result.found == {"no-reply"}


@pytest.mark.parametrize("clock", ["virtual", "real"])
def test_nodes_are_answered_by_services_before_they_have_started(clock):
    result = result_of(ASKING, nodes=3, workload=WORKLOAD, clock=clock)

    assert (result.verdict, result.check.anomalies) == ("valid", [])
    assert result.node_logs == {"n0": ("n0 cas_ok",), "n1": ("n1 error",), "n2": ("n2 error",)}


def test_a_node_is_answered_by_services_when_it_starts_again():
    crash = model.NodeCrash(SECOND // 2, "n1", restart_after=SECOND // 10)
    result = result_of(ASKING, nodes=3, workload=WORKLOAD, faults=(crash,))

    assert (result.verdict, result.check.anomalies) == ("valid", [])
    assert result.node_logs["n1"] == ("n1 error", "n1 error")


GIVING_UP = f"""
import json, os, select, sys
sys.path.insert(0, {str(NODES / "python")!r})
from replicated import ReplicatedNode
class GivingUp(ReplicatedNode):
    heard, asks = b"", False
    def next_line(self):
        while b"\\n" not in self.heard:
            if self.asks and not select.select([0], [], [], 0.1)[0]:
                raise TimeoutError
            self.heard += os.read(0, 65536)
        line, _, self.heard = self.heard.partition(b"\\n")
        return json.loads(line)
    def ask(self, body):
        self.asks = True
        try:
            return super().ask(body)
        finally:
            self.asks = False
    def answer(self, body):
        try:
            return super().answer(body)
        except TimeoutError:
            return {{"type": "error", "code": 13, "text": "no answer from lin-kv"}}
GivingUp("lin-kv").run()
"""
"""Nodes that do not wait for a service for long, and then say that anything may have happened."""


def test_a_node_that_says_that_it_does_not_know_is_not_accused_where_the_network_has_lost_what_it_asked():
    network = model.Network(model.Latency("exponential", 2 * MILLISECOND), loss=0.05)
    result = result_of((sys.executable, "-c", GIVING_UP), nodes=2, workload=WORKLOAD, network=network)

    errors = [op for op in result.history.operations if op.error is not None and op.error.code == 13]
    assert errors
    assert all(op.lost for op in errors)
    assert (result.verdict, result.check.anomalies) == ("valid", [])
