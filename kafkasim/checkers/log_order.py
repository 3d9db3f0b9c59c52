"""The order of one key's log, as the answers tell it, beside the order of real time.

Every operation on a log has a *rank*, which says where in the log's life it happened: a send at offset *o* has rank
2*o*+1, and what lies between two sends has the even rank between. An answer bounds the rank of its operation:

* from below (its *floor*): the log had already come that far. A send at *o*; a poll that returned *l* last
  (rank 2*l*+2); and, where commits past the end are refused, a commit of *c* that took effect (2*c*+2).
* from above (its *ceiling*): the log had not yet gone further. A send at *o*; a poll that returned all there was
  up to *l* (2*l*+2) or nothing from *f* on (2*f*).

Each key is linearizable when nothing with a ceiling began after something with a strictly higher floor had ended.
Sorting by rank shows that, no search: one pass with the earliest end so far, from the highest floor down.
Reading and writing one register is hard to check in general (P. Gibbons, E. Korach, "Testing shared memories",
SIAM J. Comput. 1997); a log is easy because its answers carry the order of its writes. That the rule is
exact is argued, and was tried against exhaustive search, in ``docs/decisions/0004-linearizability-by-sorting.md``.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import accumulate
from typing import Final

from msgspec import Struct

from kafkasim.checkers.ends import NEVER, ended
from kafkasim.checkers.index import Index, KeyIndex, Reading
from kafkasim.checkers.past_end import past_end
from kafkasim.checkers.placement import Placement, missing_offsets, place_by_deadline
from kafkasim.history import Operation, Promises

Bound = tuple[int, float, int]
"""A rank, where the operation ended (of a floor) or began (of a ceiling), and its index.

A plain tuple: there is one for each operation and key, and they are sorted.
"""

Ends = tuple[float, int]
"""Where an operation ended, and its index; -1: there is none."""

Begins = tuple[float, int]
"""Where an operation began, and its index; -1: there is none."""

_NONE: Final[Ends] = (NEVER, -1)
_NOT_YET: Final[Begins] = (-1, -1)


class Floors:
    """The floors of a key's operations, to be asked which ended first among those above a rank."""

    def __init__(self, bounds: list[Bound]) -> None:
        bounds.sort()
        self.bounds = bounds
        self.ranks = [rank for rank, _, _ in bounds]
        ends = [(end, index) for _, end, index in reversed(bounds)]
        self._first_from: list[Ends] = list(accumulate(ends, min, initial=_NONE))
        self._first_from.reverse()

    def first_above(self, rank: int) -> Ends:
        """Of the operations with a strictly higher floor, the one that ended first."""
        return self._first_from[bisect_right(self.ranks, rank)]

    def without(self, left_out: set[int]) -> Floors:
        """The same without some operations, given by index."""
        return Floors([bound for bound in self.bounds if bound[2] not in left_out])


class Ceilings:
    """The ceilings of a key's operations, to be asked which began last among those below a rank."""

    def __init__(self, bounds: list[Bound]) -> None:
        bounds.sort()
        self._ranks = [rank for rank, _, _ in bounds]
        begins = [(begin, index) for _, begin, index in bounds]
        self._last_up_to: list[Begins] = list(accumulate(begins, max, initial=_NOT_YET))

    def last_below(self, rank: int) -> Begins:
        """Of the operations with a strictly lower ceiling, the one that began last."""
        return self._last_up_to[bisect_left(self._ranks, rank)]


class PassedOver(Struct, frozen=True):
    """An offset that a poll would have returned had any message been there, as there must where offsets are dense."""

    offset: int
    op: Operation


class _Shown:
    """How far a log had been shown to have come, as it grew."""

    def __init__(self, ends: list[float], ranks: list[int]) -> None:
        floors = sorted(zip(ends, ranks, strict=True))
        self._ends = [end for end, _ in floors]
        self._highest = list(accumulate((rank for _, rank in floors), max, initial=-1))

    def late(self, ranks: list[int], begins: Sequence[float]) -> list[int]:
        """The places of those ceilings that began after a strictly higher floor had ended."""
        ends, highest = self._ends, self._highest
        return [
            place
            for place, (rank, begin) in enumerate(zip(ranks, begins, strict=True))
            if highest[bisect_left(ends, begin)] > rank
        ]


class LogOrder:
    """What bounds the operations of one key, and which of them began too late for what they show.

    Most keys are in order, which ``_Shown`` sees fastest. The floors sorted by rank, which say who contradicts whom,
    are worked out for whoever asks.
    """

    readings: list[Reading]
    """The polls that the order is drawn from: all but those whose own offsets are out of order."""
    late_polls: list[Bound]
    """Polls that returned all there was, and began after something with a higher floor had ended."""
    late_sends: list[Bound]
    """Sends that did, acknowledged or shown by a poll."""
    late_gaps: list[Bound]
    """Where offsets are dense: sends that did, though they are the best for the offsets that nobody saw."""
    unfilled: int | None
    """Where offsets are dense: the first offset that nobody saw and for which no send is left; None: there is none."""
    unseen_sends: list[Operation]
    """The sends of unknown outcome that are not known to stand anywhere."""
    passed_over: PassedOver | None
    """Where offsets are dense: an offset that nobody saw, though a poll went past it."""

    def __init__(self, index: Index, log: KeyIndex) -> None:
        disordered = {reading.op.index for reading in log.uneven if not _ascends(reading)}
        self.readings = log.readings
        if disordered:
            self.readings = [reading for reading in log.readings if reading.op.index not in disordered]
        self._log = log
        self._proofs = past_end(index, log).sound if index.promises.refuses_commit_past_end else []
        placement = place_by_deadline(log, lambda offset: self.floors.first_above(2 * offset + 1)[0])
        self.unseen_sends = placement.unplaced
        dense = index.promises.offsets == "dense"
        gaps, self.unfilled = gap_ceilings(log, placement) if dense else (_bounds([], []), None)
        self.passed_over = next(_passed_over(log), None) if dense else None
        shown = self._shown()
        self.late_polls = _late(shown, poll_ceilings(self.readings, index.promises))
        self.late_sends = _late(shown, send_ceilings(log, placement))
        self.late_gaps = _late(shown, gaps)

    def _shown(self) -> _Shown:
        acknowledged, read = self._log.acknowledged, [reading for reading in self.readings if reading.pairs]
        ranks = [2 * each.offset + 1 for each in acknowledged]
        ranks += [2 * each.last + 2 for each in read]
        ranks += [2 * proof.offset + 2 for proof in self._proofs]
        ends = _ends([each.op for each in acknowledged])
        ends += _ends([each.op for each in read])
        ends += [proof.end for proof in self._proofs]
        return _Shown(ends, ranks)

    @cached_property
    def floors(self) -> Floors:
        """The floors of all operations."""
        bounds: list[Bound] = [(2 * each.offset + 1, ended(each.op), each.op.index) for each in self._log.acknowledged]
        bounds += [(2 * each.last + 2, ended(each.op), each.op.index) for each in self.readings if each.pairs]
        bounds += [(2 * proof.offset + 2, proof.end, proof.op.index) for proof in self._proofs]
        return Floors(bounds)

    @cached_property
    def reached(self) -> dict[int, int]:
        """By commit or list that proves one: the offset that the log had reached by its end."""
        return {proof.op.index: proof.offset for proof in self._proofs}

    @property
    def contradicted(self) -> bool:
        """Whether the key alone is not linearizable, as far as its order tells."""
        unexplained = self.unfilled is not None or self.passed_over is not None
        return bool(unexplained or self.late_polls or self.late_sends or self.late_gaps)


def _ends(operations: list[Operation]) -> list[float]:
    """Where each of these operations, all of them ``ok``, ended."""
    ends: list[float] = [op.end_event for op in operations]  # type: ignore[misc]  # what may be None is mended below
    return [NEVER if end is None else end for end in ends] if None in ends else ends


def _late(shown: _Shown, ceilings: CeilingBounds) -> list[Bound]:
    late = shown.late(ceilings.ranks, ceilings.begins)
    return [(ceilings.ranks[place], ceilings.begins[place], ceilings.indexes[place]) for place in late]


def log_order(index: Index, log: KeyIndex) -> LogOrder:
    """What bounds the operations of the key; worked out once."""
    known: dict[str, LogOrder] = index.derived.setdefault("log order", {})
    if log.name not in known:
        known[log.name] = LogOrder(index, log)
    return known[log.name]


class CeilingBounds(Struct, frozen=True):
    """Many ceilings, column by column: there is one for each operation and key."""

    ranks: list[int]
    begins: list[int]
    indexes: list[int]

    def rows(self) -> Iterator[Bound]:
        """The same one by one."""
        return zip(self.ranks, self.begins, self.indexes, strict=True)

    def add(self, others: CeilingBounds) -> None:
        """Appends others."""
        self.ranks.extend(others.ranks)
        self.begins.extend(others.begins)
        self.indexes.extend(others.indexes)


def _bounds(ranks: list[int], operations: list[Operation]) -> CeilingBounds:
    return CeilingBounds(ranks, [op.begin_event for op in operations], [op.index for op in operations])


def send_ceilings(log: KeyIndex, placement: Placement) -> CeilingBounds:
    """The ceilings of the sends whose offset is known."""
    ranks = [2 * each.offset + 1 for each in log.acknowledged]
    ranks += [2 * each.offset + 1 for each in placement.placed]
    operations = [each.op for each in log.acknowledged]
    operations += [each.op for each in placement.placed]
    return _bounds(ranks, operations)


def poll_ceilings(readings: list[Reading], promises: Promises) -> CeilingBounds:
    """The ceilings of the polls that returned all there was."""
    operations = [reading.op for reading in readings]
    if promises.poll_limit_known and promises.poll_limit is None and not any(op.max_messages for op in operations):
        starts = [reading.start for reading in readings]
        lasts = [reading.last for reading in readings]
        if None not in starts:  # the plain case, and much the most frequent
            pairs = zip(starts, lasts, strict=True)
            ranks = [2 * (start or 0) if last < 0 else 2 * last + 2 for start, last in pairs]
            return _bounds(ranks, operations)
    ceilings = [ceiling(reading, promises) for reading in readings]
    kept = [place for place, rank in enumerate(ceilings) if rank is not None]
    return _bounds([ceilings[place] or 0 for place in kept], [operations[place] for place in kept])


def ceiling(reading: Reading, promises: Promises) -> int | None:
    """The ceiling of a poll; None: it may have been cut short, or said nothing of an unknown part of the log."""
    limit, kept = promises.poll_limit, reading.op.max_messages
    if kept is not None and (limit is None or kept < limit):
        limit = kept
    if not promises.poll_limit_known or (limit is not None and len(reading.pairs) >= limit):
        return None
    if reading.last >= 0:
        return 2 * reading.last + 2
    return None if reading.start is None else 2 * reading.start


def _ascends(reading: Reading) -> bool:
    previous = -1
    for offset, _ in reading.pairs:
        if offset <= previous:
            return False
        previous = offset
    return True


def gap_ceilings(log: KeyIndex, placement: Placement) -> tuple[CeilingBounds, int | None]:
    """The ceilings of the sends that must fill the offsets nobody saw, the earliest at the lowest, where it helps most.

    And the first such offset for which no send is left, if any.
    """
    unplaced = placement.unplaced
    missing = missing_offsets(log, len(unplaced) + 1)
    ranks = [2 * offset + 1 for offset in missing[: len(unplaced)]]
    return _bounds(ranks, unplaced[: len(ranks)]), missing[-1] if len(missing) > len(unplaced) else None


def _passed_over(log: KeyIndex) -> Iterator[PassedOver]:
    for reading in (*log.displaced, *log.uneven):
        expected = reading.first if reading.start is None else reading.start
        for offset, _ in reading.pairs:
            if offset > expected and log.count_between(expected - 1, offset) < offset - expected:
                known = log.between(expected - 1, offset)
                at = (place for place, each in enumerate(known, expected) if each != place)
                yield PassedOver(next(at, expected + len(known)), reading.op)
            expected = offset + 1
