"""The figures of a run as a table: how many operations of each kind ended how, and how long they took."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from rich.table import Table

from kafkasim.history import History
from kafkasim.report.words import duration
from kafkasim.sim.result import Quantiles

FUNCTIONS: Final[tuple[str, ...]] = (
    "send",
    "poll",
    "commit_offsets",
    "list_committed_offsets",
    "assign",
    "crash",
)
"""The order in which operations are told: as a session uses them."""

OUTCOMES: Final = ("ok", "fail", "info")


def plain_table() -> Table:
    """A table without lines, for the screen; the caller adds the columns."""
    return Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="faint")


def table_of_names(name: str, *about: str) -> Table:
    """A table, under these heads, of what can be named, and of what there is to say about each; rows are to come."""
    table = plain_table()
    table.add_column(name, no_wrap=True, style="name")
    for head in about:
        table.add_column(head)
    return table


def outcomes_of(history: History) -> dict[str, dict[str, int]]:
    """How many operations of each function ended how: ``{"send": {"ok": 10, "fail": 0, "info": 1}, ...}``.

    Without the final polls, which no client of the run made: a run and its history are told by the same numbers.
    """
    outcomes: dict[str, dict[str, int]] = {}
    for op in history.operations:
        if op.final:
            continue
        counts = outcomes.setdefault(op.f, dict.fromkeys(OUTCOMES, 0))
        counts[op.type] += 1
    return outcomes


def operations_table(
    outcomes: Mapping[str, Mapping[str, int]], latencies: Mapping[str, Quantiles] | None = None
) -> Table:
    """One row for each function that was called; with latencies (of answered operations) their quantiles as well."""
    table = plain_table()
    table.add_column("operation", no_wrap=True)
    for head in (*OUTCOMES, *(("p50", "p95", "p99", "slowest") if latencies else ())):
        table.add_column(head, justify="right", no_wrap=True)
    for function in (*FUNCTIONS, *(name for name in outcomes if name not in FUNCTIONS)):
        counts = outcomes.get(function, {})
        if any(counts.values()):
            numbers = [f"{counts.get(outcome, 0):,}" for outcome in OUTCOMES]
            table.add_row(function, *numbers, *(_quantiles(latencies.get(function)) if latencies else ()))
    return table


def _quantiles(quantiles: Quantiles | None) -> list[str]:
    if quantiles is None or not quantiles.count:
        return ["-"] * 4
    return [duration(time) for time in (quantiles.p50, quantiles.p95, quantiles.p99, quantiles.max)]
