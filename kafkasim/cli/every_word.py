"""The words that the checkers and the faulty servers have for what they do, for reports to quote."""

from __future__ import annotations

from kafkasim.checkers import CHECKERS
from kafkasim.report.glossary import Glossary
from kafkasim.sim.bugs import BUGS


def every_word() -> Glossary:
    """All of them. Where several checkers look for one kind of anomaly, the first one's words stand for it.

    >>> every_word().bugs["silent"]
    'now and then a request is not answered'
    """
    return Glossary(
        {checker.kind: checker.summary for checker in reversed(CHECKERS)},
        {checker.kind: checker.counted for checker in reversed(CHECKERS)},
        {bug.name: bug.does for bug in BUGS.values()},
    )
