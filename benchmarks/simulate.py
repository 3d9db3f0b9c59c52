"""How fast the simulator is: simulated operations for each second of CPU, beside others under the same load.

    python benchmarks/simulate.py             the loads below, seven rounds
    python benchmarks/simulate.py --quick     a short load, one round, to see that it works

Two loads, both with an exponential latency of one millisecond in the mean: Maelstrom's standard test for Gossip
Glomers 5a (2 clients, at most 1000 operations/s, 20 s), which takes Maelstrom itself about a minute without its
plots; and 4 clients, which are enough to keep to the 1000. The contestants take turns in every round:

run + check   what ``kafkasim simulate`` does, but for reading the scenario and printing
run           the same without the checkers; of both it is part that Python's garbage collector rests
simpy         simpy's processes as the clients: it draws latencies, asks the same service, and records operations;
              it knows no faults, time-outs, scripts, final polls or malformed replies
heap+service  a loop over ``heapq`` that does what simpy's clients do
heap          that loop over as many events, doing nothing: nothing written in Python is below it

Absolute times say little on a machine that others use too: trust the ratios, and CPU time.
"""

from __future__ import annotations

import argparse
import gc
import time
from collections.abc import Callable, Generator, Sized
from dataclasses import dataclass, field
from heapq import heappop, heappush
from random import Random
from statistics import median
from typing import Any

import simpy

from kafkasim import simulate
from kafkasim.core import LogEngine
from kafkasim.garbage_collection import collector_at_rest, count_as_old
from kafkasim.history import Operation
from kafkasim.messages import Envelope, Init, Poll, Send
from kafkasim.scenario import model
from kafkasim.scenario.model import MILLISECOND, SECOND
from kafkasim.service import Effect, LogService
from kafkasim.sim.choices import SeededChoices
from kafkasim.sim.nodes import NoLock
from kafkasim.sim.world import World

KEYS = 5
LATENCY = MILLISECOND


def scenario(clients: int, seconds: int) -> model.Scenario:
    """Maelstrom's standard test, with so many clients, for so long."""
    return model.Scenario(
        "standard",
        "what the other simulators are measured by",
        network=model.Network(model.Latency("exponential", mean=LATENCY)),
        workload=model.Workload(clients=clients, keys=KEYS, rate=1000, duration=seconds * SECOND),
    )


def run_and_check(clients: int, seconds: int) -> Sized:
    """A whole run of ours; the result, as of all contestants, is the operations, so that nobody frees them in time."""
    result = simulate.run(scenario(clients, seconds))
    assert result.verdict == "valid", result.check
    return result.history.operations


def run_alone(clients: int, seconds: int) -> Sized:
    """A run of ours, unchecked."""
    world = World(scenario(clients, seconds), SeededChoices(0))
    with collector_at_rest():
        while world.advance():
            pass
        operations = world.history().operations
        world.dissolve()
        count_as_old()
    return operations


class PlainClient:
    """What the clients of simpy and of the bare heap do: half sends, half polls from where the last one ended."""

    def __init__(self, number: int, load: PlainLoad) -> None:
        self.number, self.load = number, load
        self.random = Random(number)
        self.positions = {f"k{key}": 0 for key in range(KEYS)}

    def ask(self, now: int) -> tuple[Envelope[Any], Operation]:
        """The next request, and what the history says of it."""
        load = self.load
        load.events += 1
        if self.random.random() < 0.5:
            key = f"k{int(self.random.random() * KEYS)}"
            request: dict[str, Any] = {"key": key, "msg": load.events}
            body: Send[Any] | Poll = Send(key=key, msg=load.events, msg_id=load.events)
        else:
            key = ""
            request = {"offsets": dict(self.positions)}
            body = Poll(offsets=request["offsets"], msg_id=load.events)
        operation = Operation(
            index=len(load.history),
            process=self.number,
            f="send" if key else "poll",
            request=request,
            type="info",
            start=now,
            end=None,
            begin_event=load.events,
            end_event=None,
        )
        load.history.append(operation)
        return Envelope(f"c{self.number}", "n0", body), operation

    def hear(self, reply: Effect, operation: Operation, now: int) -> None:
        """Takes the answer to a request in."""
        assert isinstance(reply, Envelope)  # a correct node answers, and does nothing else
        load = self.load
        load.events += 1
        operation.type, operation.end, operation.end_event = "ok", now, load.events
        if operation.f == "send":
            operation.response = {"offset": reply.body.offset}
        else:
            operation.response = {"msgs": reply.body.msgs}
            for key, pairs in reply.body.msgs.items():
                self.positions[key] = pairs[-1][0] + 1


class PlainLoad:
    """The service, the history and the pace that plain clients share."""

    def __init__(self, seconds: int) -> None:
        self.service = LogService(LogEngine(NoLock()))
        self.service.receive(Envelope("", "n0", Init(node_id="n0", node_ids=["n0"])))
        self.history: list[Operation] = []
        self.random = Random(0)
        self.events = 0
        self.end = seconds * SECOND
        self._next_slot = 0

    def latency(self) -> int:
        """How long the next message travels."""
        return int(self.random.expovariate(1) * LATENCY)

    def slot(self, now: int) -> int:
        """When the next operation may begin."""
        self._next_slot = max(self._next_slot, now) + MILLISECOND
        return self._next_slot - MILLISECOND


def with_simpy(clients: int, seconds: int) -> Sized:
    """The load under simpy."""
    load, env = PlainLoad(seconds), simpy.Environment()

    def behave(client: PlainClient) -> Generator[simpy.Event, Any, None]:
        now = 0
        while (due := load.slot(now)) < load.end:
            yield env.timeout(due - now)
            envelope, operation = client.ask(due)
            yield env.timeout(load.latency())
            (reply,) = load.service.receive(envelope)
            yield env.timeout(load.latency())
            now = int(env.now)
            client.hear(reply, operation, now)

    for number in range(clients):
        env.process(behave(PlainClient(number, load)))
    env.run()
    return load.history


def with_heap_and_service(clients: int, seconds: int) -> Sized:
    """The load under nothing but a heap."""
    load = PlainLoad(seconds)
    heap: list[tuple[int, int, int, PlainClient, Any]] = []
    events = 0
    for number in range(clients):
        heappush(heap, (load.slot(0), -number, 0, PlainClient(number, load), None))
    while heap:
        now, _, stage, client, what = heappop(heap)
        events += 1
        if stage == 0:
            heappush(heap, (now + load.latency(), events, 1, client, client.ask(now)))
        elif stage == 1:
            (reply,) = load.service.receive(what[0])
            heappush(heap, (now + load.latency(), events, 2, client, (reply, what[1])))
        else:
            reply, operation = what
            client.hear(reply, operation, now)
            due = load.slot(now)
            if due < load.end:
                heappush(heap, (due, events, 0, client, None))
    return load.history


def with_heap(clients: int, seconds: int) -> Sized:
    """As many events as the load has: three for each operation that the rate allows."""
    random, heap = Random(0), [(0, -number) for number in range(clients)]
    operations = range(seconds * SECOND // MILLISECOND)
    for event in range(3 * len(operations)):
        now, _ = heappop(heap)
        heappush(heap, (now + int(random.random() * LATENCY), event))
    return operations


@dataclass
class Contestant:
    """Somebody who carries the load, and how many operations a second of CPU carried, a figure a round."""

    name: str
    carry: Callable[[int, int], Sized]
    speeds: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    def measure(self, clients: int, seconds: int) -> None:
        """Carries the load once."""
        gc.collect()
        started = time.process_time()
        operations = self.carry(clients, seconds)
        self.seconds.append(time.process_time() - started)
        self.speeds.append(len(operations) / self.seconds[-1])


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a short load, one round")
    quick = parser.parse_args().quick
    seconds, rounds = (1, 1) if quick else (20, 7)
    for clients in (2, 4):
        contestants = [
            Contestant("run + check", run_and_check),
            Contestant("run", run_alone),
            Contestant("simpy", with_simpy),
            Contestant("heap+service", with_heap_and_service),
            Contestant("heap", with_heap),
        ]
        for _ in range(rounds):
            for contestant in contestants:
                contestant.measure(clients, seconds)
        report(clients, seconds, contestants)


def report(clients: int, seconds: int, contestants: list[Contestant]) -> None:
    """Prints the medians, and the medians of the ratios of each round."""
    by_name = {contestant.name: contestant for contestant in contestants}
    print(f"\n{clients} clients, at most 1000 operations/s, {seconds} s of the run's clock")
    print(f"{'':14}{'CPU seconds':>12}{'operations/s':>14}{'x simpy':>9}{'x heap+service':>16}{'x heap':>8}")
    for contestant in contestants:
        ratios = [
            median(own / other for own, other in zip(contestant.speeds, by_name[name].speeds, strict=True))
            for name in ("simpy", "heap+service", "heap")
        ]
        print(
            f"{contestant.name:14}{median(contestant.seconds):12.3f}{median(contestant.speeds):14,.0f}"
            f"{ratios[0]:9.2f}{ratios[1]:16.2f}{ratios[2]:8.2f}"
        )


if __name__ == "__main__":
    main()
