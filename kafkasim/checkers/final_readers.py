"""How far the final polls got: what each reader at the end of a run, one for each node, returned of a key.

A reader is a client at a node: after an answer that did not come it goes on under another process number. Where the
history names no clients it is a process. Who began above the first message read on where another had ended. So where
somebody did, or may have, since the history does not say from where it read, the final polls of the key count as those
of one reader: together they read all that there is.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence

from msgspec import Struct

from kafkasim.checkers.evidence import ended_before
from kafkasim.checkers.index import KeyIndex, Reading
from kafkasim.checkers.words import FEW, listed, who
from kafkasim.history import Operation


class FinalReader(Struct, frozen=True):
    """How far one reader's final polls of one key got."""

    end: int
    """The highest offset that it returned, or the last that it did not ask for any more; -1: there is none."""
    last: Operation
    """The last of the polls."""
    told: str
    """Whose polls they were, and where they ended, in words."""


class Missed(Struct, frozen=True):
    """A message that was known to be in the log before the final polls began, and that some of them did not get to."""

    offset: int
    send: Operation | None
    """The send that was acknowledged with it; None: it is known from polls alone."""
    readers: Sequence[FinalReader]
    """Readers that ended below it, the one that ended first before the others; no more than `FEW`."""
    count: int
    """How many of them there are."""


def missed_messages(log: KeyIndex) -> Iterator[Missed]:
    """The messages above where some final reader ended that polls had returned, by ascending offset.

    That is: somebody got the message, and before the final polls of the key began it had been acknowledged at its
    offset, or returned by another poll. What was first seen by a final poll may have come to the log after a
    reader had ended. Takes time in proportion to the final polls where all of them came to the end of the log.
    """
    behind = _behind(log)
    if not behind:
        return
    ends = [reader.end for reader in behind]
    above = log.offsets[bisect_right(log.offsets, ends[0]) :]
    polled = dict.fromkeys(offset for offset in above if offset in log.polled)
    known = _known_before_final_polls(log, polled)
    for offset in polled:
        if offset in known:
            count = bisect_right(ends, offset - 1)
            yield Missed(offset, known[offset], behind[: min(count, FEW)], count)


def _behind(log: KeyIndex) -> list[FinalReader]:
    """The final readers that did not come to the highest offset known, the one that ended first before the others."""
    highest = log.offsets[-1] if log.offsets else -1
    readers: dict[tuple[str | int, str], list[Reading]] = {}
    for reading in log.final_readings:
        readers.setdefault((reading.op.client or reading.op.process, reading.op.node), []).append(reading)
    late = [readings for readings in readers.values() if max(reading.last for reading in readings) < highest]
    if not late:
        return []
    if not all(_from_the_start(readings, log.offsets[0]) for readings in readers.values()):
        late = [log.final_readings]
    return sorted((reader for reader in map(_reader, late) if reader.end < highest), key=lambda reader: reader.end)


def _from_the_start(readings: Sequence[Reading], first: int) -> bool:
    """Whether a reader asked from at or below the first offset known to exist."""
    return any(reading.start is not None and reading.start <= first for reading in readings)


def _reader(readings: Sequence[Reading]) -> FinalReader:
    returned: list[int] = [offset for reading in readings for offset, _ in reading.pairs]
    end = max([*returned, (readings[-1].start or 0) - 1])
    names = listed(list(dict.fromkeys(who(reading.op) for reading in readings)))
    where = f"ended at offset {end}" if returned else "returned nothing"
    return FinalReader(end, readings[-1].op, f"those of {names} {where}")


def _known_before_final_polls(log: KeyIndex, offsets: dict[int, None]) -> dict[int, Operation | None]:
    """Of the offsets, those at which a message was acknowledged or polled before, with the send if there was one."""
    began = min(reading.op.begin_event for reading in log.final_readings)
    known: dict[int, Operation | None] = {
        each.offset: each.op
        for each in log.acknowledged
        if each.offset in offsets and log.polled[each.offset] == each.message and ended_before(each.op, began)
    }
    if len(known) < len(offsets):
        for reading in log.readings:
            if not reading.op.final and ended_before(reading.op, began):
                known.update((offset, None) for offset, _ in reading.pairs if offset in offsets and offset not in known)
    return known
