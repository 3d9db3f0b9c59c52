"""What must be in the log: each offset one message, each message once, and nothing that was acknowledged gone."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import accumulate
from typing import Final

from kafkasim.checkers.counts import acknowledged_messages, known_offsets
from kafkasim.checkers.ends import ended
from kafkasim.checkers.evidence import ended_before, first_reader, returned, showing, shown_by
from kafkasim.checkers.final_readers import Missed, missed_messages
from kafkasim.checkers.identity import Identity, identity
from kafkasim.checkers.index import Acknowledgement, Contradiction, Index, KeyIndex, Reading
from kafkasim.checkers.registry import KAFKA_AND_UP, Checker, Finding
from kafkasim.checkers.trees import Cover
from kafkasim.checkers.verdict import MOST_OPERATIONS, Example
from kafkasim.checkers.words import listed, payload, times, who
from kafkasim.forms import show
from kafkasim.history import Operation

_PROVEN: Final = 10
"""Of how many offsets of a duplicate it is shown who saw them: each is searched for."""

# --------------------------------------------------------------------------------------
# inconsistent-offsets
# --------------------------------------------------------------------------------------


def find_inconsistent_offsets(index: Index) -> Iterator[Finding]:
    """One offset of a key was seen with two different messages, or was given to two sends.

    Seen by polls, by acknowledged sends, and by ``info`` sends whose offset is known and whose message was polled.
    One finding an offset. Jepsen's ``inconsistent-offsets``, which knows only unique messages; that an offset given to
    two sends of *equal* messages counts too, follows from an offset being unique in its key.
    """
    for log in index.keys.values():
        offsets = dict.fromkeys(seen.offset for seen in log.contradictions)
        if len(log.given) < len(log.acknowledged):
            given = [acknowledgement.offset for acknowledgement in log.acknowledged]
            offsets.update((offset, None) for offset, count in Counter(given).items() if count > 1)
        for offset in offsets:
            yield Finding(log.name, partial(_explain_inconsistent, log, offset))


def _explain_inconsistent(log: KeyIndex, offset: int) -> Example:
    others = _by_offset(log, "contradictions", log.contradictions).get(offset)
    first = shown_by(log, offset, log.at[offset])
    if not others:
        owners = _by_offset(log, "owners", log.acknowledged)[offset]
        names = listed(owners, who)
        return Example(
            f"offset {offset} of key {show(log.name)} was given to {len(owners)} sends, those of {names}: "
            f"the message {payload(owners[0])} is in the log once and was acknowledged {times(len(owners))}",
            tuple(op.index for op in owners),
        )
    here = f"{showing(log, first, offset)}, but " if first is not None else ""
    return Example(
        f"offset {offset} of key {show(log.name)} holds two messages: {here}{showing(log, others[0], offset)}",
        tuple(op.index for op in (first, *others) if op is not None),
    )


def _by_offset(
    log: KeyIndex, name: str, shown: Sequence[Acknowledgement | Contradiction]
) -> dict[int, list[Operation]]:
    """The operations of each offset; worked out once, and kept under the name."""
    known: dict[int, list[Operation]] | None = log.derived.get(name)
    if known is None:
        known = log.derived[name] = {}
        for each in shown:
            known.setdefault(each.offset, []).append(each.op)
    return known


# --------------------------------------------------------------------------------------
# duplicate
# --------------------------------------------------------------------------------------


def find_duplicates(index: Index) -> Iterator[Finding]:
    """A message that was sent *n* times was seen at more than *n* offsets of a key.

    However a send ended, it counts. A message that nobody sent is left to ``phantom-read``. One finding a message.
    Jepsen's ``duplicate``, where every message is sent once.
    """
    for log in index.keys.values():
        if len(set(log.at.values())) == len(log.at) and not log.contradictions:
            continue
        places = Counter(log.at.values())
        places.update(message for _, message in {(seen.offset, seen.message) for seen in log.contradictions})
        for message, count in places.items():
            if count > 1 and message in log.sent and count > len(log.senders(message)):
                yield Finding(log.name, partial(_explain_duplicate, log, message), weight=count)


def _explain_duplicate(log: KeyIndex, message: Identity) -> Example:
    senders = log.senders(message)
    offsets = _offsets_of(log)[message]
    seen_by = [shown_by(log, offset, message) for offset in offsets[:_PROVEN]]
    return Example(
        f"message {payload(senders[0])} was sent to key {show(log.name)} {times(len(senders))}, by "
        f"{listed(list(dict.fromkeys(who(op) for op in senders)))}, but was seen at {len(offsets)} offsets, "
        f"{listed(offsets)}: it is there more often than it was sent, or was told at an offset where it is not",
        tuple(op.index for op in (*seen_by, *senders) if op is not None),
    )


def _offsets_of(log: KeyIndex) -> dict[Identity, list[int]]:
    """By message, the offsets at which it was seen, those where another was seen first behind; worked out once."""
    known: dict[Identity, list[int]] | None = log.derived.get("offsets of messages")
    if known is None:
        places = [(offset, log.at[offset]) for offset in log.offsets]
        places += [(seen.offset, seen.message) for seen in log.contradictions]
        known = log.derived["offsets of messages"] = {}
        for offset, message in dict.fromkeys(places):
            known.setdefault(message, []).append(offset)
    return known


# --------------------------------------------------------------------------------------
# lost-write, unseen
# --------------------------------------------------------------------------------------


def find_lost_writes(index: Index) -> Iterator[Finding]:
    """An acknowledged message was passed over: no ``ok`` poll returned it, though one that asked from at or below its
    offset returned a higher offset.

    A poll whose asked-for offset is unknown may have begun above the message. Then it counts from the first offset it
    returned, unless the final polls, which read the whole key, did not return the message either.

    One finding an acknowledgement. Jepsen's ``lost-write``: there every poll counts, wherever it began.
    """
    for log in index.keys.values():
        highest = max(log.polled, default=-1)
        passed = [acknowledgement for acknowledgement in log.unread if acknowledgement.offset < highest]
        if not passed:
            continue
        spans = sorted(
            (_counts_from(index, reading), max(pair[0] for pair in reading.pairs))
            for reading in log.readings
            if reading.pairs
        )
        starts = [start for start, _ in spans]
        reached = list(accumulate((highest for _, highest in spans), max))
        for acknowledgement in passed:
            place = bisect_right(starts, acknowledgement.offset)
            if place and reached[place - 1] > acknowledgement.offset:
                yield Finding(log.name, partial(_explain_lost_write, index, log, acknowledgement))


def _explain_lost_write(index: Index, log: KeyIndex, lost: Acknowledgement) -> Example:
    reading = _passed_over_by(index, log)[lost.op.index]
    later = ended_before(lost.op, reading.op.begin_event)
    higher = returned(log, reading.op).above(lost.offset)
    asked = "" if reading.start is None else f" from offset {reading.start}"
    return Example(
        f"message {payload(lost.op)} was acknowledged to {who(lost.op)} at offset {lost.offset} of key "
        f"{show(log.name)}; {who(reading.op)}{' later' if later else ''} polled{asked} and got offset {higher}, which "
        f"comes after it; {_how_many_came_back(log, lost) or f'nobody ever got {payload(lost.op)}'}",
        (lost.op.index, reading.op.index),
    )


def _passed_over_by(index: Index, log: KeyIndex) -> dict[int, Reading]:
    """By lost send, the first poll that passed over its message: of those begun after it had ended, if there are any.

    Worked out once for all of them: from the last poll to the first, each hides the later ones where it passes over.
    """
    known: dict[int, Reading] | None = log.derived.get("passed over by")
    if known is not None:
        return known
    found: dict[int, int | None] = {}
    cover = Cover(each.offset for each in log.unread)
    waiting = sorted(log.unread, key=lambda each: ended(each.op))
    for place in range(len(log.readings) - 1, -1, -1):
        reading = log.readings[place]
        if reading.pairs:
            while waiting and not ended_before(waiting[-1].op, reading.op.begin_event):
                lost = waiting.pop()
                found[lost.op.index] = cover.least(lost.offset)
            cover.add(_counts_from(index, reading), max(pair[0] for pair in reading.pairs), place)
    for each in log.unread:
        if found.get(each.op.index) is None:
            found[each.op.index] = cover.least(each.offset)
    known = {number: log.readings[place] for number, place in found.items() if place is not None}
    log.derived["passed over by"] = known
    return known


def _how_many_came_back(log: KeyIndex, unread: Acknowledgement) -> str:
    """Of several equal messages that were acknowledged, how many polls returned; nothing where there is only one."""
    counts: tuple[Counter[Identity], Counter[Identity]] | None = log.derived.get("times acknowledged and returned")
    if counts is None:
        counts = Counter(each.message for each in log.acknowledged), Counter(log.polled.values())
        log.derived["times acknowledged and returned"] = counts
    acknowledged, came_back = (of_message[unread.message] for of_message in counts)
    if acknowledged == 1:
        return ""
    return f"of {acknowledged} such messages that were acknowledged, polls returned {came_back or 'none'}"


def _counts_from(index: Index, reading: Reading) -> int:
    """The least offset that the poll, which returned messages, would have returned if a message had been there."""
    if reading.start is None:
        return -1 if index.read_whole(reading.key) else reading.first
    return reading.start


def find_unseen(index: Index) -> Iterator[Finding]:
    """A message known to be in the log that the final polls did not return, where they read the whole key.

    It was acknowledged and no ``ok`` poll returned it by the end; or polls returned it, and some final reader ended
    below it, though it had been acknowledged, or returned by another poll, before the final polls of the key began.
    One finding a message, however many readers miss it. What lies below the end of a reader that passed over it is left
    to ``int-poll-skip``, ``wrong-start`` and ``poll-skip``.

    Jepsen's ``unseen``, which does not ask whether the final polls came to the end, and is content if anybody ever got
    the message.
    """
    for log in index.keys.values():
        if not index.read_whole(log.name):
            continue
        for acknowledgement in log.unread:
            yield Finding(log.name, partial(_explain_unseen, log, acknowledgement))
        for missed in missed_messages(log):
            yield Finding(log.name, partial(_explain_missed, log, missed))


def _explain_unseen(log: KeyIndex, unseen: Acknowledgement) -> Example:
    final = [reading.op.index for reading in log.final_readings[-1:]]
    at_the_end = ", not even the final polls, which read the key to its end" if final else ""
    return Example(
        f"message {payload(unseen.op)} was acknowledged to {who(unseen.op)} at offset {unseen.offset} of key "
        f"{show(log.name)}, but {_how_many_came_back(log, unseen) or 'no poll ever returned it'}{at_the_end}",
        (unseen.op.index, *final),
    )


def _explain_missed(log: KeyIndex, missed: Missed) -> Example:
    place = f"at offset {missed.offset} of key {show(log.name)}"
    reader = first_reader(log, missed.offset, log.polled[missed.offset])
    by_reader = f" by {who(reader)}" if reader is not None else ""
    sender = missed.send or next(iter(log.senders(log.polled[missed.offset])), None)
    if missed.send is not None:
        known = f"message {payload(missed.send)} was acknowledged to {who(missed.send)} {place} and polled{by_reader}"
    elif sender is not None:
        known = f"message {payload(sender)}, sent by {who(sender)}, was polled{by_reader} {place}"
    else:
        known = f"a message that nobody sent was polled{by_reader} {place}"
    where_they_ended = listed(missed.readers, lambda each: each.told, missed.count)
    return Example(
        f"{known}; but of the final polls, which read the key to its end, {where_they_ended}",
        tuple(op.index for op in (sender, reader, *(each.last for each in missed.readers)) if op is not None),
    )


def _nothing_read_whole(index: Index) -> str | None:
    if any(index.read_whole(key) for key in index.keys):
        return None
    return "no key was read to its end by final polls"


# --------------------------------------------------------------------------------------
# offset-gap
# --------------------------------------------------------------------------------------


def find_offset_gaps(index: Index) -> Iterator[Finding]:
    """Offsets below a known one that no send, known or possible, can have filled, though somebody looked there.

    Judged where the system promises dense offsets, and only where somebody looked: below the end of a key that the
    final polls read whole, or where a poll passed over the place. Elsewhere may be what was sent before the history
    began. Sends of unknown outcome whose message was never seen might be in a gap, so more offsets must be missing
    than there are such sends. One finding a run of offsets.
    """
    for log in index.keys.values():
        offsets = log.offsets
        if not offsets or offsets[-1] + 1 == len(offsets):
            continue
        gaps = _looked_at(log, _missing_runs(offsets), whole=index.read_whole(log.name))
        returned = set(log.polled.values())
        possible = [op for op in log.unknown_sends if _might_be_missing(log, op, returned)]
        if sum(high - low + 1 for low, high in gaps) > len(possible):
            for low, high in gaps:
                yield Finding(log.name, partial(_explain_gap, log, low, high, possible), weight=high - low)


def _missing_runs(offsets: list[int]) -> list[tuple[int, int]]:
    """The runs of integers from 0 on that the ascending offsets leave out, each by its first and its last."""
    pairs = zip([-1, *offsets], offsets, strict=False)
    return [(below + 1, above - 1) for below, above in pairs if above > below + 1]


def _looked_at(log: KeyIndex, runs: list[tuple[int, int]], *, whole: bool) -> list[tuple[int, int]]:
    """The parts of the runs that some poll covered with what it asked for and returned."""
    if whole:
        return runs
    spans = sorted(
        (reading.first if reading.start is None else reading.start, reading.last)
        for reading in log.readings
        if reading.pairs
    )
    covered: list[tuple[int, int]] = []
    for low, high in spans:
        if covered and low <= covered[-1][1] + 1:
            covered[-1] = (covered[-1][0], max(covered[-1][1], high))
        else:
            covered.append((low, high))
    parts = []
    place = 0
    for low, high in runs:
        while place < len(covered) and covered[place][1] < low:
            place += 1
        # A run lies between two known offsets, and a span ends at one: it covers the rest of a run or nothing of it.
        if place < len(covered) and covered[place][0] <= high:
            parts.append((max(low, covered[place][0]), high))
    return parts


def _might_be_missing(log: KeyIndex, op: Operation, returned: set[Identity]) -> bool:
    message = identity(op.request["msg"])
    return message in log.resent or message not in returned


def _explain_gap(log: KeyIndex, low: int, high: int, possible: list[Operation]) -> Example:
    above = log.next_offset(high + 1)
    assert above is not None  # a gap lies below a known offset
    op = shown_by(log, above, log.at[above])
    missing = f"offset {low}" if low == high else f"offsets {low} to {high}"
    shown = f" ({showing(log, op, above)})" if op is not None else ""
    maybe = f"; no more than {len(possible)} of unknown outcome could be in such places" if possible else ""
    return Example(
        f"key {show(log.name)} has a message at offset {above}{shown} and nothing at {missing}, though the system "
        f"promises offsets without gaps: no send is known that was given {'it' if low == high else 'them'}{maybe}",
        tuple(seen.index for seen in (op, *possible[:MOST_OPERATIONS]) if seen is not None),
    )


CHECKERS: Final = (
    Checker(
        kind="inconsistent-offsets",
        summary="One offset of a key was seen with two different messages, or was given to two sends.",
        source="Jepsen: inconsistent-offsets",
        levels=KAFKA_AND_UP,
        find=find_inconsistent_offsets,
        count=known_offsets,
        counted="offsets",
    ),
    Checker(
        kind="duplicate",
        summary="A message that was sent n times was seen at more than n offsets of a key.",
        source="Jepsen: duplicate",
        levels=KAFKA_AND_UP,
        find=find_duplicates,
        count=lambda index: sum(len(log.sent) for log in index.keys.values()),
        counted="messages sent",
    ),
    Checker(
        kind="lost-write",
        summary="An acknowledged message that no poll returned, though one that asked from at or below its offset "
        "returned a higher one.",
        source="Jepsen: lost-write",
        levels=KAFKA_AND_UP,
        find=find_lost_writes,
        count=acknowledged_messages,
        counted="acknowledged messages",
    ),
    Checker(
        kind="unseen",
        summary="A message, acknowledged or polled before, that the final polls of some node did not return, though "
        "they read the whole key.",
        source="Jepsen: unseen",
        levels=KAFKA_AND_UP,
        unjudged=_nothing_read_whole,
        find=find_unseen,
        count=lambda index: sum(len(log.offsets) for log in index.keys.values() if index.read_whole(log.name)),
        counted="messages of keys that were read to their end",
    ),
    Checker(
        kind="offset-gap",
        summary="An offset below a known one that no send, known or possible, can have filled; at level kafka only "
        "where somebody looked.",
        levels=KAFKA_AND_UP,
        promise="dense offsets",
        unjudged=lambda index: None if index.promises.offsets == "dense" else "offsets are not promised to be dense",
        find=find_offset_gaps,
        count=known_offsets,
        counted="offsets",
    ),
)
