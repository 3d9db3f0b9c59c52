"""How each run that a command asks for is made: what it writes, and what it comes to where the simulator fails."""

from __future__ import annotations

from msgspec import Struct

from kafkasim import __version__, simulate
from kafkasim.checkers import WORST_FEW
from kafkasim.cli.failures import cause_words
from kafkasim.cli.net_log import tell
from kafkasim.cli.outputs import history_path, writing
from kafkasim.history import History
from kafkasim.history_files import write_history
from kafkasim.interrupts import TELLING_TO_END, signals_held_back
from kafkasim.scenario.model import Scenario
from kafkasim.sim.result import Result, failed_run
from kafkasim.sim.watch import Watch


class Performance(Struct, frozen=True):
    """How each of the runs that were asked for is made, here or in another process."""

    history: str | None
    """The name, with placeholders, of the file that each run's history goes to."""
    examples: int | None = WORST_FEW
    """How many occurrences of each kind of anomaly and key are told in words; None: all."""
    log_net: bool = False
    """Whether each message is told on standard error."""

    def __call__(self, scenario: Scenario, seed: int) -> Result:
        """Makes one run and writes its history; the result is without its operations."""
        result = self.run(scenario, seed)
        self.record(result)
        result.history = History(result.history.header, end=result.history.end)
        return result

    def run(self, scenario: Scenario, seed: int, progress: simulate.Progress | None = None) -> Result:
        """Makes one run. Where the simulator itself fails, nothing is known of that run; of others there may be."""
        try:
            watch = Watch(tell if self.log_net else None)
            return simulate.run(scenario, seed, progress=progress, examples=self.examples, watch=watch)
        except simulate.ImpossibleScenarioError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, it is our bug
            failure = f"the simulator failed, a bug of kafkasim {__version__}, please report it: {cause_words(error)}"
            return failed_run(scenario, seed, failure)

    def record(self, result: Result) -> None:
        """Writes the run's history, where that is wanted and there is one; who is told to end, ends after it."""
        if self.history is not None and not result.failure:
            path = history_path(self.history, result.scenario, result.seed)
            with signals_held_back(*TELLING_TO_END), writing("--history", path):
                write_history(result.history, path)
