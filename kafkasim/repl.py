"""The REPL: type the RPCs by hand, see what the log does.

The loop and the keys are here; what a line means and what is shown of it is the console package's business.
Three rules: Ctrl-C clears the line, Ctrl-D leaves, and an error is printed and the loop goes on. Lines that come from
a pipe, a file or ``-c`` are run without a prompt, up to the first that fails.
"""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from typing import TYPE_CHECKING, Final

from kafkasim import __version__
from kafkasim.console.connection import NotStartedError
from kafkasim.console.parsing import commands_in, first_wrong
from kafkasim.console.printing import Printer, UnwritableError, forgiving_streams
from kafkasim.console.rendering import counted
from kafkasim.console.runner import InterruptedAtError, Line, Outcome, Runner, UnreadableError, read_lines
from kafkasim.console.session import Session
from kafkasim.forms import printable
from kafkasim.interrupts import Interrupts

if TYPE_CHECKING:
    from kafkasim.console.process_connection import ProcessConnection
    from kafkasim.console.terminal import Terminal

_STANDARD_INPUT: Final = "-"


def main(
    commands: Sequence[str] = (),
    file: str | None = None,
    json: bool = False,  # noqa: FBT001, FBT002 - the command line's own option, handed through
    program: Sequence[str] = (),
) -> int:
    """Runs the file, then the commands; without either, what is typed or comes through a pipe.

    ``file`` may be ``-``: standard input. With ``json`` standard output holds the replies' bodies alone, one a line.
    With a ``program`` (and its arguments) that is the node, and it is ended when this returns, whichever way.
    The exit code: 0 all went well, 1 a line failed (nothing after it was run), 2 the file cannot be read or the
    program not started, 130 Ctrl-C.

    >>> main(["send k1 hello", "commit k1:0"])
    k1[0]  "hello"
    k1  committed 0: all up to and including offset 0 is processed
    0
    """
    if file == "":
        print("error: expected the name of a file, got an empty text", file=sys.stderr)  # noqa: T201 - nothing else is up yet
        return 2
    forgiving_streams()
    printer, interrupts = Printer(json=json), Interrupts()
    try:
        with _program(program, printer, interrupts) as connection:
            if connection is not None:
                connection.restart()
            return _run(commands, file, Runner(Session(connection), printer, interrupts), connection)
    except NotStartedError as error:
        printer.fail(str(error))
        return 2
    except KeyboardInterrupt:
        return 130
    except UnwritableError as error:
        return _cannot_write(error)


def _program(program: Sequence[str], printer: Printer, interrupts: Interrupts) -> ProcessConnection | nullcontext[None]:
    if not program:
        return nullcontext()
    # A session with a node of ours need not wait for what runs programs.
    from kafkasim.console.process_connection import ProcessConnection  # noqa: PLC0415 - see above

    return ProcessConnection(program, printer.note, interrupts)


def _cannot_write(error: UnwritableError) -> int:
    """Says which stream is gone, where there is still one to say it on, and has the interpreter not complain again."""
    _say_no_more(error.stream)
    if error.stream == "stdout":
        if isinstance(error.cause, BrokenPipeError):  # whoever was reading has had enough
            return 0
        try:
            print(f"error: cannot write to standard output: {error}", file=sys.stderr, flush=True)  # noqa: T201 - all else that could print it has just failed
        except OSError:
            _say_no_more("stderr")
    return 1


def _say_no_more(stream: str) -> None:
    """What is still buffered has nowhere to go, and must not be complained about when the interpreter ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), getattr(sys, stream).fileno())


def converse(runner: Runner, terminal: Terminal) -> None:
    """Reads lines from a person and runs them until it is time to leave."""
    runner.confirm = terminal.confirm
    # All the time: who keeps pressing Ctrl-C while it is told that lines were stopped is not to be thrown out for it.
    with runner.interrupts.watched():
        while _read_and_run(runner, terminal) is not Outcome.LEFT:
            runner.interrupts.asked = None


def _read_and_run(runner: Runner, terminal: Terminal) -> Outcome:
    try:
        text = terminal.read()
    except KeyboardInterrupt:
        return Outcome.DONE
    except EOFError:
        return Outcome.LEFT
    runner.interrupts.asked = None
    try:
        return _run_typed(runner, text)
    except InterruptedAtError as interrupted:
        runner.printer.interrupted(interrupted.where)
    except UnwritableError:
        raise  # the output is gone, and with it the conversation
    except Exception as error:  # noqa: BLE001 - nobody is to lose a session by a bug of ours
        text = f"this is a bug of kafkasim {__version__}, please report it with what you typed"
        runner.printer.fail(f"{text}: {type(error).__name__}: {error}")
    return Outcome.FAILED


def _run_typed(runner: Runner, text: str) -> Outcome:
    """Runs what was typed, or the lines that were pasted: all of them, or none where one is no command."""
    commands = commands_in(text)
    pasted = len(commands) > 1
    wrong = first_wrong(commands)
    if wrong is not None:
        where = f"pasted line {wrong.line}" if "\n" in text else ""
        runner.printer.refuse(wrong.error, wrong.text, where)
        return Outcome.FAILED
    lines = [Line(command.text, "pasted line ", command.line) if pasted else Line(command.text) for command in commands]
    coming = iter(lines)
    outcome = runner.run_all(coming)
    left = sum(bool(line.text.strip()) for line in coming)
    if outcome is Outcome.FAILED and left:
        runner.printer.fail(f"{counted(left, 'more pasted line')} not run")
    return outcome


def _run(commands: Sequence[str], file: str | None, runner: Runner, connection: ProcessConnection | None) -> int:
    if file is None and not commands:
        if sys.stdin is not None and sys.stdin.isatty():
            return _talk(runner, connection)
        file = _STANDARD_INPUT
    if file is not None:
        try:
            outcome = runner.run_all(_lines_of(file))
        except UnreadableError as error:
            runner.printer.fail(str(error))
            return 2
        if outcome is not Outcome.DONE:
            return int(outcome is Outcome.FAILED)
    return int(runner.run_all(_lines_in(commands)) is Outcome.FAILED)


def _talk(runner: Runner, connection: ProcessConnection | None) -> int:
    # A pipe need not wait for the line editor to load.
    from prompt_toolkit.application import create_app_session  # noqa: PLC0415 - see above
    from prompt_toolkit.output import create_output  # noqa: PLC0415 - see above

    from kafkasim.console.terminal import Terminal  # noqa: PLC0415 - see above

    who = "a log of your own, gone when you leave."
    if connection is not None:
        who = f"{printable(shlex.join(connection.command))} is {connection.node}, and ends when you leave."
    runner.printer.greet(
        f"kafkasim {__version__}: {who}",
        "Try `send k1 hello`, then `poll k1`. `help` lists the commands, Ctrl-D leaves.",
    )
    # Where the replies go somewhere else, the prompt stays where the person is.
    prompts = None if sys.stdout is not None and sys.stdout.isatty() else create_output(stdout=sys.stderr)
    with create_app_session(output=prompts):
        converse(runner, Terminal(runner.session, talkative=connection))
    return 0


def _lines_of(file: str) -> Iterator[Line]:
    if file == _STANDARD_INPUT:
        if sys.stdin is None:
            raise UnreadableError("cannot read standard input: it is closed")
        return read_lines(sys.stdin.fileno(), "standard input")
    return read_lines(file, file)


def _lines_in(commands: Sequence[str]) -> Iterator[Line]:
    for number, command in enumerate(commands, 1):
        parts = commands_in(command)
        of_one_line = len(parts) == 1 and "\n" not in parts[0].text
        for part in parts:
            yield Line(part.text, f"-c {number}") if of_one_line else Line(part.text, f"-c {number}, line ", part.line)
