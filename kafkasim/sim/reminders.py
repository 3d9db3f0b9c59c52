"""Asks once more for what a node left unanswered, once nothing can keep an answer from coming any longer.

That a probe was not answered in time proves nothing: the network may be slow. But when the faults are healed, nothing
is lost any more and all that is on its way is waited for, only the node can be the reason.
"""

from __future__ import annotations

from typing import Any

from kafkasim.messages import Envelope
from kafkasim.sim.bodies import request_as_written
from kafkasim.sim.client import Client
from kafkasim.sim.network import AnyEnvelope, Network


class Reminder:
    """Asks one node, all at once.

    ``unanswered`` has by number the requests' bodies, each with the client that asked it in vain. Those that are
    answered now, or cannot be because the node is down, are taken out of it.
    """

    takes_requests = False

    def __init__(self, node: str, unanswered: dict[int, tuple[Client, dict[str, Any]]], network: Network) -> None:
        self.unanswered = unanswered
        name = f"final-{node}-probes"
        network.join(name, self)
        for number, (_, body) in unanswered.items():
            network.send(Envelope(name, node, request_as_written({"msg_id": number} | body)))

    def hears(self, _: AnyEnvelope, /) -> bool:
        """See `kafkasim.sim.network.Party.hears`."""
        return True

    def receive(self, envelope: AnyEnvelope) -> None:
        """Takes an answer in; what it says was looked at when it came to a client, if it ever did."""
        self.excuse(envelope.body.in_reply_to)

    def awaits(self, number: int | None) -> bool:
        """See `kafkasim.sim.network.Asker.awaits`."""
        return number in self.unanswered

    def excuse(self, msg_id: int | None) -> None:
        """See `kafkasim.sim.network.Party.excuse`."""
        if msg_id is not None:
            self.unanswered.pop(msg_id, None)

    def repeated(self, msg_id: int | None) -> None:
        """See `kafkasim.sim.network.Party.repeated`; nothing is repeated any more."""

    def excuse_all(self, *, given_up: bool) -> None:  # noqa: ARG002 - there is nothing that it gives up
        """See `kafkasim.sim.network.Asker.excuse_all`."""
        self.unanswered.clear()
