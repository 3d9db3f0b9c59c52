"""A cluster is linearizable whatever happens around it, and goes on as soon, and as far, as it can."""

import copy

import pytest

from kafkasim.cluster import service, wishes
from kafkasim.cluster.replica import Replica
from kafkasim.cluster.service import ClusterService
from kafkasim.scenario import model
from kafkasim.scenario.model import MILLISECOND, SECOND
from kafkasim.sim.choices import SeededChoices
from kafkasim.sim.world import World
from tests.cluster.worlds import (
    EXPONENTIAL,
    assert_blameless,
    clients_of,
    cluster,
    every_node_reaches,
    every_request_may_come_twice,
    only_reaches_through_others,
    parted,
    swarm,
    with_faults,
)
from tests.sim.build import client, operations, run, scripted, step

LOSSY = model.Network(EXPONENTIAL, loss=0.05, duplicate=0.1)


def crashes(*names, times=3):
    return tuple(
        model.NodeCrash((200 + 300 * number) * MILLISECOND, names[number % len(names)], 100 * MILLISECOND)
        for number in range(times)
    )


def flapping(scenario, *sides):
    return tuple(
        parted(scenario, *sides, at=number * 300 * MILLISECOND, heal_after=150 * MILLISECOND) for number in range(6)
    )


CALM = {nodes: cluster(nodes) for nodes in (2, 3, 5)}
MIXES = {
    **{f"{nodes} nodes": scenario for nodes, scenario in CALM.items()},
    "no latency": cluster(2, network=model.Network()),
    "slow": cluster(3, network=model.Network(model.Latency(mean=50 * MILLISECOND))),
    "short polls": cluster(3, system=model.System(nodes=3, max_poll_messages=2)),
    "malformed requests": cluster(3, workload={"probe": True}),
    "loss and duplication": cluster(3, network=LOSSY),
    "everything twice": cluster(5, network=model.Network(EXPONENTIAL, duplicate=1.0)),
    "the first node crashes": cluster(3, faults=crashes("n0")),
    "nodes crash in turn": cluster(5, faults=crashes("n0", "n1", "n2", "n3", "n4", times=5), network=LOSSY),
    "a node that crashes while messages travel twice": cluster(
        2, faults=crashes("n0", "n1", times=6), network=model.Network(EXPONENTIAL, duplicate=0.5)
    ),
    "the first node is cut off": with_faults(CALM[3], parted(CALM[3], ("n0",), ("n1", "n2", "lin-kv"))),
    "most nodes are cut off": with_faults(CALM[5], parted(CALM[5], ("n0", "n1", "n2"), ("n3", "n4", "lin-kv"))),
    "the service is cut off": with_faults(CALM[3], parted(CALM[3], ("n0", "n1", "n2"), ("lin-kv",))),
    "a partition comes and goes": with_faults(CALM[3], *flapping(CALM[3], ("n0", "lin-kv"), ("n1", "n2"))),
    "the service comes and goes": with_faults(CALM[2], *flapping(CALM[2], ("n0", "n1"), ("lin-kv",))),
}


@pytest.mark.parametrize("mix", MIXES)
def test_a_cluster_is_linearizable(mix):
    for seed in range(4):
        assert_blameless(MIXES[mix], seed)


@pytest.mark.parametrize("mix", [name for name, mix in MIXES.items() if mix.network.duplicate])
def test_a_cluster_is_linearizable_where_the_service_too_is_asked_everything_twice(monkeypatch, mix):
    every_request_may_come_twice(monkeypatch)
    for seed in range(4):
        assert_blameless(MIXES[mix], seed)


@pytest.mark.sweep
@pytest.mark.parametrize("mix", MIXES)
def test_a_cluster_is_linearizable_over_many_seeds(mix):
    for seed in range(60):
        assert_blameless(MIXES[mix], seed)


def test_a_cluster_is_linearizable_in_a_swarm_of_faults():
    assert swarm(range(40)) >= 30


@pytest.mark.sweep
def test_a_cluster_is_linearizable_in_a_great_swarm_of_faults(monkeypatch):
    assert swarm(range(1000, 2000)) >= 800
    every_request_may_come_twice(monkeypatch)
    assert swarm(range(2000, 2500)) >= 400


def test_a_cluster_of_nodes_that_are_deaf_to_each_other_is_linearizable_in_a_swarm_of_faults(monkeypatch):
    every_node_reaches(monkeypatch)
    assert swarm(range(3000, 3020)) >= 15


def wish_always(monkeypatch):
    """From now on each node always tells what it wishes for, and always reads what others do."""
    monkeypatch.setattr(wishes, "_LOSSES", 0)
    monkeypatch.setattr(wishes.Listening, "swaps", lambda self: list(self._unheard))


def test_a_cluster_in_which_all_wish_for_all_is_linearizable_in_a_swarm_of_faults(monkeypatch):
    wish_always(monkeypatch)
    assert swarm(range(4000, 4020)) >= 15


@pytest.mark.sweep
@pytest.mark.parametrize("deaf", [False, True])
def test_a_cluster_in_which_all_wish_for_all_is_linearizable_in_a_great_swarm_of_faults(monkeypatch, deaf):
    wish_always(monkeypatch)
    if deaf:
        every_node_reaches(monkeypatch)
    assert swarm(range(5000, 5400)) >= 330


def test_a_copy_of_a_cluster_in_the_middle_of_a_run_goes_on_by_itself():
    world = World(MIXES["nodes crash in turn"], SeededChoices(1), 1)
    world.advance(300)
    other = copy.deepcopy(world)
    for each in (world, other):
        while each.advance():
            pass
    assert other.history() == world.history()
    assert len(world.history().operations) > 50


# The same runs find out clusters that are wrong.


def anomalies(mix, seeds=range(10)):
    return {anomaly.kind for seed in seeds for anomaly in run(MIXES[mix], seed).check.anomalies}


def test_a_cluster_that_takes_every_head_for_the_newest_is_caught(monkeypatch):
    learn = ClusterService._learn
    monkeypatch.setattr(ClusterService, "_learn", lambda self, head, fresh_as_of=-1: learn(self, head, self._moment))
    every_request_may_come_twice(monkeypatch)
    assert "stale-poll" in anomalies("everything twice")


def test_a_cluster_that_obeys_entries_again_is_caught(monkeypatch):
    class Forgetful(set[str]):
        def __contains__(self, _):
            return False

    begin = Replica.__init__

    def begin_forgetful(self, engine):
        begin(self, engine)
        self._obeyed = Forgetful()

    monkeypatch.setattr(Replica, "__init__", begin_forgetful)
    assert "duplicate" in anomalies("loss and duplication")


def test_a_cluster_whose_lives_use_the_same_numbers_is_caught(monkeypatch):
    monkeypatch.setattr(service, "LIVES", 1)
    every_request_may_come_twice(monkeypatch)
    assert anomalies("nodes crash in turn") >= {"inconsistent-offsets", "lost-write"}


# It is available, as far as it can be.


def served(result, scenario, since, until, *nodes):
    """Of the operations that these nodes were asked between these times, how many there are and how many succeeded."""
    names = clients_of(scenario, *nodes)
    asked = [op for op in operations(result) if op.client in names and since <= op.start < until]
    return len(asked), sum(op.type == "ok" for op in asked)


PARTED, HEALED = SECOND // 2, 3 * SECOND // 2


def test_who_reaches_the_service_is_served_though_the_first_node_is_gone():
    scenario = with_faults(CALM[3], parted(CALM[3], ("n0",), ("n1", "n2", "lin-kv")))
    asked, done = served(assert_blameless(scenario, 1), scenario, PARTED, HEALED, "n1", "n2")
    assert done == asked > 20


@pytest.mark.parametrize("seed", range(3))
def test_a_partition_between_nodes_that_all_reach_the_service_costs_little(monkeypatch, seed):
    every_node_reaches(monkeypatch)
    scenario = with_faults(CALM[3], parted(CALM[3], ("n0",), ("n1",), ("n2",)))
    asked, done = served(assert_blameless(scenario, seed), scenario, 0, HEALED, "n0", "n1", "n2")
    assert done > 0.97 * asked > 100


@pytest.mark.parametrize("nodes", [2, 3])
def test_nodes_that_are_deaf_to_each_other_and_never_pause_are_all_served(monkeypatch, nodes):
    every_node_reaches(monkeypatch)
    calm = cluster(
        nodes,
        network=model.Network(model.Latency(mean=50 * MILLISECOND), client_latency=model.Latency(mean=0)),
        workload={"clients": 20, "rate": 1000, "duration": 8 * SECOND, "crash_clients": 0},
    )
    names = tuple((f"n{number}",) for number in range(nodes))
    scenario = with_faults(calm, parted(calm, *names, at=0, heal_after=20 * SECOND))
    result = assert_blameless(scenario, 0)
    for (name,) in names:
        asked, done = served(result, scenario, 0, 8 * SECOND, name)
        assert done > 0.95 * asked > 150


@pytest.mark.parametrize("node", ["n0", "n2"])
def test_a_node_that_reaches_the_service_only_through_another_is_served(monkeypatch, node):
    only_reaches_through_others(monkeypatch, node)
    scenario = with_faults(CALM[3], parted(CALM[3], (node,)))
    asked, done = served(assert_blameless(scenario, 1), scenario, PARTED, HEALED, node)
    assert done > 0.9 * asked > 10


@pytest.mark.parametrize("sides", [(("n0", "n1", "n2"), ("lin-kv",)), (("n0", "lin-kv"), ("n1", "n2"))])
def test_all_are_served_again_once_a_partition_is_healed(sides):
    scenario = with_faults(CALM[3], parted(CALM[3], *sides))
    asked, done = served(
        assert_blameless(scenario, 2), scenario, HEALED + 300 * MILLISECOND, 2 * SECOND, "n0", "n1", "n2"
    )
    assert done == asked > 20


def test_what_cannot_be_done_is_refused_while_the_client_still_listens():
    """But for what was under way when the partition came, of which nobody knows."""
    calm = cluster(3, workload={"duration": 4 * SECOND})
    scenario = with_faults(calm, parted(calm, ("n0", "n1", "n2"), ("lin-kv",), heal_after=9 * SECOND))
    asked = [op for op in operations(assert_blameless(scenario, 0)) if op.f not in ("assign", "crash")]
    late = [op for op in asked if op.start > PARTED + SECOND]
    assert {(op.type, op.error and op.error.code) for op in late} == {("fail", 11)}


def test_a_node_that_comes_back_knows_all_that_was_acknowledged():
    fill = [model.Send("k1", number) for number in range(200)]
    alice = client("alice", *fill, model.CommitOffsets({"k1": 150}), model.Barrier("full"), node="n0")
    reads = [
        step(model.ListCommittedOffsets(("k1",)), expect={"k1": 150}),
        step(model.Poll({"k1": 0}), expect={"k1": [[number, number] for number in range(200)]}),
    ]
    bob = client("bob", model.Barrier("full"), model.Sleep(2 * SECOND), *reads, node="n1")
    network = model.Network(model.Latency(mean=MILLISECOND))
    faults = tuple(model.NodeCrash(1500 * MILLISECOND, name, 100 * MILLISECOND) for name in ("n0", "n1"))
    result = run(scripted(alice, bob, system=model.System(nodes=2), network=network, faults=faults))
    assert (result.verdict, result.unmet) == ("valid", [])


def test_a_commit_past_the_end_is_refused_by_every_node():
    refused = step(model.CommitOffsets({"k1": 1}), expect_error="precondition-failed")
    alice = client("alice", model.Send("k1", "a"), model.Barrier("sent"), refused, node="n0")
    bob = client("bob", model.Barrier("sent"), refused, model.CommitOffsets({"k1": 0}), node="n1")
    assert not run(scripted(alice, bob, system=model.System(nodes=2))).unmet


# It says little.


def test_an_idle_cluster_is_silent():
    result = run(
        scripted(client("alice", model.Send("k1", 1), model.Sleep(3600 * SECOND)), system=model.System(nodes=5))
    )
    assert result.statistics.traffic.sent < 30


def test_operations_cost_few_messages():
    scenario = cluster(2, network=model.Network(model.Latency(mean=10 * MILLISECOND)), workload={"crash_clients": 0.0})
    result = run(scenario)
    asked = sum(op.f not in ("assign", "crash") for op in result.history.operations)
    among_servers = result.statistics.traffic.sent - 2 * asked
    assert 0.5 < among_servers / asked < 3
