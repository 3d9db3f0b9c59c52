"""Gives every operation its earliest instant, or finds the circle that leaves it none.

The problem: operations with an earliest and a latest instant; *registers*, each of which orders some of them by rank;
and readers, which must come after one of several writers. Whether there are instants that obey all of it is found
by letting things happen as early as they can, which never hurts: no operation here is ever better off later.
So it is the shortest-path rule for systems of such conditions (D. Knuth, "A generalization of Dijkstra's algorithm",
1977): take the earliest of the operations that nothing holds back, note its instant, see whom that frees.

What is never freed waits in a circle. What comes only after its latest instant closes one through real time. Either
way the circle is the proof, as a list of steps. The cost is n log n in the number of places in registers.
"""

from __future__ import annotations

import heapq
from typing import Literal

from msgspec import Struct, field

from kafkasim.checkers.ends import NEVER

Relation = Literal["log", "committed", "set", "time"]
"""What says that one operation came before another: a key's log, a key's committed offset, that the one set
what the other was told, or that the one had ended when the other began."""


class Link(Struct, frozen=True):
    """Why one operation came before another. ``key`` is None where it is ``time`` that says so."""

    relation: Relation
    key: str | None


class Step(Struct, frozen=True):
    """One operation came before another. Operations are given by their index in the history."""

    before: int
    link: Link
    after: int


class Circle(Struct, frozen=True):
    """Steps of which each begins where the one before it ended, the first where the last did."""

    steps: tuple[Step, ...]
    impossible: int = -1
    """The index of an operation that the first step rests on and that can never have happened; then the steps are no
    circle but a line. -1: there is none."""


class Limit(Struct, frozen=True, gc=False):
    """A bound on an operation's instant, and the other operation that it comes from."""

    at: float
    index: int
    link: Link


class Node(Struct):
    """An operation to be given an instant."""

    index: int
    begin: float
    end: float
    must: bool = True
    """False: it may as well never happen."""
    release: Limit | None = None
    """Not before this; None: not before its beginning."""
    deadline: Limit | None = None
    """Not after this; None: not after its end."""
    sources: list[Register] = field(default_factory=list)
    """The registers in which others come after it."""
    reads: tuple[Write, ...] = ()
    """It comes after some operation that did each of these."""
    writes: tuple[Write, ...] = ()
    waits: int = 0
    """How many registers and writes still hold it back."""
    done: bool = False
    time: float = -1
    after: tuple[Node, Link] | None = None
    """The operation that holds it back longest; None: its release does."""

    def not_before(self, at: float, index: int, link: Link) -> None:
        """Another operation, given by its index, forbids any earlier instant."""
        if at > (self.begin if self.release is None else self.release.at):
            self.release = Limit(at, index, link)

    def not_after(self, at: float, index: int, link: Link) -> None:
        """Another operation, given by its index, forbids any later instant."""
        if at < (self.end if self.deadline is None else self.deadline.at):
            self.deadline = Limit(at, index, link)


class Write(Struct, eq=False):
    """One value of one register, which several operations may have written, and several read."""

    link: Link
    writers: list[Node] = field(default_factory=list)
    readers: list[Node] = field(default_factory=list)
    done: bool = False


class Register(Struct, eq=False):
    """One order: each source comes before every target of strictly higher rank."""

    link: Link
    sources: list[tuple[int, int, Node]] = field(default_factory=list)
    """Rank, index, node; no two have the same index."""
    targets: list[tuple[int, int, Node]] = field(default_factory=list)
    next_source: int = 0
    next_target: int = 0
    latest: Node | None = None
    """Of the sources passed, the one with the latest instant."""

    def add_source(self, rank: int, node: Node) -> None:
        """The node comes before all targets of higher rank."""
        self.sources.append((rank, node.index, node))
        node.sources.append(self)

    def add_target(self, rank: int, node: Node) -> None:
        """The node comes after all sources of lower rank."""
        self.targets.append((rank, node.index, node))
        node.waits += 1


class Instants:
    """Works out the instants. Registers must have got all their sources and targets."""

    def __init__(self, nodes: list[Node], registers: list[Register]) -> None:
        self._nodes = nodes
        self._registers = registers
        self._ranks_of: dict[int, list[tuple[Register, int]]] = {}
        self._ready: list[tuple[float, int, Node]] = []
        for node in nodes:
            node.time = node.begin if node.release is None else node.release.at
            node.waits += len(node.reads)
            if not node.waits:
                self._push(node)
        for register in registers:
            register.sources.sort()
            register.targets.sort()
            self._open(register)

    def circles(self) -> list[Circle]:
        """A circle for each operation that cannot have its instant; after it that one is taken as happened."""
        found: list[Circle] = []
        for stuck in self._nodes:
            self._run(found)
            if stuck.must and not stuck.done:
                circle = self._waiting_circle(stuck)
                found.append(circle)
                self._finish(stuck, stuck.begin)
        return found

    def _push(self, node: Node) -> None:
        if node.time < NEVER:
            heapq.heappush(self._ready, (node.time, node.index, node))

    def _run(self, found: list[Circle]) -> None:
        while self._ready:
            time, _, node = heapq.heappop(self._ready)
            if node.done:
                continue
            if node.must and time > (node.end if node.deadline is None else node.deadline.at):
                found.append(_late_circle(node))
                time, node.after, node.release = node.begin, None, None
            self._finish(node, time)

    def _finish(self, node: Node, time: float) -> None:
        node.done, node.time = True, time
        for register in node.sources:
            self._advance(register)
        for write in node.writes:
            if not write.done:
                write.done = True
                for reader in write.readers:
                    self._free(reader, node, write.link)

    def _advance(self, register: Register) -> None:
        sources, targets = register.sources, register.targets
        place = register.next_source
        while place < len(sources) and (node := sources[place][2]).done:
            if register.latest is None or node.time > register.latest.time:
                register.latest = node
            place += 1
            register.next_source = place
            waiting = register.next_target
            if waiting < len(targets) and (place == len(sources) or targets[waiting][0] <= sources[place][0]):
                self._open(register)

    def _open(self, register: Register) -> None:
        """Frees the targets that are not above the first source still to come."""
        sources, targets = register.sources, register.targets
        bound = sources[register.next_source][0] if register.next_source < len(sources) else NEVER
        place = register.next_target
        while place < len(targets) and targets[place][0] <= bound:
            self._free(targets[place][2], register.latest, register.link)
            place += 1
        register.next_target = place

    def _free(self, node: Node, before: Node | None, link: Link) -> None:
        if before is not None and before.time > node.time:
            node.time, node.after = before.time, (before, link)
        node.waits -= 1
        if not node.waits and not node.done:
            self._push(node)

    def _waiting_circle(self, stuck: Node) -> Circle:
        """Follows what waits for what until it comes back to where it was, or to what can never happen."""
        path = [stuck]
        links: list[Link] = []
        closed = False
        places = {stuck.index: 0}
        while (waits_for := self._waits_for(path[-1])) is not None:
            node, link = waits_for
            links.append(link)
            if node.index in places:
                path = path[places[node.index] :]
                links = links[len(links) - len(path) :]
                path.append(node)
                closed = True
                break
            places[node.index] = len(path)
            path.append(node)
        steps = [
            Step(before.index, link, after.index) for after, before, link in zip(path, path[1:], links, strict=False)
        ]
        return Circle(tuple(reversed(steps)), -1 if closed else path[-1].index)

    def _waits_for(self, node: Node) -> tuple[Node, Link] | None:
        """Something that the node waits for; None: it can never happen at all."""
        for register, rank in self._targets_of(node):
            if register.next_source < len(register.sources):
                bound, _, source = register.sources[register.next_source]
                if bound < rank:
                    return source, register.link
        for write in node.reads:
            if not write.done and write.writers:
                return write.writers[0], write.link
        return None

    def _targets_of(self, node: Node) -> list[tuple[Register, int]]:
        """The registers in which the node comes after others, with its rank there. Asked for only where it is stuck."""
        if not self._ranks_of:
            for register in self._registers:
                for rank, index, _ in register.targets:
                    self._ranks_of.setdefault(index, []).append((register, rank))
        return self._ranks_of.get(node.index, [])


def _late_circle(node: Node) -> Circle:
    """From what ended too early, through real time, to what the node had to wait for, and back along the waiting."""
    steps: list[Step] = []
    first = node
    while first.after is not None:
        before, link = first.after
        steps.append(Step(before.index, link, first.index))
        first = before
    start = first.index
    if first.release is not None:
        steps.append(Step(first.release.index, first.release.link, first.index))
        start = first.release.index
    steps.reverse()
    end = node.index
    if node.deadline is not None:
        steps.append(Step(node.index, node.deadline.link, node.deadline.index))
        end = node.deadline.index
    steps.append(Step(end, Link("time", None), start))
    return Circle(tuple(steps))
