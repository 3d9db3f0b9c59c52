"""In which order messages come: inside one poll, from one poll of a process to its next, from one send to the next.

Order is judged by offset, never by message: sending ``hello`` twice is normal. What is skipped must be *known* to
exist, so a sparse log's holes accuse nobody.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from functools import partial
from itertools import pairwise
from typing import Final

from kafkasim.checkers.counts import acknowledged_messages, polls_of_a_key
from kafkasim.checkers.evidence import ended_before, showing, shown_by
from kafkasim.checkers.identity import Identity, identity
from kafkasim.checkers.index import Acknowledgement, Index, KeyIndex, Reading
from kafkasim.checkers.processes import processes
from kafkasim.checkers.recorded import no_starts
from kafkasim.checkers.registry import KAFKA_AND_UP, Checker, Finding
from kafkasim.checkers.verdict import Example
from kafkasim.checkers.words import FEW, listed, payload, who
from kafkasim.forms import show
from kafkasim.history import Operation

# --------------------------------------------------------------------------------------
# Inside one poll: int-poll-skip, int-nonmonotonic-poll
# --------------------------------------------------------------------------------------


def find_skips_inside_polls(index: Index) -> Iterator[Finding]:
    """Inside one poll, two neighbours of one key leave out an offset that is known to exist.

    One finding a pair of neighbours. Jepsen's ``int-poll-skip``.
    """
    for log in index.keys.values():
        for reading in log.uneven:
            if _is_run_of_known_offsets(log, reading):
                continue
            for (low, _), (high, _) in pairwise(reading.pairs):
                if high > low + 1:
                    skipped = log.count_between(low, high)
                    if skipped:
                        yield Finding(log.name, partial(_explain_inner_skip, log, reading, low, high), weight=skipped)


def _is_run_of_known_offsets(log: KeyIndex, reading: Reading) -> bool:
    place = bisect_left(log.offsets, reading.first)
    return log.offsets[place : place + len(reading.pairs)] == [pair[0] for pair in reading.pairs]


def _explain_inner_skip(log: KeyIndex, reading: Reading, low: int, high: int) -> Example:
    skipped, witness, proof = _skipped(log, low, high)
    return Example(
        f"one poll of {who(reading.op)} returned offset {low} of key {show(log.name)} and then {high}, "
        f"leaving out {skipped}{proof}",
        (reading.op.index, *witness),
    )


def _skipped(log: KeyIndex, low: int, high: int) -> tuple[str, tuple[int, ...], str]:
    """The offsets known to lie between the two, in words; who shows the first of them, and how."""
    count = log.count_between(low, high)
    place = bisect_right(log.offsets, low)
    between = log.offsets[place : place + min(count, FEW)]
    op = shown_by(log, between[0], log.at[between[0]])
    offsets = f"offset{'s' if count > 1 else ''} {listed(between, count=count)}"
    if op is None:
        return offsets, (), ""
    where = "" if count == 1 else f" (at {between[0]})"
    return offsets, (op.index,), f", although {showing(log, op, between[0])}{where}"


def find_disorder_inside_polls(index: Index) -> Iterator[Finding]:
    """Inside one poll, the offsets of a key go back or stay.

    One finding a pair of neighbours. Jepsen's ``int-nonmonotonic-poll``.
    """
    for log in index.keys.values():
        for reading in log.uneven:
            for (before, _), (after, _) in pairwise(reading.pairs):
                if after <= before:
                    yield Finding(log.name, partial(_explain_inner_disorder, log, reading, before, after))


def _explain_inner_disorder(log: KeyIndex, reading: Reading, before: int, after: int) -> Example:
    how = "again" if after == before else "which comes before it"
    return Example(
        f"one poll of {who(reading.op)} returned offset {before} of key {show(log.name)} and after it "
        f"{after}, {how}: a log is read in its order",
        (reading.op.index,),
    )


# --------------------------------------------------------------------------------------
# Where a poll begins: wrong-start
# --------------------------------------------------------------------------------------


def find_wrong_starts(index: Index) -> Iterator[Finding]:
    """The offset asked for is known, and the reply has one below it, or begins above the first existing one at or
    above it.

    One finding a poll and key. Jepsen's histories do not record what was asked for, so its checker cannot see it.
    """
    for log in index.keys.values():
        for reading in (*log.displaced, *(uneven for uneven in log.uneven if uneven.first == uneven.start)):
            start = reading.start
            if start is None:
                continue
            lowest = reading.first if reading.first < start else min(pair[0] for pair in reading.pairs)
            if lowest < start:
                yield Finding(log.name, partial(_explain_wrong_start, log, reading, start, lowest))
            elif log.next_offset(start) != reading.first:
                yield Finding(log.name, partial(_explain_wrong_start, log, reading, start, reading.first))


def _explain_wrong_start(log: KeyIndex, reading: Reading, start: int, got: int) -> Example:
    asked = f"{who(reading.op)} polled key {show(log.name)} from offset {start}"
    if got < start:
        return Example(f"{asked}, but the reply has offset {got}, which lies below it", (reading.op.index,))
    skipped, witness, proof = _skipped(log, start - 1, got)
    return Example(
        f"{asked}, but the reply begins at offset {got} and leaves out {skipped}{proof}",
        (reading.op.index, *witness),
    )


# --------------------------------------------------------------------------------------
# From one poll to the next: poll-skip, nonmonotonic-poll
# --------------------------------------------------------------------------------------


def find_skips_between_polls(index: Index) -> Iterator[Finding]:
    """A process's next poll of a key starts more than one index after where its last ``ok`` poll ended.

    Not judged where another poll of the process was under way with either: that one may have got what lies between.
    Judged only where the poll asked from exactly where that one ended (its last offset + 1), or where what it asked
    for is unknown: there, an ``assign`` that drops the key, or starts over, ends the comparison, and so does an
    operation of unknown outcome or a crash, after which the client may be another one. Jepsen's
    ``poll-skip``, which never asks where a poll began. One finding a pair of polls and key.
    """
    for log, before, after in _continuations(index):
        if after.first > before.last + 1:
            skipped = log.count_between(before.last, after.first)
            if skipped and not any(map(processes(index).concurrent, (before.op, after.op))):
                yield Finding(log.name, partial(_explain_skip, log, before, after), weight=skipped)


def _explain_skip(log: KeyIndex, before: Reading, after: Reading) -> Example:
    skipped, witness, proof = _skipped(log, before.last, after.first)
    return Example(
        f"{who(before.op)} had read key {show(log.name)} up to offset {before.last}; its next poll began at offset "
        f"{after.first} and left out {skipped}{proof}",
        (before.op.index, after.op.index, *witness),
    )


def find_disorder_between_polls(index: Index) -> Iterator[Finding]:
    """A process's next poll of a key starts at or before where its last ``ok`` poll ended; judged as ``poll-skip``.

    Jepsen's ``nonmonotonic-poll``. One finding a pair of polls and key.
    """
    for log, before, after in _continuations(index):
        if after.first <= before.last:
            yield Finding(log.name, partial(_explain_disorder, log, before, after))


def _explain_disorder(log: KeyIndex, before: Reading, after: Reading) -> Example:
    return Example(
        f"{who(before.op)} had read key {show(log.name)} up to offset {before.last}; its next poll went "
        f"back to offset {after.first}",
        (before.op.index, after.op.index),
    )


def _continuations(index: Index) -> Iterator[tuple[KeyIndex, Reading, Reading]]:
    """Each pair of one process's successive readings of a key of which the second should go on where the first ended.

    Only those that do not go on with the very next offset, for these need no second look.
    """
    assignments = _Assignments(index)
    for log in index.keys.values():
        if not log.displaced:
            continue  # every poll that asked for an offset began with it
        last: dict[int, Reading] = {}
        for reading in log.readings:
            if not reading.pairs:
                continue
            before = last.get(reading.op.process)
            last[reading.op.process] = reading
            if before is None or reading.first == before.last + 1:
                continue
            if not ended_before(before.op, reading.op.begin_event):
                continue  # no process of ours does two things at a time, but who knows who recorded this
            if reading.start is None:
                stands = not processes(index).ended_between(before.op, reading.op)
                if stands and not assignments.interrupt(log.name, before.op, reading.op):
                    yield log, before, reading
            elif reading.start == before.last + 1:
                yield log, before, reading


class _Assignments:
    """Which process assigned itself which keys when. Made at the first question: few histories need it."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._of_process: dict[int, list[Operation]] | None = None

    def interrupt(self, key: str, before: Operation, after: Operation) -> bool:
        """Whether between two operations of a process it gave the key up, or began it anew."""
        if self._of_process is None:
            self._of_process = {}
            for op in self._index.operations:
                if op.f == "assign" and op.type != "fail":
                    self._of_process.setdefault(op.process, []).append(op)
        of_process = self._of_process.get(before.process, [])
        place = bisect_right(of_process, before.index, key=lambda op: op.index)
        while place < len(of_process) and of_process[place].index < after.index:
            if self._lets_go(of_process[place], key):
                return True
            place += 1
        return False

    def _lets_go(self, assign: Operation, key: str) -> bool:
        keys = assign.request.get("keys")
        if not isinstance(keys, list | tuple) or key not in keys:
            return True
        return bool(assign.request.get("from") == "start")


# --------------------------------------------------------------------------------------
# From one send to the next: nonmonotonic-send
# --------------------------------------------------------------------------------------


def find_disorder_between_sends(index: Index) -> Iterator[Finding]:
    """A process's later send to a key got a smaller offset than its earlier one.

    The later one may be of unknown outcome where polls show at which offset its message is; the earlier one may not,
    for then nobody knows when it happened. One finding a pair of successive sends. Jepsen's ``nonmonotonic-send``, for
    which an ``assign`` that drops the key ends the comparison.
    """
    for log in index.keys.values():
        for before, after in descents(log):
            explain = partial(_explain_send_disorder, log, before, after)
            yield Finding(log.name, explain, weight=before.offset - after.offset)


def descents(log: KeyIndex) -> Iterator[tuple[Acknowledgement, Acknowledgement]]:
    """Each acknowledged send of a process and its next whose offset is known, where that is the smaller one."""
    if log.sends_ascend and not log.unknown_sends:
        return
    last: dict[int, int] = {}
    acknowledged = _placed_sends(log)
    numbers = [acknowledgement.op.process for acknowledgement in acknowledged]
    offsets = [acknowledgement.offset for acknowledgement in acknowledged]
    uncertain: set[int] = set()
    if log.unknown_sends:
        uncertain.update(place for place, each in enumerate(acknowledged) if each.op.type == "info")
    for place, process in enumerate(numbers):
        before = last.get(process)
        if place not in uncertain:
            last[process] = place
        if before is not None and offsets[place] < offsets[before]:
            earlier, later = acknowledged[before], acknowledged[place]
            if ended_before(earlier.op, later.op.begin_event):
                yield earlier, later


def _placed_sends(log: KeyIndex) -> list[Acknowledgement]:
    """The sends whose offset is known: acknowledged, or of unknown outcome and their message polled at one offset."""
    if not log.unknown_sends:
        return log.acknowledged
    offsets: dict[Identity, int | None] = {}
    for offset, message in log.polled.items():
        offsets[message] = None if message in offsets else offset
    placed = list(log.acknowledged)
    given = {each.offset for each in log.acknowledged}
    for op in log.unknown_sends:
        message = identity(op.request["msg"])
        known = offsets.get(message)
        if known is not None and known not in given and message not in log.resent:
            placed.append(Acknowledgement(op, known, message))
    placed.sort(key=lambda each: each.op.index)
    return placed


def _explain_send_disorder(log: KeyIndex, before: Acknowledgement, after: Acknowledgement) -> Example:
    given = "was given" if after.op.type == "ok" else "came to be at"
    return Example(
        f"{who(before.op)} sent {payload(before.op)} to key {show(log.name)} and was given offset {before.offset}; "
        f"then it sent {payload(after.op)} and {given} offset {after.offset}, which is smaller",
        (before.op.index, after.op.index),
    )


CHECKERS: Final = (
    Checker(
        kind="int-poll-skip",
        summary="Inside one poll, two neighbours of one key leave out an offset that is known to exist.",
        source="Jepsen: int-poll-skip",
        levels=KAFKA_AND_UP,
        find=find_skips_inside_polls,
        count=lambda index: index.messages,
        counted="messages polled",
    ),
    Checker(
        kind="int-nonmonotonic-poll",
        summary="Inside one poll, the offsets of a key go back or stay.",
        source="Jepsen: int-nonmonotonic-poll",
        levels=KAFKA_AND_UP,
        find=find_disorder_inside_polls,
        count=lambda index: index.messages,
        counted="messages polled",
    ),
    Checker(
        kind="wrong-start",
        summary="The reply to a poll has an offset below the one asked for, or begins above the first existing one at "
        "or above it.",
        levels=KAFKA_AND_UP,
        unjudged=no_starts,
        find=find_wrong_starts,
        count=polls_of_a_key,
        counted="polls of a key",
    ),
    Checker(
        kind="poll-skip",
        summary="A process's next poll of a key, asked from right after its last one (or not recorded from where), "
        "leaves out existing offsets between the two.",
        source="Jepsen: poll-skip",
        levels=KAFKA_AND_UP,
        find=find_skips_between_polls,
        count=polls_of_a_key,
        counted="polls of a key",
    ),
    Checker(
        kind="nonmonotonic-poll",
        summary="A process's next poll of a key, asked from right after its last one (or not recorded from where), "
        "starts at or before where that one ended.",
        source="Jepsen: nonmonotonic-poll",
        levels=KAFKA_AND_UP,
        find=find_disorder_between_polls,
        count=polls_of_a_key,
        counted="polls of a key",
    ),
    Checker(
        kind="nonmonotonic-send",
        summary="A process's later send to a key got a smaller offset than its earlier one.",
        source="Jepsen: nonmonotonic-send",
        levels=KAFKA_AND_UP,
        breaks_order=True,
        find=find_disorder_between_sends,
        count=acknowledged_messages,
        counted="acknowledged messages",
    ),
)
