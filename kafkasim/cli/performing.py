"""How each run that a command asks for is made: what it writes, and what is told where the simulator itself fails."""

from __future__ import annotations

from msgspec import Struct

from kafkasim import simulate
from kafkasim.cli.failures import RunFailedError, cause_words
from kafkasim.cli.outputs import history_path, writing
from kafkasim.history import History, write_history
from kafkasim.report.command import Overrides, command_that_repeats
from kafkasim.scenario.model import Scenario
from kafkasim.sim.result import Result


class Performance(Struct, frozen=True):
    """How each of the runs that were asked for is made, here or in another process."""

    overrides: Overrides
    history: str | None
    """The name, with placeholders, of the file that each run's history goes to."""

    def __call__(self, scenario: Scenario, seed: int) -> Result:
        """Makes one run and writes its history; the result is without its operations."""
        result = self.run(scenario, seed)
        self.record(result)
        result.history = History(result.history.header, end=result.history.end)
        return result

    def run(self, scenario: Scenario, seed: int, progress: simulate.Progress | None = None) -> Result:
        """Makes one run. Raises `RunFailedError` where the simulator itself fails."""
        try:
            return simulate.run(scenario, seed, progress=progress)
        except simulate.ImpossibleScenarioError:
            raise
        except Exception as error:
            command = command_that_repeats(scenario.source or scenario.name, seed, self.overrides)
            raise RunFailedError(command, cause_words(error)) from error

    def record(self, result: Result) -> None:
        """Writes the run's history, where that is wanted."""
        if self.history is not None:
            path = history_path(self.history, result.scenario, result.seed)
            with writing("--history", path):
                write_history(result.history, path)
