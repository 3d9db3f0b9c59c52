"""What a poll may return: only what somebody had sent, and what was not refused."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Final

from kafkasim.checkers.ends import ended
from kafkasim.checkers.evidence import ended_before, first_reader, returned
from kafkasim.checkers.identity import Identity, identity
from kafkasim.checkers.index import EarlyRead, Index, KeyIndex, Reading
from kafkasim.checkers.registry import KAFKA_AND_UP, Checker, Finding
from kafkasim.checkers.verdict import MOST_OPERATIONS, Example
from kafkasim.checkers.words import listed, payload, who
from kafkasim.forms import show
from kafkasim.history import Operation
from kafkasim.messages import error_title

# --------------------------------------------------------------------------------------
# phantom-read
# --------------------------------------------------------------------------------------


def find_phantom_reads(index: Index) -> Iterator[Finding]:
    """A poll returned a message that nobody sent to that key.

    One finding a message and offset. Jepsen's checker has no name for it: it gives up (``no-writer-of-value``).
    """
    for log in index.keys.values():
        told: set[tuple[int, Identity]] = set()
        for read in log.early_reads:
            place = (read.offset, read.message)
            if read.message not in log.sent and place not in told:
                told.add(place)
                yield Finding(log.name, partial(_explain_phantom, index, log, read))


def _explain_phantom(index: Index, log: KeyIndex, read: EarlyRead) -> Example:
    messages = returned(log, read.op).at(read.offset)
    message = next((show(each) for each in messages if identity(each) == read.message), "?")
    elsewhere = _sent_elsewhere(index).get(read.message, [])
    but = f" ({listed(elsewhere, _sent_to)})" if elsewhere else ""
    return Example(
        f"{who(read.op)} polled message {message} at offset {read.offset} of key {show(log.name)}, "
        f"but nobody ever sent it to that key{but}",
        (read.op.index, *(op.index for op in elsewhere[:MOST_OPERATIONS])),
    )


def _sent_to(op: Operation) -> str:
    return f"{who(op)} sent it to key {show(op.request['key'])}"


def _sent_elsewhere(index: Index) -> dict[Identity, list[Operation]]:
    """By phantom message, the first sends of it to whatever other keys; worked out once."""
    known: dict[Identity, list[Operation]] | None = index.derived.get("sent elsewhere")
    if known is None:
        phantoms = dict.fromkeys(read.message for log in index.keys.values() for read in log.early_reads)
        known = index.derived["sent elsewhere"] = {}
        for log in index.keys.values():
            fewer, more = (phantoms, log.sent) if len(phantoms) < len(log.sent) else (log.sent, phantoms)
            for message in fewer:
                if message in more:
                    known.setdefault(message, []).append(log.sent[message])
    return known


# --------------------------------------------------------------------------------------
# aborted-read
# --------------------------------------------------------------------------------------


def find_aborted_reads(index: Index) -> Iterator[Finding]:
    """A poll returned a message every send of which definitely failed.

    One finding a message and offset. Jepsen's ``G1a``, after Adya, Liskov and O'Neil, "Generalized Isolation Level
    Definitions" (2000): reading what was aborted.
    """
    for log in index.keys.values():
        if not log.failed_sends:
            continue
        offsets: dict[Identity, dict[int, None]] = {}
        for offset, message in log.polled.items():
            offsets.setdefault(message, {})[offset] = None
        for seen in log.contradictions:
            if seen.op.f == "poll":
                offsets.setdefault(seen.message, {})[seen.offset] = None
        for message in dict.fromkeys(identity(op.request["msg"]) for op in log.failed_sends):
            if all(op.type == "fail" for op in log.senders(message)):
                for offset in offsets.get(message, ()):
                    yield Finding(log.name, partial(_explain_aborted, log, message, offset))


def _explain_aborted(log: KeyIndex, message: Identity, offset: int) -> Example:
    senders = log.senders(message)
    reader = first_reader(log, offset, message)
    got = f"{who(reader)} polled it" if reader is not None else "it was polled"
    return Example(
        f"message {payload(senders[0])} for key {show(log.name)} was {listed(senders, _refusal)}, which says that it "
        f"was not and never will be stored; but {got} at offset {offset}",
        tuple(op.index for op in (reader, *senders[:MOST_OPERATIONS]) if op is not None),
    )


def _refusal(op: Operation) -> str:
    reason = f" ({error_title(op.error.code)})" if op.error is not None else ""
    return f"refused to {who(op)}{reason}"


# --------------------------------------------------------------------------------------
# future-read
# --------------------------------------------------------------------------------------


def find_future_reads(index: Index) -> Iterator[Finding]:
    """A poll returned a message whose every send began after the poll had ended.

    One finding a message and offset. Jepsen finds it as a cycle in its dependency graph: ``G1c``, ``G1c-process``,
    ``G1c-realtime``.
    """
    for log in index.keys.values():
        reads = [read for read in log.early_reads if read.message in log.sent]
        if not reads:
            continue
        earliest = _earliest_readers(log, reads)
        for read in reads:
            begin = log.sent[read.message].begin_event
            reader = earliest[read.offset, read.message]
            if ended_before(reader, begin):
                yield Finding(log.name, partial(_explain_future, log, read, reader))


def _earliest_readers(log: KeyIndex, reads: list[EarlyRead]) -> dict[tuple[int, Identity], Operation]:
    """By offset and message, the poll that ended first of those that returned it, as far as these reads go.

    The first poll that began may well be long, and concurrent with the send, while a later, shorter one is not.
    Whatever began after the send did not end before it.
    """
    wanted = {read.offset for read in reads}
    earliest = {(read.offset, read.message): read.op for read in reads}
    for reading in _begun_before_the_sends(log, reads):
        for offset, message in reading.pairs:
            if offset in wanted:
                place = (offset, identity(message))
                if place in earliest and ended(reading.op) < ended(earliest[place]):
                    earliest[place] = reading.op
    return earliest


def _begun_before_the_sends(log: KeyIndex, reads: list[EarlyRead]) -> Iterator[Reading]:
    """The polls of the key that began at one of these reads or later, but before the send of what it had read."""
    place = 0
    for read in reads:
        place = max(place, read.place)
        send = log.sent[read.message].index
        while place < len(log.readings) and log.readings[place].op.index < send:
            yield log.readings[place]
            place += 1


def _explain_future(log: KeyIndex, read: EarlyRead, reader: Operation) -> Example:
    senders = log.senders(read.message)
    return Example(
        f"{who(reader)} polled message {payload(senders[0])} at offset {read.offset} of key {show(log.name)}, and the "
        f"poll had ended before {who(senders[0])} began to send it",
        (reader.index, *(op.index for op in senders[:MOST_OPERATIONS])),
    )


def _messages_polled(index: Index) -> int:
    return sum(len(log.polled) for log in index.keys.values())


CHECKERS: Final = (
    Checker(
        kind="aborted-read",
        summary="A poll returned a message every send of which definitely failed.",
        source="Jepsen: G1a",
        levels=KAFKA_AND_UP,
        find=find_aborted_reads,
        count=_messages_polled,
        counted="offsets polled",
    ),
    Checker(
        kind="phantom-read",
        summary="A poll returned a message that nobody sent.",
        source="Jepsen gives up at one: no-writer-of-value",
        levels=KAFKA_AND_UP,
        find=find_phantom_reads,
        count=_messages_polled,
        counted="offsets polled",
    ),
    Checker(
        kind="future-read",
        summary="A poll returned a message whose every send began after the poll had ended.",
        source="Jepsen: G1c, G1c-process, G1c-realtime",
        levels=KAFKA_AND_UP,
        find=find_future_reads,
        count=_messages_polled,
        counted="offsets polled",
    ),
)
