"""Servers that are wrong as processes, or as a cluster of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from kafkasim.messages import AnyReply, AnyRequest, BadRequest, CommitOffsets, Envelope, Init, Send
from kafkasim.service import Effect, Service
from kafkasim.sim.faulty import FaultyService, ServerDiedError

_SELDOM: Final = 0.02


class Silent(FaultyService):
    """Does not even look at a request now and then."""

    def receive(self, envelope: Envelope[AnyRequest]) -> Sequence[Effect]:
        if not isinstance(envelope.body, Init) and self.chances.chance(_SELDOM):
            return []
        return super().receive(envelope)


class CrashesOnGarbage(FaultyService):
    """A request that is not of its RPC's form ends the process."""

    def receive(self, envelope: Envelope[AnyRequest]) -> Sequence[Effect]:
        if isinstance(envelope.body, BadRequest):
            raise ServerDiedError(envelope.body.text)
        return super().receive(envelope)


class OwnOrder(FaultyService):
    """One of several replicas: takes sends and commits at once, tells the others, and waits for nobody.

    So each replica appends in the order in which it happens to hear.
    """

    def receive(self, envelope: Envelope[AnyRequest]) -> Sequence[Effect]:
        effects = super().receive(envelope)
        told_by_peer = envelope.src in self.node_ids
        match envelope.body:
            case Send(key=key, msg=msg) if not told_by_peer:
                return [*effects, *(Envelope(self.node_id, peer, Send(key=key, msg=msg)) for peer in self._peers())]
            case CommitOffsets(offsets=offsets) if not told_by_peer:
                news = (Envelope(self.node_id, peer, CommitOffsets(offsets=offsets)) for peer in self._peers())
                return [*effects, *news]
        return effects

    def init(self, request: Init) -> AnyReply:
        return Service.init(self, request)

    def _peers(self) -> list[str]:
        return [name for name in self.node_ids if name != self.node_id]
