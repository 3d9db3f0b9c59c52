"""What a check of a history concludes: a verdict, the anomalies that prove it, and how much was looked at."""

from __future__ import annotations

from typing import Final, Literal

from msgspec import Struct, field

from kafkasim.history import Consistency

Verdict = Literal["valid", "invalid", "unknown"]
"""``unknown``: nothing was learned, because there was nothing to look at or a checker failed."""

Severity = Literal["error", "note"]
"""Only errors make a history invalid; a note is worth telling."""


WORST_FEW: Final = 5
"""How many occurrences of one kind at one key are told in words, unless more are asked for; all are counted."""

MOST_OPERATIONS: Final = 20
"""How many operations one example names at most."""


COMPARISON: Final = "maelstrom-comparison"
"""Stands in ``failed`` where it could not be told what Maelstrom would let pass."""


class Example(Struct, frozen=True):
    """One occurrence of an anomaly: what was seen and why it cannot be, and the operations that prove it.

    However much there is to tell of it, it is told in some hundred words and with `MOST_OPERATIONS` at most.
    """

    explanation: str
    operations: tuple[int, ...]
    """As the history's reader finds them: `History.number`."""


class Anomaly(Struct, frozen=True):
    """One kind of anomaly at one key: how often it was found, and the worst occurrences of it, worst first."""

    kind: str
    severity: Severity
    key: str | None
    """None: the anomaly is not about one key."""
    count: int
    examples: tuple[Example, ...]
    """As many as were asked for."""
    maelstrom_passes: bool = False
    """Whether Maelstrom, which judges by Jepsen's checker, would let this pass. False where that was not looked at."""


class CheckResult(Struct):
    """What a history proves. ``anomalies`` has one entry a kind and key, worst first."""

    verdict: Verdict
    consistency: Consistency
    anomalies: list[Anomaly] = field(default_factory=list)
    checked: dict[str, int] = field(default_factory=dict)
    """For each checker that ran, by the name of its anomaly, how many things it looked at."""
    not_checked: dict[str, str] = field(default_factory=dict)
    """For each anomaly that was not looked for, the reason in words."""
    failed: dict[str, str] = field(default_factory=dict)
    """For each checker that itself failed, by the name of its anomaly, how; the verdict is not ``valid`` then.

    `COMPARISON` is among them where the comparison with Maelstrom failed.
    """
    gave_up: str = ""
    """Why nothing was judged, where Jepsen's own checker would judge nothing; empty: it was."""
