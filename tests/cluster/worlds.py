"""Clusters in simulated worlds, and what may go wrong there."""

import random

from kafkasim.scenario import model
from kafkasim.scenario.model import MILLISECOND, SECOND
from kafkasim.sim import network
from kafkasim.sim.bodies import is_send
from kafkasim.sim.network import Network
from kafkasim.sim.result import Result
from tests.sim.build import generated, run

EXPONENTIAL = model.Latency("exponential", mean=5 * MILLISECOND)
BUSY = {"clients": 6, "mix": (("send", 3), ("poll", 3), ("commit", 1), ("list", 1)), "crash_clients": 0.01}


def cluster(nodes: int = 3, **fields) -> model.Scenario:
    """A scenario of busy clients of a cluster; client ``ci`` speaks to node ``n(i - 1) % nodes``."""
    workload = BUSY | fields.pop("workload", {})
    return generated(**({"system": model.System(nodes=nodes)} | fields), workload=workload)


def clients_of(scenario: model.Scenario, *nodes: str) -> tuple[str, ...]:
    """The clients that speak to these nodes."""
    assert scenario.workload is not None
    return tuple(
        f"c{number + 1}" for number in range(scenario.workload.clients) if f"n{number % scenario.system.nodes}" in nodes
    )


def parted(scenario: model.Scenario, *sides: tuple[str, ...], at: int = SECOND // 2, heal_after: int = SECOND):
    """A partition between these nodes and services, each node with its clients on its side."""
    groups = tuple((*side, *clients_of(scenario, *side)) for side in sides)
    return model.Partition(at, groups, heal_after)


def with_faults(scenario: model.Scenario, *faults: model.Fault) -> model.Scenario:
    fields = {name: getattr(scenario, name) for name in scenario.__struct_fields__}
    return model.Scenario(**(fields | {"faults": faults}))


def assert_blameless(scenario: model.Scenario, seed: int) -> Result:
    """The cluster kept what it promises: linearizability, over all keys at once."""
    result = run(scenario, seed)
    assert result.history.header.consistency == "linearizable"
    assert result.history.header.promises.atomic_keys
    assert (seed, result.verdict, result.check.anomalies, result.unmet) == (seed, "valid", [], [])
    assert set(result.history.end.final_polls.values()) == {"complete"}
    return result


def every_node_reaches(monkeypatch, service: str = "lin-kv") -> None:
    """From now on partitions are only between nodes: each reaches the service, as if it had a line of its own."""
    connected = Network._connected
    monkeypatch.setattr(
        Network, "_connected", lambda self, one, other: service in (one, other) or connected(self, one, other)
    )


def only_reaches_through_others(monkeypatch, node: str, service: str = "lin-kv") -> None:
    """From now on partitions mean only that this node and the service do not hear each other."""
    monkeypatch.setattr(
        Network, "_connected", lambda self, one, other: not self._partitions or {one, other} != {node, service}
    )


def every_request_may_come_twice(monkeypatch) -> None:
    """From now on `duplicate` repeats what changes the service as well, which no scenario can ask for."""
    monkeypatch.setattr(network, "is_repeatable", lambda body: not is_send(body))


def swarm_scenario(seed: int) -> model.Scenario:
    """Some faults off altogether, the others weighted very differently."""
    rng = random.Random(seed)
    nodes = rng.choice((2, 3, 5))
    names = [f"n{number}" for number in range(nodes)]
    length = int((1 + rng.random() * 4) * SECOND)
    scenario = cluster(
        nodes,
        system=model.System(nodes=nodes, max_poll_messages=rng.choice((None, None, 3))),
        network=model.Network(
            model.Latency("exponential", mean=int(rng.random() ** 3 * 150 * MILLISECOND)),
            loss=rng.choice((0, 0, 0.02, 0.1, 0.3)),
            duplicate=rng.choice((0, 0, 0.1, 0.5, 1.0)),
        ),
        timeout=int((0.1 + rng.random() * 2) * SECOND),
        workload={
            "clients": rng.randrange(1, 10),
            "keys": rng.randrange(1, 6),
            "rate": rng.choice((20, 100, 500)),
            "duration": length,
            "mix": tuple((name, 0.01 + rng.random()) for name in ("send", "poll", "commit", "list", "assign")),
            "crash_clients": rng.choice((0, 0, 0.02)),
            "probe": rng.random() < 0.3,
        },
    )
    faults: list[model.Fault] = []
    while rng.random() < 0.6:
        faults.append(model.NodeCrash(int(rng.random() * length), rng.choice(names), int(rng.random() ** 3 * SECOND)))
    while rng.random() < 0.75:
        everybody = [*names, "lin-kv"]
        rng.shuffle(everybody)
        cut = rng.randrange(1, len(everybody))
        sides = tuple(everybody[:cut]), tuple(everybody[cut:])
        start, length_of_it = int(rng.random() * length), int(rng.random() ** 2 * 2 * SECOND)
        if rng.random() < 0.8:
            faults.append(parted(scenario, *sides, at=start, heal_after=length_of_it))
        else:  # clients may be cut off from their nodes too
            faults.append(model.Partition(start, sides, length_of_it))
    return with_faults(scenario, *faults)


def swarm(seeds: range) -> int:
    """Runs them; the result is how many were valid, so that nobody is praised for an empty history."""
    learned = 0
    for seed in seeds:
        result = run(swarm_scenario(seed), seed)
        assert (seed, result.check.anomalies, result.unmet, result.check.failed) == (seed, [], [], {})
        learned += result.verdict == "valid"
    return learned
