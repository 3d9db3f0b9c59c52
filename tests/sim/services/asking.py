"""Clients of a service, one request at a time each, over a simulated network; and what could explain their answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from kafkasim.messages import Envelope
from kafkasim.scenario import model
from kafkasim.scenario.model import MILLISECOND
from kafkasim.sim.choices import SeededChoices, Stream
from kafkasim.sim.clock import Clock
from kafkasim.sim.network import Network
from kafkasim.sim.services import offer_services

Body = dict[str, Any]


@dataclass
class Asked:
    """One request: who asked what, what came, and its place among all beginnings and ends."""

    client: str
    body: Body
    begin: int
    end: int = -1
    answer: Any = None


class Asker:
    """Asks a service the bodies it is given, one after the other, pausing up to 10 ms in between."""

    takes_requests = False

    def __init__(self, name: str, service: str, bodies: Sequence[Body], bench: Bench) -> None:
        self.name, self.service, self.bodies, self.bench = name, service, list(bodies), bench
        self.asked: list[Asked] = []
        bench.network.join(name, self)
        self.pause()

    def pause(self) -> None:
        if self.bodies:
            self.bench.clock.after(self.bench.pauses.pick(10 * MILLISECOND), self.ask)

    def ask(self, _: None = None) -> None:
        body = self.bodies.pop(0)
        self.asked.append(Asked(self.name, body, self.bench.next_event()))
        self.bench.network.send(Envelope(self.name, self.service, body | {"msg_id": len(self.asked)}))

    def hears(self, _: Envelope[Any], /) -> bool:
        return True

    def receive(self, envelope: Envelope[Any]) -> None:
        answer = envelope.body
        asked = self.asked[answer["in_reply_to"] - 1]
        if asked.answer is None:
            asked.answer = {name: value for name, value in answer.items() if name not in ("in_reply_to", "text")}
            asked.end = self.bench.next_event()
            self.pause()

    def excuse(self, msg_id: int | None) -> None:
        pass

    repeated = excuse


class Bench:
    """A clock and a network with the services on it."""

    def __init__(self, seed: int = 0, latency: int = 5 * MILLISECOND) -> None:
        choices = SeededChoices(seed)
        self.clock, self.events = Clock(), 0
        self.network = Network(model.Network(model.Latency("exponential", mean=latency)), self.clock, choices)
        self.pauses: Stream = choices.stream("pauses")
        offer_services(self.network, choices)

    def next_event(self) -> int:
        self.events += 1
        return self.events

    def run(self) -> None:
        while self.clock.events:
            self.clock.step()


def ask_all(
    service: str, programs: dict[str, list[Body]], seed: int = 0, latency: int = 5 * MILLISECOND
) -> list[Asked]:
    """What clients that ask a service at the same time are told."""
    bench = Bench(seed, latency)
    askers = [Asker(name, service, bodies, bench) for name, bodies in programs.items()]
    bench.run()
    return [asked for asker in askers for asked in asker.asked]


def ask_one(service: str, *bodies: Body) -> list[Any]:
    """What one client is told."""
    return [asked.answer for asked in ask_all(service, {"n0": list(bodies)})]


def some_programs(stream: Stream, clients: int, length: int) -> dict[str, list[Body]]:
    """Random requests about two keys and few values."""
    return {f"n{number}": [_some_body(stream) for _ in range(length)] for number in range(clients)}


def _some_body(stream: Stream) -> Body:
    key = "xy"[stream.pick(2)]
    match stream.pick(4):
        case 0:
            return {"type": "write", "key": key, "value": stream.pick(3)}
        case 1:
            body = {"type": "cas", "key": key, "from": stream.pick(3), "to": stream.pick(3)}
            return body | ({"create_if_not_exists": True} if stream.pick(2) else {})
    return {"type": "read", "key": key}


Precedes = Callable[[Asked, Asked], bool]


def in_program_order(one: Asked, other: Asked) -> bool:
    """Whether the same client asked the one before the other: all that sequential consistency keeps."""
    return one.client == other.client and one.begin < other.begin


def in_real_time(one: Asked, other: Asked) -> bool:
    """Whether the one had ended before the other began: what linearizability keeps."""
    return one.end < other.begin


def has_an_order(history: Sequence[Asked], precedes: Precedes) -> bool:
    """Whether all answers could have come from one plain store, asked one after the other, by trying every order."""
    refuted: set[tuple[frozenset[int], str]] = set()

    def search(left: list[Asked], values: dict[str, Any]) -> bool:
        if not left:
            return True
        position = (frozenset(asked.begin for asked in left), repr(sorted(values.items())))
        if position in refuted:
            return False
        for asked in left:
            if not any(precedes(other, asked) for other in left if other is not asked):
                after = dict(values)
                if plain_answer(asked.body, after) == asked.answer and search(
                    [other for other in left if other is not asked], after
                ):
                    return True
        refuted.add(position)
        return False

    return search(list(history), {})


def plain_answer(body: Body, values: dict[str, Any]) -> Body:
    """What a plain dict answers; it is changed where the request changes it."""
    key = body["key"]
    if body["type"] == "write":
        values[key] = body["value"]
        return {"type": "write_ok"}
    if key not in values:
        if not body.get("create_if_not_exists"):
            return {"type": "error", "code": 20}
    elif body["type"] == "read":
        return {"type": "read_ok", "value": values[key]}
    elif values[key] != body["from"]:
        return {"type": "error", "code": 22}
    values[key] = body["to"]
    return {"type": "cas_ok"}
