"""Runs scenarios: one, with one seed, or one with many.

>>> scenario = loads("{name: busy, why: to see it work, workload: {clients: 3, rate: 100, duration: 1s}}")
>>> result = run(scenario, seed=3)
>>> result.seed, result.verdict, result.check.anomalies
(3, 'valid', [])
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from logging import LogRecord, getLogger
from typing import Final

from msgspec.structs import replace

from kafkasim import service
from kafkasim.checkers import WORST_FEW, check
from kafkasim.garbage_collection import collector_at_rest, count_as_old
from kafkasim.history import History
from kafkasim.interrupts import TELLING_TO_END, Interrupts, signals_held_back
from kafkasim.scenario.load import load, loads
from kafkasim.scenario.model import Scenario
from kafkasim.sim.choices import Choices, SeededChoices
from kafkasim.sim.result import Result
from kafkasim.sim.watch import UNWATCHED, Watch
from kafkasim.sim.world import ImpossibleScenarioError, World, refuse_impossible

__all__ = ["ImpossibleScenarioError", "Result", "load", "loads", "refuse_impossible", "run", "run_lightly", "sweep"]

Progress = Callable[[int], None]
"""Is told, now and then, how far a run has come: nanoseconds of its clock."""

_WINDOW: Final = 256
"""At most so many runs of a sweep are handed to the executor ahead of the one whose result is next."""


def run(
    scenario: Scenario,
    seed: int | None = None,
    *,
    progress: Progress | None = None,
    choices: Choices | None = None,
    examples: int | None = WORST_FEW,
    watch: Watch = UNWATCHED,
) -> Result:
    """Runs the scenario and checks what happened.

    ``seed`` wins over the scenario's own; ``choices`` over both, for a run that is to be repeated choice by choice.
    So many ``examples`` of each kind of anomaly and key are told in words; None: all (`kafkasim.checkers.check`).
    ``watch`` is told of messages, and of what programs write to their standard error, while it happens.
    Ctrl-C ends the run, not the program: the result is then what is known so far, and says so (``interrupted``). A
    second one raises `KeyboardInterrupt`.
    Raises `ImpossibleScenarioError` where the scenario cannot be run.
    """
    seed = scenario.seed if seed is None else seed
    interrupts = Interrupts()
    with collector_at_rest(), interrupts.watched(), interrupts.at_the_second(), _nodes_unheard():
        watch = replace(watch, wants_an_end=lambda: interrupts.asked is not None)
        world = World(scenario, SeededChoices(seed) if choices is None else choices, seed, watch)
        try:
            broken_off = not _run_to_the_end(world, progress, interrupts)
            world.abandon()
            history = world.history(interrupted=broken_off)
            statistics = world.statistics()
        finally:
            with signals_held_back(*TELLING_TO_END):  # else who is told to end now would leave programs behind
                world.dissolve()
        count_as_old()
        judgement = check(history, examples=examples)
        return Result(
            scenario=scenario,
            seed=seed,
            history=history,
            check=judgement,
            statistics=statistics,
            unmet=world.expectations.unmet,
            expectations=world.expectations.looked_at,
            pacing=world.pacing,
            node_logs=world.node_logs,
            interrupted=broken_off or interrupts.asked is not None,
        )


def run_lightly(scenario: Scenario, seed: int) -> Result:
    """As `run`; of the history only header and end are kept, so that the result is cheap to keep and to send."""
    result = run(scenario, seed)
    result.history = History(result.history.header, end=result.history.end)
    return result


def sweep(scenario: Scenario, seeds: Iterable[int], executor: Executor | None = None) -> Iterator[Result]:
    """Runs the scenario with each of the seeds; the results come in their order, as soon as they are there.

    They are without their operations and faults, which are many: run a seed once more to see them. The executor says
    where runs take place, in processes of this machine or on others; without one, here, one after the other.
    Ctrl-C while a result is waited for gives what is ready, and then raises `KeyboardInterrupt`.

    >>> from kafkasim.scenario.model import Workload
    >>> results = sweep(Scenario("doc", "why", workload=Workload(duration=100_000_000)), range(3))
    >>> [(result.seed, result.verdict) for result in results]
    [(0, 'valid'), (1, 'valid'), (2, 'valid')]
    """
    if executor is None:
        for seed in seeds:
            result = run_lightly(scenario, seed)
            yield result
            if result.interrupted:
                raise KeyboardInterrupt
        return
    waiting: deque[Future[Result]] = deque()
    try:
        for seed in seeds:
            waiting.append(executor.submit(run_lightly, scenario, seed))
            if len(waiting) >= _WINDOW:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    except KeyboardInterrupt:
        yield from [future.result() for future in waiting if future.done() and future.exception() is None]
        raise
    finally:
        for future in waiting:
            future.cancel()


def _run_to_the_end(world: World, progress: Progress | None, interrupts: Interrupts) -> bool:
    """False where Ctrl-C came before. It is heeded between two events: half of one would be taken for the node's."""
    while interrupts.asked is None:
        if not world.advance():
            return True
        if progress is not None:
            progress(world.clock.now)
    return False


@contextmanager
def _nodes_unheard() -> Iterator[None]:
    """Within, what simulated nodes would log is dropped: the history has what came of it. Other threads are heard."""
    here = threading.get_ident()

    def from_elsewhere(record: LogRecord) -> bool:
        return record.thread != here

    log = getLogger(service.__name__)
    log.addFilter(from_elsewhere)
    try:
        yield
    finally:
        log.removeFilter(from_elsewhere)
