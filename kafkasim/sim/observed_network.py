"""A network that is looked at: who speaks to whom is counted.

It does to messages just what `Network` does. That one is left alone, for nearly every message of most runs goes by
there, and where one node runs alone in this process there is nothing to count.
"""

from __future__ import annotations

from msgspec.structs import replace

from kafkasim.scenario import model
from kafkasim.sim.choices import Choices
from kafkasim.sim.clock import Clock
from kafkasim.sim.network import AnyEnvelope, Network
from kafkasim.sim.result import Traffic


class ObservedNetwork(Network):
    """As `Network`; its traffic tells the messages between servers from those of clients."""

    def __init__(self, network: model.Network, clock: Clock, choices: Choices) -> None:
        super().__init__(network, clock, choices)
        self._between_servers = 0

    def send(self, envelope: AnyEnvelope) -> None:
        """See `Network.send`."""
        if self._serves(envelope.src) and self._serves(envelope.dest):
            self._between_servers += 1
        super().send(envelope)

    def traffic(self) -> Traffic:
        """See `Network.traffic`."""
        traffic = super().traffic()
        return replace(traffic, clients=traffic.sent - self._between_servers, servers=self._between_servers)

    def _serves(self, name: str) -> bool:
        party = self._parties.get(name)
        return party is not None and party.takes_requests
