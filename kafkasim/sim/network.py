"""The simulated network: who hears whom, when, how often and whether at all.

A message is lost or repeated when it is sent; whether a partition lies between sender and receiver, or nobody is
there, is looked at when it would arrive.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from heapq import heapify, heappush
from typing import Any, Protocol, cast

from kafkasim.messages import Envelope
from kafkasim.scenario import model
from kafkasim.scenario.service_names import SERVICE_NAMES
from kafkasim.sim.bodies import is_repeatable, is_reply, is_send, request_number
from kafkasim.sim.choices import Choices
from kafkasim.sim.clock import Clock
from kafkasim.sim.journal import Obstacle
from kafkasim.sim.latency import Latencies, latencies
from kafkasim.sim.result import Traffic

AnyEnvelope = Envelope[Any]


class Party(Protocol):
    """Somebody with an address."""

    takes_requests: bool
    """Whether others may ask it something; a client only asks."""

    def hears(self, envelope: AnyEnvelope, /) -> bool:
        """Whether it would take this message in now."""

    def receive(self, envelope: AnyEnvelope) -> None:
        """Takes a message in; where nobody is there to take it, the network is told, with `Network.cut_off`.

        Who takes it in later has it handed over then, with `Network.hand_over`.
        """

    def excuse(self, msg_id: int | None) -> None:
        """Learns why a request of its own, the one with this number, may never be answered: the network did it."""

    def repeated(self, msg_id: int | None) -> None:
        """Learns that the network repeats a request of its own: where one copy is refused, another may be obeyed."""


class Asker(Party, Protocol):
    """Somebody who only asks: a client."""

    def awaits(self, number: int | None) -> bool:
        """Whether it waits for an answer to its request with this number."""

    def excuse_all(self, *, given_up: bool) -> None:
        """Learns why the request that it waits for may never be answered, and those that it has ``given_up``."""


class Network:
    """Carries envelopes between parties."""

    def __init__(self, network: model.Network, clock: Clock, choices: Choices) -> None:
        self._clock = clock
        self._parties: dict[str, Party] = {}
        self._unmentioned: dict[str, None] = {}
        """Those who are there but whom nobody has spoken to: no history tells of them."""
        self._partitions: list[dict[str, int]] = []
        """For each partition that is in force, in which group who is; those in none form one more."""
        self._latencies = latencies(network.latency, choices.stream("latency"))
        self._next_latencies: list[int] = []
        """As many as were drawn ahead; the very next one is the last."""
        self._client_latencies: Latencies | None = None
        """Of messages to and from clients; None: as of all others."""
        if network.client_latency is not None:
            self._client_latencies = latencies(network.client_latency, choices.stream("client-latency"))
        self._next_client_latencies: list[int] = []
        self._clients: dict[str, Asker] = {}
        self._loss, self._losses = network.loss, choices.stream("loss")
        self._duplicate, self._duplicate_sends = network.duplicate, network.duplicate_sends
        self._duplications = choices.stream("duplication")
        self._all_alike = self._client_latencies is None
        """Whether messages need no look at who speaks to whom."""
        self._faultless = self._all_alike and not (self._loss or self._duplicate or self._duplicate_sends)
        """Whether nothing can happen to a message: it may go directly to whom it is for."""
        self._receivers: dict[str, Callable[[AnyEnvelope], None]] = {}
        self._sent = self._lost = self._duplicated = self._cut_off = 0

    def join(self, name: str, party: Party, *, silent: bool = False) -> None:
        """Gives the party its address. No history tells of one that is ``silent`` until it is mentioned."""
        self._parties[name] = party
        self._receivers[name] = party.receive
        if not party.takes_requests:
            self._clients[name] = cast(Asker, party)
        if silent:
            self._unmentioned[name] = None

    def mention(self, name: str) -> None:
        """Says that the party takes part in the run; asked again, it changes nothing."""
        self._unmentioned.pop(name, None)

    def knows(self, name: str) -> bool:
        """Whether anybody has this address."""
        return name in self._parties

    def takes_requests(self, name: str) -> bool:
        """Whether who has this address may be asked something."""
        return self._parties[name].takes_requests

    def disband(self) -> None:
        """Forgets everybody's address."""
        self._parties.clear()
        self._clients.clear()
        self._receivers.clear()

    def send(self, envelope: AnyEnvelope) -> None:
        """Sends a message on its way, or loses it."""
        self._sent += 1
        if self._faultless:
            # As `_carry`, without its calls: nearly every message of a run comes by here.
            clock, ahead = self._clock, self._next_latencies
            clock.asked = asked = clock.asked + 1
            latency = ahead.pop() if ahead else self._latency()
            receive = self._receivers.get(envelope.dest) or self.arrive
            heappush(clock.events, (clock.now + latency, asked, receive, envelope))
            return
        self._carry(envelope)
        repeated = self._chance_of_a_copy(envelope.body)
        if repeated and self._duplications.chance(repeated):
            self._duplicated += 1
            self._carry(envelope)
            if not is_reply(envelope.body):
                self._parties[envelope.src].repeated(request_number(envelope.body))

    def arrive(self, envelope: AnyEnvelope) -> None:
        """A message is where it was sent to."""
        if envelope.dest not in self._parties:
            self.cut_off(envelope, "nobody-there")
        elif self._partitions and not self._connected(envelope.src, envelope.dest):
            self.cut_off(envelope, "partition")
        else:
            self.hand_over(envelope)

    def hand_over(self, envelope: AnyEnvelope) -> None:
        """A message that has come through is given to whom it is for."""
        self._parties[envelope.dest].receive(envelope)

    def cut_off(self, envelope: AnyEnvelope, obstacle: Obstacle) -> None:  # noqa: ARG002 - for who tells of it
        """A message cannot be delivered."""
        self._cut_off += 1
        self._excuse(envelope)

    def grouped(self, groups: tuple[tuple[str, ...], ...]) -> tuple[tuple[str, ...], ...]:
        """The groups, and as one more all who are in none, but for services that nobody has asked so far."""
        named = {name for group in groups for name in group}
        rest = tuple(name for name in self._parties if name not in named and name not in self._unmentioned)
        return (*groups, rest) if rest else groups

    def part(self, groups: tuple[tuple[str, ...], ...]) -> dict[str, int]:
        """From now on only members of one group hear each other; the result is what `rejoin` takes."""
        partition = {name: number for number, group in enumerate(groups) for name in group}
        self._partitions.append(partition)
        self._faultless = False
        events = self._clock.events
        for place, (time, asked, _, argument) in enumerate(events):
            if isinstance(argument, Envelope):  # what is on its way may meet the partition
                events[place] = (time, asked, self.arrive, argument)
        return partition

    def rejoin(self, partition: dict[str, int]) -> None:
        """Ends a partition."""
        self._partitions = [other for other in self._partitions if other is not partition]

    def heal(self) -> None:
        """Ends all partitions, loss and duplication."""
        self._partitions = []
        self._loss = self._duplicate = self._duplicate_sends = 0.0
        self._faultless = self._all_alike

    def hasten(self, names: Sequence[str]) -> bool:
        """Has all arrive now that those of these names and the services have said to each other; whether it was any.

        In the order of the names, and of what each of them said: not of when, which only the machine knows.
        """
        events = self._clock.events
        places = {name: place for place, name in enumerate(names)}
        chosen: list[tuple[int, int, AnyEnvelope]] = []
        for _, asked, _, argument in events:
            if isinstance(argument, Envelope) and (argument.src in SERVICE_NAMES or argument.dest in SERVICE_NAMES):
                place = places.get(argument.src, places.get(argument.dest))
                if place is not None:
                    chosen.append((place, asked, argument))
        if not chosen:
            return False
        hastened = {asked for _, asked, _ in chosen}
        events[:] = [event for event in events if event[1] not in hastened]
        heapify(events)
        for _, _, envelope in sorted(chosen, key=lambda choice: choice[:2]):
            self.arrive(envelope)
        return True

    def last_arrival(self) -> int:
        """When the last of the messages that are now on their way will be there (ns); now, where there are none."""
        return max(self._arrivals(), default=self._clock.now)

    def in_flight(self) -> int:
        """How many messages are on their way."""
        return len(self._arrivals())

    def in_flight_among_servers(self) -> bool:
        """Whether anything is on its way that is neither from a client nor for one."""
        clients = self._clients
        return any(
            isinstance(argument, Envelope) and argument.src not in clients and argument.dest not in clients
            for _, _, _, argument in self._clock.events
        )

    def traffic(self) -> Traffic:
        """What has become of the messages so far."""
        return Traffic(
            sent=self._sent,
            delivered=self._sent + self._duplicated - self._lost - self._cut_off - self.in_flight(),
            lost=self._lost,
            duplicated=self._duplicated,
            cut_off=self._cut_off,
            clients=self._sent,
        )

    def _chance_of_a_copy(self, body: Any) -> float:
        if not (self._duplicate or self._duplicate_sends):
            return 0.0
        if is_repeatable(body):
            return self._duplicate
        return self._duplicate_sends if is_send(body) else 0.0

    def _carry(self, envelope: AnyEnvelope) -> None:
        if self._loss and self._losses.chance(self._loss):
            self._lose(envelope)
            return
        travels = self._latency() if self._all_alike else self._latency_of(envelope)
        self._clock.after(travels, self.arrive, envelope)

    def _lose(self, envelope: AnyEnvelope) -> None:
        self._lost += 1
        self._excuse(envelope)

    def _latency_of(self, envelope: AnyEnvelope) -> int:
        """How long the message travels (ns), which depends on who speaks to whom."""
        if self._client_latencies is None or not {envelope.src, envelope.dest} & self._clients.keys():
            return self._latency()
        if not self._next_client_latencies:
            self._next_client_latencies = self._client_latencies.ahead()
        return self._next_client_latencies.pop()

    def _latency(self) -> int:
        """How long the next message travels (ns)."""
        if not self._next_latencies:
            self._next_latencies = self._latencies.ahead()
        return self._next_latencies.pop()

    def _arrivals(self) -> list[int]:
        """When each message that is on its way will be there."""
        return [time for time, _, _, argument in self._clock.events if isinstance(argument, Envelope)]

    def _connected(self, one: str, other: str) -> bool:
        return all(partition.get(one, -1) == partition.get(other, -1) for partition in self._partitions)

    def _excuse(self, envelope: AnyEnvelope) -> None:
        """Tells whose request it was, or whose request it answered, that it did not get through.

        What nodes say to each other and to services may be on behalf of any client, so each of them is told.
        """
        if envelope.src not in self._clients and envelope.dest not in self._clients:
            for client in self._clients.values():
                client.excuse_all(given_up=True)
            return
        body = envelope.body
        party = self._parties.get(envelope.dest if is_reply(body) else envelope.src)
        if party is not None:
            party.excuse(request_number(body))
