"""The history as Jepsen's checker sees it: transactions that send and read messages, and logs of messages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from msgspec import Struct, field

from kafkasim.checkers.identity import Identity, identity
from kafkasim.checkers.index import Index
from kafkasim.history import Operation


class Message(NamedTuple):
    """A message as a step sent or read it."""

    identity: Identity
    offset: int | None
    """None: nobody knows."""
    payload: Any


class Transaction(Struct):
    """An operation of Jepsen's: one step, or several of a transaction."""

    steps: list[Operation]
    sends: dict[str, list[Message]] = field(default_factory=dict)
    """What it sent to each key, in order."""
    reads: dict[str, list[Message]] = field(default_factory=dict)
    """What it read of each key, in order; empty where it was told of the key and of no message."""

    @property
    def op(self) -> Operation:
        """Its first step, which stands for it."""
        return self.steps[0]


class Log(Struct):
    """What the history shows of one key's log."""

    messages_at: dict[int, dict[Identity, Any]] = field(default_factory=dict)
    """For each offset the messages that were seen there, each with its payload, in the order in which they were."""
    place: dict[Identity, int] = field(default_factory=dict)
    """Where a message counts: the rank of an offset among those that exist."""
    first: dict[Identity, int] = field(default_factory=dict)
    """The rank of the first offset at which a message was seen."""
    last: dict[Identity, int] = field(default_factory=dict)
    """That of the last."""
    writer: dict[Identity, Transaction] = field(default_factory=dict)
    """Who sent it; of several, the last."""
    failed: dict[Identity, Transaction] = field(default_factory=dict)
    """The messages a send of which failed."""
    read: dict[Identity, Transaction] = field(default_factory=dict)
    """The messages that ``ok`` polls returned, each with the first poll that did."""
    offsets: list[int] = field(default_factory=list)
    """The offsets that exist, ascending. A rank is a place in this list."""


class Reckoning(Struct):
    """The history as Jepsen's checker sees it."""

    transactions: list[Transaction] = field(default_factory=list)
    """In order of invocation; those that assign keys too, with neither sends nor reads."""
    logs: dict[str, Log] = field(default_factory=dict)
    phantom: tuple[str, Message, Transaction] | None = None
    """The first message that a poll returned and nobody sent, with its key and the poll: Jepsen gives up at it."""

    def log(self, key: str) -> Log:
        """What is known of a key."""
        log = self.logs.get(key)
        if log is None:
            log = self.logs[key] = Log()
        return log


def reckon(index: Index) -> Reckoning:
    """The history as Jepsen's checker sees it; worked out once and kept with the index."""
    known: Reckoning | None = index.derived.get("as jepsen")
    if known is not None:
        return known
    reckoning = Reckoning(list(_transactions(index.operations)))
    for transaction in reckoning.transactions:
        _enter(reckoning, transaction)
    for transaction in reckoning.transactions:
        _see(reckoning, transaction)
        if reckoning.phantom is None:
            reckoning.phantom = _phantom_of(reckoning, transaction)
    for log in reckoning.logs.values():
        log.offsets = sorted(log.messages_at)
        for rank, offset in enumerate(log.offsets):
            for message in log.messages_at[offset]:
                log.first.setdefault(message, rank)
                log.last[message] = rank
            log.place[next(iter(log.messages_at[offset]))] = rank
    index.derived["as jepsen"] = reckoning
    return reckoning


def has_transactions(index: Index) -> bool:
    """Whether any operation is of several steps; worked out once and kept with the index."""
    known: bool | None = index.derived.get("has transactions")
    if known is None:
        known = index.derived["has transactions"] = any(op.transaction is not None for op in index.operations)
    return known


def _transactions(operations: list[Operation]) -> Iterator[Transaction]:
    """The operations that send, poll or assign, the steps of one transaction together."""
    joined: dict[int, Transaction] = {}
    known_at: dict[str, dict[int, Message]] = {}
    for op in operations:
        if op.f not in ("send", "poll", "assign"):
            continue
        known = None if op.transaction is None else joined.get(op.transaction)
        transaction = known or Transaction([])
        transaction.steps.append(op)
        if op.f == "send":
            _take_send(transaction, op)
        elif op.f == "poll":
            _take_poll(transaction, op, known_at)
        if op.transaction is not None:
            joined[op.transaction] = transaction
        if known is None:
            yield transaction


def _take_send(transaction: Transaction, op: Operation) -> None:
    key = op.request.get("key")
    if type(key) is str and "msg" in op.request:
        offset = (op.response or {}).get("offset")
        message = op.request["msg"]
        known = offset if type(offset) is int else None
        transaction.sends.setdefault(key, []).append(Message(identity(message), known, message))


def _take_poll(transaction: Transaction, op: Operation, known_at: dict[str, dict[int, Message]]) -> None:
    """Enters what a poll returned. ``known_at`` holds, by key and offset, the last message that a poll returned there.

    Most messages are polled several times, and are kept once.
    """
    msgs = (op.response or {}).get("msgs")
    if type(msgs) is not dict:
        return
    for key, pairs in msgs.items():
        messages = transaction.reads.setdefault(key, [])
        known = known_at.setdefault(key, {})
        for pair in pairs if type(pairs) in (list, tuple) else ():
            if type(pair) in (list, tuple) and len(pair) == 2:
                offset, payload = pair
                if type(offset) is not int:
                    messages.append(Message(identity(payload), None, payload))
                    continue
                message = known.get(offset)
                if message is None or type(payload) not in _PLAIN or not _same(message.payload, payload):
                    message = known[offset] = Message(identity(payload), offset, payload)
                messages.append(message)


_PLAIN: Final = (int, str)
"""Payloads that stand for themselves."""


def _same(payload: Any, other: Any) -> bool:
    return type(payload) is type(other) and bool(payload == other)


def _enter(reckoning: Reckoning, transaction: Transaction) -> None:
    """Notes who sent and who read what."""
    outcome = transaction.op.type
    for key, messages in transaction.sends.items():
        log = reckoning.log(key)
        for message in messages:
            log.writer[message.identity] = transaction
            if outcome == "fail":
                log.failed[message.identity] = transaction
    for key, messages in transaction.reads.items():
        log = reckoning.log(key)
        if outcome == "ok":
            for message in messages:
                log.read.setdefault(message.identity, transaction)


def _see(reckoning: Reckoning, transaction: Transaction) -> None:
    """Enters messages at offsets: those of every poll, and those of sends that are known to have happened."""
    seen = [transaction.reads]
    if happened(reckoning, transaction):
        seen.append(transaction.sends)
    for by_key in seen:
        for key, messages in by_key.items():
            messages_at = reckoning.log(key).messages_at
            for message in messages:
                if message.offset is not None:
                    messages_at.setdefault(message.offset, {}).setdefault(message.identity, message.payload)


def _phantom_of(reckoning: Reckoning, reader: Transaction) -> tuple[str, Message, Transaction] | None:
    for key, messages in reader.reads.items():
        writer = reckoning.logs[key].writer
        for message in messages:
            if message.identity not in writer:
                return key, message, reader
    return None


def happened(reckoning: Reckoning, transaction: Transaction) -> bool:
    """Whether a transaction has happened: it is ``ok``, or ``info`` and a poll returned something that it sent."""
    if transaction.op.type != "info":
        return transaction.op.type == "ok"
    return any(
        message.identity in reckoning.logs[key].read
        for key, messages in transaction.sends.items()
        for message in messages
    )
