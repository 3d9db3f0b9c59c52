"""The program that `--bin` or a scenario names, looked up before anything is run."""

from __future__ import annotations

import shlex
import shutil
from pathlib import Path

from kafkasim.cli.failures import UsageError
from kafkasim.forms import printable
from kafkasim.processes.starting import why_not
from kafkasim.scenario.model import Scenario


def command_of(text: str) -> tuple[str, ...]:
    """The program and its arguments. A text that is the name of a file is that file, blanks and all.

    A program is looked for where a shell would, and then, as Maelstrom does, among the files that are here. Raises
    `UsageError` where there is no such program, or it cannot be run.

    >>> command_of("sh -c 'cat; echo done'")
    ('sh', '-c', 'cat; echo done')
    """
    words = [text] if _is_file(text) else _split(text)
    program = words[0]
    if "/" not in program and _is_file(program) and (program == text or shutil.which(program) is None):
        words[0] = program = f"./{program}"
    reason = why_not(program)
    if reason:
        raise _refused(f"{printable(program)}: {reason}")
    return tuple(words)


def check_command(scenario: Scenario) -> None:
    """Raises `UsageError` where the program that the scenario names cannot be started, as far as can be told before.

    It is looked up from the current directory, as are the files among its arguments, wherever the scenario lies.
    """
    system = scenario.system
    program = system.command[0]
    reason = why_not(program)
    if reason:
        beside = Path(scenario.source).parent / program
        if "/" in program and beside.is_file() and beside.resolve() != Path(program).resolve():
            reason += f"; there is one beside the scenario, {printable(str(beside))}"
        raise UsageError(f"{system.command_place}: {printable(program)}: {reason}")


def _split(text: str) -> list[str]:
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise _refused(f"expected a command as a shell takes it, got {printable(text)}: {error}") from None
    if not words or not words[0]:
        raise _refused("expected a program and its arguments, got nothing")
    return words


def _is_file(text: str) -> bool:
    try:
        return Path(text).is_file()
    except OSError:  # a command may well be longer than any file's name
        return False


def _refused(problem: str) -> UsageError:
    return UsageError(f"kafkasim: --bin: {problem}")
