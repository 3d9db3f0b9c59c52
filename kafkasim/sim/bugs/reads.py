"""Servers that are wrong about polls."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from kafkasim.core import LogEngine
from kafkasim.messages import (
    AnyReply,
    AnyRequest,
    Envelope,
    Init,
    ListCommittedOffsets,
    ListCommittedOffsetsOk,
    Poll,
    PollOk,
)
from kafkasim.scenario.model import MILLISECOND
from kafkasim.service import Effect, Timer
from kafkasim.sim.choices import Stream
from kafkasim.sim.faulty import FaultyService

_OFTEN: Final = 0.2

_REFRESH: Final = Timer(200 * MILLISECOND, "refresh")


class SkipsMessage(FaultyService):
    """A poll of three messages or more leaves out one that is neither the first nor the last."""

    def poll(self, request: Poll) -> AnyReply:
        found = self.engine.poll(request.offsets, self.max_poll_messages)
        for pairs in found.values():
            if len(pairs) > 2 and self.chances.chance(_OFTEN):
                del pairs[1 + self.chances.pick(len(pairs) - 2)]
        return PollOk(msgs=found)


class IgnoresOffset(FaultyService):
    """A poll starts one too early, or one too late."""

    def poll(self, request: Poll) -> AnyReply:
        offsets = dict(request.offsets)
        for key, offset in request.offsets.items():
            if self.chances.chance(_OFTEN):
                offsets[key] = max(0, offset - 1) if self.chances.pick(2) else offset + 1
        return super().poll(Poll(offsets=offsets))


class AnswersAllKeys(FaultyService):
    """Tells all it has, whatever it was asked for."""

    def poll(self, request: Poll) -> AnyReply:
        return super().poll(Poll(offsets=dict.fromkeys(self.engine.end_offsets(), 0) | request.offsets))

    def list_committed_offsets(self, _request: ListCommittedOffsets) -> AnyReply:
        return ListCommittedOffsetsOk(offsets=self.engine.list_committed_offsets(self.engine.end_offsets()))


class StaleReads(FaultyService):
    """Polls read a copy of the logs, which is brought up to date five times a second."""

    def __init__(self, engine: LogEngine, *, max_poll_messages: int | None, durable: bool, chances: Stream) -> None:
        super().__init__(engine, max_poll_messages=max_poll_messages, durable=durable, chances=chances)
        self._copied: dict[str, int] = {}
        """Where the logs ended when they were last copied."""

    def receive(self, envelope: Envelope[AnyRequest]) -> Sequence[Effect]:
        effects = super().receive(envelope)
        return [*effects, _REFRESH] if isinstance(envelope.body, Init) else effects

    def wake(self, timer: Timer) -> Sequence[Effect]:
        self._copied = self.engine.end_offsets()
        return [timer]

    def poll(self, request: Poll) -> AnyReply:
        found = self.engine.poll(request.offsets, self.max_poll_messages)
        old = {
            key: [(offset, msg) for offset, msg in pairs if offset < self._copied.get(key, 0)]
            for key, pairs in found.items()
        }
        return PollOk(msgs={key: pairs for key, pairs in old.items() if pairs})
