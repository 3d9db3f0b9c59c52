"""What an anomaly is, what its checker counts, what a faulty server does: in the words of those who know."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from kafkasim.checkers import CHECKERS
from kafkasim.sim.bugs import BUGS


class Descriptions(Struct, frozen=True):
    """Words by name. What is not in it is reported without them."""

    anomalies: Mapping[str, str] = {}
    """Of each kind of anomaly, when it holds, in one sentence."""
    counted: Mapping[str, str] = {}
    """Of each kind of anomaly, what its checker counts: ``acknowledged messages``."""
    bugs: Mapping[str, str] = {}
    """Of each faulty server, what it does, in a few words."""


def every_description() -> Descriptions:
    """All there are. Where several checkers look for one kind of anomaly, the first one's words count.

    >>> every_description().bugs["silent"]
    'now and then a request is not answered'
    """
    return Descriptions(
        {checker.kind: checker.summary for checker in reversed(CHECKERS)},
        {checker.kind: checker.counted for checker in reversed(CHECKERS)},
        {bug.name: bug.does for bug in BUGS.values()},
    )
