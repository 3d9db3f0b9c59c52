"""Which of the anomalies found Maelstrom would let pass: it judges by Jepsen's checker."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from msgspec.structs import replace

from kafkasim.checkers.index import Index
from kafkasim.checkers.jepsen import KINDS, found_by_jepsen
from kafkasim.checkers.judging import failure_noted
from kafkasim.checkers.verdict import COMPARISON, Anomaly, CheckResult
from kafkasim.history import BREACH_KINDS

_MAELSTROM_SEES: Final = ("malformed-reply", "node-crash", *BREACH_KINDS)
"""What Maelstrom itself runs into, so that the run may end, or go on otherwise, before any checker is asked."""


def compare_with_maelstrom(index: Index, result: CheckResult) -> None:
    """Marks the anomalies that Maelstrom would let pass; none where that cannot be told, as ``failed`` says then."""
    with failure_noted(result, COMPARISON):
        if any(breach.breach == "malformed-message" for breach in index.history.breaches):
            return  # on that line Maelstrom ends the run, whatever else would have come of it
        theirs = found_by_jepsen(index)
        result.anomalies = [_compared(anomaly, theirs) for anomaly in result.anomalies]


def _compared(anomaly: Anomaly, theirs: Collection[tuple[str, str | None]] | None) -> Anomaly:
    """The anomaly, marked where Maelstrom would let it pass; ``theirs`` are what Jepsen's checker finds, and where."""
    if theirs is None or anomaly.severity == "note" or anomaly.kind in _MAELSTROM_SEES:
        return anomaly
    if anomaly.kind in KINDS and ("inconsistent-offsets", anomaly.key) in theirs:
        return anomaly  # which of the messages at one offset it takes nobody can tell, nor what it makes of that
    return replace(anomaly, maelstrom_passes=(anomaly.kind, anomaly.key) not in theirs)
