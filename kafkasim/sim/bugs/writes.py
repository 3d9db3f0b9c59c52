"""Servers that are wrong about sends."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from msgspec.structs import replace

from kafkasim.core import LogEngine
from kafkasim.messages import (
    AnyReply,
    AnyRequest,
    Envelope,
    Poll,
    PollOk,
    Send,
    SendOk,
    TemporarilyUnavailableError,
)
from kafkasim.scenario.model import MILLISECOND
from kafkasim.service import Effect, Timer, Write
from kafkasim.sim.choices import Stream
from kafkasim.sim.faulty import NOT_WAITED_FOR, FaultyService

_SELDOM: Final = 0.05

_APPEND_DELAY: Final = 2 * MILLISECOND

HOLE: Final = "\0 nothing is stored here"
"""Stands in a log where a message should be."""


class _LeavesHoles(FaultyService):
    """Where the log has a hole, polls say nothing."""

    def poll(self, request: Poll) -> AnyReply:
        found = self.engine.poll(request.offsets)
        kept = {
            key: [pair for pair in pairs if pair[1] != HOLE][: self.max_poll_messages] for key, pairs in found.items()
        }
        return PollOk(msgs={key: pairs for key, pairs in kept.items() if pairs})


class DropsAcknowledged(_LeavesHoles):
    """Forgets to store a message now and then, in memory and on its disk alike."""

    def receive(self, envelope: Envelope[AnyRequest]) -> Sequence[Effect]:
        request = envelope.body
        if isinstance(request, Send) and self.node_id and self.chances.chance(_SELDOM):
            envelope = Envelope(envelope.src, envelope.dest, replace(request, msg=HOLE))
        return super().receive(envelope)


class RacyAppend(FaultyService):
    """Reads the end of the log, and appends a moment later; who comes in between reads the same end."""

    def __init__(self, engine: LogEngine, *, max_poll_messages: int | None, durable: bool, chances: Stream) -> None:
        super().__init__(engine, max_poll_messages=max_poll_messages, durable=durable, chances=chances)
        self._appends: dict[str, tuple[Envelope[AnyRequest], int]] = {}
        """By the name of the timer, what is to be appended, and the offset that was read for it."""
        self._timers = 0

    def receive(self, envelope: Envelope[AnyRequest]) -> Sequence[Effect]:
        request = envelope.body
        if not isinstance(request, Send) or not self.node_id:
            return super().receive(envelope)
        self._timers += 1
        timer = Timer(_APPEND_DELAY, f"append {self._timers}")
        self._appends[timer.name] = (envelope, self.engine.end_offsets().get(request.key, 0))
        return [timer]

    def wake(self, timer: Timer) -> Sequence[Effect]:
        envelope, offset = self._appends.pop(timer.name)
        request = envelope.body
        assert isinstance(request, Send)
        self.engine.send(request.key, request.msg)
        reply = self.answer(envelope, SendOk(offset=offset))
        return [*reply, Write(NOT_WAITED_FOR, request)] if self.durable else reply

    def written(self, token: int) -> Sequence[Effect]:
        return [] if token == NOT_WAITED_FOR else super().written(token)


class AcksBeforeWrite(_LeavesHoles):
    """Answers first and writes then, and does not look whether the write succeeded."""

    def __init__(self, engine: LogEngine, *, max_poll_messages: int | None, durable: bool, chances: Stream) -> None:
        super().__init__(engine, max_poll_messages=max_poll_messages, durable=durable, chances=chances)
        self._unwritten: dict[int, Send[Any]] = {}
        self._tokens = 0

    def receive(self, envelope: Envelope[AnyRequest]) -> Sequence[Effect]:
        request = envelope.body
        if not isinstance(request, Send) or not self.node_id:
            return super().receive(envelope)
        before = sum(other.key == request.key for other in self._unwritten.values())
        offset = self.engine.end_offsets().get(request.key, 0) + before
        record = Send(key=request.key, msg=HOLE) if self.chances.chance(_SELDOM) else request
        self._tokens -= 1  # those of a durable log count upwards
        self._unwritten[self._tokens] = record
        return [*self.answer(envelope, SendOk(offset=offset)), Write(self._tokens, record)]

    def written(self, token: int) -> Sequence[Effect]:
        if token not in self._unwritten:
            return super().written(token)
        record = self._unwritten.pop(token)
        self.engine.send(record.key, record.msg)
        return []


class StoresRefused(FaultyService):
    """Stores a message and then says that it did not."""

    def send(self, request: Send[Any]) -> AnyReply:
        reply = super().send(request)
        if self.chances.chance(_SELDOM):
            raise TemporarilyUnavailableError("send: try again later")
        return reply


class AnswersMinusOne(FaultyService):
    """A write that failed is answered like one that did not."""

    def send(self, request: Send[Any]) -> AnyReply:
        if self.chances.chance(_SELDOM):
            return SendOk(offset=-1)
        return super().send(request)
