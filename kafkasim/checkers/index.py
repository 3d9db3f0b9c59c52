"""What a history says, by key: the one index that all checkers share.

Built in one pass (``indexing.py``); the checkers read it and never change it. Its size follows the number of
operations and messages, never the largest offset. *Before* and *after* are places in the history's sequence
of events; an operation that is not ``ok`` or ``fail`` never ends.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from typing import Any

from msgspec import Struct, field

from kafkasim.checkers.columns import Column, KeyColumns
from kafkasim.checkers.identity import Identity
from kafkasim.history import Consistency, FaultEvent, History, Operation, Promises


class Acknowledgement(Struct, frozen=True, gc=False):
    """A send that was answered with an offset."""

    op: Operation
    offset: int
    message: Identity


class Reading(Struct, frozen=True, gc=False):
    """What one ``ok`` poll said about one key that it asked for. Of the form of the protocol, in whatever order."""

    op: Operation
    key: str
    start: int | None
    """The offset asked for; None: the history does not say."""
    pairs: Sequence[Sequence[Any]]
    """The ``[offset, message]`` pairs as returned; empty where the key was left out or had nothing."""
    first: int
    """The first offset returned; -1: none."""
    last: int
    """The last offset returned; -1: none."""


class CommitAttempt(Struct, frozen=True, gc=False):
    """A commit of one key, whatever became of it (``op.type``)."""

    op: Operation
    offset: int


class Listing(Struct, frozen=True, gc=False):
    """What one ``ok`` list said about one key that it asked for."""

    op: Operation
    offset: int
    """The committed offset; -1: the key was left out."""


class Contradiction(Struct, frozen=True, gc=False):
    """An operation that showed another message at an offset than the index holds there."""

    op: Operation
    offset: int
    message: Identity


class EarlyRead(Struct, frozen=True, gc=False):
    """A message returned by a poll before any send of it was seen in the history: maybe concurrent, maybe no send."""

    op: Operation
    offset: int
    message: Identity
    place: int
    """Where among the key's ``readings`` that poll is, or the next one after it."""


class Problem(Struct, frozen=True, gc=False):
    """A part of a reply that is wrong in itself."""

    op: Operation
    key: str | None
    part: Any


class KeyIndex(Struct):
    """Everything that the history says about one key's log. Lists are in order of invocation."""

    name: str
    columns: KeyColumns = field(default_factory=KeyColumns.made)
    """The same in numbers, for what has to be fast."""
    sent: dict[Identity, Operation] = field(default_factory=dict)
    """For each message, the first send of it, whatever became of it."""
    resent: dict[Identity, list[Operation]] = field(default_factory=dict)
    """For each message that was sent more than once, all its sends."""
    given_last: dict[int, int] = field(default_factory=dict)
    """For each process, the offset of its last acknowledged send."""
    failed_sends: list[Operation] = field(default_factory=list)
    unknown_sends: list[Operation] = field(default_factory=list)
    """Sends that may have happened (``info``)."""
    acknowledged: list[Acknowledgement] = field(default_factory=list)
    given: dict[int, int] = field(default_factory=dict)
    """For each offset that a send was answered with, where in the sequence of events that send, or the last, began."""
    unread: list[Acknowledgement] = field(default_factory=list)
    """The acknowledged messages that no ``ok`` poll returned. Of a message that was sent several times, as many as
    there are more acknowledgements than offsets at which polls found it."""
    at: dict[int, Identity] = field(default_factory=dict)
    """The version order: for each offset known to exist, the message there (the first seen, polls before sends)."""
    polled: dict[int, Identity] = field(default_factory=dict)
    """For each offset that an ``ok`` poll returned, the message there (the first seen)."""
    contradictions: list[Contradiction] = field(default_factory=list)
    """Whatever shows another message at an offset than ``at`` has."""
    readings: list[Reading] = field(default_factory=list)
    """One for each ``ok`` poll that asked for the key, empty ones included."""
    final_readings: list[Reading] = field(default_factory=list)
    """Those of the final polls."""
    uneven: list[Reading] = field(default_factory=list)
    """The readings whose offsets are not one more each than the one before."""
    displaced: list[Reading] = field(default_factory=list)
    """The readings that begin elsewhere than at the offset asked for, or where that is unknown."""
    early_reads: list[EarlyRead] = field(default_factory=list)
    sends_ascend: bool = True
    """Whether every acknowledged send got a greater offset than the process's one before."""
    commits: list[CommitAttempt] = field(default_factory=list)
    """Every commit that names the key: ``ok``, ``fail`` and ``info``."""
    listings: list[Listing] = field(default_factory=list)
    offsets: list[int] = field(default_factory=list)
    """The offsets known to exist, ascending. An *index* is a place in this list."""
    derived: dict[str, Any] = field(default_factory=dict)
    """What checkers have worked out of this key and share with each other, by the name of what it is."""

    def senders(self, message: Identity) -> list[Operation]:
        """Every send of the message to this key, in order of invocation."""
        many = self.resent.get(message)
        if many is not None:
            return many
        return [self.sent[message]] if message in self.sent else []

    def next_offset(self, offset: int) -> int | None:
        """The least offset known to exist at or above the given one."""
        place = bisect_left(self.offsets, offset)
        return self.offsets[place] if place < len(self.offsets) else None

    def count_between(self, low: int, high: int) -> int:
        """How many offsets known to exist lie strictly between the two."""
        return max(0, bisect_left(self.offsets, high) - bisect_right(self.offsets, low))

    def between(self, low: int, high: int) -> list[int]:
        """The offsets known to exist that lie strictly between the two."""
        return self.offsets[bisect_right(self.offsets, low) : bisect_left(self.offsets, high)]


class Index(Struct):
    """Everything that a history says."""

    history: History
    consistency: Consistency
    """The level asked for; a definition that differs by level looks here."""
    promises: Promises
    begins: Column
    """For each operation, by its ``index``, where in the sequence of events it began."""
    ends: Column
    """Likewise where it ended; `LATEST` where it did not, or only indefinitely."""
    new_column: Callable[[], Column]
    """What makes a column that holds the numbers of this history."""
    keys: dict[str, KeyIndex] = field(default_factory=dict)
    """By name, in order of first mention."""
    readings: list[Reading] = field(default_factory=list)
    """Those of all keys, in order of invocation, those of one poll together."""
    unsuccessful: list[Operation] = field(default_factory=list)
    """The operations that asked a node and did not end ``ok``."""
    malformed: list[Problem] = field(default_factory=list)
    """Replies, or the parts of them (what they say of one key), that are not of the protocol's form. A malformed part
    makes no `Reading` or `Listing`, so that nothing is concluded from its order; the messages in it that have an offset
    still count as seen (``at``, ``polled``). The other parts of the reply count as if nothing was wrong."""
    unrequested: list[Problem] = field(default_factory=list)
    """Keys that a reply speaks of and the request does not; likewise."""
    requests: int = 0
    """How many operations asked a node."""
    replies: int = 0
    """How many of them were answered ``ok``."""
    messages: int = 0
    """How many messages polls returned, repetitions counted."""
    derived: dict[str, Any] = field(default_factory=dict)
    """What checkers have worked out from the index and share with each other, by the name of what it is."""

    @property
    def operations(self) -> list[Operation]:
        """All operations, in order of invocation."""
        return self.history.operations

    @property
    def faults(self) -> list[FaultEvent]:
        """All faults, in order."""
        return self.history.faults

    def read_whole(self, key: str) -> bool:
        """Whether the final polls read everything that is in the key's log."""
        return self.history.end.final_polls.get(key) == "complete"
