"""Committed offsets that skip what nobody had read: a note, for no server can prevent it.

A consumer that resumes from a committed offset trusts that everything up to it has been processed. Where some of that
had never been returned to anybody, somebody committed what they had not read, and the message is as good as lost.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from heapq import heappop, heappush
from typing import Any, Final

from msgspec import Struct

from kafkasim.checkers.commits import NOTHING
from kafkasim.checkers.ends import NEVER, ended
from kafkasim.checkers.index import Index, KeyIndex, Listing, Reading
from kafkasim.checkers.recorded import no_commits
from kafkasim.checkers.registry import KAFKA_AND_UP, Checker, Finding
from kafkasim.checkers.verdict import Example
from kafkasim.checkers.words import ended_at, who
from kafkasim.forms import show
from kafkasim.history import Operation


class _Resumption(Struct, frozen=True, gc=False):
    """A consumer that went on right above the committed offset it had been told."""

    listing: Listing
    op: Operation
    """The assign or poll by which it did."""


def find_skips(index: Index) -> Iterator[Finding]:
    """Lists whose consumer resumed above messages that no poll which ended before the list ended had returned."""
    for key, resumptions in _resumptions(index).items():
        log = index.keys[key]
        read_by = _read_by(index, log)
        for resumption in resumptions:
            listing = resumption.listing
            below = bisect_right(log.offsets, listing.offset)
            if below and read_by[below - 1] > ended(listing.op):
                unread = log.offsets[bisect_right(read_by, ended(listing.op))]
                yield _skip(log, resumption, unread)


def _resumptions(index: Index) -> dict[str, list[_Resumption]]:
    """By key, the consumers that went on right above what a list had told them; worked out once."""
    known: dict[str, list[_Resumption]] | None = index.derived.get("resumptions")
    if known is None:
        known = index.derived["resumptions"] = _find_resumptions(index)
    return known


def _find_resumptions(index: Index) -> dict[str, list[_Resumption]]:
    told = _told(index)
    found: dict[str, list[_Resumption]] = {}
    if not told:
        return found
    pending: dict[int, dict[str, Listing]] = {}
    for op in index.operations:
        f = op.f
        if f == "list_committed_offsets":
            if op.index in told:
                pending.setdefault(op.process, {}).update(told[op.index])
        elif f in {"assign", "poll"} and op.process in pending:
            waiting = pending[op.process]
            for key, position in _positions(op).items():
                if key in waiting and position == (listing := waiting.pop(key)).offset + 1:
                    found.setdefault(key, []).append(_Resumption(listing, op))
            if not waiting:
                del pending[op.process]
    return found


def _told(index: Index) -> dict[int, dict[str, Listing]]:
    """By list and key, the committed offsets that lists returned."""
    told: dict[int, dict[str, Listing]] = {}
    for log in index.keys.values():
        lists = log.columns.lists
        for entry, (place, offset) in enumerate(zip(lists.places, lists.offsets, strict=True)):
            if offset == NOTHING:
                continue
            if place not in told:
                told[place] = {}
            told[place][log.name] = log.listings[entry]
    return told


def _positions(op: Operation) -> dict[str, Any]:
    """Where the operation reads on from, by key."""
    positions = (op.response or {}).get("positions") if op.f == "assign" else op.request.get("offsets")
    return positions if type(positions) is dict else {}


def _read_by(index: Index, log: KeyIndex) -> list[float]:
    """For each known offset, ascending, the place in the sequence of events by which it and all below had been polled;
    `NEVER` where they had not.
    """
    offsets, polls, polled_from = log.offsets, log.columns.polls, log.columns.polled_from
    uneven = {reading.op.index: reading for reading in log.uneven}
    read_by: list[float] = []
    ahead: list[tuple[int, int]] = []  # read beyond the first offset that nobody has read: a heap of places from, upto
    ends = [index.ends[place] for place in polls.places]
    for entry in sorted(range(len(ends)), key=ends.__getitem__):
        upto = len(read_by)
        if upto == len(offsets):
            break
        if uneven and polls.places[entry] in uneven:
            for run in _runs(offsets, uneven[polls.places[entry]]):
                heappush(ahead, run)
        elif polls.offsets[entry] < offsets[upto]:
            continue  # all of it had been read before
        else:
            heappush(ahead, (bisect_left(offsets, polled_from[entry]), bisect_right(offsets, polls.offsets[entry])))
        while ahead and ahead[0][0] <= len(read_by):
            _, upto = heappop(ahead)
            read_by += [ends[entry]] * (upto - len(read_by))
    read_by += [NEVER] * (len(offsets) - len(read_by))
    return read_by


def _runs(offsets: list[int], reading: Reading) -> Iterator[tuple[int, int]]:
    """What a poll returned that left offsets out, or whose offsets are in no order: the places from where to where."""
    low = bisect_left(offsets, reading.first)
    if offsets[low : low + len(reading.pairs)] == [offset for offset, _ in reading.pairs]:
        yield low, low + len(reading.pairs)
        return
    for offset, _ in reading.pairs:
        place = bisect_left(offsets, offset)
        yield place, place + 1


def _skip(log: KeyIndex, resumption: _Resumption, unread: int) -> Finding:
    def explain() -> Example:
        listing, op = resumption.listing, resumption.op
        culprit = _committers(log).get(listing.offset)
        committed = f", which {who(culprit)} had committed" if culprit is not None else ""
        text = (
            f"{who(listing.op)} was told that {show(log.name)} is committed up to offset {listing.offset}{committed}, "
            f"and read on from {listing.offset + 1}; but until then, {ended_at(listing.op)}, nobody had been given the "
            f"message at offset {unread}: it was committed unread, and is skipped"
        )
        chain = [listing.op.index, op.index] if culprit is None else [culprit.index, listing.op.index, op.index]
        return Example(text, tuple(chain))

    return Finding(log.name, explain)


def _committers(log: KeyIndex) -> dict[int, Operation]:
    """By offset, the first commit of it that did not fail; worked out once."""
    known: dict[int, Operation] | None = log.derived.get("committers")
    if known is None:
        known = log.derived["committers"] = {}
        for attempt in log.commits:
            if attempt.op.type != "fail":
                known.setdefault(attempt.offset, attempt.op)
    return known


CHECKERS: Final[tuple[Checker, ...]] = (
    Checker(
        kind="commit-skip",
        summary="A consumer resumed from a committed offset below which there were messages that nobody had read.",
        severity="note",
        levels=KAFKA_AND_UP,
        unjudged=no_commits,
        find=find_skips,
        count=lambda index: sum(map(len, _resumptions(index).values())),
        counted="consumers that resumed from a committed offset",
    ),
)
