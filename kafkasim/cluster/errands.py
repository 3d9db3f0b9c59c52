"""What a node has asked others and was not answered yet, and who stays silent."""

from __future__ import annotations

from enum import Enum, auto
from typing import Any, Final

from msgspec import Struct

from kafkasim.cluster.bodies import STORE, Stretch
from kafkasim.messages import Envelope, Request
from kafkasim.service import Effect, Timer

_MILLISECOND: Final = 1_000_000

PATIENCE: Final = 300 * _MILLISECOND
"""After so long (ns) an answer is not waited for any longer, until one comes that was given up like this."""

PATIENCE_WITH_STORE: Final = 500 * _MILLISECOND
"""From then on, how long an answer of ``lin-kv`` is waited for: more than twice the way there and back at latencies of
100 ms, the slowest that are usual on a test bench."""

PATIENCE_WITH_NODES: Final = 800 * _MILLISECOND
"""And one of another node, which may have to wait for ``lin-kv`` twice before it can answer: 600 ms then. Clients are
used to wait for a second, so there is time left to do by oneself what the other did not."""

_GIVEN_UP: Final = 64
"""So many of the answers that were given up are remembered, should they come after all."""


class Purpose(Enum):
    """Why something was asked."""

    HEAD = auto()
    """To know the newest head."""
    CHAPTER = auto()
    """To know what is in a chapter."""
    SWAP = auto()
    """To append by itself."""
    STORE_CHAPTER = auto()
    """To shorten the head."""
    HELP = auto()
    """To have another node append."""
    WISH = auto()
    """To have whoever appends take entries along."""
    WISHES = auto()
    """To know what another node wishes for."""


class Errand(Struct):
    """One request that was not answered yet."""

    purpose: Purpose
    dest: str
    moment: int
    """At which moment of its node's it was asked."""
    entries: dict[str, None]
    """The numbers of the entries that it is to bring into the log."""
    chapter: int
    """Which chapter it is about."""
    head: Stretch[Any] | None
    """The head that there is to be."""
    whose: str
    """Whose wishes it is about."""
    was_silent: bool
    """Whether who was asked was silent already."""


class Errands:
    """The requests that were not answered yet, by number.

    ``start`` is what their numbers count upwards from. Numbers that an earlier life of the same node used must not
    come again: a late answer would be taken for that to another question.
    """

    def __init__(self, start: int) -> None:
        self._last_number = start
        self._under_way: dict[int, Errand] = {}
        self._silent: dict[str, None] = {}
        """Who did not answer when they were last asked."""
        self._given_up: dict[int, None] = {}
        self._slow = False
        """Whether an answer has come that was given up: then the way is longer than was thought."""

    def number(self) -> int:
        """A number that was not given before."""
        self._last_number += 1
        return self._last_number

    def silent(self, name: str) -> bool:
        """Whether this one did not answer in time, and has not answered anything since."""
        return name in self._silent

    def ask(
        self,
        node: str,
        dest: str,
        body: Request,
        purpose: Purpose,
        moment: int,
        *,
        entries: dict[str, None] | None = None,
        chapter: int = -1,
        head: Stretch[Any] | None = None,
        whose: str = "",
    ) -> tuple[int, list[Effect]]:
        """The number of the request, and what to do so that ``node`` asks ``dest`` and does not wait for ever."""
        body.msg_id = number = self.number()
        was_silent = self.silent(dest)
        self._under_way[number] = Errand(purpose, dest, moment, entries or {}, chapter, head, whose, was_silent)
        return number, [Envelope(node, dest, body), Timer(self._patience(dest), str(number))]

    def _patience(self, dest: str) -> int:
        if not self._slow or self.silent(dest):  # who was silent may stay so: those who wait want to know it soon
            return PATIENCE
        return PATIENCE_WITH_STORE if dest == STORE else PATIENCE_WITH_NODES

    def count(self, purpose: Purpose, dest: str | None = None, chapter: int = -1) -> int:
        """How many such requests are under way: of this purpose, to this one, about this chapter."""
        return sum(
            errand.purpose is purpose and dest in (None, errand.dest) and chapter in (-1, errand.chapter)
            for errand in self._under_way.values()
        )

    def newest(self, purpose: Purpose, dest: str) -> int:
        """The moment at which the last of such requests under way was asked; -1 where there is none."""
        moments = (e.moment for e in self._under_way.values() if e.purpose is purpose and e.dest == dest)
        return max(moments, default=-1)

    def heard(self, src: str) -> None:
        """Somebody has answered, and is not silent any more."""
        self._silent.pop(src, None)

    def asked(self, src: str, number: int | None) -> Errand | None:
        """What was asked with this number; None where no answer to it is waited for, or not from there."""
        if number in self._given_up:
            self._slow = True
        errand = None if number is None else self._under_way.get(number)
        return errand if errand is not None and errand.dest == src else None

    def over(self, number: int) -> None:
        """This answer is not waited for any longer."""
        self._under_way.pop(number, None)

    def gave_up(self, number: int) -> Errand | None:
        """Time is up: who was asked counts as silent. What was asked; None where it was answered."""
        errand = self._under_way.pop(number, None)
        if errand is not None:
            self._silent[errand.dest] = None
            self._given_up[number] = None
            if len(self._given_up) > _GIVEN_UP:
                del self._given_up[next(iter(self._given_up))]
        return errand

    def cannot_help(self, name: str) -> None:
        """Somebody has answered that they cannot do it, which is no better than silence."""
        self._silent[name] = None

    def brought(self, number: int, entry_id: str) -> None:
        """An entry is in the log; who was only to bring that one there is not waited for any longer."""
        errand = self._under_way.get(number)
        if errand is not None and errand.purpose is Purpose.HELP:
            errand.entries.pop(entry_id, None)
            if not errand.entries:
                self.over(number)
