"""Builds the index: one pass over the operations, then one step per key that settles its version order.

What a foreign or damaged history holds can be anything. Whatever is of the protocol's form is used; a reply that
is not is noted for the checkers to report; a request that is not says nothing and is passed over.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any, Final

from kafkasim.checkers.columns import LATEST, Column, KeyColumns, words
from kafkasim.checkers.identity import identity
from kafkasim.checkers.index import (
    Acknowledgement,
    CommitAttempt,
    Contradiction,
    EarlyRead,
    Index,
    KeyIndex,
    Listing,
    Problem,
    Reading,
)
from kafkasim.history import Consistency, History, Operation

_NOTHING: Final = object()
"""Stands where a dict has no entry; no message equals it."""

_NO_PAIRS: Final = ()
"""Shared by all empty readings: a million little lists would keep the garbage collector busy."""

_LISTS: Final = (list, tuple)
"""What a JSON list is: a list when decoded, perhaps a tuple when the history was never written down."""


def build_index(history: History, consistency: Consistency | None = None) -> Index:
    """The index of the history, to be judged at the level given, or at the one that the history itself asks for.

    Takes time and memory in proportion to the operations and the messages they polled. Raises nothing on account of
    what requests and responses hold.

    >>> from kafkasim.history import Header
    >>> sent = Operation(index=0, process=0, f="send", request={"key": "k", "msg": "a"}, type="ok",
    ...     response={"offset": 7}, start=0, end=1, begin_event=0, end_event=1)
    >>> build_index(History(Header(), [sent])).keys["k"].at
    {7: 'a'}
    """
    level = consistency or history.header.consistency
    try:
        return _build(history, level, words)
    except OverflowError:  # somebody counts further than a machine word goes
        return _build(history, level, list)


def _build(history: History, consistency: Consistency, new_column: Callable[[], Column]) -> Index:
    index = Index(history, consistency, history.header.promises, new_column(), new_column(), new_column)
    take_send, take_poll, others = _take_send, _take_poll, _OTHERS
    add_begin, add_end = index.begins.append, index.ends.append
    requests = 0
    for op in history.operations:
        f, end = op.f, op.end_event
        add_begin(op.begin_event)
        add_end(LATEST if end is None or op.type == "info" else end)
        if f == "send":
            take_send(index, op)
        elif f == "poll":
            take_poll(index, op)
        elif f in others:
            others[f](index, op)
        else:
            continue  # asks no node
        requests += 1
        if op.type != "ok":
            index.unsuccessful.append(op)
    index.requests = requests
    index.replies = requests - len(index.unsuccessful)
    for log in index.keys.values():
        _settle(log)
    return index


def _log(index: Index, key: str) -> KeyIndex:
    log = index.keys.get(key)
    if log is None:
        log = index.keys[key] = KeyIndex(key, KeyColumns.made(index.new_column))
    return log


def _is_offset(value: Any) -> bool:
    return type(value) is int and value >= 0


def _take_send(index: Index, op: Operation) -> None:
    request = op.request
    key = request.get("key")
    if type(key) is not str or "msg" not in request:
        return
    log = index.keys.get(key) or _log(index, key)
    message = request["msg"]
    if type(message) is not int and type(message) is not str:
        message = identity(message)
    if message in log.sent:
        log.resent.setdefault(message, [log.sent[message]]).append(op)
    else:
        log.sent[message] = op
    if op.type == "ok":
        response = op.response
        offset = response.get("offset") if type(response) is dict else None
        if type(offset) is int and offset >= 0:
            log.acknowledged.append(Acknowledgement(op, offset, message))
            log.given[offset] = op.begin_event
            process, given_last = op.process, log.given_last
            if given_last.get(process, -1) > offset:
                log.sends_ascend = False
            given_last[process] = offset
            if len(response) == 1:  # type: ignore[arg-type]  # it had an offset, so it is a dict
                return
        index.malformed.append(Problem(op, key, response))
    elif op.type == "fail":
        log.failed_sends.append(op)
    else:
        log.unknown_sends.append(op)


def _take_poll(index: Index, op: Operation) -> None:
    if op.type != "ok":
        return
    response = op.response
    msgs = response.get("msgs") if type(response) is dict else None
    if type(msgs) is not dict:
        index.malformed.append(Problem(op, None, response))
        return
    if len(response) != 1:  # type: ignore[arg-type]  # it had msgs, so it is a dict
        index.malformed.append(Problem(op, None, response))
    asked = op.request.get("offsets")
    if type(asked) is not dict:
        asked = dict.fromkeys(msgs)  # not recorded: whatever was returned may have been asked for, from anywhere
    keys, readings = index.keys, index.readings
    answered = 0
    for key, start in asked.items():
        log = keys.get(key) or _log(index, key)
        if start is not None and (type(start) is not int or start < 0):
            answered += key in msgs
            _take_loose(index, log, op, msgs.get(key, _NO_PAIRS))  # from a place that is none: nothing follows from it
            continue
        if key in msgs:
            answered += 1
            pairs = msgs[key]
            if pairs or type(pairs) not in _LISTS:
                _take_messages(index, log, op, start, pairs)
                continue
        reading = Reading(op, key, start, _NO_PAIRS, -1, -1)
        log.readings.append(reading)
        readings.append(reading)
    if answered != len(msgs):
        _take_unrequested(index, op, asked, msgs)
    if op.final:
        _note_final(index, op)


def _note_final(index: Index, op: Operation) -> None:
    """Enters the readings of a final poll, which were the last to be made, once more with those of their kind."""
    for reading in reversed(index.readings):
        if reading.op is not op:
            break
        index.keys[reading.key].final_readings.append(reading)


def _take_unrequested(index: Index, op: Operation, asked: dict[str, Any], msgs: dict[str, Any]) -> None:
    for key, pairs in msgs.items():
        if key not in asked:
            index.unrequested.append(Problem(op, key, pairs))
            _take_loose(index, _log(index, key), op, pairs)


def _take_loose(index: Index, log: KeyIndex, op: Operation, pairs: Any) -> None:
    """Enters messages that were seen, from whose order nothing follows."""
    if type(pairs) not in _LISTS or _see(log, op, None, pairs) < 0:
        index.malformed.append(Problem(op, log.name, pairs))


def _take_messages(index: Index, log: KeyIndex, op: Operation, start: int | None, pairs: Any) -> None:
    breaks = _see(log, op, start, pairs) if type(pairs) in _LISTS else -1
    if breaks < 0:
        index.malformed.append(Problem(op, log.name, pairs))
        return
    index.messages += len(pairs)
    first, last = pairs[0][0], pairs[-1][0]
    reading = Reading(op, log.name, start, pairs, first, last)
    log.readings.append(reading)
    index.readings.append(reading)
    columns = log.columns
    columns.polls.places.append(op.index)
    columns.polls.offsets.append(last)
    columns.polled_from.append(first)
    if breaks:
        if first != start:
            log.displaced.append(reading)
            breaks -= 1
        if breaks:
            log.uneven.append(reading)


def _see(log: KeyIndex, op: Operation, start: int | None, pairs: Any) -> int:
    """Enters the messages of a reply. How often an offset was not one more than that before; -1: a pair was no pair.

    The innermost loop: once per message of each poll, nearly always to find what is known already.
    """
    known_at = log.polled.get
    breaks = 0
    expected = start
    rest = iter(pairs)
    try:
        for offset, message in rest:
            if offset != expected:
                if offset < 0:
                    raise ValueError  # leaves the loop with the iterator behind the bad pair
                breaks += 1
            if type(offset) is not int:
                raise ValueError
            expected = offset + 1
            known = known_at(offset, _NOTHING)
            if known is not message and (known != message or type(known) is not type(message)):
                _see_news(log, op, offset, message, known)
    except (TypeError, ValueError):
        for pair in rest:
            _see(log, op, None, [pair])
        return -1
    return breaks


def _see_news(log: KeyIndex, op: Operation, offset: int, payload: Any, known: Any) -> None:
    """Enters a message that was not seen at its offset before, or not as the same Python value."""
    message = identity(payload)
    if known == message:
        return
    if known is _NOTHING:
        log.polled[offset] = message
    else:
        log.contradictions.append(Contradiction(op, offset, message))
    if message not in log.sent:
        log.early_reads.append(EarlyRead(op, offset, message, len(log.readings)))


def _take_commit(index: Index, op: Operation) -> None:
    asked = op.request.get("offsets")
    if type(asked) is not dict:
        return
    keys, happened, place = index.keys, op.type != "fail", op.index
    for key, offset in asked.items():
        if type(offset) is int and offset >= 0:
            log = keys.get(key) or _log(index, key)
            log.commits.append(CommitAttempt(op, offset))
            if happened:
                log.columns.commits.places.append(place)
                log.columns.commits.offsets.append(offset)
    if op.type == "ok" and op.response != {}:
        index.malformed.append(Problem(op, None, op.response))


def _take_list(index: Index, op: Operation) -> None:
    if op.type != "ok":
        return
    response = op.response
    offsets = response.get("offsets") if type(response) is dict else None
    if type(offsets) is not dict:
        index.malformed.append(Problem(op, None, response))
        return
    if len(response) != 1:  # type: ignore[arg-type]  # it had offsets, so it is a dict
        index.malformed.append(Problem(op, None, response))
    asked = op.request.get("keys")
    if type(asked) not in _LISTS:
        return
    keys, place = index.keys, op.index
    wanted = dict.fromkeys([key for key in asked if type(key) is str])  # type: ignore[union-attr]  # it is a list
    for key in wanted:
        offset = offsets.get(key, -1)
        if (type(offset) is int and offset >= 0) or key not in offsets:
            log = keys.get(key) or _log(index, key)
            log.listings.append(Listing(op, offset))
            log.columns.lists.places.append(place)
            log.columns.lists.offsets.append(offset)
        else:
            index.malformed.append(Problem(op, key, offset))
    if wanted.keys() >= offsets.keys():
        return
    for key, offset in offsets.items():
        if key not in wanted:
            index.unrequested.append(Problem(op, key, offset))
            if not _is_offset(offset):
                index.malformed.append(Problem(op, key, offset))


_OTHERS: Final = {"commit_offsets": _take_commit, "list_committed_offsets": _take_list}


def _settle(log: KeyIndex) -> None:
    """Joins what polls and sends showed into the version order."""
    at = log.at = log.polled.copy()
    polled_at = log.polled.get
    for acknowledgement in log.acknowledged:
        offset, message = acknowledgement.offset, acknowledgement.message
        if polled_at(offset, _NOTHING) == message:
            continue
        log.unread.append(acknowledgement)
        if at.setdefault(offset, message) != message:
            log.contradictions.append(Contradiction(acknowledgement.op, offset, message))
    if log.unread:
        _drop_what_was_read_elsewhere(log)
    if any(op.response for op in log.unknown_sends):
        _add_proven_sends(log)
    log.offsets = sorted(at)


def _drop_what_was_read_elsewhere(log: KeyIndex) -> None:
    """Leaves in ``unread`` what polls returned at no offset at all: not at the acknowledged one, nor at another."""
    also_polled = {(seen.offset, seen.message) for seen in log.contradictions if seen.op.f == "poll"}
    returned = Counter(log.polled.values())
    returned.update(message for _, message in also_polled)
    acknowledged = Counter(acknowledgement.message for acknowledgement in log.acknowledged)
    unread = []
    for acknowledgement in log.unread:
        message = acknowledgement.message
        if (acknowledgement.offset, message) not in also_polled and returned[message] < acknowledged[message]:
            acknowledged[message] -= 1  # of several alike, no more are missing than were not found anywhere
            unread.append(acknowledgement)
    log.unread = unread


def _add_proven_sends(log: KeyIndex) -> None:
    """Adds the ``info`` sends whose offset is known and whose message was polled, which proves that they happened."""
    visible = set(log.polled.values())
    for op in log.unknown_sends:
        offset = op.response.get("offset") if type(op.response) is dict else None
        message = identity(op.request["msg"])
        if type(offset) is int and offset >= 0 and message in visible:
            known = log.at.setdefault(offset, message)
            if known != message:
                log.contradictions.append(Contradiction(op, offset, message))
