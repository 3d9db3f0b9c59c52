"""What ``kafkasim explain`` does: print the page of an anomaly, or name them all."""

from __future__ import annotations

import sys

from kafkasim.cli.failures import UsageError
from kafkasim.forms import show as shown
from kafkasim.report.explanation import KINDS, explanation_report, kinds_report
from kafkasim.report.screen import make_screen, show
from kafkasim.scenario.problems import nearest


def explain_command(kind: str | None) -> None:
    """Prints the page of one kind of anomaly; the names of all where none is given.

    Raises `UsageError` where there is no such kind.
    """
    screen = make_screen(sys.stdout)
    if kind is None:
        show(screen, *kinds_report())
        return
    if kind not in KINDS:
        found = nearest(kind, KINDS)
        hint = f"did you mean {found}?" if found else "`kafkasim explain` lists them"
        raise UsageError(f"kafkasim: explain: expected a kind of anomaly, got {shown(kind)}: {hint}")
    show(screen, *explanation_report(screen, kind))
