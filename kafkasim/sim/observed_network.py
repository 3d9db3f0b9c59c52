"""A network that is looked at: who speaks to whom is counted, and each message can be told while it is sent.

It does to messages just what `Network` does. That one is left alone, for nearly every message of most runs goes by
there, and where one node runs alone in this process there is nothing to count.
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace

from kafkasim.scenario import model
from kafkasim.sim.bodies import on_the_wire
from kafkasim.sim.choices import Choices
from kafkasim.sim.clock import Clock
from kafkasim.sim.network import AnyEnvelope, Network
from kafkasim.sim.result import Traffic
from kafkasim.sim.watch import Passage


class ObservedNetwork(Network):
    """As `Network`; its traffic tells the messages between servers from those of clients. ``tell`` is told of each."""

    def __init__(
        self,
        network: model.Network,
        clock: Clock,
        choices: Choices,
        tell: Callable[[Passage], None] | None = None,
    ) -> None:
        super().__init__(network, clock, choices)
        self._tell = tell
        self._between_servers = 0

    def send(self, envelope: AnyEnvelope) -> None:
        """See `Network.send`."""
        if self._serves(envelope.src) and self._serves(envelope.dest):
            self._between_servers += 1
        repeated, lost = self._duplicated, self._lost
        super().send(envelope)
        if self._tell is not None:
            self._tell(_passage(self._clock.now, envelope, 1 + self._duplicated - repeated, self._lost - lost))

    def cut_off(self, envelope: AnyEnvelope) -> None:
        """See `Network.cut_off`."""
        super().cut_off(envelope)
        if self._tell is not None:
            self._tell(_passage(self._clock.now, envelope, cut_off=True))

    def traffic(self) -> Traffic:
        """See `Network.traffic`."""
        traffic = super().traffic()
        return replace(traffic, clients=traffic.sent - self._between_servers, servers=self._between_servers)

    def _serves(self, name: str) -> bool:
        party = self._parties.get(name)
        return party is not None and party.takes_requests


def _passage(at: int, envelope: AnyEnvelope, copies: int = 1, lost: int = 0, *, cut_off: bool = False) -> Passage:
    return Passage(at, envelope.src, envelope.dest, on_the_wire(envelope.body), copies, lost, cut_off)
