"""Whether a small concurrent history could have been one operation after the other, by trying every order.

The definition is Herlihy and Wing's: each operation seems to happen at one instant between its beginning and
its end (Linearizability: A Correctness Condition for Concurrent Objects, TOPLAS 1990). The search is that of
Wing and Gong with Lowe's memory of what has been tried (Testing for linearizability, 2016). Exponential at
worst; histories here have a dozen operations.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tests.core.reference import Call, ReferenceLog, put


@dataclass(frozen=True)
class Completed:
    """One operation that has ended: who asked what, what came, and its place among all beginnings and ends."""

    thread: int
    call: Call
    answer: Any
    begin: int
    end: int

    def __str__(self) -> str:
        return f"[{self.begin:3}, {self.end:3}] thread {self.thread}: {self.call} -> {self.answer!r}"


def linearization(history: Sequence[Completed], start: ReferenceLog | None = None) -> list[Completed] | None:
    """An order in which the reference gives the same answers and nobody overtakes what ended before they began.

    None where there is no such order. ``start`` is what the log held before.
    """
    refuted: set[tuple[frozenset[int], str]] = set()

    def search(left: list[Completed], log: ReferenceLog) -> list[Completed] | None:
        if not left:
            return []
        position = (frozenset(op.begin for op in left), repr(log))
        if position in refuted:
            return None
        first_end = min(op.end for op in left)
        for op in left:
            if op.begin < first_end:
                after = log.copy()
                if put(op.call, after) == op.answer:
                    rest = search([other for other in left if other is not op], after)
                    if rest is not None:
                        return [op, *rest]
        refuted.add(position)
        return None

    return search(list(history), ReferenceLog() if start is None else start.copy())
