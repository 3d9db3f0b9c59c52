"""Refused sends that were stored after all, where an equal message hides it.

Where every send of a message was refused, any poll of it is an `aborted-read` (``reads.py``). Where equal messages
were sent, some refused and some not, only their number tells: more of them in the log than sends that may
have happened. More than were sent at all is a `duplicate`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kafkasim.checkers.evidence import first_reader
from kafkasim.checkers.identity import Identity
from kafkasim.checkers.index import Index, KeyIndex
from kafkasim.checkers.registry import KAFKA_AND_UP, Checker, Finding
from kafkasim.checkers.verdict import Example
from kafkasim.checkers.words import FEW, listed, payload, times, who
from kafkasim.forms import show
from kafkasim.history import Operation


def find_refused_twins(index: Index) -> Iterator[Finding]:
    """Messages seen at more offsets than there are sends of them that were not refused."""
    for log in index.keys.values():
        if not log.failed_sends or not log.resent:
            continue
        places: dict[Identity, list[int]] = {}
        for offset in log.offsets:
            places.setdefault(log.at[offset], []).append(offset)
        for message, senders in log.resent.items():
            refused = [op for op in senders if op.type == "fail"]
            if refused and len(refused) < len(senders):
                offsets = places.get(message, [])
                if len(senders) - len(refused) < len(offsets) <= len(senders):
                    yield _finding(log, senders, offsets)


def _finding(log: KeyIndex, senders: list[Operation], offsets: list[int]) -> Finding:
    def explain() -> Example:
        refused = [op for op in senders if op.type == "fail"]
        readers = [first_reader(log, offset, log.at[offset]) for offset in offsets[:FEW]]
        reader = min((op for op in readers if op is not None), key=lambda op: op.index, default=None)
        text = (
            f"{payload(senders[0])} was sent to {show(log.name)} {times(len(senders))}, and refused to "
            f"{listed(refused, who)}; yet it is in the log {times(len(offsets))}, at offsets {listed(offsets)}: "
            "a send that was refused was stored"
        )
        return Example(text, tuple(op.index for op in (*refused, reader, *senders) if op is not None))

    return Finding(log.name, explain, len(offsets))


CHECKERS: Final[tuple[Checker, ...]] = (
    Checker(
        kind="aborted-read",
        summary="A message was seen at more offsets than it has sends that did not definitely fail.",
        source="Jepsen: G1a, for messages that are not unique",
        levels=KAFKA_AND_UP,
        find=find_refused_twins,
        count=lambda index: sum(len(log.failed_sends) for log in index.keys.values()),
        counted="refused sends",
    ),
)
