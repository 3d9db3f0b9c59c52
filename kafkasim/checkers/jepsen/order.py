"""The order in which processes read and send, as Jepsen's checker reckons: by where messages count, not by offsets."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import pairwise
from typing import Any, NamedTuple

from kafkasim.checkers.evidence import ended_before
from kafkasim.checkers.index import Index
from kafkasim.checkers.jepsen.reckoning import Log, Message, Reckoning, Transaction, reckon
from kafkasim.checkers.processes import Processes, processes
from kafkasim.checkers.registry import Finding
from kafkasim.checkers.verdict import Example
from kafkasim.checkers.words import FEW, listed, who
from kafkasim.forms import show
from kafkasim.history import Operation


class Step(NamedTuple):
    """From one message of a key to the next that the same process read, or sent."""

    key: str
    before: Transaction
    after: Transaction
    from_message: Message
    to_message: Message
    distance: int
    """How much further on in the log the second counts: 1 where it is the very next, or nobody knows."""


def find_skips_inside_polls(index: Index) -> Iterator[Finding]:
    """Inside one transaction, two neighbouring messages read of one key leave out one that is known to exist."""
    return _skips(index, _steps_inside(reckon(index), sends=False), "polled", "leaving out")


def find_disorder_inside_polls(index: Index) -> Iterator[Finding]:
    """Inside one transaction, the messages read of one key go back or stay."""
    return _disorder(index, _steps_inside(reckon(index), sends=False), "polled")


def find_skips_inside_sends(index: Index) -> Iterator[Finding]:
    """Inside one transaction, other messages lie between two neighbouring ones that it sent to one key."""
    return _skips(index, _steps_inside(reckon(index), sends=True), "sent", "with others between them, at")


def find_disorder_inside_sends(index: Index) -> Iterator[Finding]:
    """Inside one transaction, a later message sent to a key counts before an earlier one, or with it."""
    return _disorder(index, _steps_inside(reckon(index), sends=True), "sent")


def find_skips_between_polls(index: Index) -> Iterator[Finding]:
    """A process's next poll of a key begins more than one message after where its last one ended."""
    return _skips(index, _steps_between_polls(index), "polled", "leaving out")


def find_disorder_between_polls(index: Index) -> Iterator[Finding]:
    """A process's next poll of a key begins at or before where its last one ended."""
    return _disorder(index, _steps_between_polls(index), "polled")


def find_disorder_between_sends(index: Index) -> Iterator[Finding]:
    """A process's later send to a key counts before an earlier one of its, or with it."""
    return _disorder(index, _steps_between_sends(reckon(index)), "sent")


def _skips(index: Index, steps: Iterator[Step], did: str, what: str) -> Iterator[Finding]:
    for step in steps:
        if step.distance > 1:
            yield Finding(step.key, partial(_explain_skip, index, step, did, what), step.distance)


def _disorder(index: Index, steps: Iterator[Step], did: str) -> Iterator[Finding]:
    for step in steps:
        if step.distance < 1:
            yield Finding(step.key, partial(_explain, index, step, did, "which goes back"), 1 - step.distance)


def _explain_skip(index: Index, step: Step, did: str, what: str) -> Example:
    """``what`` is said of the offsets between the two."""
    log = reckon(index).logs[step.key]
    low, high = (log.place[message.identity] for message in (step.from_message, step.to_message))
    between = log.offsets[low + 1 : min(high, low + 1 + FEW)]
    count = high - low - 1
    return _explain(index, step, did, f"{what} offset{'s' if count > 1 else ''} {listed(between, count=count)}")


def _steps_inside(reckoning: Reckoning, *, sends: bool) -> Iterator[Step]:
    """The steps inside of each transaction, from one message of a key to the next."""
    for transaction in reckoning.transactions:
        for key, messages in (transaction.sends if sends else transaction.reads).items():
            log = reckoning.logs[key]
            for first, second in pairwise(messages):
                yield Step(key, transaction, transaction, first, second, _distance(log, first, second))


def _steps_between_polls(index: Index) -> Iterator[Step]:
    """For each process and key, the step from where its last ``ok`` poll ended to where the next one begins.

    Only where the process went on: Jepsen's own clients never do after an operation of unknown outcome.
    """
    reckoning = reckon(index)
    positions: dict[int, dict[str, tuple[Transaction, Message | None]]] = {}
    for transaction in reckoning.transactions:
        position = positions.setdefault(transaction.op.process, {})
        _forget(position, transaction)
        for key, messages in transaction.reads.items():
            before, last = position.get(key, (transaction, None))
            first = messages[0] if messages else None
            if last is not None and first is not None and not _starts_elsewhere(transaction, key, last):
                distance = _distance(reckoning.logs[key], last, first)
                if distance == 1 or _goes_on(processes(index), before.op, transaction.op, distance):
                    yield Step(key, before, transaction, last, first, distance)
            if transaction.op.type == "ok":
                position[key] = (transaction, messages[-1] if messages else None)


def _goes_on(known: Processes, before: Operation, after: Operation, distance: int) -> bool:
    """Whether a process can be said to have gone that far from one poll to the next."""
    if not ended_before(before, after.begin_event):
        return False
    if distance > 1 and (known.concurrent(before) or known.concurrent(after)):
        return False
    return not known.ended_between(before, after)


def _steps_between_sends(reckoning: Reckoning) -> Iterator[Step]:
    """For each process and key, the step from one transaction that sent to it, and did not fail, to the next."""
    positions: dict[int, dict[str, tuple[Transaction, Message]]] = {}
    for transaction in reckoning.transactions:
        if transaction.op.type == "fail":
            continue
        position = positions.setdefault(transaction.op.process, {})
        _forget(position, transaction)
        for key, messages in transaction.sends.items():
            if key in position:
                before, last = position[key]
                distance = _distance(reckoning.logs[key], last, messages[0])
                yield Step(key, before, transaction, last, messages[0], distance)
            if transaction.op.type == "ok":  # else nobody knows when it happened, if it did
                position[key] = (transaction, messages[-1])


def _starts_elsewhere(transaction: Transaction, key: str, last: Message) -> bool:
    """Whether a poll asked for another offset than the one behind the last that was read."""
    for op in transaction.steps:
        asked = op.request.get("offsets")
        if type(asked) is dict and type(asked.get(key)) is int and last.offset is not None:
            return bool(asked[key] != last.offset + 1)
    return False


def _distance(log: Log, first: Message, second: Message) -> int:
    place, next_place = log.place.get(first.identity), log.place.get(second.identity)
    return 1 if place is None or next_place is None else next_place - place


def _forget(position: dict[str, Any], transaction: Transaction) -> None:
    """Drops the keys that an assignment drops."""
    if transaction.op.f == "assign" and transaction.op.type != "fail":
        kept = transaction.op.request.get("keys")
        for key in list(position):
            if not isinstance(kept, list | tuple) or key not in kept:
                del position[key]


def _explain(index: Index, step: Step, did: str, what: str) -> Example:
    log = reckon(index).logs[step.key]
    at, to = (log.offsets[log.place[message.identity]] for message in (step.from_message, step.to_message))
    return Example(
        f"{who(step.before.op)} {did} message {show(step.from_message.payload)}, which counts at offset {at} of key "
        f"{show(step.key)}, and then {show(step.to_message.payload)}, which counts at offset {to}: {what}",
        tuple(dict.fromkeys((step.before.op.index, step.after.op.index))),
    )
