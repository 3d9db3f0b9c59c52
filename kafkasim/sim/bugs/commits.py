"""Servers that are wrong about committed offsets."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile

from kafkasim.core import LogEngine
from kafkasim.messages import (
    AnyReply,
    AnyRequest,
    CommitOffsets,
    CommitOffsetsOk,
    Envelope,
    ErrorCode,
    ListCommittedOffsets,
    ListCommittedOffsetsOk,
    RpcError,
)
from kafkasim.service import Effect, Write
from kafkasim.sim.choices import Stream
from kafkasim.sim.faulty import NOT_WAITED_FOR, FaultyService


class OverwritesCommits(FaultyService):
    """The last commit wins, even if it is the lower one."""

    def __init__(self, engine: LogEngine, *, max_poll_messages: int | None, durable: bool, chances: Stream) -> None:
        super().__init__(engine, max_poll_messages=max_poll_messages, durable=durable, chances=chances)
        self._committed: dict[str, int] = {}

    def commit_offsets(self, request: CommitOffsets) -> AnyReply:
        self.engine.check_commit(request.offsets)
        self._committed.update(request.offsets)
        return CommitOffsetsOk()

    def list_committed_offsets(self, request: ListCommittedOffsets) -> AnyReply:
        return ListCommittedOffsetsOk(
            offsets={key: self._committed[key] for key in request.keys if key in self._committed}
        )


class ForgetsCommits(FaultyService):
    """Nobody has ever committed anything."""

    def list_committed_offsets(self, _request: ListCommittedOffsets) -> AnyReply:
        return ListCommittedOffsetsOk(offsets={})


class InventsCommits(FaultyService):
    """A key without a commit is said to be committed at 0, which says that message 0 is done."""

    def list_committed_offsets(self, request: ListCommittedOffsets) -> AnyReply:
        committed = self.engine.list_committed_offsets(request.keys)
        return ListCommittedOffsetsOk(offsets={key: committed.get(key, 0) for key in request.keys})


class HalfCommits(FaultyService):
    """Commits key by key, and stops at the first that is refused: what came before it stays."""

    def commit_offsets(self, request: CommitOffsets) -> AnyReply:
        for key, offset in request.offsets.items():
            self.engine.commit_offsets({key: offset})
        return CommitOffsetsOk()

    def _write_first(self, envelope: Envelope[AnyRequest]) -> Sequence[Effect]:
        effects = super()._write_first(envelope)
        request = envelope.body
        if not isinstance(request, CommitOffsets) or any(isinstance(effect, Write) for effect in effects):
            return effects
        ends = self.engine.end_offsets()
        taken = takewhile(lambda entry: entry[1] < ends.get(entry[0], 0), request.offsets.items())
        left_behind = CommitOffsets(offsets=dict(taken))
        self.engine.commit_offsets(left_behind.offsets)
        return [*effects, Write(NOT_WAITED_FOR, left_behind)]

    def written(self, token: int) -> Sequence[Effect]:
        return [] if token == NOT_WAITED_FOR else super().written(token)


class KeyDoesNotExistError(RpcError):
    """A key is not there, where the protocol leaves it out."""

    code = ErrorCode.KEY_DOES_NOT_EXIST


class FailsUnknownKey(FaultyService):
    """A list fails where a key has no commit."""

    def list_committed_offsets(self, request: ListCommittedOffsets) -> AnyReply:
        committed = self.engine.list_committed_offsets(request.keys)
        for key in request.keys:
            if key not in committed:
                raise KeyDoesNotExistError(f"list_committed_offsets: there is no {key}")
        return ListCommittedOffsetsOk(offsets=committed)
