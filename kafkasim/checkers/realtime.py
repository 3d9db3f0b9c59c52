"""One key in real time: what a client was told must hold for whoever asks after that.

For a system that promises linearizability: each operation happens at one instant between its beginning and its end
(M. Herlihy, J. Wing: "Linearizability: a correctness condition for concurrent objects", TOPLAS 1990). How the
operations of a key are bounded, and why sorting is enough, is told in ``log_order.py``; here each
contradiction gets the name of what a user sees.

The same fact is told once: an acknowledged message that never came back is lost, and the polls that miss it are not
stale; a process whose own sends went back is `nonmonotonic-send`; a message polled before any send of
it began is the `future-read` of the log.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

from msgspec import Struct

from kafkasim.checkers.contents import find_offset_gaps
from kafkasim.checkers.counts import acknowledged_messages, known_offsets, polls_of_a_key
from kafkasim.checkers.ends import NEVER, ended
from kafkasim.checkers.evidence import shown_by
from kafkasim.checkers.identity import identity
from kafkasim.checkers.index import Acknowledgement, Index, KeyIndex
from kafkasim.checkers.log_order import Bound, Floors, LogOrder, PassedOver, log_order
from kafkasim.checkers.ordering import descents
from kafkasim.checkers.registry import LINEARIZABLE, Checker, Finding
from kafkasim.checkers.trees import FirstBelow
from kafkasim.checkers.verdict import Example
from kafkasim.checkers.words import after, ended_at, moment, payload, who
from kafkasim.forms import show
from kafkasim.history import Operation


def messages_of(op: Operation, key: str) -> list[list[Any]]:
    """The ``[offset, message]`` pairs that an ``ok`` poll returned of the key."""
    pairs: list[list[Any]] = (op.response or {"msgs": {}})["msgs"].get(key, [])
    return pairs


def progress(order: LogOrder, op: Operation, key: str) -> str:
    """How far the operation shows that the log had come, and by when, in words."""
    at = ended_at(op)
    match op.f:
        case "send":
            return f"{who(op)}'s message {payload(op)} had been acknowledged at offset {_offset(op)} at {at}"
        case "poll":
            return f"{who(op)}'s poll had returned the message at offset {messages_of(op, key)[-1][0]} at {at}"
        case "commit_offsets":
            offset = op.request["offsets"][key]
            told = f"{who(op)}'s commit of offset {offset} had been acknowledged at {at}"
        case _:
            offset = (op.response or {"offsets": {}})["offsets"][key]
            told = f"{who(op)} had been told at {at} that offset {offset} is committed"
    reached = order.reached[op.index]
    if reached == offset:
        return f"{told}, so there was a message at it or above"
    return f"{told}, so there was a message above it: at offset {reached}, the least that a send begun by then can have"


def _offset(op: Operation) -> int:
    offset: int = (op.response or {})["offset"]
    return offset


# --------------------------------------------------------------------------------------
# stale-poll
# --------------------------------------------------------------------------------------


def find_stale_polls(index: Index) -> Iterator[Finding]:
    """Polls that miss a message which was acknowledged, or polled by another, before they began."""
    for log in index.keys.values():
        if not log.readings:
            continue
        order = log_order(index, log)
        if not order.late_polls:
            continue
        floors = order.floors.without(_lost(index, log))
        for rank, begin, number in order.late_polls:
            end, witness = floors.first_above(rank)
            if end < begin:
                poll, seen = index.operations[number], index.operations[witness]
                yield Finding(log.name, _StalePoll(log, order, poll, rank, seen), int(begin - end))


class _StalePoll(Struct, frozen=True):
    """Tells of one stale poll. ``seen`` proves it; a missing acknowledgement proves it more plainly."""

    log: KeyIndex
    order: LogOrder
    poll: Operation
    rank: int
    seen: Operation

    def __call__(self) -> Example:
        key, poll = self.log.name, self.poll
        missing = _acknowledged(self.log).first_before(self.poll.begin_event, (self.rank + 1) // 2)
        seen = self.seen if missing is None else missing.op
        pairs = messages_of(poll, key)
        returned = f"returned nothing beyond offset {pairs[-1][0]}" if pairs else "returned nothing"
        offsets = poll.request.get("offsets")
        asked = offsets.get(key) if type(offsets) is dict else None
        start = "" if asked is None else f" from offset {asked}"
        text = (
            f"{progress(self.order, seen, key)}; {who(poll)}'s poll of {show(key)}{start} began {after(seen, poll)}, "
            f"and {returned}"
        )
        return Example(text, (seen.index, poll.index))


class _Acknowledged:
    """The acknowledged sends of a key at whose offsets polls found something, by offset."""

    def __init__(self, log: KeyIndex) -> None:
        self._sends = sorted(
            (each for each in log.acknowledged if each.offset in log.polled), key=lambda each: each.offset
        )
        self._ends = FirstBelow([ended(each.op) for each in self._sends])

    def first_before(self, event: int, offset: int) -> Acknowledgement | None:
        """Of those that had ended before the event, the one of the least offset at or above the given one."""
        start = bisect_left(self._sends, offset, key=lambda each: each.offset)
        place = self._ends.find(start, event)
        return None if place is None else self._sends[place]


def _acknowledged(log: KeyIndex) -> _Acknowledged:
    known: _Acknowledged | None = log.derived.get("acknowledged and polled")
    if known is None:
        known = log.derived["acknowledged and polled"] = _Acknowledged(log)
    return known


def _lost(index: Index, log: KeyIndex) -> set[int]:
    """The acknowledged sends whose message no poll returned, and which are told of as lost (`lost-write`, `unseen`)."""
    returned = set(log.polled.values())
    suspects = [each for each in log.acknowledged if each.message not in returned]
    if index.read_whole(log.name):
        return {each.op.index for each in suspects}
    readings = sorted(
        (reading.last, reading.first if reading.start is None else reading.start)
        for reading in log.readings
        if reading.pairs
    )
    lowest_start: list[float] = [NEVER] * (len(readings) + 1)
    for place in range(len(readings) - 1, -1, -1):
        lowest_start[place] = min(lowest_start[place + 1], readings[place][1])
    return {
        each.op.index for each in suspects if lowest_start[bisect_left(readings, (each.offset + 1, -1))] <= each.offset
    }


# --------------------------------------------------------------------------------------
# nonmonotonic-offsets, future-read
# --------------------------------------------------------------------------------------


class _LateSend(Struct, frozen=True):
    """A send that began after the log had already gone past the offset it got, as ``seen`` shows."""

    send: Operation
    offset: int
    seen: Operation
    delay: int
    """How many places in the sequence of events lie between."""


def _late_sends(index: Index, order: LogOrder) -> Iterator[_LateSend]:
    for rank, begin, number in order.late_sends:
        end, witness = order.floors.first_above(rank)
        send, seen = index.operations[number], index.operations[witness]
        yield _LateSend(send, rank // 2, seen, int(begin - end))


def find_nonmonotonic_offsets(index: Index) -> Iterator[Finding]:
    """Sends that began after the log had shown a higher offset than the one they got."""
    for log in index.keys.values():
        order = log_order(index, log)
        others: _OtherProcesses | None = None
        own_disorder: set[int] | None = None
        for late in _late_sends(index, order):
            if _returned(late, log.name):
                continue  # a future-read, or two messages at one offset
            seen = late.seen
            if own_disorder is None:
                own_disorder = {after.op.index for _, after in descents(log)}
            if seen.f == "send" and seen.process == late.send.process and late.send.index in own_disorder:
                others = others or _OtherProcesses(index, order.floors)
                witness = others.first_above(2 * late.offset + 1, late.send)
                if witness is None:
                    continue  # only the process itself knew: nonmonotonic-send
                seen = witness
            yield Finding(log.name, _Nonmonotonic(log, order, late, seen), late.delay)


class _OtherProcesses:
    """For a rank, what ended first among the higher floors of two different processes."""

    def __init__(self, index: Index, floors: Floors) -> None:
        self._operations = index.operations
        self._ranks = floors.ranks
        self._firsts: list[tuple[tuple[float, int], ...]] = [()]
        for _, end, number in reversed(floors.bounds):
            self._firsts.append(self._joined(self._firsts[-1], (end, number)))
        self._firsts.reverse()

    def _joined(self, firsts: tuple[tuple[float, int], ...], new: tuple[float, int]) -> tuple[tuple[float, int], ...]:
        kept: list[tuple[float, int]] = []
        for each in sorted((*firsts, new)):
            process = self._operations[each[1]].process
            if all(self._operations[number].process != process for _, number in kept):
                kept.append(each)
        return tuple(kept[:2])

    def first_above(self, rank: int, send: Operation) -> Operation | None:
        """What shows a strictly higher floor, ended before the send began, and is not of the send's process."""
        place = bisect_left(self._ranks, rank + 1)
        for end, number in self._firsts[place]:
            if end < send.begin_event and self._operations[number].process != send.process:
                return self._operations[number]
        return None


class _Nonmonotonic(Struct, frozen=True):
    """Tells of one send that got a smaller offset than the log had shown before."""

    log: KeyIndex
    order: LogOrder
    late: _LateSend
    seen: Operation

    def __call__(self) -> Example:
        key, send, offset = self.log.name, self.late.send, self.late.offset
        reached = self.order.reached.get(self.seen.index)
        got = "got" if send.type == "ok" else "came to stand at"
        place = f"offset {offset}, no higher" if offset == reached else f"the smaller offset {offset}"
        text = (
            f"{progress(self.order, self.seen, key)}; {who(send)}'s send of {payload(send)} to {show(key)} began "
            f"later, at {moment(send.start)}, and {got} {place}"
        )
        there = (
            None if reached is None or reached not in self.log.at else shown_by(self.log, reached, self.log.at[reached])
        )
        return Example(text, tuple(op.index for op in (self.seen, there, send) if op is not None))


def _returned(late: _LateSend, key: str) -> bool:
    """Whether what shows that the log had gone further is a poll that returned the very offset of the send."""
    if late.seen.f != "poll":
        return False
    pairs = messages_of(late.seen, key)
    place = bisect_left(pairs, late.offset, key=lambda pair: pair[0])
    return place < len(pairs) and bool(pairs[place][0] == late.offset)


def find_future_reads(index: Index) -> Iterator[Finding]:
    """Messages polled at an offset before the send that got this offset began, though an equal one had been sent."""
    for log in index.keys.values():
        given: Counter[int] | None = None
        for late in _late_sends(index, log_order(index, log)):
            if not _returned(late, log.name):
                continue
            if given is None:
                given = Counter(each.offset for each in log.acknowledged)
            if _is_its_own(log, given, late) and _sent_before(log, late):
                yield Finding(log.name, _FutureRead(log.name, late), late.delay)


def _is_its_own(log: KeyIndex, given: Counter[int], late: _LateSend) -> bool:
    """Whether the offset is the send's alone, so that what was polled there is its message.

    ``given`` says to how many sends each offset was acknowledged.
    """
    others = given[late.offset] - (late.send.type == "ok")
    return not others and log.at[late.offset] == identity(late.send.request["msg"])


def _sent_before(log: KeyIndex, late: _LateSend) -> bool:
    """Whether an equal message had been sent before the poll ended, so that only the offset tells."""
    return log.senders(log.at[late.offset])[0].begin_event < ended(late.seen)


class _FutureRead(Struct, frozen=True):
    """Tells of one message that was polled at its offset before it was sent."""

    key: str
    late: _LateSend

    def __call__(self) -> Example:
        poll, send = self.late.seen, self.late.send
        text = (
            f"{who(poll)}'s poll returned offset {self.late.offset} of {show(self.key)} at {ended_at(poll)}; the send "
            f"that this offset belongs to, of {payload(send)} by {who(send)}, began only at {moment(send.start)}"
        )
        return Example(text, (poll.index, send.index))


# --------------------------------------------------------------------------------------
# offset-gap
# --------------------------------------------------------------------------------------


def find_gaps(index: Index) -> Iterator[Finding]:
    """Offsets that nobody saw, and that no send of unknown outcome can have been given in time.

    Unlike at the Kafka level it does not matter whether anybody looked: an offset above them was given away, and the
    history is one of the log's whole life.
    """
    told: set[str | None] | None = None
    for log in index.keys.values():
        order = log_order(index, log)
        for bound in order.late_gaps:
            end, witness = order.floors.first_above(bound[0])
            seen, send = index.operations[witness], index.operations[bound[2]]
            yield Finding(log.name, _Gap(log.name, order, bound, seen, send), int(bound[1] - end))
        if order.unfilled is None and order.passed_over is None:
            continue
        if told is None:
            told = {finding.key for finding in find_offset_gaps(index)}
        if log.name in told:
            continue
        if order.passed_over is not None:
            yield Finding(log.name, _PassedOver(log.name, order.passed_over))
        elif order.unfilled is not None:
            witnesses = order.floors.bounds[bisect_left(order.floors.ranks, 2 * order.unfilled + 2) :]
            if witnesses:  # else only a poll whose own offsets are out of order saw higher ones
                yield Finding(log.name, _Unfilled(log, order, index.operations[witnesses[0][2]]))


class _Gap(Struct, frozen=True):
    """Tells of one offset that cannot have been given to anybody in time."""

    key: str
    order: LogOrder
    bound: Bound
    seen: Operation
    send: Operation

    def __call__(self) -> Example:
        send, offset = self.send, self.bound[0] // 2
        text = (
            f"{progress(self.order, self.seen, self.key)}; of {show(self.key)}'s offset {offset}, below it, nothing "
            f"was ever seen, and the first send that could be there ({payload(send)} by {who(send)}, outcome unknown) "
            f"began only at {moment(send.start)}: the offset was left out, though the system promises dense offsets"
        )
        return Example(text, (self.seen.index, send.index))


class _PassedOver(Struct, frozen=True):
    """Tells of one offset that a poll went past."""

    key: str
    passed_over: PassedOver

    def __call__(self) -> Example:
        poll, offset = self.passed_over.op, self.passed_over.offset
        text = (
            f"{who(poll)}'s poll of {show(self.key)} at {moment(poll.start)} went past offset {offset} and returned "
            f"nothing there: the offset was left out, though the system promises dense offsets"
        )
        return Example(text, (poll.index,))


class _Unfilled(Struct, frozen=True):
    """Tells of one offset for which no send was left."""

    log: KeyIndex
    order: LogOrder
    seen: Operation

    def __call__(self) -> Example:
        key = self.log.name
        if self.order.unseen_sends:
            left = f"all sends that nobody saw ({len(self.order.unseen_sends)}) are needed for lower ones"
        elif self.log.unknown_sends:
            left = "every send of unknown outcome was seen elsewhere"
        else:
            left = "every send's outcome is known"
        text = (
            f"{progress(self.order, self.seen, key)}; of {show(key)}'s offset {self.order.unfilled}, below it, "
            f"nothing was ever seen, and {left}: the offset was left out, though the system promises dense offsets"
        )
        return Example(text, (self.seen.index, *(op.index for op in self.order.unseen_sends)))


# --------------------------------------------------------------------------------------
# The table
# --------------------------------------------------------------------------------------


def _polls_without_limit(index: Index) -> str | None:
    if not index.promises.poll_limit_known:
        return "polls may be cut short anywhere, so what they miss proves nothing"
    return None


def _sparse(index: Index) -> str | None:
    if index.promises.offsets == "sparse":
        return "the system does not promise dense offsets"
    return None


CHECKERS: Final[tuple[Checker, ...]] = (
    Checker(
        kind="stale-poll",
        summary="A message acknowledged, or already returned by another poll, before this poll began is missing.",
        source="linearizability: M. Herlihy, J. Wing, TOPLAS 1990",
        levels=LINEARIZABLE,
        promise="a poll returns everything there is, up to a known limit",
        unjudged=_polls_without_limit,
        breaks_order=True,
        find=find_stale_polls,
        count=polls_of_a_key,
        counted="polls of a key",
    ),
    Checker(
        kind="nonmonotonic-offsets",
        summary="A send that began after a higher offset had been seen got the smaller one.",
        source="linearizability: M. Herlihy, J. Wing, TOPLAS 1990",
        levels=LINEARIZABLE,
        breaks_order=True,
        find=find_nonmonotonic_offsets,
        count=acknowledged_messages,
        counted="acknowledged messages",
    ),
    Checker(
        kind="future-read",
        summary="A poll returned an offset whose own send began after the poll had ended.",
        source="linearizability: M. Herlihy, J. Wing, TOPLAS 1990",
        levels=LINEARIZABLE,
        breaks_order=True,
        find=find_future_reads,
        count=acknowledged_messages,
        counted="acknowledged messages",
    ),
    Checker(
        kind="offset-gap",
        summary="An offset that nobody saw, whether or not anybody looked, cannot have been given to any send in time.",
        source="linearizability: M. Herlihy, J. Wing, TOPLAS 1990",
        levels=LINEARIZABLE,
        promise="offsets are dense",
        unjudged=_sparse,
        breaks_order=True,
        find=find_gaps,
        count=known_offsets,
        counted="offsets",
    ),
)
