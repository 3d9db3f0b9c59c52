"""Traces why an operation cannot have an instant, as a circle of steps.

A step says that one operation came before another. Where a list was told an offset that several commits can have set,
one of them came before the list, nobody knows which: then the circle branches, and each of them is traced.
It proves what a plain circle proves, for of its operations none can be the first.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from typing import Final

from msgspec import Struct

from kafkasim.checkers.ends import NEVER
from kafkasim.checkers.orders import Link, Node, Register, Write

_MOST: Final = 5
"""Of how many operations that may have written what was read it is traced why none of them can have been the one."""


class Step(Struct, frozen=True):
    """One operation came before another. Operations are given by their index in the history."""

    before: int
    link: Link
    after: int
    among: int = 1
    """The first is one of so many operations of which one came before the other. The first few have a step each."""


class Circle(Struct, frozen=True):
    """Steps that lead back to where they began, from wherever one begins."""

    steps: tuple[Step, ...]
    impossible: tuple[int, ...] = ()
    """The indexes of operations that can never have happened, at which the steps end instead of leading back."""


class Tracer:
    """Follows what waits for what. It reads how far the registers have come, and changes nothing."""

    def __init__(self, registers: list[Register]) -> None:
        self._registers = registers
        self._ranks_of: dict[int, list[tuple[Register, int]]] = {}

    def stuck(self, node: Node) -> Circle | None:
        """Why the operation is never freed."""
        trace = self._trace(node, NEVER)
        if trace is None:
            return None
        steps = trace.steps if trace.impossible else _without_approach(trace.steps)
        return Circle(tuple(reversed(steps)), tuple(trace.impossible))

    def late(self, node: Node) -> Circle | None:
        """Why the operation comes only after its latest instant: real time closes the circle.

        None: it could come in time, had another circle not been taken as happened before.
        """
        trace = self._trace(node, node.end if node.deadline is None else node.deadline.at)
        if trace is None:
            return None
        steps = trace.steps[::-1]
        end = node.index
        if node.deadline is not None and trace.starts:
            steps.append(Step(node.index, node.deadline.link, node.deadline.index))
            end = node.deadline.index
        steps += [Step(end, Link("time", None), start) for start in trace.starts]
        return Circle(tuple(steps), tuple(trace.impossible))

    def _trace(self, root: Node, horizon: float) -> _Trace | None:
        """From the operation back along what it, and all of these, came after; ``horizon`` is its latest instant."""
        trace = _Trace([], {}, [])
        seen = {root.index}
        pending = [root]
        while pending:
            node = pending.pop()
            if node.time == NEVER:
                trace.impossible.append(node.index)
                continue
            if horizon < node.time and node.after is None:
                trace.start(node)
                continue
            causes = self._causes(node, horizon)
            if causes is None:
                return None
            for cause in causes.shown:
                trace.steps.append(Step(cause.index, causes.link, node.index, causes.among))
                if cause.index not in seen:
                    seen.add(cause.index)
                    pending.append(cause)
        return trace

    def _causes(self, node: Node, horizon: float) -> _Causes | None:
        """Operations of which one came before the node, but none by the horizon."""
        if horizon < node.time and node.after is not None:
            before, link = node.after
            write = next((each for each in node.reads if each.link == link), None)
            return _Causes(link, [before]) if write is None else _candidates(write, node)
        if node.done:
            return None
        for register, rank in self._targets_of(node):
            if register.next_source < len(register.sources):
                bound, _, source = register.sources[register.next_source]
                if bound < rank:
                    return _Causes(register.link, [source])
        for write in node.reads:
            if not write.done:
                return _candidates(write, node)
        return None

    def _targets_of(self, node: Node) -> list[tuple[Register, int]]:
        """The registers in which the node comes after others, with its rank there. Asked for only where it is stuck."""
        if not self._ranks_of:
            for register in self._registers:
                for rank, index, _ in register.targets:
                    self._ranks_of.setdefault(index, []).append((register, rank))
        return self._ranks_of.get(node.index, [])


class _Trace(Struct):
    steps: list[Step]
    """Each operation's before those of what it came after."""
    starts: dict[int, None]
    """Operations that began only after the latest instant of the one that is traced."""
    impossible: list[int]

    def start(self, node: Node) -> None:
        """The node began too late, or what it had to wait for did."""
        first = node.index
        if node.release is not None:
            first = node.release.index
            self.steps.append(Step(first, node.release.link, node.index))
        self.starts[first] = None


class _Causes(Struct, frozen=True):
    link: Link
    shown: list[Node]
    among: int = 1


def _candidates(write: Write, reader: Node) -> _Causes:
    """Who can have written what the reader read: not who began only after it had ended."""
    among = bisect_left(write.writers, reader.end, key=lambda each: each.begin)
    return _Causes(write.link, write.writers[: min(among, _MOST)], among)


def _without_approach(steps: list[Step]) -> list[Step]:
    """Leaves out what only leads up to the circle, and that nothing leads back to."""
    mentions = Counter(step.before for step in steps)
    first = 0
    while first < len(steps) and steps[first].among == 1 and not mentions[steps[first].after]:
        mentions[steps[first].before] -= 1
        first += 1
    return steps[first:]
