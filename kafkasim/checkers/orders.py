"""What is demanded of the instants of operations: bounds, orders by rank, and reads that come after a write."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct, field

Relation = Literal["log", "committed", "set", "time"]
"""What says that one operation came before another: a key's log, a key's committed offset, that the one set
what the other was told, or that the one had ended when the other began."""


class Link(Struct, frozen=True):
    """Why one operation came before another. ``key`` is None where it is ``time`` that says so."""

    relation: Relation
    key: str | None


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
    """In the order in which they began."""
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
