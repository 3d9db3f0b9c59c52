"""A checked history on a screen: what is in the file, what is wrong with it, and what was looked at."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.text import Text

from kafkasim.checkers.judging import anybody_was_served
from kafkasim.checkers.verdict import CheckResult
from kafkasim.forms import printable
from kafkasim.history import History
from kafkasim.report.anomalies import anomalies_section, checked_section
from kafkasim.report.conclusion import reason_for_unknown
from kafkasim.report.descriptions import Descriptions
from kafkasim.report.figures import operations_table, outcomes_of
from kafkasim.report.screen import indented
from kafkasim.report.words import count_of, listed


def history_report(
    screen: Console, file: str, history: History, check: CheckResult, descriptions: Descriptions
) -> Iterator[RenderableType]:
    """The report of one checked history, part by part. Its first line and its last name the file."""
    header = history.header
    scenario = f", scenario {printable(header.scenario)}, seed {header.seed}" if header.scenario else ""
    yield Text.assemble((printable(file), "title"), f"{scenario}, as {check.consistency}")
    if history.end.end == "interrupted":
        yield indented(screen, "The history was cut off: what came after is not known.", 2)
    yield Text()
    yield Padding(operations_table(outcomes_of(history)), (0, 0, 0, 2))
    yield from anomalies_section(screen, check.anomalies, history, descriptions.anomalies)
    yield Text()
    yield from checked_section(screen, check, descriptions.counted)
    yield Text()
    yield indented(screen, check_words(file, history, check), 0, 2)


def check_words(file: str, history: History, check: CheckResult) -> Text:
    """The check in one sentence, ending in the file."""
    found = list(dict.fromkeys(anomaly.kind for anomaly in check.anomalies if anomaly.severity == "error"))
    if check.verdict == "invalid":
        head, style, words = "INVALID", "bad", f"{listed(found)} found"
    elif check.verdict == "valid":
        head, style, words = "VALID", "good", f"nothing wrong in {count_of(_operations_of(history), 'operation')}"
    else:
        head, style = "UNKNOWN", "unsure"
        nothing = "no message was polled" if anybody_was_served(history) else "no operation of a client succeeded"
        words = reason_for_unknown(check, f"nothing was learned: {nothing}")
    return Text.assemble((head, style), f": {words} ({printable(file)})")


def _operations_of(history: History) -> int:
    """How many operations the clients did."""
    return sum(not op.final for op in history.operations)
