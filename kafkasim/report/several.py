"""Many runs on a screen: a line for each scenario, the anomalies by kind, and each failed run with its command."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from kafkasim.forms import printable
from kafkasim.report.command import Overrides, command_that_repeats
from kafkasim.report.conclusion import Runs, heaviest
from kafkasim.report.exit_codes import ExitCode
from kafkasim.report.figures import plain_table
from kafkasim.report.programs import clocks_words, system_words
from kafkasim.report.run import conclusion_words
from kafkasim.report.screen import indented
from kafkasim.report.unmet import unmet_words
from kafkasim.report.words import count_of, listed, ranges
from kafkasim.sim.result import Result

FAILED: Final = 20
"""How many failed runs are told one by one; the others are named by their seeds."""

SEEDS: Final = 40
"""How many characters a list of seeds may take before it is cut."""


def several_report(
    screen: Console, sweep: Sequence[Runs], overrides: Overrides, *, interrupted: bool
) -> Iterator[RenderableType]:
    """The report of the runs of one scenario under many seeds, or of several scenarios, part by part.

    Its first line and its last name the seeds.
    """
    total = sum(len(runs.results) for runs in sweep)
    if len(sweep) == 1:
        scenario = sweep[0].scenario
        title = f"{printable(scenario.name)}, {seeds_words(sweep)}"
        yield Text.assemble((title, "title"), f"  {printable(scenario.source)}")
        yield indented(screen, printable(" ".join(scenario.why.split())), 2)
    else:
        runs_of = f"{count_of(total, 'run')} of {count_of(len(sweep), 'scenario')}"
        yield Text(f"{runs_of}, {seeds_words(sweep)}", style="title")
        yield Text()
        yield Padding(_scenarios_table(sweep), (0, 0, 0, 2))
    clocks = clocks_words([result.pacing for runs in sweep for result in runs.results if result.pacing is not None])
    if clocks:
        yield Text()
        if len(sweep) == 1:
            yield indented(screen, f"system: {system_words(sweep[0].scenario.system)}", 0, 2)
        yield indented(screen, f"clock: {clocks}", 0, 2)
    if any(len(runs.results) > 1 for runs in sweep):
        yield from _kinds(sweep)
    yield from _failures(screen, sweep, overrides)
    yield Text()
    yield indented(screen, _ending(sweep, total, interrupted=interrupted), 0, 2)


def seeds_words(sweep: Sequence[Runs]) -> str:
    """Which seeds were run, in words."""
    seeds = sorted({result.seed for runs in sweep for result in runs.results})
    return _seeds(seeds) if seeds else "no run ended"


def _seeds(seeds: Sequence[int]) -> str:
    words = ranges(seeds)
    end = words.rfind(",", 0, SEEDS)
    if len(words) > SEEDS and end > 0:
        words = f"{words[:end]}, ..."
    return f"{'seed' if len(seeds) == 1 else 'seeds'} {words}"


def _scenarios_table(sweep: Sequence[Runs]) -> Table:
    table = plain_table()
    table.add_column("scenario", overflow="fold")
    table.add_column("runs" if any(len(runs.results) > 1 for runs in sweep) else "seed", justify="right", no_wrap=True)
    table.add_column("operations", justify="right", no_wrap=True)
    table.add_column("outcome", overflow="fold")
    for runs in sweep:
        one = len(runs.results) == 1
        operations = sum(operations_of(result) for result in runs.results)
        count = str(runs.results[0].seed) if one else f"{len(runs.results):,}"
        table.add_row(printable(runs.scenario.name), count, f"{operations:,}", _outcome(runs))
    return table


def operations_of(result: Result) -> int:
    """How many operations the run's clients did."""
    return sum(sum(outcomes.values()) for outcomes in result.statistics.outcomes.values())


def _outcome(runs: Runs) -> Text:
    if not runs.results:
        return Text("not run", style="unsure")
    if runs.code is ExitCode.UNKNOWN:
        return Text("unknown", style="unsure")
    found = list(dict.fromkeys(kind for result in runs.results for kind in _kinds_of(result)))
    if runs.code is ExitCode.AS_EXPECTED:
        expected = runs.scenario.expected
        return Text.assemble(("as expected", "good"), f": {listed(expected)}") if expected else Text("valid", "good")
    reasons = [listed(found)] if found and not runs.missing else []
    reasons += [f"{listed(runs.missing)} not found"] if runs.missing else []
    reasons += ["expectations not met"] if any(result.unmet for result in runs.results) else []
    return Text.assemble(("failed", "bad"), f": {'; '.join(reasons)}")


def _kinds_of(result: Result) -> list[str]:
    """The kinds of anomaly that the run showed, worst first, each once."""
    return list(dict.fromkeys(anomaly.kind for anomaly in result.check.anomalies))


def _kinds(sweep: Sequence[Runs]) -> Iterator[RenderableType]:
    """The anomalies of all runs, summed by kind."""
    counts: dict[str, int] = {}
    seeds: dict[str, set[int]] = {}
    shown_in: dict[str, int] = {}
    for result in (result for runs in sweep for result in runs.results):
        for anomaly in result.check.anomalies:
            counts[anomaly.kind] = counts.get(anomaly.kind, 0) + anomaly.count
            seeds.setdefault(anomaly.kind, set()).add(result.seed)
        for kind in _kinds_of(result):
            shown_in[kind] = shown_in.get(kind, 0) + 1
    if not counts:
        return
    table = plain_table()
    table.add_column("anomaly", no_wrap=True)
    table.add_column("times", justify="right", no_wrap=True)
    table.add_column("runs", justify="right", no_wrap=True)
    table.add_column("seen with")
    for kind in sorted(counts, key=lambda kind: (-shown_in[kind], kind)):
        table.add_row(kind, f"{counts[kind]:,}", f"{shown_in[kind]:,}", _seeds(sorted(seeds[kind])))
    yield Text()
    yield Padding(table, (0, 0, 0, 2))


def _failures(screen: Console, sweep: Sequence[Runs], overrides: Overrides) -> Iterator[RenderableType]:
    """Each failed run: why in a sentence, the first example in words, and the command that shows all of it."""
    failed = [(runs, result, code) for runs in sweep for result, code in runs.failed]
    for runs, result, code in failed[:FAILED]:
        yield Text()
        name = f"{printable(runs.scenario.name)}: " if len(sweep) > 1 else ""
        words = Text.assemble(name, conclusion_words(result, code))
        yield indented(screen, words, 0, 2)
        expected = result.scenario.expected
        blamed = [anomaly for anomaly in result.check.anomalies if not expected and anomaly.severity == "error"]
        for example in next((anomaly.examples for anomaly in blamed), ())[:1]:
            yield indented(screen, printable(example.explanation), 2)
        for one in result.unmet[:1]:
            yield indented(screen, unmet_words(one), 2)
        command = command_that_repeats(runs.scenario.source or runs.scenario.name, result.seed, overrides)
        yield Text(f"  {printable(command)}", style="command", no_wrap=True)
    if len(failed) > FAILED:
        yield Text()
        yield indented(screen, f"... and {len(failed) - FAILED:,} more: {_more(failed[FAILED:])}", 0, 2)


def _more(failed: Sequence[tuple[Runs, Result, ExitCode]]) -> str:
    seeds: dict[str, list[int]] = {}
    for runs, result, _ in failed:
        seeds.setdefault(printable(runs.scenario.name), []).append(result.seed)
    return "; ".join(f"{name}, {'seed' if len(some) == 1 else 'seeds'} {ranges(some)}" for name, some in seeds.items())


def interrupted_words(sweep: Sequence[Runs]) -> Text:
    """What is known of runs where more were asked for, in one sentence."""
    total = sum(len(runs.results) for runs in sweep)
    failed = sum(len(runs.failed) for runs in sweep)
    so_far = f"{failed:,} of {count_of(total, 'run')} failed so far ({seeds_words(sweep)})"
    return Text.assemble(("INTERRUPTED", "unsure"), f": {so_far if total else 'no run had ended'}")


def _ending(sweep: Sequence[Runs], total: int, *, interrupted: bool) -> Text:
    if interrupted:
        return interrupted_words(sweep)
    code = heaviest(runs.code for runs in sweep)
    failed = [result for runs in sweep for result, _ in runs.failed]
    tail = f" ({seeds_words(sweep)})"
    missing = [kind for runs in sweep for kind in runs.missing]
    if code is ExitCode.ANOMALY and missing and len(failed) == total:
        words = f"{listed(dict.fromkeys(missing))} expected, and no run of {total:,} found it"
        return Text.assemble(("NOT AS EXPECTED", "bad"), f": {words}{tail}")
    if failed:
        head = ("FAILED", "bad") if code is ExitCode.ANOMALY else ("UNKNOWN", "unsure")
        names = sorted({result.seed for result in failed})
        return Text.assemble(head, f": {len(failed):,} of {count_of(total, 'run')} ({_seeds(names)})")
    expected = [kind for runs in sweep for kind in runs.scenario.expected]
    if not expected:
        return Text.assemble(("VALID", "good"), f": nothing wrong in {count_of(total, 'run')}{tail}")
    if len(sweep) > 1:
        return Text.assemble(("AS EXPECTED", "good"), f": {count_of(total, 'run')}{tail}")
    found = sum(1 for result in sweep[0].results if result.found.issuperset(expected))
    return Text.assemble(("AS EXPECTED", "good"), f": {listed(expected)} found by {found:,} of {total:,} runs{tail}")
