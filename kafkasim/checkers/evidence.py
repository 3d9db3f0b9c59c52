"""Finds the operations that prove something. Slow and plain: it is asked for the few examples that are shown."""

from __future__ import annotations

from kafkasim.checkers.identity import Identity, identity
from kafkasim.checkers.index import KeyIndex, Reading
from kafkasim.checkers.words import payload, who
from kafkasim.forms import show
from kafkasim.history import Operation


def ended_before(op: Operation, event: int) -> bool:
    """Whether an operation had ended before a place in the sequence of events. What was never answered has not."""
    return op.end_event is not None and op.end_event < event


def holds(reading: Reading, offset: int, message: Identity) -> bool:
    """Whether the reading returned the message at the offset."""
    return any(pair[0] == offset and identity(pair[1]) == message for pair in reading.pairs)


def first_reader(log: KeyIndex, offset: int, message: Identity) -> Operation | None:
    """The first poll that returned the message at the offset; None where no well-formed reply did."""
    return next((reading.op for reading in log.readings if holds(reading, offset, message)), None)


def shown_by(log: KeyIndex, offset: int, message: Identity) -> Operation | None:
    """The send that was acknowledged with the message at the offset, or else the first poll that returned it."""
    for acknowledgement in log.acknowledged:
        if acknowledgement.offset == offset and acknowledgement.message == message:
            return acknowledgement.op
    reader = first_reader(log, offset, message)
    if reader is None:
        reader = next(
            (seen.op for seen in log.contradictions if (seen.offset, seen.message) == (offset, message)), None
        )
    return reader


def messages_at(op: Operation, key: str, offset: int) -> list[str]:
    """The messages that a poll returned at an offset, as JSON; what is not of a reply's form holds none."""
    pairs = (op.response or {}).get("msgs", {}).get(key, ())
    return [
        show(pair[1])
        for pair in pairs
        if type(pair) in (list, tuple) and len(pair) == 2 and type(pair[0]) is int and pair[0] == offset
    ]


def showing(op: Operation, key: str, offset: int) -> str:
    """How an operation showed a message, or several: what its client sent, or got."""
    if op.f == "send":
        return f"{payload(op)} was acknowledged there to {who(op)}"
    return f"{who(op)} polled {' and '.join(dict.fromkeys(messages_at(op, key, offset))) or 'a message'} there"
