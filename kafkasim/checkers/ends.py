"""Where in the sequence of events an operation ended."""

from __future__ import annotations

from typing import Final

from kafkasim.history import Operation

NEVER: Final = float("inf")
"""The end of an operation that has none."""


def ended(op: Operation) -> float:
    """Where in the sequence of events the operation ended; `NEVER` where it did not, or only indefinitely."""
    return NEVER if op.end_event is None or op.type == "info" else op.end_event
