"""Tries to put everything that happened into one order: where that works, no operation is out of order.

Nearly all histories are fine, and that is cheaper to show than what is wrong is to find: by one order of all
operations in which each happens between its beginning and its end, and all that clients were told is true
(M. Herlihy, J. Wing, TOPLAS 1990). Such an order is put together in one sweep over the ends of the operations.
Each happens as late as it can, which is at its end, or when something happens that must come after it:

* a message is appended after every poll that returned all there was and has not got it, offset by offset;
* a poll comes after the messages that it returned;
* a commit comes after a message at its offset or above, where the system refuses others, and after every list that
  was told less;
* a list comes after a commit of what it was told.

Where several commits may have set what a list was told, the one that ends first among those that may happen is taken.
What is not so plain (an offset that no send explains, commits that may set the offset back), or needs what has not
begun yet, or waits for itself, is *in doubt*. That proves nothing: then each checker looks for what it calls wrong.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from itertools import repeat

from msgspec import Struct, field

from kafkasim.checkers.commits import NOTHING
from kafkasim.checkers.ends import NEVER, ended
from kafkasim.checkers.index import Index, KeyIndex, Reading
from kafkasim.checkers.log_order import ceiling
from kafkasim.checkers.placement import earliest_placement
from kafkasim.history import Operation


class _InDoubtError(Exception):
    """No order was found. There may be one."""


class _Key(Struct, eq=False, gc=False):
    """What is demanded of one key, and how far it has come. Operations are given by index."""

    offsets: list[int]
    begins: list[float]
    """For each message of the log, where its send began."""
    lengths: dict[int, int]
    """By known offset, the length of the log up to it."""
    waiting: list[list[int]]
    """For each length of the log, the polls that come before it grows any further."""
    listings: list[tuple[int, int]] = field(default_factory=list)
    """What lists were told, and which lists; ascending."""
    setters: dict[int, list[int]] = field(default_factory=dict)
    """For each committed offset, the commits that may have set it."""
    length: int = 0
    committed: int = NOTHING
    passed: int = 0
    """How many of the listings have happened, of those below what is committed."""

    def length_below(self, offset: int) -> int:
        """How many messages lie below the offset."""
        length = self.lengths.get(offset)
        return bisect_left(self.offsets, offset) if length is None else length - 1


_Demands = dict[int, list[tuple[_Key, int]]]
"""By operation, for each key that it is about, a length of the log, or an offset."""


def fits_one_order(index: Index) -> bool:
    """Whether all operations were found to fit one order, as a system that promises linearizability must have them.

    Where the system promises no more than each key by itself, each key has an order of its own. False proves nothing.
    Worked out once, in time that follows the number of operations and of keys in them.
    """
    known: bool | None = index.derived.get("fits one order")
    if known is None:
        known = index.derived["fits one order"] = _fits(index)
    return known


def _fits(index: Index) -> bool:
    logs = list(index.keys.values())
    try:
        if index.promises.atomic_keys:
            _Sweep(index, logs, index.readings).run(index.operations)
        else:
            for log in logs:
                _Sweep(index, [log], log.readings).run(_operations_on(log))
    except (_InDoubtError, RecursionError):  # where thousands of operations wait for each other, this gives up
        return False
    return True


def _operations_on(log: KeyIndex) -> Iterator[Operation]:
    for part in (log.acknowledged, log.readings, log.commits, log.listings):
        yield from (each.op for each in part)


class _Sweep:
    """Puts operations into one order, as far as they are about the given keys, with what polls said of these."""

    def __init__(self, index: Index, logs: list[KeyIndex], readings: list[Reading]) -> None:
        self._index = index
        self._refuses_past_end = index.promises.refuses_commit_past_end
        self._started: set[int] = set()
        self._done: set[int] = set()
        self._now: float = 0
        self._sent: dict[int, tuple[_Key, int]] = {}
        """By acknowledged send, the length that it gave the log."""
        self._reached: _Demands = {}
        """The lengths of logs that polls show."""
        self._told: _Demands = {}
        self._set: _Demands = {}
        self._take_readings({log.name: self._taken(log) for log in logs}, readings)

    def run(self, operations: Iterable[Operation]) -> None:
        """Lets these happen, and whatever they rest on. Raises `_InDoubtError` where they cannot."""
        sent, done = self._sent, self._done
        ends: dict[int, float] = {
            op.index: NEVER if op.end_event is None else op.end_event for op in operations if op.type == "ok"
        }
        for number in sorted(ends, key=ends.__getitem__):
            self._now = ends[number]
            if number in sent:
                key, length = sent[number]
                if key.length < length:
                    self._grow(key, length)
            elif number not in done:
                self._happen(number)

    # ------------------------------------------------------------------ what is demanded

    def _taken(self, log: KeyIndex) -> _Key:
        dense = self._index.promises.offsets == "dense"
        if dense and log.offsets and log.offsets[-1] >= len(log.offsets):
            raise _InDoubtError  # it must have grown by more than what is known
        lengths = {offset: length for length, offset in enumerate(log.offsets, 1)}
        key = _Key(log.offsets, self._begins_of_sends(log), lengths, [[] for _ in range(len(log.offsets) + 1)])
        numbers = [each.op.index for each in log.acknowledged]
        lengths_sent = [lengths[each.offset] for each in log.acknowledged]
        self._sent.update(zip(numbers, zip(repeat(key), lengths_sent), strict=False))
        self._take_committed(log, key)
        return key

    def _begins_of_sends(self, log: KeyIndex) -> list[float]:
        begins: dict[int, float] = {**log.given}
        if len(begins) < len(log.acknowledged):
            raise _InDoubtError  # one offset was given to two
        if len(begins) < len(log.offsets):
            begins.update((each.offset, each.op.begin_event) for each in earliest_placement(self._index, log).placed)
            if len(begins) < len(log.offsets):
                raise _InDoubtError  # nobody is known to have sent what is there
        return [begins[offset] for offset in log.offsets]

    def _take_readings(self, keys: dict[str, _Key], readings: list[Reading]) -> None:
        """Takes the polls, in the order in which they lie in memory: once for each key of each."""
        promises = self._index.promises
        unlimited = promises.poll_limit_known and promises.poll_limit is None
        number = -1
        reached: list[tuple[_Key, int]] = []
        for reading in readings:
            key, op = keys[reading.key], reading.op
            if op.index != number:
                number, reached = op.index, []
                self._reached[number] = reached
            if reading.pairs:
                length = key.lengths[reading.last]
                reached.append((key, length))
            elif reading.start is not None:
                length = key.length_below(reading.start)
            else:
                continue
            if (unlimited and op.max_messages is None) or ceiling(reading, promises) is not None:
                key.waiting[length].append(number)

    def _take_committed(self, log: KeyIndex, key: _Key) -> None:
        if self._index.promises.commits != "max" and log.listings:
            raise _InDoubtError
        for attempt in log.commits:
            number = attempt.op.index
            if attempt.op.type != "fail":
                key.setters.setdefault(attempt.offset, []).append(number)
                self._set.setdefault(number, []).append((key, attempt.offset))
        for listing in log.listings:
            self._told.setdefault(listing.op.index, []).append((key, listing.offset))
        key.listings.extend(sorted((listing.offset, listing.op.index) for listing in log.listings))

    # ------------------------------------------------------------------ what happens

    def _happen(self, number: int) -> None:
        """Lets an operation happen, after whatever must come before it."""
        if not self._may_happen(number):
            raise _InDoubtError  # it waits for itself, or has not begun
        self._started.add(number)
        for key, length in self._reached.get(number, ()):
            if key.length < length:
                self._grow(key, length)
        if number in self._told:
            self._list(self._told[number])
        if number in self._set:
            self._commit(self._set[number])
        self._done.add(number)

    def _grow(self, key: _Key, length: int) -> None:
        begins, waiting, done = key.begins, key.waiting, self._done
        if length > len(begins):
            raise _InDoubtError  # nothing is known to have been sent so far up
        while key.length < length:
            if begins[key.length] > self._now:
                raise _InDoubtError  # the send has not begun
            for poll in waiting[key.length]:
                if poll not in done:
                    self._happen(poll)
            key.length += 1

    def _list(self, told: list[tuple[_Key, int]]) -> None:
        for key, offset in told:
            if key.committed < offset:
                self._happen(self._setter(key.setters.get(offset, [])))
            if key.committed != offset:
                raise _InDoubtError

    def _setter(self, commits: list[int]) -> int:
        """Of these commits of one offset the one to happen now: the first to end, for it has to happen soon anyway."""
        operations = self._index.operations
        free_from: dict[tuple[_Key, int], bool] = {}
        free = [(ended(operations[number]), number) for number in commits if self._is_free(number, free_from)]
        if not free:
            raise _InDoubtError
        return min(free)[1]

    def _is_free(self, commit: int, free_from: dict[tuple[_Key, int], bool]) -> bool:
        """Whether a commit may happen now, as far as the lists are concerned that come before it.

        ``free_from`` keeps what was found of the lists that come before an offset, for other commits of it.
        """
        if not self._may_happen(commit):
            return False
        for place in self._set[commit]:
            if place not in free_from:
                free_from[place] = self._lists_may_happen(*place)
            if not free_from[place]:
                return False
        return True

    def _lists_may_happen(self, key: _Key, offset: int) -> bool:
        """Whether all lists may happen that were told less than the offset and have not happened."""
        readers = (key.listings[place][1] for place in range(key.passed, bisect_left(key.listings, (offset, -1))))
        return all(reader in self._done or self._may_happen(reader) for reader in readers)

    def _may_happen(self, number: int) -> bool:
        """Whether the operation has begun and neither happened nor waits to."""
        return number not in self._started and self._index.operations[number].begin_event <= self._now

    def _commit(self, offsets: list[tuple[_Key, int]]) -> None:
        for key, offset in offsets:
            if self._refuses_past_end:
                length = key.length_below(offset) + 1
                if key.length < length:
                    self._grow(key, length)
            while key.passed < len(key.listings) and key.listings[key.passed][0] < offset:
                reader = key.listings[key.passed][1]
                if reader in self._done:
                    key.passed += 1
                else:
                    self._happen(reader)
        for key, offset in offsets:
            key.committed = max(key.committed, offset)
