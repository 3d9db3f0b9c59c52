"""What ``kafkasim simulate`` does: read the scenarios, run them, write what was asked for, say what it comes to."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from itertools import count
from pathlib import Path

from msgspec import Struct

from kafkasim.checkers import WORST_FEW
from kafkasim.cli.changing import changed, check_overrides
from kafkasim.cli.failures import UsageError, os_error_words, say
from kafkasim.cli.outputs import check_apart, check_history_paths, check_writable, history_path, writing
from kafkasim.cli.performing import Performance
from kafkasim.cli.progress import ProgressBar
from kafkasim.cli.store import prepare_store
from kafkasim.files import write_whole
from kafkasim.forms import printable
from kafkasim.report.command import AS_WRITTEN, Overrides
from kafkasim.report.conclusion import Runs, heaviest
from kafkasim.report.descriptions import every_description
from kafkasim.report.document import encode_document, run_document, sweep_document
from kafkasim.report.exit_codes import ExitCode
from kafkasim.report.run import run_report
from kafkasim.report.screen import make_screen, show, write
from kafkasim.report.several import several_report
from kafkasim.report.words import count_of
from kafkasim.scenario.model import LARGEST_SEED, Scenario
from kafkasim.scenario.problems import ScenarioError
from kafkasim.scenario.shipped import load_file_or_shipped, name_meant_by
from kafkasim.sim.result import Result
from kafkasim.simulate import ImpossibleScenarioError


class SimulateOptions(Struct, frozen=True):
    """What the command line asks of ``simulate``."""

    files: Sequence[str]
    seed: int | None = None
    seeds: int | None = None
    jobs: int = 1
    history: str | None = None
    junit: Path | None = None
    json: bool = False
    log_net: bool = False
    store: Path | None = None
    overrides: Overrides = AS_WRITTEN
    """What is changed about each scenario."""

    @property
    def performance(self) -> Performance:
        """How each run is made."""
        # Documents have every finding; words have a few.
        examples = None if self.json or self.store is not None else WORST_FEW
        return Performance(self.history, examples, self.log_net, self.store, self.overrides)


def simulate_command(options: SimulateOptions) -> ExitCode:
    """Runs what is wished for and reports it; the exit code. Raises `UsageError` before anything is run."""
    scenarios = _load_all(options)
    runs = [(scenario, seed) for scenario in scenarios for seed in _seeds(scenario, options)]
    if options.log_net and len(runs) > 1:
        raise UsageError(f"kafkasim: --log-net: expected one run, for their messages would mix, got {len(runs)}")
    outputs: list[tuple[str, Path]] = []
    if options.history is not None:
        check_history_paths(options.history, runs)
        outputs += [("--history", history_path(options.history, *run)) for run in runs]
    if options.junit is not None:
        check_writable("--junit", options.junit)
        outputs.append(("--junit", options.junit))
    check_apart(options.files, outputs)
    if options.store is not None:
        prepare_store(options.store)
    try:
        if len(runs) == 1:
            return _run_one(*runs[0], options)
        return _run_many(runs, scenarios, options)
    except ImpossibleScenarioError as error:
        in_a_file = any(str(error).startswith(f"{scenario.source}:") for scenario in scenarios)
        raise UsageError(str(error) if in_a_file else f"kafkasim: {error}") from None


def _load_all(options: SimulateOptions) -> list[Scenario]:
    """The scenarios, changed as the command line wants them. Everything that is wrong with any of them is told."""
    check_overrides(options.overrides)
    scenarios: list[Scenario] = []
    problems: list[str] = []
    for file in dict.fromkeys(options.files):  # a file given twice is run once
        try:
            with ProgressBar(f"reading {printable(file)}", None):
                scenarios.append(changed(load_file_or_shipped(file), options.overrides))
        except ScenarioError as error:
            problems += map(str, error.problems)
        except FileNotFoundError as error:
            meant = name_meant_by(file)
            hint = "" if meant is None else f": did you mean {meant}, which comes with kafkasim?"
            problems.append(f"kafkasim: {os_error_words(error)}{hint}")
        except OSError as error:
            problems.append(f"kafkasim: {os_error_words(error)}")
        except UsageError as error:
            problems.append(str(error))
    if problems:
        raise UsageError("\n".join(problems))
    return scenarios


def _seeds(scenario: Scenario, options: SimulateOptions) -> range:
    start = scenario.seed if options.seed is None else options.seed
    seeds = range(start, start + (options.seeds or 1))
    for option, seed in (("--seed", seeds[0]), ("--seeds", seeds[-1])):
        if not 0 <= seed <= LARGEST_SEED:
            raise UsageError(f"kafkasim: {option}: expected seeds from 0 to {LARGEST_SEED}, got {seed}")
    return seeds


# --------------------------------------------------------------------------------------
# One run
# --------------------------------------------------------------------------------------


def _run_one(scenario: Scenario, seed: int, options: SimulateOptions) -> ExitCode:
    workload = scenario.workload
    length = workload.duration if workload else None
    with ExitStack() as stack:
        with ProgressBar(printable(scenario.name), length, wanted=not options.log_net) as bar:
            making = options.performance.run(scenario, seed, bar.at if bar.wanted else None)
            made = stack.enter_context(making)
        runs = Runs(scenario, [made.result])
        _tell(runs, made.result, options)
        made.record()  # what was learned is told before anything can go wrong with a file
    if made.folder is not None:
        say(f"kafkasim: --out: written to {made.folder.path}")
    _write_junit([runs], options, interrupted=False)  # half a run says so itself
    return ExitCode.INTERRUPTED if made.result.interrupted else runs.code


def _tell(runs: Runs, result: Result, options: SimulateOptions) -> None:
    if options.json:
        expected = runs.code is ExitCode.AS_EXPECTED and not result.interrupted  # half a run is not what was expected
        write(sys.stdout, encode_document(run_document(result, expected=expected)))
        return
    screen = make_screen(sys.stdout)
    descriptions = every_description(result.scenario.level)
    show(screen, *run_report(screen, result, descriptions, options.overrides))


# --------------------------------------------------------------------------------------
# Many runs
# --------------------------------------------------------------------------------------


def _run_many(
    runs: Sequence[tuple[Scenario, int]], scenarios: Sequence[Scenario], options: SimulateOptions
) -> ExitCode:
    by_source: dict[str, list[Result]] = {scenario.source: [] for scenario in scenarios}
    interrupted, problem = False, None
    try:
        _make(runs, lambda result: by_source[result.scenario.source].append(result), options)
    except KeyboardInterrupt:
        interrupted = True
    except UsageError as error:
        problem = error  # a file cannot be written; what was learned is told all the same
    sweep = [
        Runs(scenario, sorted(by_source[scenario.source], key=lambda result: result.seed)) for scenario in scenarios
    ]
    broken_off = interrupted or problem is not None
    if options.json:
        write(sys.stdout, encode_document(sweep_document(sweep, interrupted=broken_off)))
    else:
        screen = make_screen(sys.stdout)
        show(screen, *several_report(screen, sweep, options.overrides, interrupted=broken_off))
    if options.store is not None:
        say(f"kafkasim: --out: {count_of(sum(len(runs.results) for runs in sweep), 'run')} written to {options.store}")
    _write_junit(sweep, options, interrupted=broken_off)
    if problem is not None:
        raise problem
    return ExitCode.INTERRUPTED if interrupted else heaviest(some.code for some in sweep)


def _make(runs: Sequence[tuple[Scenario, int]], take: Callable[[Result], None], options: SimulateOptions) -> None:
    """Makes the runs; ``take`` is given each result. Raises `KeyboardInterrupt` where Ctrl-C has ended it."""
    jobs = min(options.jobs, len(runs))
    with ProgressBar(f"{len(runs):,} runs", len(runs), countable=True) as bar:
        numbers = count(1)

        def take_next(result: Result) -> None:
            take(result)
            bar.at(next(numbers))

        if jobs > 1:
            from kafkasim.cli.workers import run_in_processes  # noqa: PLC0415 - one job does not wait for it

            run_in_processes(runs, options.performance, jobs, take_next)
            return
        for scenario, seed in runs:
            result = options.performance(scenario, seed)
            if result.interrupted:  # half a run says nothing about a seed
                raise KeyboardInterrupt
            take_next(result)


def _write_junit(sweep: Sequence[Runs], options: SimulateOptions, *, interrupted: bool) -> None:
    if options.junit is not None:
        from kafkasim.report.junit import junit_xml  # noqa: PLC0415 - who wants no such file waits for no XML

        with writing("--junit", options.junit):
            write_whole(options.junit, junit_xml(sweep, options.overrides, interrupted=interrupted))
