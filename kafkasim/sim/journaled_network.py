"""A network that tells of each message what happens to it, while it happens; else it does just what `Network` does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kafkasim.messages import Envelope
from kafkasim.scenario import model
from kafkasim.sim.bodies import on_the_wire, request_number
from kafkasim.sim.choices import Choices
from kafkasim.sim.clock import Clock
from kafkasim.sim.journal import Arrived, Lost, MessageEvent, Obstacle, Sent, WhyLost
from kafkasim.sim.network import AnyEnvelope
from kafkasim.sim.observed_network import ObservedNetwork


class _Parcel(Envelope[Any]):
    """One message under way, a copy being one of its own."""

    id: int
    sent_at: int


class JournaledNetwork(ObservedNetwork):
    """As `ObservedNetwork`; ``tell`` is told of each message, as `kafkasim.sim.journal` says."""

    def __init__(
        self,
        network: model.Network,
        clock: Clock,
        choices: Choices,
        tell: Callable[[MessageEvent], None],
    ) -> None:
        super().__init__(network, clock, choices)
        self._tell = tell
        self._parcels = 0
        self._original: int | None = None
        """Of the message that is being sent, the one that has gone on its way already: what follows are copies."""
        self._all_alike = self._faultless = False  # no message goes past here

    def send(self, envelope: AnyEnvelope) -> None:
        """See `Network.send`."""
        self._original = None
        super().send(envelope)

    def _carry(self, envelope: AnyEnvelope) -> None:
        number, now = self._parcels, self._clock.now
        self._parcels += 1
        parcel = _Parcel(envelope.src, envelope.dest, envelope.body, number, now)
        copy_of, self._original = self._original, number
        body = on_the_wire(envelope.body)
        self._tell(Sent(id=number, at=now, src=envelope.src, dest=envelope.dest, copy_of=copy_of, body=body))
        super()._carry(parcel)

    def hand_over(self, envelope: AnyEnvelope) -> None:
        """See `Network.hand_over`."""
        if self._parties[envelope.dest].hears(envelope):
            client = self._clients.get(envelope.dest)
            too_late = client is not None and not client.awaits(request_number(envelope.body))
            self._tell_arrival(envelope, too_late=too_late)
        super().hand_over(envelope)

    def cut_off(self, envelope: AnyEnvelope, obstacle: Obstacle) -> None:
        """See `Network.cut_off`."""
        self._tell_loss(envelope, obstacle)
        super().cut_off(envelope, obstacle)

    def _lose(self, envelope: AnyEnvelope) -> None:
        self._tell_loss(envelope, "loss")
        super()._lose(envelope)

    def _tell_arrival(self, parcel: AnyEnvelope, *, too_late: bool) -> None:
        assert isinstance(parcel, _Parcel)
        now, sent_at = self._clock.now, parcel.sent_at
        self._tell(Arrived(id=parcel.id, at=now, src=parcel.src, dest=parcel.dest, sent_at=sent_at, too_late=too_late))

    def _tell_loss(self, parcel: AnyEnvelope, why: WhyLost) -> None:
        assert isinstance(parcel, _Parcel)
        now, sent_at = self._clock.now, parcel.sent_at
        self._tell(Lost(id=parcel.id, at=now, src=parcel.src, dest=parcel.dest, sent_at=sent_at, why=why))
