"""What is in the log and what polls found of it, as Jepsen's checker reckons."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from kafkasim.checkers.identity import Identity
from kafkasim.checkers.index import Index
from kafkasim.checkers.jepsen.reckoning import Log, Message, Reckoning, Transaction, happened, reckon
from kafkasim.checkers.registry import Finding
from kafkasim.checkers.verdict import MOST_OPERATIONS, Example
from kafkasim.checkers.words import listed, who
from kafkasim.forms import show


def find_inconsistent_offsets(index: Index) -> Iterator[Finding]:
    """One offset of a key was seen with several messages. One finding an offset."""
    for key, log in reckon(index).logs.items():
        for offset, messages in log.messages_at.items():
            if len(messages) > 1:
                yield Finding(key, partial(_explain_inconsistent, index, key, offset))


def _explain_inconsistent(index: Index, key: str, offset: int) -> Example:
    payloads = reckon(index).logs[key].messages_at[offset].values()
    told = listed(payloads, show)
    return Example(f"offset {offset} of key {show(key)} holds {told}", tuple(_holders(index)[key, offset]))


def _holders(index: Index) -> dict[tuple[str, int], list[int]]:
    """By key and offset that holds several messages, the first operations that showed one there; worked out once."""
    known: dict[tuple[str, int], list[int]] | None = index.derived.get("holders")
    if known is not None:
        return known
    logs = reckon(index).logs
    known = index.derived["holders"] = {}
    for transaction in reckon(index).transactions:
        for by_key in (transaction.sends, transaction.reads):
            for key, messages in by_key.items():
                messages_at = logs[key].messages_at
                for message in messages:
                    if message.offset is not None and len(messages_at.get(message.offset, ())) > 1:
                        of_offset = known.setdefault((key, message.offset), [])
                        if len(of_offset) < MOST_OPERATIONS and transaction.op.index not in of_offset:
                            of_offset.append(transaction.op.index)
    return known


def find_duplicates(index: Index) -> Iterator[Finding]:
    """A message was seen at several offsets, however often it was sent. One finding a message."""
    for key, log in reckon(index).logs.items():
        offsets: dict[Identity, list[int]] = {}
        for offset in log.offsets:
            for message in log.messages_at[offset]:
                offsets.setdefault(message, []).append(offset)
        for message, places in offsets.items():
            if len(places) > 1:
                shown = log.messages_at[places[0]][message]
                yield Finding(key, partial(_explain_duplicate, log, key, message, shown, places), len(places))


def _explain_duplicate(log: Log, key: str, message: Identity, payload: Any, offsets: list[int]) -> Example:
    at = listed(offsets)
    proof = [log.writer.get(message), log.read.get(message)]
    return Example(
        f"message {show(payload)} was seen at offsets {at} of key {show(key)}",
        tuple(transaction.op.index for transaction in proof if transaction is not None),
    )


def find_lost_writes(index: Index) -> Iterator[Finding]:
    """A message that was stored, and that no ``ok`` poll returned though one returned what lies above.

    One finding a message.
    """
    reckoning = reckon(index)
    for key, log in reckoning.logs.items():
        bound = max((log.first[message] for message in log.read if message in log.first), default=-1)
        for message, rank in log.last.items():
            if rank <= bound and message not in log.read and happened(reckoning, log.writer[message]):
                yield Finding(key, partial(_explain_lost, log, key, message, bound), weight=bound - rank)


def _explain_lost(log: Log, key: str, message: Identity, bound: int) -> Example:
    offset, above = log.offsets[log.last[message]], log.offsets[bound]
    writer = log.writer[message]
    reader = next(log.read[each] for each in log.messages_at[above] if each in log.read)
    payload = show(log.messages_at[offset][message])
    return Example(
        f"message {payload} of {who(writer.op)} is at offset {offset} of key {show(key)}; {who(reader.op)} polled "
        f"offset {above}, which comes after it; nobody ever got {payload}",
        (writer.op.index, reader.op.index),
    )


def find_unseen(index: Index) -> Iterator[Finding]:
    """A message that was acknowledged, and that no ``ok`` poll had returned by the end. One finding a message."""
    reckoning = reckon(index)
    ended = [each for each in reckoning.transactions if each.op.type == "ok" and (each.sends or each.op.f == "poll")]
    last = max(ended, key=lambda each: each.op.end_event or 0, default=None)
    acknowledged: dict[str, dict[Identity, Message]] = {}
    known_before: set[str] = set()
    for transaction in ended:
        for key, messages in transaction.sends.items():
            acknowledged.setdefault(key, {}).update((message.identity, message) for message in messages)
        if transaction is not last:
            known_before.update(transaction.sends, transaction.reads)
    for key, messages_of in acknowledged.items():
        for message in messages_of.values():
            if message.identity not in reckoning.logs[key].read:
                yield Finding(key, partial(_explain_unseen, reckoning, key, message))
    if last is not None:
        for key, read in last.reads.items():
            if key not in known_before and key not in acknowledged:
                for message in {each.identity: each for each in read}.values():
                    yield Finding(key, partial(_explain_unheard_of, last, key, message))


def _explain_unseen(reckoning: Reckoning, key: str, message: Message) -> Example:
    writer = reckoning.logs[key].writer[message.identity]
    return Example(
        f"message {show(message.payload)} was acknowledged to {who(writer.op)} for key {show(key)}, and no poll ever "
        "returned it",
        (writer.op.index,),
    )


def _explain_unheard_of(last: Transaction, key: str, message: Message) -> Example:
    return Example(
        f"{who(last.op)} polled message {show(message.payload)} of key {show(key)} in the last operation of all, and "
        "no send to that key was ever acknowledged; Jepsen's checker takes it for unseen",
        (last.op.index,),
    )


def find_aborted_reads(index: Index) -> Iterator[Finding]:
    """An ``ok`` poll returned a message a send of which failed. One finding each time it was returned."""
    reckoning = reckon(index)
    for transaction in reckoning.transactions:
        if transaction.op.type != "ok":
            continue
        for key, messages in transaction.reads.items():
            failed = reckoning.logs[key].failed
            for message in messages:
                if message.identity in failed:
                    yield Finding(key, partial(_explain_aborted, transaction, failed[message.identity], key, message))


def _explain_aborted(reader: Transaction, writer: Transaction, key: str, message: Message) -> Example:
    payload = show(message.payload)
    return Example(
        f"{who(reader.op)} polled message {payload} of key {show(key)}, though the send of {payload} by "
        f"{who(writer.op)} had definitely failed",
        (writer.op.index, reader.op.index),
    )


def find_phantom(index: Index) -> Iterator[Finding]:
    """A poll returned a message that nobody sent, at which Jepsen's checker gives up. Only the first is told."""
    phantom = reckon(index).phantom
    if phantom is not None:
        yield Finding(phantom[0], partial(_explain_phantom, *phantom))


def _explain_phantom(key: str, message: Message, reader: Transaction) -> Example:
    return Example(
        f"{who(reader.op)} polled message {show(message.payload)} of key {show(key)}, which nobody sent there; "
        "Jepsen's checker gives up at such a message, and judges nothing",
        (reader.op.index,),
    )


def find_reads_of_own_sends(index: Index) -> Iterator[Finding]:
    """A transaction polled a message that it sent itself, before it was done. One finding a transaction."""
    for transaction in reckon(index).transactions:
        for key, messages in transaction.sends.items():
            read = {message.identity for message in transaction.reads.get(key, ())}
            own = next((message for message in messages if message.identity in read), None)
            if own is not None:
                yield Finding(key, partial(_explain_own, transaction, key, own))
                break


def _explain_own(transaction: Transaction, key: str, message: Message) -> Example:
    return Example(
        f"{who(transaction.op)} polled message {show(message.payload)} of key {show(key)} in the transaction that "
        "sent it; what a transaction sends is for others to read once it is done, and for nobody before",
        tuple(op.index for op in transaction.steps),
    )
