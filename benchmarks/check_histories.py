"""The load of the checkers' benchmark: histories of a naive log with several processes, the same ones every time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

from kafkasim.history import End, Function, Header, History, Operation

KEYS = tuple(f"k{number}" for number in range(10))
PROCESSES = 8
CONSUMED = 3
"""How many keys each process polls."""


@dataclass
class NaiveLog:
    """What is asked: a list for each key, and the greatest commit."""

    messages: dict[str, list[list[int]]] = field(default_factory=lambda: {key: [] for key in KEYS})
    committed: dict[str, int] = field(default_factory=dict)

    def answer(self, op: Operation) -> dict[str, Any]:
        """Does what the operation asks for."""
        match op.f:
            case "send":
                log = self.messages[op.request["key"]]
                log.append([len(log), op.request["msg"]])
                return {"offset": len(log) - 1}
            case "poll":
                polled = {key: self.messages[key][start:] for key, start in op.request["offsets"].items()}
                return {"msgs": {key: pairs for key, pairs in polled.items() if pairs}}
            case "commit_offsets":
                for key, offset in op.request["offsets"].items():
                    self.committed[key] = max(offset, self.committed.get(key, -1))
                return {}
            case _:
                return {"offsets": {key: self.committed[key] for key in op.request["keys"] if key in self.committed}}


@dataclass
class Process:
    """One process: it begins an operation, which then happens, and then ends."""

    number: int
    random: Random
    positions: dict[str, int] = field(default_factory=dict)
    op: Operation | None = None

    def request(self, message: int) -> tuple[Function, dict[str, Any]]:
        """What it asks next: 45 % send, 35 % poll near the tail, 10 % commit of what was polled, 10 % list."""
        draw = self.random.random()
        if draw < 0.45:
            return "send", {"key": KEYS[int(self.random.random() * len(KEYS))], "msg": message}
        read = {key: position - 1 for key, position in self.positions.items() if position}
        if draw < 0.8 or not read:
            return "poll", {"offsets": dict(self.positions)}
        if draw < 0.9:
            return "commit_offsets", {"offsets": read}
        return "list_committed_offsets", {"keys": list(self.positions)}

    def take(self, response: dict[str, Any]) -> None:
        """Goes on from what it polled."""
        for key, pairs in response.get("msgs", {}).items():
            self.positions[key] = pairs[-1][0] + 1


def history_of(count: int, seed: int = 1) -> History:
    """A correct history of so many operations, by 8 processes on 10 keys. Everything in it is in order."""
    random, log = Random(seed), NaiveLog()
    processes = [
        Process(number, random, {KEYS[(number + step) % len(KEYS)]: 0 for step in range(CONSUMED)})
        for number in range(PROCESSES)
    ]
    operations: list[Operation] = []
    event = 0
    while len(operations) < count or any(process.op for process in processes):
        process = processes[int(random.random() * PROCESSES)]
        if process.op is not None:
            _go_on(process, process.op, event, log.answer)
        elif len(operations) < count:
            f, request = process.request(len(operations))
            process.op = _begun(len(operations), process.number, f, request, event)
            operations.append(process.op)
        else:
            continue
        event += 1
    return History(Header(scenario="benchmark"), operations, end=End("complete"))


def _begun(index: int, process: int, f: Function, request: dict[str, Any], event: int) -> Operation:
    return Operation(
        index=index,
        process=process,
        client=f"c{process}",
        node="n0",
        f=f,
        request=request,
        type="info",
        start=event * 1000,
        end=None,
        begin_event=event,
        end_event=None,
    )


def _go_on(process: Process, op: Operation, event: int, answer: Callable[[Operation], dict[str, Any]]) -> None:
    if op.response is None:
        op.response = answer(op)
        return
    op.type, op.end, op.end_event = "ok", event * 1000, event
    process.take(op.response)
    process.op = None
