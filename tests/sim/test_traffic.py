"""Who speaks to whom, and how often: what the figures of a run say of its messages."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from kafkasim.history_lines import encode_history
from kafkasim.scenario import model
from kafkasim.scenario.model import SECOND
from kafkasim.sim import world
from kafkasim.sim.observed_network import ObservedNetwork
from tests.sim.build import generated, run

CLUSTER = generated(system=model.System(nodes=3, bug="own-order"))
WORSE = model.Network(model.Latency("exponential", 5_000_000), loss=0.05, duplicate=0.05)


def asked(result):
    return sum(op.f not in ("assign", "crash") for op in result.history.operations)


def test_one_node_alone_takes_two_messages_an_operation():
    result = run(generated())
    traffic = result.statistics.traffic
    assert (traffic.clients, traffic.servers) == (traffic.sent, 0)
    assert result.statistics.messages_per_operation == {"all": 2.0, "clients": 2.0, "servers": 0.0}


def test_messages_between_nodes_are_told_from_those_of_clients():
    result = run(CLUSTER)
    told = sum(op.f in ("send", "commit_offsets") for op in result.history.operations)
    traffic = result.statistics.traffic
    assert (traffic.clients, traffic.servers) == (2 * asked(result), 2 * told)  # by each node to both others
    assert result.statistics.messages_per_operation == {
        "all": round(traffic.sent / asked(result), 3),
        "clients": 2.0,
        "servers": round(2 * told / asked(result), 3),
    }


@pytest.mark.parametrize("network", [model.Network(), WORSE])
def test_a_network_that_is_observed_does_the_same_to_messages(monkeypatch, network):
    scenario = generated(network=network, faults=(model.Partition(SECOND, (("n0",), ("c1",)), SECOND // 2),))
    plain = run(scenario, 3)
    monkeypatch.setattr(world, "Network", ObservedNetwork)
    observed = run(scenario, 3)
    assert encode_history(observed.history) == encode_history(plain.history)
    assert observed.statistics == plain.statistics


def test_availability_is_the_part_of_the_operations_that_succeeded():
    figures = run(generated(network=WORSE)).statistics
    asking = {function: counts for function, counts in figures.outcomes.items() if function not in ("assign", "crash")}
    assert figures.availability.keys() == {"all", *asking}
    for function, counts in asking.items():
        assert figures.availability[function] == counts["ok"] / sum(counts.values())
    ok, total = (
        sum(sum(counts[kind] for kind in kinds) for counts in asking.values())
        for kinds in (("ok",), ("ok", "fail", "info"))
    )
    assert figures.availability["all"] == ok / total < 1


def test_where_nobody_asked_anything_everything_was_available():
    idle = replace(CLUSTER, workload=None, clients=(model.Client("alice", (model.Step(model.Sleep(1)),)),))
    figures = run(idle).statistics
    assert (figures.availability, figures.messages_per_operation) == ({"all": 1.0}, {})
