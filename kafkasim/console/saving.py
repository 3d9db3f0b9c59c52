"""Saves a session as a scenario, having made sure that the scenario can be run.

A page of its own because it draws in YAML, and most sessions are not saved.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from kafkasim.console.recording import script_steps
from kafkasim.console.session import Exchange
from kafkasim.scenario.load import loads
from kafkasim.scenario.problems import Problem, ScenarioError
from kafkasim.scenario.save import save

_WHY: Final = "A session that was typed by hand: every reply is expected again, exactly as it was."
"""What a saved session says of itself, until somebody says it better."""


def as_scenario(name: str, exchanges: Sequence[Exchange], command: Sequence[str] = ()) -> str:
    """The text of the scenario, which has been read as `kafkasim simulate` will read it.

    ``command`` is the program that answered, if it was one. Raises `ValueError` with the reason where no scenario can
    say what was asked and answered.
    """
    try:
        text = save(name, _WHY, script_steps(exchanges), command)
    except RecursionError:
        raise ValueError("a message is nested too deep for a scenario") from None
    try:
        loads(text)
    except ScenarioError as error:
        raise ValueError(_reason(error.problems[0], text)) from None
    return text


def _reason(problem: Problem, text: str) -> str:
    """The first thing that is wrong, with the step it is in: the file that would have lines is not there."""
    step = problem.line - text.split("\n").index("steps:") - 1
    return f"step {step}: {problem.text}" if step > 0 else problem.text


def command_to_run(path: Path) -> str:
    """What to type to a shell to run the file."""
    text = str(path)
    return f"kafkasim simulate {shlex.quote(os.path.join('.', text) if text.startswith('-') else text)}"  # noqa: PTH118 - a `Path` drops the ./ again
