"""Finds the operations that prove something, and what they showed.

It is asked for the few examples that are shown, or for all of thousands. So what it has gone through it remembers, key
by key, and it goes through no more than it must: all questions together take time in proportion to the messages of the
key.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from typing import Any, Final

from kafkasim.checkers.ends import ended
from kafkasim.checkers.identity import Identity, identity
from kafkasim.checkers.index import KeyIndex
from kafkasim.checkers.words import FEW, listed, payload, who
from kafkasim.forms import show
from kafkasim.history import Operation

Place = tuple[int, Identity]
"""A message at an offset."""


def ended_before(op: Operation, event: int) -> bool:
    """Whether an operation had ended before a place in the sequence of events. One of unknown outcome never has."""
    return ended(op) < event


# --------------------------------------------------------------------------------------
# Who showed a message
# --------------------------------------------------------------------------------------


def first_reader(log: KeyIndex, offset: int, message: Identity) -> Operation | None:
    """The first poll that returned the message at the offset; None where no well-formed reply did."""
    return _first(log, _polled).to_show((offset, message))


def shown_by(log: KeyIndex, offset: int, message: Identity) -> Operation | None:
    """The send that was acknowledged with the message at the offset, or else the first poll that returned it."""
    firsts = (_first(log, shown).to_show((offset, message)) for shown in (_acknowledged, _polled, _contradicting))
    return next((op for op in firsts if op is not None), None)


class _First:
    """Who was the first to show a message at an offset. What is shown is gone through as far as somebody asks."""

    def __init__(self, shown: Iterator[tuple[Place, Operation]]) -> None:
        self._rest = shown
        self._found: dict[Place, Operation] = {}

    def to_show(self, wanted: Place) -> Operation | None:
        found = self._found
        if wanted not in found:
            for place, op in self._rest:
                if place not in found:
                    found[place] = op
                    if place == wanted:
                        break
        return found.get(wanted)


Shown = Callable[[KeyIndex], Iterator[tuple[Place, Operation]]]


def _first(log: KeyIndex, shown: Shown) -> _First:
    known: dict[Shown, _First] = log.derived.setdefault("first to show", {})
    if shown not in known:
        known[shown] = _First(shown(log))
    return known[shown]


def _acknowledged(log: KeyIndex) -> Iterator[tuple[Place, Operation]]:
    return (((each.offset, each.message), each.op) for each in log.acknowledged)


def _polled(log: KeyIndex) -> Iterator[tuple[Place, Operation]]:
    return (((offset, identity(message)), reading.op) for reading in log.readings for offset, message in reading.pairs)


def _contradicting(log: KeyIndex) -> Iterator[tuple[Place, Operation]]:
    return (((seen.offset, seen.message), seen.op) for seen in log.contradictions)


# --------------------------------------------------------------------------------------
# What a poll returned
# --------------------------------------------------------------------------------------


class Returned:
    """What one poll returned of one key, by offset. What is not of a reply's form it does not have."""

    def __init__(self, pairs: Any) -> None:
        proper = (pair for pair in pairs if type(pair) in _PAIRS and len(pair) == 2 and type(pair[0]) is int)
        self._pairs = sorted(proper, key=_offset)

    def at(self, offset: int) -> list[Any]:
        """The messages at the offset."""
        low, high = (bisect(self._pairs, offset, key=_offset) for bisect in (bisect_left, bisect_right))
        return [message for _, message in self._pairs[low:high]]

    def above(self, offset: int) -> int | None:
        """The least offset above the given one."""
        place = bisect_right(self._pairs, offset, key=_offset)
        return _offset(self._pairs[place]) if place < len(self._pairs) else None


_PAIRS: Final = (list, tuple)


def _offset(pair: list[Any]) -> int:
    offset: int = pair[0]
    return offset


def returned(log: KeyIndex, op: Operation) -> Returned:
    """What the poll returned of the key; worked out once."""
    known: dict[int, Returned] = log.derived.setdefault("returned", {})
    if op.index not in known:
        known[op.index] = Returned((op.response or {}).get("msgs", {}).get(log.name, ()))
    return known[op.index]


def showing(log: KeyIndex, op: Operation, offset: int) -> str:
    """How an operation showed a message at the offset, or several: what its client sent, or got."""
    if op.f == "send":
        return f"{payload(op)} was acknowledged there to {who(op)}"
    messages = list(dict.fromkeys(map(show, returned(log, op).at(offset)[:FEW])))
    return f"{who(op)} polled {listed(messages) or 'a message'} there"
