"""What an anomaly is, what its checker counts, what a faulty server does: in the words of those who know."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from kafkasim.checkers import CHECKERS
from kafkasim.history import Consistency
from kafkasim.sim.bugs import BUGS


class Descriptions(Struct, frozen=True):
    """Words by name. What is not in it is reported without them."""

    anomalies: Mapping[str, str] = {}
    """Of each kind of anomaly, when it holds, in one sentence."""
    counted: Mapping[str, str] = {}
    """Of each kind of anomaly, what its checker counts: ``acknowledged messages``."""
    bugs: Mapping[str, str] = {}
    """Of each faulty server, what it does, in a few words."""


def every_description(consistency: Consistency) -> Descriptions:
    """All there are where that level is judged, for one kind of anomaly may hold at each level for another reason.

    Where several checkers look for one kind at one level, the first one's words count.

    >>> every_description("linearizable").bugs["silent"]
    'now and then a request is not answered'
    """
    of_level = [checker for checker in reversed(CHECKERS) if consistency in checker.levels]
    return Descriptions(
        {checker.kind: checker.summary for checker in of_level},
        {checker.kind: checker.counted for checker in of_level},
        {bug.name: bug.does for bug in BUGS.values()},
    )
