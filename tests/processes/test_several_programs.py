"""Several nodes that are programs: what they say to each other and to the services goes over the same network."""

import sys

import pytest
from msgspec.structs import replace

from kafkasim.history_lines import encode_history
from kafkasim.scenario import model
from kafkasim.scenario.model import MILLISECOND, SECOND
from tests.processes.programs import CORRECT, NODES, result_of

WORKLOAD = model.Workload(clients=4, keys=2, rate=200.0, duration=SECOND)


def replicated(*arguments):
    return (sys.executable, str(NODES / "python" / "replicated.py"), *arguments)


@pytest.mark.parametrize("clock", ["virtual", "real"])
def test_nodes_that_keep_their_logs_in_a_linearizable_store_are_valid(clock):
    result = result_of(replicated(), nodes=3, workload=WORKLOAD, clock=clock)

    assert (result.verdict, result.check.anomalies) == ("valid", [])
    assert result.pacing.real_from is None
    assert result.statistics.traffic.sent > 4 * len(result.history.operations)


def test_the_same_seed_gives_the_same_history():
    first, second = (encode_history(result_of(replicated(), nodes=3, workload=WORKLOAD).history) for _ in range(2))

    assert first == second


def test_nodes_that_keep_logs_of_their_own_give_one_offset_to_two_messages():
    result = result_of(CORRECT, nodes=2, workload=WORKLOAD)

    assert "inconsistent-offsets" in result.found


def test_a_store_in_which_the_last_write_wins_loses_messages():
    found = set()
    for seed in range(5):
        found |= result_of(replicated("lww-kv"), seed, nodes=3, workload=WORKLOAD).found
    assert found & {"lost-write", "inconsistent-offsets", "unseen"}


def test_a_node_that_reads_and_then_compares_and_sets_is_not_accused_where_messages_come_twice():
    network = model.Network(model.Latency("exponential", 2 * MILLISECOND), duplicate=0.2)
    for seed in range(12):
        result = result_of(replicated(), seed, nodes=3, workload=WORKLOAD, network=network)

        assert (seed, result.verdict, result.check.anomalies) == (seed, "valid", [])
        assert result.statistics.traffic.duplicated > 50


@pytest.mark.parametrize(
    "groups", [(("n0", "c1", "c3"), ("n1", "c2", "c4", "lin-kv")), (("n0",), ("n1",), ("lin-kv",)), (("c1",),)]
)
def test_a_partition_costs_answers_and_no_messages(groups):
    """These nodes ask a service without a time limit, so what they wait for in vain ends with the node itself."""
    faults = (
        model.Partition(300 * MILLISECOND, groups, 200 * MILLISECOND),
        *(model.NodeCrash(600 * MILLISECOND, f"n{number}", 10 * MILLISECOND) for number in range(2)),
    )
    result = result_of(replicated(), nodes=2, workload=WORKLOAD, faults=faults, timeout=100 * MILLISECOND)

    assert (result.verdict, result.found) == ("valid", set())
    assert any(operation.type == "info" for operation in result.history.operations)


def test_a_node_that_waits_for_ever_for_a_lost_answer_is_silent_once_the_network_is_well_again():
    """What was asked while a message between nodes was lost is excused; what is asked a while later is not."""
    faults = (model.Partition(300 * MILLISECOND, (("n0", "c1"),), 50 * MILLISECOND),)
    result = result_of(
        replicated(), nodes=1, workload=replace(WORKLOAD, clients=1), faults=faults, timeout=100 * MILLISECOND
    )

    assert result.found == {"no-reply"}
