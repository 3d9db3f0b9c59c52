"""The program that `--bin` names: a command line as a shell would take it, looked up before anything is run."""

from __future__ import annotations

import shlex
import shutil
from pathlib import Path

from kafkasim.cli.failures import UsageError
from kafkasim.forms import printable


def command_of(text: str) -> tuple[str, ...]:
    """The program and its arguments. A text that is the name of a file is that file, blanks and all.

    A program is looked for where a shell would, and then, as Maelstrom does, among the files that are here. Raises
    `UsageError` where there is no such program, or it cannot be run.

    >>> command_of("sh -c 'cat; echo done'")
    ('sh', '-c', 'cat; echo done')
    """
    words = [text] if Path(text).is_file() else _split(text)
    program = words[0]
    if "/" not in program and Path(program).is_file() and (program == text or shutil.which(program) is None):
        words[0] = program = f"./{program}"
    if shutil.which(program) is None:
        raise _refused(f"{printable(program)}: {_why_not(Path(program))}")
    return tuple(words)


def _split(text: str) -> list[str]:
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise _refused(f"expected a command as a shell takes it, got {printable(text)}: {error}") from None
    if not words or not words[0]:
        raise _refused("expected a program and its arguments, got nothing")
    return words


def _why_not(program: Path) -> str:
    if program.is_dir():
        return "expected a program, this is a directory"
    if program.exists():
        return "this file cannot be run: try `chmod +x`"
    return "there is no such program"


def _refused(problem: str) -> UsageError:
    return UsageError(f"kafkasim: --bin: {problem}")
