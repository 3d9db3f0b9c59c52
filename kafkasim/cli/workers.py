"""The processes in which many runs take place at once.

Each makes one run at a time, so that it is known of which run nothing will be heard where a process is ended from
outside; another takes its place. A process sends back everything but the operations, which are many and which only the
report of a single run shows; it writes the history itself.

Signals are the main process's business. It notes them and looks between two results: raised in the middle of this they
would leave processes behind. A process whose main process has vanished ends, too.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import warnings
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from typing import Final

from kafkasim.cli.failures import UsageError, end_by, refusal_words, signals_heeded
from kafkasim.cli.performing import Performance
from kafkasim.interrupts import TELLING_TO_END, Interrupts, signals_held_back
from kafkasim.processes.guardian import GUARDIAN
from kafkasim.scenario.model import Scenario
from kafkasim.sim.result import Result, failed_run

_LOOKS_EVERY: Final = 0.1
"""After so many seconds at most it is looked whether a signal has come."""

_PATIENCE: Final = 5.0
"""So many seconds a process has to end (it may be in the middle of a file) before it is killed."""

_CONTEXT: Final = multiprocessing.get_context("spawn")
"""How processes are started: a fork would copy locks that other threads may hold."""


def run_in_processes(
    runs: Iterable[tuple[Scenario, int]], performance: Performance, jobs: int, take: Callable[[Result], None]
) -> None:
    """Makes the runs in so many processes; ``take`` is given each result as soon as it is there, in any order.

    Raises `KeyboardInterrupt` after Ctrl-C, `SystemExit` after a signal that tells the program to end, and what a run
    raises; in any case all processes are gone by then.
    """
    interrupts = Interrupts()
    with interrupts.watched(*TELLING_TO_END):
        _take_all(deque(runs), performance, jobs, take, interrupts)
        told = interrupts.asked
    if told is signal.SIGINT:
        raise KeyboardInterrupt
    if told is not None:
        end_by(told)


def _take_all(
    to_come: deque[tuple[Scenario, int]],
    performance: Performance,
    jobs: int,
    take: Callable[[Result], None],
    interrupts: Interrupts,
) -> None:
    workers: dict[Connection, _Worker] = {}
    try:
        while interrupts.asked is None and (to_come or workers):
            while to_come and len(workers) < jobs:
                worker = _started(performance)
                workers[worker.connection] = worker
                worker.begin(*to_come.popleft())
            ready = wait(workers, _LOOKS_EVERY)
            for connection in [one for one in workers if one in ready]:
                worker = workers[connection]
                take(worker.result())
                if to_come and not worker.gone:
                    worker.begin(*to_come.popleft())
                else:
                    del workers[connection]
                    worker.dismiss()
                    worker.wait()
    finally:
        for worker in workers.values():
            worker.dismiss()
        for worker in workers.values():
            worker.wait()


def _started(performance: Performance) -> _Worker:
    try:
        return _Worker(performance)
    except OSError as error:
        raise UsageError(f"kafkasim: --jobs: another process cannot be started: {refusal_words(error)}") from None


class _Worker:
    """One process, as the main process sees it."""

    def __init__(self, performance: Performance) -> None:
        self.connection, its_end = _CONTEXT.Pipe()
        self.gone = False
        """Whether it has ended by itself, or from outside."""
        self._run: tuple[Scenario, int]
        self._process = _CONTEXT.Process(target=_work, args=(its_end, performance), daemon=True)
        with warnings.catch_warnings():
            # A hangup of the whole group ends the tracker, too, before this process may have heeded its own.
            warnings.filterwarnings("ignore", "resource_tracker: process died unexpectedly")
            if os.name == "posix":
                resource_tracker.ensure_running()  # starting a process would start it, and it lets all signals through
            with signals_held_back(signal.SIGINT):  # which it inherits: Ctrl-C does not reach it, not even at its start
                self._process.start()
        its_end.close()

    def begin(self, scenario: Scenario, seed: int) -> None:
        """Has it make a run."""
        self._run = scenario, seed
        with suppress(OSError):  # it may be gone; whoever waits for the result will see
            self.connection.send(self._run)

    def result(self) -> Result:
        """The result of the run; an unknown one where the process is gone. Raises what the run raised."""
        try:
            answer = self.connection.recv()
        except (EOFError, OSError):
            self.gone = True
            return failed_run(*self._run, self._end_in_words())
        if isinstance(answer, Exception):
            raise answer
        assert isinstance(answer, Result)
        return answer

    def dismiss(self) -> None:
        """Ends it, wherever it is."""
        self._process.terminate()

    def wait(self) -> None:
        """Waits until it is gone."""
        self._process.join(_PATIENCE)
        self._process.kill()
        self._process.join()
        self._process.close()
        self.connection.close()

    def _end_in_words(self) -> str:
        self._process.join(_PATIENCE)
        code = self._process.exitcode
        if code is None or code >= 0:
            return f"the process that made this run ended before its time (exit code {code})"
        return (
            f"the process that made this run was ended from outside ({signal.Signals(-code).name}), "
            "perhaps for want of memory: try fewer --jobs"
        )


def _work(connection: Connection, performance: Performance) -> None:
    """What a process does: makes the runs that it is given until it is ended.

    Told to end it takes down what a run has put up, programs and directories, and then ends by that signal.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # where signals cannot be held back
    try:
        with signals_heeded():
            _make_runs(connection, performance)
    except SystemExit:
        GUARDIAN.dismiss()
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGTERM)


def _make_runs(connection: Connection, performance: Performance) -> None:
    with signals_held_back(*TELLING_TO_END):  # so that they are held back from the whole process where its own is
        threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        while True:
            scenario, seed = connection.recv()
            answer: Result | Exception
            try:
                answer = performance(scenario, seed)
            except Exception as error:  # noqa: BLE001 - the main process raises it
                answer = error
            connection.send(answer)
    except (EOFError, OSError):
        return  # nobody is there any more


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)
