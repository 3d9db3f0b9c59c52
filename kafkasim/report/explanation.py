"""The page of one anomaly on a screen: what it is, an example with the checker's own words, and what it cannot see."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from rich.console import Console, RenderableType
from rich.text import Text

from kafkasim.anomalies.definitions import Case
from kafkasim.anomalies.reasons import REASONS
from kafkasim.anomalies.telling import nearest_case, settings_of, smallest_case
from kafkasim.checkers import CHECKERS, check
from kafkasim.checkers.registry import AS_JEPSEN, Checker
from kafkasim.history import CONSISTENCY_LEVELS
from kafkasim.report.figures import table_of_names
from kafkasim.report.screen import indented
from kafkasim.report.words import listed
from kafkasim.sim.bugs import BUGS

KINDS: Final = tuple(dict.fromkeys(checker.kind for checker in CHECKERS))
"""Every kind of anomaly, in the order in which they are told."""


def kinds_report() -> Iterator[RenderableType]:
    """All kinds of anomaly, each in a sentence."""
    yield Text("Anomalies, to be explained by `kafkasim explain KIND`:")
    yield Text()
    table = table_of_names("kind", "holds when")
    for kind in KINDS:
        table.add_row(kind, _checkers(kind)[0].summary)
    yield table


def explanation_report(screen: Console, kind: str) -> Iterator[RenderableType]:
    """The page of one kind, which must be one of `KINDS`."""
    checkers = _checkers(kind)
    note = "  (a note: it fails no run)" if checkers[0].severity == "note" else ""
    yield Text.assemble((kind, "bad"), (note, "faint"))
    yield indented(screen, Text(checkers[0].summary, style="title"), 2)
    yield from _facts(screen, checkers)
    yield from _section(screen, "Why it is proof", REASONS[kind].proof)
    yield from _section(screen, "What it cannot see", REASONS[kind].blind)
    yield from _example(screen, "The smallest history that shows it", smallest_case(kind), kind)
    yield from _example(screen, "One that comes close and does not", nearest_case(kind), kind)


def _checkers(kind: str) -> list[Checker]:
    return [checker for checker in CHECKERS if checker.kind == kind]


def _facts(screen: Console, checkers: list[Checker]) -> Iterator[RenderableType]:
    kind = checkers[0].kind
    levels = {level for checker in checkers for level in checker.levels}
    facts = [f"judged at level {listed([level for level in CONSISTENCY_LEVELS if level in levels])}"]
    facts += [f"where the system promises: {checker.promise}" for checker in checkers if checker.promise]
    facts += [checker.source for checker in checkers[:1] if checker.source]
    bugs = [f"--bug {bug.name}" for bug in BUGS.values() if kind in bug.caught_by]
    facts += [f"to see it happen: {listed(bugs)}"] if bugs else []
    yield indented(screen, Text("; ".join(facts), style="faint"), 2)
    theirs = next((checker for checker in checkers if checker.levels == AS_JEPSEN), None)
    if theirs is not None and theirs is not checkers[0]:
        yield indented(screen, Text(f"at level jepsen: {theirs.summary}", style="faint"), 2)


def _section(screen: Console, title: str, text: str) -> Iterator[RenderableType]:
    yield Text()
    yield Text(title, style="title")
    yield indented(screen, text.replace("`", ""), 2)


def _example(screen: Console, title: str, case: Case, kind: str) -> Iterator[RenderableType]:
    settings = settings_of(case)
    beyond = f" ({'; '.join(settings)})".replace("`", "") if settings else ""
    yield Text()
    yield Text(f"{title}: {case.name}{beyond}", style="title")
    for line in case.lines:
        yield Text(f"  {line}", no_wrap=True)
    for anomaly in check(case.history).anomalies:
        if anomaly.kind == kind:
            yield indented(screen, Text(anomaly.examples[0].explanation, style="unsure"), 4)
