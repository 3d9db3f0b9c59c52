"""Several keys at one instant: operations that each key alone allows, but that fit no single order together.

Where a system promises that an operation on several keys happens at one instant, the orders that the keys tell are
orders of the same instants. A poll that read one key before a send and another key after a later send read at
two instants. Together with real time the orders must not run in a circle (M. Herlihy, J. Wing, TOPLAS 1990;
anomalies as circles of such orders: A. Adya, "Weak consistency", 1999).

The instants are worked out in ``instants.py`` from what each key demands: its log in the order of ranks
(``log_order.py``), its committed offset in the order of values. Operations on one key's log take part only as the
latest beginning below and the earliest end above each operation on several; that is all they can say, for
what the key alone demands of them is met. Keys that contradict themselves take no part at all, so that one fact is
told once.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kafkasim.checkers.commit_order import explained_otherwise, find_stale_commits
from kafkasim.checkers.commits import NOTHING, unfounded_lists
from kafkasim.checkers.ends import NEVER, ended
from kafkasim.checkers.index import Index, KeyIndex
from kafkasim.checkers.instants import Instants
from kafkasim.checkers.log_order import (
    Ceilings,
    ceiling,
    gap_ceilings,
    log_order,
    poll_ceilings,
    send_ceilings,
)
from kafkasim.checkers.orders import Link, Node, Register, Write
from kafkasim.checkers.past_end import past_end, reach
from kafkasim.checkers.placement import earliest_placement
from kafkasim.checkers.registry import LINEARIZABLE, Checker, Finding
from kafkasim.checkers.telling_circles import tell
from kafkasim.checkers.tracing_circles import Circle
from kafkasim.checkers.verdict import Example
from kafkasim.history import Operation

_OF_COMMITS: Final = frozenset({"commit_offsets", "list_committed_offsets"})


def has_several_keys(op: Operation) -> bool:
    """Whether the operation is on more than one key; what is not of the protocol's form is on none."""
    asked = op.request.get("keys" if op.f == "list_committed_offsets" else "offsets")
    if asked is None and op.f == "poll" and op.response is not None:
        asked = op.response.get("msgs")  # a history that does not record the offsets asked for
    if type(asked) is list:
        return len({key for key in asked if type(key) is str}) > 1
    return type(asked) is dict and len(asked) > 1


def find_nonatomic_polls(index: Index) -> Iterator[Finding]:
    """Polls of several keys that cannot have read them all at one instant."""
    for circle in _circles(index):
        if not _is_of_commits(index, circle):
            yield _finding(index, circle, "no instant fits what was polled from several keys")


def find_nonatomic_commits(index: Index) -> Iterator[Finding]:
    """Commits, or lists, of several keys that cannot have happened at one instant."""
    for circle in _circles(index):
        if _is_of_commits(index, circle):
            yield _finding(index, circle, "no instant fits what was committed and listed of several keys")


def _finding(index: Index, circle: Circle, lead: str) -> Finding:
    def explain() -> Example:
        return Example(
            f"{lead}: {tell(index.history, circle)}",
            tuple(dict.fromkeys(index for step in circle.steps for index in (step.before, step.after))),
        )

    return Finding(None, explain, -len(circle.steps))


def _is_of_commits(index: Index, circle: Circle) -> bool:
    """Whether the circle passes from one key to another at a commit or list, which then had two instants.

    Or whether it holds no poll that could have had them.
    """
    if circle.impossible:
        return True
    into: dict[int, list[str | None]] = {}
    for step in circle.steps:
        into.setdefault(step.after, []).append(step.link.key)
    for step in circle.steps:
        turns = any(key is not None and step.link.key not in {None, key} for key in into.get(step.before, ()))
        if turns and index.operations[step.before].f in _OF_COMMITS:
            return True
    return not any(index.operations[step.before].f == "poll" for step in circle.steps)


def _circles(index: Index) -> list[Circle]:
    known: list[Circle] | None = index.derived.get("circles")
    if known is None:
        known = index.derived["circles"] = _Builder(index).circles()
    return known


def _committed_with_others(log: KeyIndex) -> bool:
    return any(has_several_keys(each.op) and each.op.type != "fail" for each in log.commits) or any(
        has_several_keys(each.op) for each in log.listings
    )


class _Builder:
    """Turns what each key demands into nodes and registers."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._nodes: dict[int, Node] = {}
        self._registers: list[Register] = []

    def circles(self) -> list[Circle]:
        index = self._index
        commits = any(map(_committed_with_others, index.keys.values()))
        for log in index.keys.values():
            self._take_log(log, commits=commits)
        if commits:
            greatest = index.promises.commits == "max"
            broken = (
                {*explained_otherwise(index), *(found.key for found in find_stale_commits(index))} if greatest else ()
            )
            for log in index.keys.values():
                if log.name not in broken and not unfounded_lists(index, log):
                    self._take_committed(log, greatest=greatest)
        nodes = [self._nodes[place] for place in sorted(self._nodes)]
        return Instants(nodes, self._registers).circles()

    def _node(self, op: Operation) -> Node:
        node = self._nodes.get(op.index)
        if node is None:
            node = self._nodes[op.index] = Node(op.index, op.begin_event, ended(op), op.type == "ok")
        return node

    def _register(self, link: Link) -> Register:
        register = Register(link)
        self._registers.append(register)
        return register

    def _take_log(self, log: KeyIndex, *, commits: bool) -> None:
        """The key's log: the polls of several keys, and the commits, which must not be past the end."""
        index = self._index
        order = log_order(index, log)
        readings = [each for each in order.readings if has_several_keys(each.op)]
        attempts = [each for each in log.commits if each.op.type != "fail"] if commits else []
        if not index.promises.refuses_commit_past_end or past_end(index, log).broken:
            attempts = []
        if order.contradicted or not (readings or attempts):
            return
        link = Link("log", log.name)
        register = self._register(link)
        floors, ceilings = order.floors, self._ceilings(log)
        known = self._nodes.get
        for reading in readings:
            node = known(reading.op.index) or self._node(reading.op)
            if reading.last >= 0:
                rank = 2 * reading.last + 2
                register.add_target(rank, node)
                begin, number = ceilings.last_below(rank)
                if begin > node.begin:
                    node.not_before(begin, number, link)
            bound = ceiling(reading, index.promises)
            if bound is not None:
                register.add_source(bound, node)
                end, number = floors.first_above(bound)
                if end < node.end:
                    node.not_after(end, number, link)
        begins = {each.offset: each.op.begin_event for each in log.acknowledged} if attempts else {}
        for attempt in attempts:
            node = self._node(attempt.op)
            rank = 2 * attempt.offset + 2
            register.add_target(rank, node)
            node.not_before(*ceilings.last_below(rank), link)
            if begins.get(attempt.offset, NEVER) >= node.begin:  # else the very message was being sent by then
                node.not_before(*reach(index, log).earliest(attempt.offset), link)

    def _ceilings(self, log: KeyIndex) -> Ceilings:
        index = self._index
        placement = earliest_placement(index, log)
        ceilings = send_ceilings(log, placement)
        ceilings.add(poll_ceilings(log_order(index, log).readings, index.promises))
        if index.promises.offsets == "dense":
            ceilings.add(gap_ceilings(log, placement)[0])
        return Ceilings(list(ceilings.rows()))

    def _take_committed(self, log: KeyIndex, *, greatest: bool) -> None:
        """The key's committed offset: a list comes after some commit of what it was told.

        And, where the greatest commit counts, before every commit of more.
        """
        register = self._register(Link("committed", log.name))
        writes: dict[int, Write] = {}
        for attempt in log.commits:
            if attempt.op.type != "fail":
                node = self._node(attempt.op)
                write = writes.setdefault(attempt.offset, Write(Link("set", log.name)))
                write.writers.append(node)
                node.writes = (*node.writes, write)
                if greatest:
                    register.add_target(2 * attempt.offset, node)
        for listing in log.listings:
            node = self._node(listing.op)
            if greatest:
                register.add_source(2 * listing.offset + 1, node)
                register.add_target(2 * listing.offset + 1, node)
            if listing.offset != NOTHING:
                writes[listing.offset].readers.append(node)
                node.reads = (*node.reads, writes[listing.offset])


# --------------------------------------------------------------------------------------
# The table
# --------------------------------------------------------------------------------------


def _not_atomic(index: Index) -> str | None:
    if not index.promises.atomic_keys:
        return "the system does not promise that an operation on several keys happens at one instant"
    return None


def _polls(index: Index) -> int:
    return sum(op.f == "poll" and op.type == "ok" and has_several_keys(op) for op in index.operations)


def _commits(index: Index) -> int:
    return sum(op.f in _OF_COMMITS and op.type == "ok" and has_several_keys(op) for op in index.operations)


CHECKERS: Final[tuple[Checker, ...]] = (
    Checker(
        kind="nonatomic-poll",
        summary="A poll of several keys cannot have read them all at one instant, though each key alone is fine.",
        source="linearizability: M. Herlihy, J. Wing, TOPLAS 1990",
        levels=LINEARIZABLE,
        promise="an operation on several keys happens at one instant",
        unjudged=_not_atomic,
        breaks_order=True,
        find=find_nonatomic_polls,
        count=_polls,
        counted="polls of several keys",
    ),
    Checker(
        kind="nonatomic-commit",
        summary="A commit or list of several keys cannot have happened at one instant, though each key alone is fine.",
        source="linearizability: M. Herlihy, J. Wing, TOPLAS 1990",
        levels=LINEARIZABLE,
        promise="an operation on several keys happens at one instant",
        unjudged=_not_atomic,
        breaks_order=True,
        find=find_nonatomic_commits,
        count=_commits,
        counted="commits and lists of several keys",
    ),
)
