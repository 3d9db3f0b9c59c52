"""What nodes do wrong beside their replies: they end, or write what the protocol does not allow.

Both are seen while it happens, and written down in the history; here it is told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from operator import attrgetter
from typing import Final

from kafkasim.checkers.index import Index
from kafkasim.checkers.registry import KAFKA_AND_UP, Checker, Finding
from kafkasim.checkers.verdict import MOST_OPERATIONS, Example
from kafkasim.checkers.words import listed, moment
from kafkasim.forms import shorten
from kafkasim.history import Breach, BreachKind, FaultEvent, Operation

_END: Final = 600
"""How many characters of what is known of a node's end are told: with its last words it is more than a line."""


def find_node_crashes(index: Index) -> Iterator[Finding]:
    """A node ended, or could not be started, without being told to. One finding a crash."""
    for fault in index.faults:
        if _is_crash(fault):
            yield Finding(None, partial(_explain_crash, index, fault))


def _is_crash(fault: FaultEvent) -> bool:
    return fault.fault == "crash" and not fault.planned


def _explain_crash(index: Index, fault: FaultEvent) -> Example:
    said = f": {shorten(fault.text, _END)}" if fault.text else ""
    asked = _under_way(index)
    numbers = (number for node in fault.nodes for number in asked.get((node, fault.event), ()))
    return Example(
        f"node {listed(fault.nodes, shorten) or 'of unknown name'} ended at {moment(fault.at)} although nobody asked "
        f"it to{said}",
        tuple(sorted(numbers, reverse=True)),
    )


def _under_way(index: Index) -> dict[tuple[str, int], list[int]]:
    """By node and crash (its place in the sequence of events), what the node had been asked and left undone.

    No more than an example shows, the last of them. Worked out once for all crashes, in order: what a node was asked
    before it ended, for whatever reason, or while it was down, it is at work on no more in its next life.
    """
    known: dict[tuple[str, int], list[int]] | None = index.derived.get("under way at crashes")
    if known is not None:
        return known
    known = index.derived["under way at crashes"] = {}
    to_begin = sorted(index.unsuccessful, key=lambda op: op.begin_event, reverse=True)
    begun: dict[str, list[Operation]] = {}
    lives = (fault for fault in index.faults if fault.fault in {"crash", "restart"})
    for fault in sorted(lives, key=lambda fault: fault.event):
        while to_begin and to_begin[-1].begin_event < fault.event:
            op = to_begin.pop()
            begun.setdefault(op.node, []).append(op)
        for node in fault.nodes:
            asked = reversed(begun.pop(node, []))
            undone = (op.index for op in asked if op.end_event is None or op.end_event > fault.event)
            known[node, fault.event] = list(islice(undone, MOST_OPERATIONS))
    return known


def find_breaches(index: Index, *, kind: BreachKind) -> Iterator[Finding]:
    """Each line of this kind that a node wrote, in order. One finding a line."""
    for breach in index.history.breaches:
        if breach.breach == kind:
            yield Finding(None, partial(_explain, breach))


def _explain(breach: Breach) -> Example:
    written = f"at {moment(breach.at)} node {breach.node} wrote this line: '{breach.line}'"
    return Example(f"{written} -- {breach.text}", ())


def _unheard(index: Index) -> str | None:
    return None if index.history.header.breaches_known else "no node was a program whose lines were looked at"


def _finder(kind: BreachKind) -> Callable[[Index], Iterator[Finding]]:
    return partial(find_breaches, kind=kind)


def _checker(kind: BreachKind, summary: str) -> Checker:
    return Checker(
        kind=kind,
        summary=summary,
        levels=KAFKA_AND_UP,
        promise="a history that says what nodes wrote",
        unjudged=_unheard,
        find=_finder(kind),
        count=lambda index: index.replies + len(index.history.breaches),
        counted="lines",
    )


CHECKERS: Final = (
    Checker(
        kind="node-crash",
        summary="A node ended, or could not be started, without being told to.",
        levels=KAFKA_AND_UP,
        find=find_node_crashes,
        count=lambda index: len(set(map(attrgetter("node"), index.operations))),
        counted="nodes",
    ),
    _checker("malformed-message", "A node wrote a line that is no message of the protocol."),
    _checker("stray-reply", "A node answered what it was not asked, or answered once more."),
    _checker("unknown-destination", "A node wrote to somebody who is not there."),
)
