"""Anomalies on a screen: of each kind what it is, a few examples in words, and the operations that prove them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Final

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from kafkasim.checkers.jepsen import OF_TRANSACTIONS
from kafkasim.checkers.verdict import Anomaly, CheckResult, Example
from kafkasim.forms import printable
from kafkasim.history import BREACH_KINDS, History
from kafkasim.report.operations import timeline
from kafkasim.report.screen import indented
from kafkasim.report.words import count_of, counted_words, key_words, listed, ranges

EXAMPLES: Final = 2
"""How many examples of the worst kind are told, and of the other kinds one; all are counted. More teach nothing."""

PROVEN: Final = 4
"""Of how many kinds the examples come with their operations."""

OPERATIONS: Final = 6
"""How many operations of an example are told."""

TELLING: Final = ("lost-write", "int-poll-skip", "no-reply", "commit-lost")
"""The checkers whose counts say how much was looked at: all numbers, by checker, would fill the screen."""

KEYS: Final = 5
"""How many keys are named."""

OUTCOME_STYLES: Final = {"ok": "", "fail": "unsure", "info": "unsure"}


def anomalies_section(
    screen: Console,
    anomalies: Sequence[Anomaly],
    history: History,
    summaries: Mapping[str, str],
    expected: Collection[str] = (),
) -> Iterator[RenderableType]:
    """One part for each kind of anomaly, in the order given (worst first).

    Where an ``expected`` kind was found, the others are only counted: the scenario is about that one, and a fault may
    show in several ways. ``summaries`` says of a kind when it holds.
    """
    kinds: dict[str, list[Anomaly]] = {}
    for anomaly in anomalies:
        kinds.setdefault(anomaly.kind, []).append(anomaly)
    told = [kind for kind in kinds if kind in expected] or list(kinds)
    for place, kind in enumerate(told):
        yield Text()
        yield indented(screen, _head(kinds[kind], expected), 0, 2)
        if kind in summaries:
            yield indented(screen, Text(printable(summaries[kind]), style="faint"), 2)
        # The first kind tells the story; the others are what else follows from it.
        few = EXAMPLES if place == 0 else 1
        yield from _examples(screen, kinds[kind], few, history if place < PROVEN else None)
    others = [f"{kind} ({_times(some)})" for kind, some in kinds.items() if kind not in told]
    if others:
        yield Text()
        yield indented(screen, f"The same fault may show in several ways; here also as {listed(others)}.", 0)


def _times(of_kind: Sequence[Anomaly]) -> str:
    total = sum(anomaly.count for anomaly in of_kind)
    return "once" if total == 1 else f"{total:,} times"


def _head(of_kind: Sequence[Anomaly], expected: Collection[str]) -> Text:
    first = of_kind[0]
    words = f"  {_times(of_kind)}{_at_keys(of_kind)}"
    if first.severity == "note":
        return Text.assemble((first.kind, "unsure"), (words, "title"), ("  (a note, no failure)", "faint"))
    passes = "Maelstrom would pass this" if all(anomaly.maelstrom_passes for anomaly in of_kind) else ""
    remarks = [remark for remark in ("as expected" if first.kind in expected else "", passes) if remark]
    style = "good" if first.kind in expected else "bad"
    remark = f"  ({'; '.join(remarks)})" if remarks else ""
    return Text.assemble((first.kind, style), (words, "title"), (remark, "faint"))


def _at_keys(of_kind: Sequence[Anomaly]) -> str:
    keys = [key_words(anomaly.key) for anomaly in of_kind if anomaly.key is not None]
    if not keys:
        return ""
    if len(keys) == 1:
        return f" at key {keys[0]}"
    rest = [count_of(len(keys) - KEYS, "more key")] if len(keys) > KEYS else []
    return f" at keys {listed(keys[:KEYS] + rest)}"


def _examples(
    screen: Console, of_kind: Sequence[Anomaly], few: int, history: History | None
) -> Iterator[RenderableType]:
    examples = [(anomaly.key, example) for anomaly in of_kind for example in anomaly.examples][:few]
    for number, (key, example) in enumerate(examples, 1):
        mark = f"{number}. " if len(examples) > 1 else ""
        yield indented(screen, f"{mark}{printable(example.explanation)}", 2, len(mark))
        if history is not None:
            yield Padding(_proof(example, key, history), (0, 0, 0, 4 + len(mark)))
    more = sum(anomaly.count for anomaly in of_kind) - len(examples)
    if more:
        yield Text(f"  ... and {more:,} more like {'this' if len(examples) == 1 else 'these'}.", style="faint")


def _proof(example: Example, key: str | None, history: History) -> RenderableType:
    """The operations of an example as a timeline."""
    places = map(history.place, example.operations)
    operations = [history.operations[place] for place in places if 0 <= place < len(history.operations)]
    table = Table.grid(padding=(0, 2))
    table.add_column(justify="right", no_wrap=True, style="faint")
    table.add_column(justify="right", no_wrap=True)
    table.add_column(no_wrap=True, max_width=24, overflow="ellipsis", style="name")
    table.add_column(overflow="fold")
    for line in timeline(operations[:OPERATIONS], key, history.faults):
        style = OUTCOME_STYLES[line.outcome] if line.outcome else "bad" if line.index is None else ""
        index = "" if line.index is None else f"#{history.number(line.index)}"
        table.add_row(index, line.when, line.who, Text(line.what, style=style))
    hidden = sorted(example.operations[OPERATIONS:])
    if not hidden:
        return table
    return Group(table, Text(f"and operations #{ranges(hidden)}" if hidden[1:] else f"and operation #{hidden[0]}"))


def checked_section(screen: Console, check: CheckResult, counted: Mapping[str, str]) -> Iterator[RenderableType]:
    """What was looked at, what was not and why, and which checkers failed. ``counted`` is each checker's noun."""
    looked_at = {kind: number for kind, number in check.checked.items() if number}
    things = [counted_words(looked_at[kind], counted.get(kind, kind)) for kind in TELLING if kind in looked_at]
    if looked_at:
        others = (counted_words(number, counted.get(kind, kind)) for kind, number in looked_at.items())
        what = listed(things or list(dict.fromkeys(others)))
        yield indented(screen, f"checked: {what}, for {count_of(len(check.checked), 'kind')} of anomaly", 0, 2)
    reasons: dict[str, list[str]] = {}
    unusual = {checker.kind for checker in OF_TRANSACTIONS} | set(BREACH_KINDS)
    for kind, reason in check.not_checked.items():
        if kind not in unusual:  # few histories can have any, and whose can, knows
            reasons.setdefault(reason, []).append(kind)
    for reason, kinds in reasons.items():
        yield indented(screen, Text(f"not checked: {listed(kinds)} ({printable(reason)})", style="faint"), 0, 2)
    for kind, how in check.failed.items():
        failure = f"the checker of {kind} itself failed: {printable(how)}. This is a bug of kafkasim; please report it."
        yield indented(screen, Text(failure, style="bad"), 0, 2)
