"""A REPL without a terminal: lines go in, what was printed comes out."""

import io
from dataclasses import dataclass, field

import pytest
from rich.console import Console

from kafkasim.console.printing import Printer
from kafkasim.console.runner import Line, Outcome, Runner
from kafkasim.console.session import Session


@dataclass
class Repl:
    """A session; `type` runs lines and gives what they put on standard output."""

    json: bool = False
    terminal: bool = False
    out: io.StringIO = field(default_factory=io.StringIO)
    err: io.StringIO = field(default_factory=io.StringIO)
    outcome: Outcome = Outcome.DONE

    def __post_init__(self):
        self.session = Session()
        self.runner = Runner(
            self.session,
            Printer(json=self.json, out=lambda: self._console(self.out), err=lambda: self._console(self.err)),
        )

    def _console(self, file):
        return Console(
            file=file,
            width=80,
            force_terminal=self.terminal,
            color_system=None,
            highlight=False,
            markup=False,
            emoji=False,
        )

    def type(self, *lines):
        before = self.out.tell()
        self.outcome = self.runner.run_all(Line(line) for line in lines)
        return self.out.getvalue()[before:]

    @property
    def errors(self):
        return self.err.getvalue()


@pytest.fixture
def repl():
    return Repl()


@pytest.fixture
def json_repl():
    return Repl(json=True)


@pytest.fixture
def terminal_repl():
    return Repl(terminal=True)


@pytest.fixture(scope="session")
def repl_class():
    """For tests that need a new one for each of many examples."""
    return Repl
