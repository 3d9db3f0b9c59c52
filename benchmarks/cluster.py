"""What a cluster of ours costs in messages, how available it is, and how far its polls lag behind.

    python -m benchmarks.cluster             the loads below, three seeds each
    python -m benchmarks.cluster --quick     a short load, one seed, to see that it works

The load is that of Gossip Glomers 5c: two nodes, two clients for each, at most 1000 operations/s, 20 s. As under
Maelstrom, messages of clients travel in no time, those among nodes and services as long as the latency says. Time is
virtual: every figure is exact, and the same on every machine.

deaf         no node hears another, while each reaches lin-kv
msgs/op      messages among nodes and services, for each operation that asked a node
node/op      those of them between two nodes
ok           operations that succeeded, of all that were asked before the final polls
p50, max     how long those took, ms
lag          the worst: how long after a message had been acknowledged a poll ended that should have returned it and did
             not, ms
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, field

from kafkasim.checkers import check
from kafkasim.history import ASK_NOBODY, History, Operation
from kafkasim.scenario import model
from kafkasim.scenario.model import MILLISECOND, SECOND
from kafkasim.sim.choices import SeededChoices
from kafkasim.sim.network import AnyEnvelope
from kafkasim.sim.services import SERVICES
from kafkasim.sim.statistics import quantiles_of
from kafkasim.sim.world import World


@dataclass
class Load:
    """What is asked of a cluster, and what goes wrong meanwhile."""

    name: str
    latency: model.Latency = field(default_factory=model.Latency)
    nodes: int = 2
    clients: int = 4
    keys: int = 5
    faults: tuple[model.Fault, ...] = ()
    deaf: bool = False
    """Whether no node hears another, while each reaches lin-kv."""
    seconds: int = 20

    def scenario(self) -> model.Scenario:
        """The load as a scenario."""
        return model.Scenario(
            "5c",
            "what a cluster costs",
            system=model.System(nodes=self.nodes),
            network=model.Network(self.latency),
            workload=model.Workload(clients=self.clients, keys=self.keys, rate=1000, duration=self.seconds * SECOND),
            faults=self.faults,
        )


@dataclass
class Figures:
    """What came of a load."""

    operations: int = 0
    succeeded: int = 0
    messages: int = 0
    between_nodes: int = 0
    worst_lag: int = 0
    durations: list[int] = field(default_factory=list)
    anomalies: int = 0

    def line(self) -> str:
        """The figures in the order of the table."""
        quantiles = quantiles_of(self.durations)
        return (
            f"{self.messages / self.operations:7.2f} {self.between_nodes / self.operations:7.2f} "
            f"{100 * self.succeeded / self.operations:6.1f}% {quantiles.p50 / MILLISECOND:6.0f} "
            f"{quantiles.max / MILLISECOND:6.0f} {self.worst_lag / MILLISECOND:6.0f} {self.operations:9,}"
            f"{'  ANOMALIES' if self.anomalies else ''}"
        )


class Counting:
    """Stands between the parties of a world and its network: counts messages, and carries those of clients at once.

    Where nodes are ``deaf``, it loses those between nodes.
    """

    def __init__(self, world: World, *, deaf: bool) -> None:
        self.world, self.network = world, world._network  # noqa: SLF001 - a run lets nobody stand between its parts
        self.deaf = deaf
        self.messages = self.between_nodes = 0
        self.send_on = self.network.send
        self.network.send = self.send  # type: ignore[method-assign]  # it is the object that is stood before, not its class

    def send(self, envelope: AnyEnvelope) -> None:
        """As `Network.send`."""
        if self.network.takes_requests(envelope.src) and self.network.takes_requests(envelope.dest):
            between_nodes = envelope.src not in SERVICES and envelope.dest not in SERVICES
            self.messages += 1
            self.between_nodes += between_nodes
            if not (between_nodes and self.deaf):
                self.send_on(envelope)
        else:
            self.world.clock.after(0, self.network.arrive, envelope)


def measure(load: Load, seeds: Sequence[int]) -> Figures:
    """The figures of the load with each of the seeds, together."""
    figures = Figures()
    for seed in seeds:
        world = World(load.scenario(), SeededChoices(seed), seed)
        counting = Counting(world, deaf=load.deaf)
        final_began = 0
        while world.advance(1):
            if not any(op.final for op in world._recorder.operations[-load.nodes :]):  # noqa: SLF001 - a history made at each event would take far longer
                final_began = counting.messages
                between_nodes = counting.between_nodes
        history = world.history()
        asked = [op for op in history.operations if not op.final and op.f not in ASK_NOBODY]
        figures.operations += len(asked)
        figures.succeeded += sum(op.type == "ok" for op in asked)
        figures.messages += final_began
        figures.between_nodes += between_nodes
        figures.durations += [op.end - op.start for op in asked if op.type == "ok" and op.end is not None]
        figures.worst_lag = max(figures.worst_lag, worst_lag(history))
        figures.anomalies += len(check(history).anomalies)
    return figures


def worst_lag(history: History) -> int:
    """How long a message had been acknowledged at most when a poll ended without it that asked from it or before."""
    acknowledged: dict[str, dict[int, int]] = {}
    for op in history.operations:
        if op.f == "send" and op.response is not None and op.end is not None:
            acknowledged.setdefault(op.request["key"], {})[op.response["offset"]] = op.end
    return max((_lag(op, acknowledged) for op in history.operations if op.f == "poll" and not op.final), default=0)


def _lag(poll: Operation, acknowledged: dict[str, dict[int, int]]) -> int:
    if poll.response is None or poll.end is None:
        return 0
    worst = 0
    for key, asked_from in poll.request["offsets"].items():
        pairs = poll.response["msgs"].get(key)
        following = pairs[-1][0] + 1 if pairs else asked_from
        known_at = acknowledged.get(key, {}).get(following)
        if known_at is not None:
            worst = max(worst, poll.end - known_at)
    return worst


_HUNDRED = model.Latency(mean=100 * MILLISECOND)
_SPREAD = model.Latency("exponential", mean=100 * MILLISECOND)
_SIDES = (("n0", "lin-kv", "c1", "c3"), ("n1", "c2", "c4"))

LOADS = (
    Load("no latency", seconds=5),
    Load("100 ms", _HUNDRED),
    Load("100 ms in the mean", _SPREAD),
    Load("100 ms, 20 clients", _HUNDRED, clients=20),
    Load("100 ms, 1 key", _HUNDRED, keys=1),
    Load("10 ms", model.Latency(mean=10 * MILLISECOND)),
    Load("10 ms, 5 nodes, 10 clients", model.Latency(mean=10 * MILLISECOND), nodes=5, clients=10),
    Load(
        "10 ms, n1 cut off 5 s of 20",
        model.Latency(mean=10 * MILLISECOND),
        faults=(model.Partition(5 * SECOND, _SIDES, 5 * SECOND),),
    ),
    Load(
        "10 ms, n0 down 5 s of 20",
        model.Latency(mean=10 * MILLISECOND),
        faults=(model.NodeCrash(5 * SECOND, "n0", 5 * SECOND),),
    ),
    Load("5 ms, 20 clients, deaf", model.Latency(mean=5 * MILLISECOND), clients=20, deaf=True),
    Load("50 ms, 20 clients, deaf", model.Latency(mean=50 * MILLISECOND), clients=20, deaf=True),
    Load("50 ms in the mean, 20, deaf", model.Latency("exponential", 50 * MILLISECOND), clients=20, deaf=True),
)


def main(argv: Sequence[str] | None = None) -> int:
    """Measures and prints; 1 where a cluster did wrong."""
    parser = argparse.ArgumentParser(description="Measures what a cluster costs.")
    parser.add_argument("--quick", action="store_true", help="a short load, one seed, to see that it works")
    quick = parser.parse_args(argv).quick
    loads = [Load("10 ms", model.Latency(mean=10 * MILLISECOND), seconds=1)] if quick else LOADS
    print(f"{'load':<28} {'msgs/op':>7} {'node/op':>7} {'ok':>7} {'p50':>6} {'max':>6} {'lag':>6} operations")
    wrong = 0
    for load in loads:
        figures = measure(load, range(1 if quick else 3))
        wrong += figures.anomalies
        print(f"{load.name:<28} {figures.line()}", flush=True)
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
