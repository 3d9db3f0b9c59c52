"""The services that a node may ask while somebody types to it: without a network, so that they answer at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from kafkasim.messages import Envelope
from kafkasim.sim.bodies import on_the_wire
from kafkasim.sim.choices import SeededChoices
from kafkasim.sim.network import AnyEnvelope
from kafkasim.sim.services import new_services

_SEED: Final = 0
"""What the services leave to chance is the same in every session."""


class Services:
    """All of them; ``answer`` is given each reply, as it is written. What they hold outlives the node.

    >>> heard = []
    >>> services = Services(heard.append)
    >>> services.ask(Envelope("n0", "lin-kv", {"type": "write", "msg_id": 1, "key": "k", "value": 5}))
    >>> services.ask(Envelope("n0", "lin-kv", {"type": "read", "msg_id": 2, "key": "k"}))
    >>> heard[-1].src, heard[-1].body
    ('lin-kv', {'type': 'read_ok', 'value': 5, 'in_reply_to': 2})
    """

    def __init__(self, answer: Callable[[Envelope[object]], None]) -> None:
        self._answer = answer
        self._parties = new_services(self, SeededChoices(_SEED))

    def ask(self, request: AnyEnvelope) -> None:
        """Has the service answer to which the request goes."""
        self._parties[request.dest].receive(request)

    def mention(self, name: str) -> None:
        """See `kafkasim.sim.services.party.Carrier.mention`; here nobody counts."""

    def send(self, envelope: AnyEnvelope) -> None:
        """See `kafkasim.sim.services.party.Carrier.send`."""
        self._answer(Envelope(envelope.src, envelope.dest, on_the_wire(envelope.body)))
