"""Where in the sequence of events an operation ended."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Protocol

from kafkasim.history import Operation


class OfOperation(Protocol):
    """What an operation said: a reading, a listing, ..."""

    @property
    def op(self) -> Operation:
        """The operation."""


NEVER: Final = float("inf")
"""The end of an operation that has none."""


def ended(op: Operation) -> float:
    """Where in the sequence of events the operation ended; `NEVER` where it did not, or only indefinitely."""
    return NEVER if op.end_event is None or op.type == "info" else op.end_event


def ends_of(entries: Iterable[OfOperation]) -> list[float]:
    """`ended` of the operations of all these entries, which ended ``ok``."""
    ends: list[float] = [entry.op.end_event for entry in entries]  # type: ignore[misc]  # what is None is mended below
    return [NEVER if end is None else end for end in ends] if None in ends else ends
