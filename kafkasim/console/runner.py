"""Runs lines: parses each, does what it asks for with the session, and prints what comes of it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from enum import Enum, auto
from pathlib import Path
from typing import Final

from msgspec import Struct
from rich.text import Text

from kafkasim.console.connection import NodeDownError, NotStartedError, UnansweredError
from kafkasim.console.guide import help_lines
from kafkasim.console.parsing import parse, wrong_line
from kafkasim.console.printing import Printer
from kafkasim.console.rendering import MOST_SHOWN, counted, error_line, key_lines, misshapen_line, unanswered_line
from kafkasim.console.scanning import LineError, written
from kafkasim.console.session import Reply, Session
from kafkasim.console.statements import Ask, Help, Kill, ListKeys, Quit, Restart, Save, Show, Source, SpeakAs, Statement
from kafkasim.files import write_whole
from kafkasim.forms import printable
from kafkasim.interrupts import Interrupts

_MOST_SOURCED: Final = 50
"""How many files may be run inside of one another: far from where Python gives up."""


class Outcome(Enum):
    """How a line ended: done, refused or failed (which has been printed), or the end of the session."""

    DONE = auto()
    FAILED = auto()
    LEFT = auto()


class Line(Struct, frozen=True):
    """A command and where it stands: nowhere when it was typed.

    ``source`` is what comes before the number of its line; there is no number where the source is one line.

    >>> Line("keys", "commands.txt:", 3).where(), Line("keys", "-c 2").where()
    ('commands.txt:3', '-c 2')
    """

    text: str
    source: str = ""
    number: int | None = None

    def where(self, line: int = 1) -> str:
        """Where the command stands, or another of its lines: JSON may run over several."""
        return self.source if self.number is None else f"{self.source}{self.number + line - 1}"


class UnreadableError(Exception):
    """A file of commands cannot be read; the text says which and why."""


class CommandError(Exception):
    """A command failed. What is raised does not know where the line stands; `Runner.run` says it."""


class RefusedError(CommandError):
    """The request was refused, or not answered; ``line`` says how, in the words of a reply."""

    def __init__(self, line: Text) -> None:
        super().__init__(line.plain)
        self.line = line


class InterruptedAtError(Exception):
    """Ctrl-C has stopped the lines; ``where`` is the first that was not run, or not to its end."""

    def __init__(self, where: str) -> None:
        super().__init__(where)
        self.where = where


def read_lines(file: str | int, name: str) -> Iterator[Line]:
    """The lines of a file (a path, or a descriptor, which is left open), each with ``NAME:LINE``; read as they come.

    Raises `UnreadableError` where it cannot be read.
    """
    owned = isinstance(file, str)
    try:
        with open(file, encoding="utf-8-sig", errors="surrogateescape", closefd=owned) as lines:
            for number, line in enumerate(lines, 1):
                yield Line(line.rstrip("\r\n"), f"{name}:", number)
    except OSError as error:
        raise UnreadableError(f"cannot read {name}: {error.strerror or error}") from None


class Runner:
    """A session and where its output goes.

    >>> runner = Runner(Session(), Printer())
    >>> runner.run(Line("send k1 hello"))
    k1[0]  "hello"
    <Outcome.DONE: 1>
    """

    def __init__(self, session: Session, printer: Printer, interrupts: Interrupts | None = None) -> None:
        self.session = session
        self.printer = printer
        self.interrupts = Interrupts() if interrupts is None else interrupts
        self.confirm: Callable[[str], bool] | None = None
        """Asks a person, where there is one."""
        self._sourcing: list[str] = []
        """The files that are being run, the innermost last."""

    def run_all(self, lines: Iterable[Line]) -> Outcome:
        """Runs the lines up to the first that fails or leaves. Raises `InterruptedAtError` where Ctrl-C stops them."""
        coming, where = iter(lines), ""
        while True:
            try:
                with self.interrupts.at_once():
                    line = next(coming, None)
                if line is None:
                    return Outcome.DONE
                where = line.where()
                if self.interrupts.asked is not None:
                    raise InterruptedAtError(where)
                with self.interrupts.at_the_second():
                    outcome = self.run(line)
            except KeyboardInterrupt:
                if not self.interrupts.watching:
                    raise  # there is no conversation that could go on
                raise InterruptedAtError(where) from None
            if outcome is not Outcome.DONE:
                return outcome

    def run(self, line: Line) -> Outcome:
        """Runs one line."""
        try:
            statement = parse(line.text)
            return Outcome.DONE if statement is None else self._do(statement)
        except LineError as error:
            wrong = wrong_line(line.text, error)
            self.printer.refuse(wrong.error, wrong.text, line.where(wrong.line))
        except RefusedError as error:
            self.printer.refused(error.line, line.where())
        except UnansweredError as error:
            if self.interrupts.asked is not None:
                self.printer.leave_the_line()
            self.printer.refused(unanswered_line(str(error)), line.where())
        except (CommandError, NodeDownError, NotStartedError) as error:
            self.printer.fail(str(error), line.where())
        return Outcome.FAILED

    def _do(self, statement: Statement) -> Outcome:
        match statement:
            case Ask():
                self._ask(statement)
            case ListKeys():
                self._list_keys(statement)
            case Show():
                self._show(statement)
            case SpeakAs():
                self._speak_as(statement)
            case Kill():
                self._kill()
            case Restart():
                self._restart()
            case Save():
                self._save(statement)
            case Source():
                return self._source(statement)
            case Help():
                self.printer.say(help_lines(statement.command, self.printer.width))
            case Quit():
                return Outcome.LEFT
        return Outcome.DONE

    def _ask(self, ask: Ask) -> None:
        with self.interrupts.never():
            exchange = self.session.ask(ask)
        self.printer.reply(exchange, self.session.known)
        if exchange.reply is None and not ask.wants_no_reply:
            raise RefusedError(unanswered_line())
        if exchange.reply is not None:
            _need_success(exchange.reply)

    def _list_keys(self, statement: ListKeys) -> None:
        logs = self.session.known.logs
        if statement.start is not None and statement.start not in logs:
            raise CommandError(f"there is no key {written(statement.start)} yet")
        self.printer.list_keys(logs, statement.start)

    def _show(self, show: Show) -> None:
        known = self.session.known
        keys = list(known.logs) if show.key is None else [show.key]
        if not keys:
            self.printer.say(key_lines({}))
        for place, key in enumerate(keys[:MOST_SHOWN]):
            if place:
                self.printer.say([Text("")])
            with self.interrupts.never():
                self.session.look({"type": "list_committed_offsets", "keys": [key]})
                reply = self.session.look({"type": "poll", "offsets": {key: show.offset}})
            if reply is not None:
                _need_success(reply)
            records = [] if reply is None else reply.msgs().get(key, [])
            self.printer.show(key, show.offset, records, known.logs.get(key))
        if len(keys) > MOST_SHOWN:
            more = f"\n... and {counted(len(keys) - MOST_SHOWN, 'more key')}: keys {written(keys[MOST_SHOWN])}"
            self.printer.say([Text(line, "dim") for line in more.split("\n")])

    def _speak_as(self, statement: SpeakAs) -> None:
        known = self.session.known
        if statement.client is not None:
            self.session.speak_as(statement.client)
            return
        others = [written(client) for client in known.clients if client != known.client]
        also = f" (also here: {', '.join(others)})" if others else ""
        speaking = f"{written(known.client)} is speaking to {self.session.connection.node}{also}"
        self.printer.say([Text(printable(speaking))])

    def _kill(self) -> None:
        with self.interrupts.never():
            self.session.connection.kill()
        self.printer.say([Text(f"{self.session.connection.node} was killed; `restart` starts it again")])

    def _restart(self) -> None:
        with self.interrupts.never():
            self.session.restart()
        self.printer.say([Text(f"{self.session.connection.node} was started again")])

    def _save(self, statement: Save) -> None:
        from kafkasim.console.saving import as_scenario, command_to_run  # noqa: PLC0415 - see the head of that file

        if not self.session.exchanges:
            raise CommandError("there is nothing to save: nothing has been asked yet")
        shown, path = statement.path, _path(statement.path)
        try:
            if path.is_dir():
                raise CommandError(f"{shown} is a directory: expected a file")
            if path.exists() and not statement.overwrite:
                if self.confirm is None:
                    again = f"save --overwrite {statement.written_path}"
                    raise CommandError(f"{shown} is there already, and was left as it is: {again}")
                if not self.confirm(f"overwrite {shown}?"):
                    self.printer.say([Text(f"{printable(shown)} was left as it is")])
                    return
            with self.interrupts.at_once():  # nothing has been touched yet, and this may take its time
                text = as_scenario(path.stem, self.session.exchanges, self.session.connection.command)
            with self.interrupts.never():
                write_whole(path, text.encode())
        except OSError as error:
            raise CommandError(f"cannot write {shown}: {error.strerror or error}") from None
        except ValueError as error:
            raise CommandError(f"cannot save: {error}") from None
        count = counted(len(self.session.exchanges), "step")
        since = f", what was asked since {self.session.connection.node} was started again" * self.session.restarted
        run = (printable(command_to_run(path)), "cyan")
        self.printer.say([Text.assemble(f"saved {count}{since}; run it with: ", run)])

    def _source(self, source: Source) -> Outcome:
        path = _path(source.path)
        real = os.path.realpath(path)
        if real in self._sourcing:
            raise CommandError(f"{source.path} is being run already: it would run itself for ever")
        if len(self._sourcing) >= _MOST_SOURCED:
            raise CommandError(f"{source.path} was not run: expected at most {_MOST_SOURCED} files inside one another")
        self._sourcing.append(real)
        try:
            return self.run_all(read_lines(str(path), source.path))
        except UnreadableError as error:
            raise CommandError(str(error)) from None
        finally:
            self._sourcing.pop()


def _need_success(reply: Reply) -> None:
    if reply.fault:
        raise RefusedError(misshapen_line(reply))
    if reply.is_error:
        raise RefusedError(error_line(reply))


def _path(text: str) -> Path:
    """The path, its ``~`` replaced where there is such a home."""
    return Path(os.path.expanduser(text))  # noqa: PTH111 - the other one raises where there is none
