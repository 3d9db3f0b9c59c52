"""What follows from one process number where it was used as it should not be.

A process does one thing at a time, and none after one of unknown outcome: then its client goes on under a new number.
Who recorded a history may not have known. So where a rule goes by where a process stood, it asks here whether it still
stands there: a client that was given up on, or thrown away, may have been another one behind the same number.
"""

from __future__ import annotations

from bisect import bisect_left

from kafkasim.checkers.ends import ended
from kafkasim.checkers.index import Index
from kafkasim.history import Operation


class Processes:
    """Where process numbers ended, and which polls of one were under way at once. Made at the first question."""

    def __init__(self, operations: list[Operation]) -> None:
        self._ends: dict[int, list[int]] = {}
        """By process, the indexes of the operations behind which it was nobody's any more."""
        self._concurrent: set[int] = set()
        """The indexes of the polls that were under way while another of the same process was."""
        latest: dict[int, Operation] = {}
        for op in operations:
            if op.type == "info" or op.f == "crash":
                self._ends.setdefault(op.process, []).append(op.index)
                latest.pop(op.process, None)
            elif op.f == "poll" and op.type == "ok":
                before = latest.get(op.process)
                if before is not None and ended(before) >= op.begin_event and not _of_one_transaction(before, op):
                    self._concurrent.update((before.index, op.index))
                if before is None or ended(op) > ended(before):
                    latest[op.process] = op

    def ended_between(self, before: Operation, after: Operation) -> bool:
        """Whether the process of both had ended in between, at an operation of unknown outcome or a crash."""
        ends = self._ends.get(before.process, [])
        place = bisect_left(ends, before.index)
        return place < len(ends) and ends[place] < after.index

    def concurrent(self, poll: Operation) -> bool:
        """Whether another poll of the process was under way with this one, so that nobody knows which read on first."""
        return poll.index in self._concurrent


def _of_one_transaction(op: Operation, other: Operation) -> bool:
    return op.transaction is not None and op.transaction == other.transaction


def processes(index: Index) -> Processes:
    """Where the history's process numbers ended; worked out once."""
    known: Processes | None = index.derived.get("processes")
    if known is None:
        known = index.derived["processes"] = Processes(index.operations)
    return known
