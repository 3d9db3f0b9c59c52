"""How each run that a command asks for is made: what it writes, and what it comes to where the simulator fails."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

from msgspec import Struct

from kafkasim import __version__, simulate
from kafkasim.checkers import WORST_FEW
from kafkasim.cli.failures import cause_words
from kafkasim.cli.net_log import tell
from kafkasim.cli.outputs import history_path, writing
from kafkasim.cli.store import RunFolder, run_folder
from kafkasim.history import History
from kafkasim.history_files import write_history
from kafkasim.interrupts import TELLING_TO_END, signals_held_back
from kafkasim.report.command import AS_WRITTEN, Overrides
from kafkasim.scenario.model import Scenario
from kafkasim.sim.journal import MessageEvent
from kafkasim.sim.result import Result, failed_run
from kafkasim.sim.watch import Watch


class Performance(Struct, frozen=True):
    """How each of the runs that were asked for is made, here or in another process."""

    history: str | None
    """The name, with placeholders, of the file that each run's history goes to."""
    examples: int | None = WORST_FEW
    """How many occurrences of each kind of anomaly and key are told in words; None: all."""
    log_net: bool = False
    """Whether what happens to each message is told on standard error."""
    store: Path | None = None
    """In which directory each run has one of its own."""
    overrides: Overrides = AS_WRITTEN
    """What was changed about the scenarios, for the command that repeats a run."""

    def __call__(self, scenario: Scenario, seed: int) -> Result:
        """Makes one run and writes what is wanted of it; the result is without its operations."""
        with self.run(scenario, seed) as made:
            made.record()
        result = made.result
        result.history = History(result.history.header, end=result.history.end)
        return result

    @contextmanager
    def run(self, scenario: Scenario, seed: int, progress: simulate.Progress | None = None) -> Iterator[Made]:
        """Makes one run, which is to be recorded within. What it has written and was not recorded is gone after it."""
        with nullcontext() if self.store is None else run_folder(self.store, scenario, seed) as folder:
            yield Made(self, self._result(scenario, seed, progress, folder), folder)

    def _result(
        self, scenario: Scenario, seed: int, progress: simulate.Progress | None, folder: RunFolder | None
    ) -> Result:
        """Where the simulator itself fails, nothing is known of that run; of others there may be."""
        try:
            watch = self._watch(folder)
            return simulate.run(scenario, seed, progress=progress, examples=self.examples, watch=watch)
        except simulate.ImpossibleScenarioError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, it is our bug
            failure = f"the simulator failed, a bug of kafkasim {__version__}, please report it: {cause_words(error)}"
            return failed_run(scenario, seed, failure)

    def _watch(self, folder: RunFolder | None) -> Watch:
        if folder is None:
            return Watch(tell if self.log_net else None)
        if not self.log_net:
            return Watch(folder.on_message, folder.node_log)
        write = folder.on_message

        def tell_and_write(event: MessageEvent) -> None:
            tell(event)
            write(event)

        return Watch(tell_and_write, folder.node_log)


class Made(Struct, frozen=True):
    """A run that was made."""

    performance: Performance
    result: Result
    folder: RunFolder | None

    def record(self) -> None:
        """Writes the run's history and what goes into its directory, as far as wanted; who is told to end, ends then.

        Where nothing is known of the run there is no history. Raises `UsageError` where something cannot be written.
        """
        result, performance = self.result, self.performance
        with signals_held_back(*TELLING_TO_END):
            if performance.history is not None and not result.failure:
                path = history_path(performance.history, result.scenario, result.seed)
                with writing("--history", path):
                    write_history(result.history, path)
            if self.folder is not None:
                self.folder.complete(result, performance.overrides)
