"""What a checker is: an anomaly's name, when it counts, and the small function that finds it.

A module of checkers holds functions ``(index) -> Iterable[Finding]`` and one tuple ``CHECKERS`` that says
what each of them looks for; ``kafkasim.checkers`` puts the tuples together. Nothing else is needed to add one.

A function yields *findings*, as many as there are. It does not format anything: each finding knows how to
explain itself, and only as many as the asker wants to hear are asked to: a bad system can lose a million messages. All
of them may be. So an explanation takes no walk over the history: what it looks for, all findings of its key share
(`KeyIndex.derived`). And it has a bounded length, whatever there is to tell.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from msgspec import Struct

from kafkasim.checkers.index import Index
from kafkasim.checkers.verdict import Example, Severity
from kafkasim.history import Consistency

AS_JEPSEN: Final[tuple[Consistency, ...]] = ("jepsen",)
"""An anomaly as Jepsen's own checker reckons it."""

EVERYWHERE: Final[tuple[Consistency, ...]] = ("jepsen", "kafka", "linearizable")
"""An anomaly of which there is one definition."""

KAFKA_AND_UP: Final[tuple[Consistency, ...]] = ("kafka", "linearizable")
"""An anomaly that any Kafka-like log must be free of."""

LINEARIZABLE: Final[tuple[Consistency, ...]] = ("linearizable",)
"""An anomaly only where each operation is to happen at one instant between its start and its end."""


class Finding(Struct, frozen=True, gc=False):
    """One occurrence of an anomaly, not yet told in words."""

    key: str | None
    """None: it is not about one key."""
    explain: Callable[[], Example]
    """Says what was seen and why it cannot be; called for those that are told. Its operations are given by
    ``Operation.index``."""
    weight: int = 0
    """How bad it is beside others of its kind and key: the greatest are shown. Among equals the first found."""
    aside: bool = False
    """Whether it is told after all others of its kind, whatever their weight: it says less than they do."""


class Checker(Struct, frozen=True, kw_only=True):
    """One anomaly: its name, when it counts, and how it is found.

    Several checkers may share a kind; what they find is counted together.
    """

    kind: str
    summary: str
    """When the anomaly holds, in one sentence."""
    source: str = ""
    """Where the definition comes from: the name that Jepsen's ``tests/kafka.clj`` gives it, or a paper."""
    severity: Severity = "error"
    levels: tuple[Consistency, ...]
    """The levels at which it is looked for."""
    promise: str = ""
    """What the system must have promised for this to be an anomaly, in words; empty: nothing beyond the level."""
    unjudged: Callable[[Index], str | None] = lambda _: None
    """The reason why this history cannot be judged, in words (it lacks the promise, or what must be known);
    None: it can."""
    breaks_order: bool = False
    """True: it cannot be where all operations fit one order (``witness.py``), so that nobody need look then."""
    find: Callable[[Index], Iterable[Finding]]
    count: Callable[[Index], int]
    """How many things it looks at in this history."""
    counted: str
    """What `count` counts, in words: ``acknowledged messages``."""
