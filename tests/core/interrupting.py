"""Interrupts an operation of the engine by real signals, again and again, wherever they happen to hit.

    python -m tests.core.interrupting OPERATION TIMES

A process of its own, since an exception out of nowhere may hit anything else too, and get lost there: in this one
there is nothing else, and should it hang after all, its test ends it. Says what an interrupt left that must not be.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import Any, Final

from kafkasim import LogEngine

BETWEEN: Final = 0.00013
"""Seconds from one signal to the next: some hundred operations, and no multiple of anything, so that all are hit."""

OPERATIONS: Final[dict[str, Callable[[LogEngine, int], Any]]] = {
    "send": lambda engine, _: engine.send("a", "msg"),
    "send to a new key": lambda engine, number: engine.send(f"new {number}", "msg"),
    "poll": lambda engine, number: engine.poll({"a": number, "b": number}, 2),
    "commit_offsets": lambda engine, number: engine.commit_offsets({"a": number, "b": number}),
    "list_committed_offsets": lambda engine, _: engine.list_committed_offsets(["a", "b"]),
    "end_offsets": lambda engine, _: engine.end_offsets(),
    "__getstate__": lambda engine, _: engine.__getstate__(),
}
LONG: Final = 100
"""How many messages there are at first, so that commits have something to raise."""


class Interrupter:
    """Raises `KeyboardInterrupt` at the next signal after it was armed, once."""

    def __init__(self) -> None:
        self.armed = False
        signal.signal(signal.SIGALRM, self._take)
        signal.setitimer(signal.ITIMER_REAL, BETWEEN, BETWEEN)

    def end(self) -> None:
        """No signal comes any more."""
        signal.setitimer(signal.ITIMER_REAL, 0)

    def _take(self, _number: int, _frame: FrameType | None) -> None:
        if self.armed:
            self.armed = False
            raise KeyboardInterrupt


def prepared() -> LogEngine:
    engine = LogEngine()
    for number in range(LONG):
        for key in "ab":
            engine.send(key, number)
    return engine


def repeat_until_interrupted(
    interrupter: Interrupter, call: Callable[[LogEngine, int], Any], engine: LogEngine
) -> None:
    interrupter.armed = True
    number = 0
    while interrupter.armed:
        call(engine, number % LONG)
        number += 1


def left_by_an_interrupt(interrupter: Interrupter, call: Callable[[LogEngine, int], Any]) -> str:
    """What an interrupt of the call leaves that must not be; nothing where all is well."""
    engine = prepared()
    with suppress(KeyboardInterrupt):  # no loop in here: CPython 3.13 would let the interrupt out of this too
        repeat_until_interrupted(interrupter, call, engine)
    if not engine._lock.acquire(blocking=False):  # type: ignore[union-attr]  # a lock as threading has it
        return "the lock is still taken"
    if len(set(engine._committed.values())) > 1:
        return f"half a commit was made: {engine._committed}"
    return ""


def main(operation: str, times: int) -> None:
    interrupter = Interrupter()
    try:
        for _ in range(times):
            left = left_by_an_interrupt(interrupter, OPERATIONS[operation])
            if left:
                sys.exit(left)
    finally:
        interrupter.end()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
