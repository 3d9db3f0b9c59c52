"""What a node knows of the sequence of batches, and the log that follows from it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from msgspec import Raw

from kafkasim.cluster.bodies import CHAPTER, NOTHING, Entry, SendEntry, Stretch
from kafkasim.core import LogEngine
from kafkasim.messages import AnyReply, CommitOffsetsOk, Error, RpcError, SendOk

Outcome = tuple[str, AnyReply]
"""The number of an entry that was obeyed, and what is to be answered to who asked for it."""


class Replica:
    """Obeys batches in their order, each once, and keeps those aside that it cannot obey yet.

    Any head that the register ever had may be shown to it, in any order and as often as one likes.

    >>> replica = Replica(LogEngine())
    >>> replica.learn(Stretch(0, [[SendEntry("n0.1", "k", "a")], [SendEntry("n1.1", "k", "b")]]))
    [('n0.1', SendOk(offset=0)), ('n1.1', SendOk(offset=1))]
    >>> replica.learn(Stretch(0, [[SendEntry("n0.1", "k", "a")]])), replica.end
    ([], 2)
    """

    def __init__(self, engine: LogEngine) -> None:
        self.engine = engine
        self.end = 0
        """How many batches it has obeyed."""
        self.head: Stretch[Any] = NOTHING
        """The newest head that it knows and has obeyed all of. It reaches to `end`, unless it is `behind`."""
        self._ahead: Stretch[Any] | None = None
        """A head that there are batches missing before."""
        self._chapters: dict[int, Stretch[Any]] = {}
        """Chapters that there are batches missing before."""
        self._obeyed: set[str] = set()
        """The numbers of all entries so far."""

    @property
    def behind(self) -> bool:
        """Whether it has seen a head that it cannot obey yet, because there are batches missing before it."""
        return self._ahead is not None

    def has(self, entry_id: str) -> bool:
        """Whether the entry with this number has been obeyed."""
        return entry_id in self._obeyed

    def learn(self, head: Stretch[Any]) -> list[Outcome]:
        """Takes in a head; what became of the entries that were obeyed now."""
        if head.end > self.end and (self._ahead is None or head.end > self._ahead.end):
            self._ahead = head
        return self._advance()

    def read_on(self, number: int, chapter: Stretch[Any]) -> list[Outcome]:
        """Takes in a chapter; what became of the entries that were obeyed now."""
        self._chapters[number] = chapter
        return self._advance()

    def missing(self) -> Iterable[int]:
        """The numbers of the chapters without which it cannot go on."""
        if self._ahead is None:
            return ()
        return [n for n in range(self.end // CHAPTER, self._ahead.first // CHAPTER) if n not in self._chapters]

    def _advance(self) -> list[Outcome]:
        outcomes: list[Outcome] = []
        while self._ahead is not None and self._ahead.first > self.end:
            chapter = self._chapters.pop(self.end // CHAPTER, None)
            if chapter is None:
                return outcomes
            self._obey(chapter, outcomes)
        if self._ahead is not None:
            self._obey(self._ahead, outcomes)
            self.head, self._ahead = self._ahead, None
            self._chapters.clear()
        return outcomes

    def _obey(self, stretch: Stretch[Any], outcomes: list[Outcome]) -> None:
        """Obeys what is new in a stretch that begins no later than what it knows ends."""
        for batch in stretch.batches[self.end - stretch.first :]:
            for entry in batch:
                if entry.id not in self._obeyed:
                    self._obeyed.add(entry.id)
                    outcomes.append((entry.id, self._outcome(entry)))
        self.end = max(self.end, stretch.end)

    def _outcome(self, entry: Entry) -> AnyReply:
        try:
            if isinstance(entry, SendEntry):
                msg = entry.msg
                if type(msg) is Raw:
                    msg = msg.copy()  # a Raw is a view: without the copy it would keep everything that came with it
                return SendOk(offset=self.engine.send(entry.key, msg))
            self.engine.commit_offsets(entry.offsets)
        except RpcError as error:
            return Error(code=error.code, text=str(error))
        return CommitOffsetsOk()
