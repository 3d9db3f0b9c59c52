"""Linearizability by trying every order: slow, dumb, and for that reason believed.

A history is linearizable when each operation can be given one instant between its beginning and its end,
so that a log served by nobody else, one operation at a time in that order, would have given the same
answers (M. Herlihy, J. Wing: "Linearizability: a correctness condition for concurrent objects", TOPLAS 1990).

The search is that of J. Wing and C. Gong ("Testing and verifying concurrent objects", 1993) with the memory of
G. Lowe ("Testing for linearizability", 2017): what was done so far and the state it led to are tried once.
Nothing here is clever and nothing is shared with the checkers: where the two disagree, this is right.

* ``fail``: did not happen, takes no part.
* ``info``: a send or commit may take effect at any time after its beginning, or never; polls and lists change nothing.
* Without ``atomic_keys`` each key's part of an operation is an operation of its own.
* Without ``poll_limit_known`` a poll may be cut short anywhere, even before its first message.
* With ``sparse`` offsets an offset need only be above the last one.
* With ``commits: last-write`` a list may tell any offset that a commit had set, or none.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from kafkasim.history import Operation, Promises

Entry = tuple[int, str]
"""An offset, and the message there as canonical JSON."""


@dataclass(frozen=True)
class State:
    """What a log service is: a log for each key, and every offset that was committed for each key."""

    logs: tuple[tuple[Entry, ...], ...]
    committed: tuple[frozenset[int], ...]


@dataclass(frozen=True)
class Piece:
    """An operation, or one key's part of it; ``end`` is None where it never ended."""

    operation: Operation
    keys: tuple[str, ...]
    begin: int
    end: int | None


def linearizable(operations: list[Operation], promises: Promises) -> bool:
    """Whether some order of the operations explains every answer. At most a handful of operations, please."""
    return _Search(operations, promises).run()


class _Search:
    def __init__(self, operations: list[Operation], promises: Promises) -> None:
        self.promises = promises
        taking_part = [op for op in operations if _takes_part(op)]
        self.keys = sorted({key for op in taking_part for key in _keys_of(op)})
        self.pieces = [piece for op in taking_part for piece in self._pieces_of(op)]
        self.highest = max(_offsets_named(operations), default=-1)
        self.seen: set[tuple[int, State]] = set()

    def run(self) -> bool:
        return self._reaches_end(0, State(((),) * len(self.keys), (frozenset(),) * len(self.keys)))

    def _pieces_of(self, op: Operation) -> list[Piece]:
        keys = tuple(_keys_of(op))
        groups = [keys] if self.promises.atomic_keys else [(key,) for key in keys]
        return [Piece(op, group, op.begin_event, op.end_event if op.type == "ok" else None) for group in groups]

    def _reaches_end(self, done: int, state: State) -> bool:
        waiting = [place for place in range(len(self.pieces)) if not done >> place & 1]
        ends = [end for place in waiting if (end := self.pieces[place].end) is not None]
        if not ends:
            return True
        if (done, state) in self.seen:
            return False
        self.seen.add((done, state))
        return any(
            self._reaches_end(done | 1 << place, after)
            for place in waiting
            if self.pieces[place].begin <= min(ends)
            for after in self._after(self.pieces[place], state)
        )

    def _after(self, piece: Piece, state: State) -> Iterator[State]:
        """Every state in which the service may be once it has given the answer that was seen."""
        match piece.operation.f:
            case "send":
                yield from self._after_send(piece.operation, state)
            case "poll":
                if all(self._poll_fits(piece.operation, key, state) for key in piece.keys):
                    yield state
            case "commit_offsets":
                yield from self._after_commit(piece, state)
            case "list_committed_offsets":
                if all(self._list_fits(piece.operation, key, state) for key in piece.keys):
                    yield state

    def _after_send(self, op: Operation, state: State) -> Iterator[State]:
        place = self.keys.index(op.request["key"])
        log = state.logs[place]
        last = log[-1][0] if log else -1
        possible = [last + 1]
        if self.promises.offsets == "sparse":
            possible = list(range(last + 1, max(last, self.highest) + 2))
        if op.type == "ok":
            assert op.response is not None
            offset = op.response["offset"]
            possible = [offset] if offset in possible else []
        for offset in possible:
            longer = (*log, (offset, _canonical(op.request["msg"])))
            yield State((*state.logs[:place], longer, *state.logs[place + 1 :]), state.committed)

    def _poll_fits(self, op: Operation, key: str, state: State) -> bool:
        assert op.response is not None
        got = tuple((offset, _canonical(msg)) for offset, msg in op.response["msgs"].get(key, ()))
        log = state.logs[self.keys.index(key)]
        asked = op.request.get("offsets", {}).get(key)
        if asked is None:  # not recorded: it may have been anything
            return any(self._answers(got, log[first:], op) for first in range(len(log) + 1))
        return self._answers(got, tuple(entry for entry in log if entry[0] >= asked), op)

    def _answers(self, got: tuple[Entry, ...], there: tuple[Entry, ...], op: Operation) -> bool:
        if not self.promises.poll_limit_known:
            return got == there[: len(got)]
        limits = [limit for limit in (self.promises.poll_limit, op.max_messages) if limit is not None]
        return got == there[: min(limits, default=len(there))]

    def _after_commit(self, piece: Piece, state: State) -> Iterator[State]:
        committed = list(state.committed)
        for key in piece.keys:
            place = self.keys.index(key)
            offset = piece.operation.request["offsets"][key]
            log = state.logs[place]
            if self.promises.refuses_commit_past_end and offset > (log[-1][0] if log else -1):
                return
            committed[place] |= {offset}
        yield State(state.logs, tuple(committed))

    def _list_fits(self, op: Operation, key: str, state: State) -> bool:
        assert op.response is not None
        told = op.response["offsets"].get(key, -1)
        committed = state.committed[self.keys.index(key)]
        if self.promises.commits == "last-write":
            return told == -1 or told in committed
        return bool(told == max(committed, default=-1))


def _takes_part(op: Operation) -> bool:
    if op.f in ("send", "commit_offsets"):
        return op.type != "fail"
    return op.f in ("poll", "list_committed_offsets") and op.type == "ok"


def _keys_of(op: Operation) -> list[str]:
    match op.f:
        case "send":
            return [op.request["key"]]
        case "list_committed_offsets":
            return list(op.request["keys"])
        case "poll" if "offsets" not in op.request:
            assert op.response is not None
            return list(op.response["msgs"])
        case _:
            return list(op.request["offsets"])


def _offsets_named(operations: list[Operation]) -> Iterator[int]:
    for op in operations:
        response: dict[str, Any] = op.response or {}
        if "offset" in response:
            yield response["offset"]
        for entries in response.get("msgs", {}).values():
            yield from (offset for offset, _ in entries)
        yield from response.get("offsets", {}).values()
        if op.f == "commit_offsets":
            yield from op.request["offsets"].values()


def _canonical(msg: Any) -> str:
    return json.dumps(msg, sort_keys=True)
