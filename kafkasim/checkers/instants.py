"""Gives every operation its earliest instant, or finds the circle that leaves it none.

The problem: operations with an earliest and a latest instant; *registers*, each of which orders some of them by rank;
and readers, which must come after one of several writers. Whether there are instants that obey all of it is found
by letting things happen as early as they can, which never hurts: no operation here is ever better off later.
So it is the shortest-path rule for systems of such conditions (D. Knuth, "A generalization of Dijkstra's algorithm",
1977): take the earliest of the operations that nothing holds back, note its instant, see whom that frees.

What is never freed waits in a circle. What comes only after its latest instant closes one through real time. Either
way the circle is the proof (``tracing_circles.py``). The cost is n log n in the number of places in registers.
"""

from __future__ import annotations

import heapq

from kafkasim.checkers.ends import NEVER
from kafkasim.checkers.orders import Link, Node, Register
from kafkasim.checkers.tracing_circles import Circle, Tracer


class Instants:
    """Works out the instants. Registers must have got all their sources and targets."""

    def __init__(self, nodes: list[Node], registers: list[Register]) -> None:
        self._nodes = nodes
        self._tracer = Tracer(registers)
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
                self._give_up(stuck, self._tracer.stuck(stuck), found)
        return found

    def _give_up(self, node: Node, circle: Circle | None, found: list[Circle]) -> None:
        """Notes why the node has no instant, and takes it as happened when it began."""
        if circle is not None:
            found.append(circle)
        node.after, node.release = None, None
        self._finish(node, node.begin)

    def _push(self, node: Node) -> None:
        if node.time < NEVER:
            heapq.heappush(self._ready, (node.time, node.index, node))

    def _run(self, found: list[Circle]) -> None:
        while self._ready:
            time, _, node = heapq.heappop(self._ready)
            if node.done:
                continue
            if node.must and time > (node.end if node.deadline is None else node.deadline.at):
                self._give_up(node, self._tracer.late(node), found)
            else:
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
