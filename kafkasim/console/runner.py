"""Runs lines: parses each, does what it asks for with the session, and prints what comes of it."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Iterable, Iterator
from enum import Enum, auto
from pathlib import Path
from typing import Final

from msgspec import Struct
from rich.text import Text

from kafkasim.console.guide import help_lines
from kafkasim.console.parsing import parse
from kafkasim.console.printing import Printer
from kafkasim.console.recording import script_steps
from kafkasim.console.rendering import MOST_SHOWN, counted, key_lines, printable
from kafkasim.console.scanning import LineError
from kafkasim.console.session import Session
from kafkasim.console.statements import Ask, Help, ListKeys, Quit, Save, Show, Source, SpeakAs, Statement
from kafkasim.history import write_whole

_WHY: Final = "A session that was typed by hand: every reply is expected again, exactly as it was."
"""What a saved session says of itself, until somebody says it better."""


class Outcome(Enum):
    """How a line ended: done, refused or failed (which has been printed), or the end of the session."""

    DONE = auto()
    FAILED = auto()
    LEFT = auto()


class Line(Struct, frozen=True):
    """A line and where it stands (``commands.txt:3``); nowhere when it was typed."""

    text: str
    where: str = ""


class UnreadableError(Exception):
    """A file of commands cannot be read; the text says which and why."""


def read_lines(file: str | int, name: str) -> Iterator[Line]:
    """The lines of a file (a path, or a descriptor, which is left open), each with ``NAME:LINE``; read as they come.

    Raises `UnreadableError` where it cannot be read.
    """
    owned = isinstance(file, str)
    try:
        with open(file, encoding="utf-8-sig", errors="surrogateescape", closefd=owned) as lines:
            for number, line in enumerate(lines, 1):
                yield Line(line.rstrip("\r\n"), f"{name}:{number}")
    except OSError as error:
        raise UnreadableError(f"cannot read {name}: {error.strerror or error}") from None


def _no(_question: str) -> bool:
    """The answer where there is nobody to ask."""
    return False


class Runner:
    """A session and where its output goes.

    >>> runner = Runner(Session(), Printer())
    >>> runner.run(Line("send k1 hello"))
    k1[0]  "hello"
    <Outcome.DONE: 1>
    """

    def __init__(self, session: Session, printer: Printer) -> None:
        self.session = session
        self.printer = printer
        self.confirm: Callable[[str], bool] = _no
        """Asks a person, where there is one."""
        self._sourcing: list[str] = []
        """The files that are being run, the innermost last."""

    def run_all(self, lines: Iterable[Line]) -> Outcome:
        """Runs the lines up to the first that fails or leaves."""
        for line in lines:
            outcome = self.run(line)
            if outcome is not Outcome.DONE:
                return outcome
        return Outcome.DONE

    def run(self, line: Line) -> Outcome:
        """Runs one line."""
        try:
            statement = parse(line.text)
        except LineError as error:
            self.printer.refuse(error, line.text, line.where)
            return Outcome.FAILED
        return Outcome.DONE if statement is None else self._do(statement, line.where)

    def _do(self, statement: Statement, where: str) -> Outcome:
        match statement:
            case Ask():
                return self._ask(statement, where)
            case ListKeys():
                self.printer.say(key_lines(self.session.known.logs))
            case Show():
                self._show(statement)
            case SpeakAs():
                self._speak_as(statement)
            case Save():
                return self._save(statement, where)
            case Source():
                return self._source(statement, where)
            case Help():
                self.printer.say(help_lines(statement.command, self.printer.width))
            case Quit():
                return Outcome.LEFT
        return Outcome.DONE

    def _ask(self, ask: Ask, where: str) -> Outcome:
        exchange = self.session.ask(ask)
        self.printer.reply(exchange, self.session.known, where)
        return Outcome.FAILED if exchange.reply is None or exchange.reply.is_error else Outcome.DONE

    def _show(self, show: Show) -> None:
        known = self.session.known
        keys = list(known.logs) if show.key is None else [show.key]
        if not keys:
            self.printer.say(key_lines({}))
        for place, key in enumerate(keys[:MOST_SHOWN]):
            if place:
                self.printer.say([Text("")])
            self.session.look({"type": "list_committed_offsets", "keys": [key]})
            reply = self.session.look({"type": "poll", "offsets": {key: show.offset}})
            records = reply.msgs().get(key, []) if reply is not None and not reply.is_error else []
            self.printer.show(key, show.offset, records, known.logs.get(key))
        if len(keys) > MOST_SHOWN:
            self.printer.say([Text(f"\n... and {len(keys) - MOST_SHOWN} more keys: keys", "dim")])

    def _speak_as(self, statement: SpeakAs) -> None:
        known = self.session.known
        if statement.client is not None:
            self.session.speak_as(statement.client)
            return
        others = [client for client in known.clients if client != known.client]
        also = f" (also here: {', '.join(others)})" if others else ""
        self.printer.say([Text(printable(f"{known.client} is speaking to {self.session.connection.node}{also}"))])

    def _save(self, statement: Save, where: str) -> Outcome:
        if not self.session.exchanges:
            return self._fail("there is nothing to save: nothing has been asked yet", where)
        shown, path = statement.path, _path(statement.path)
        try:
            if path.exists() and not statement.overwrite and not self.confirm(f"overwrite {shown}?"):
                return self._fail(f"{shown} is there already, and was left as it is: save --overwrite {shown}", where)
            write_whole(path, self._as_scenario(path.stem).encode())
        except OSError as error:
            return self._fail(f"cannot write {shown}: {error.strerror or error}", where)
        except (ValueError, RecursionError) as error:
            return self._fail(f"cannot save: {error}", where)
        count = counted(len(self.session.exchanges), "step")
        run = (f"kafkasim simulate {printable(shlex.quote(shown))}", "cyan")
        self.printer.say([Text.assemble(f"saved {count}; run it with: ", run)])
        return Outcome.DONE

    def _as_scenario(self, name: str) -> str:
        from kafkasim.scenario.save import save  # noqa: PLC0415 - it draws in YAML, and most sessions are not saved

        return save(name, _WHY, script_steps(self.session.exchanges))

    def _source(self, source: Source, where: str) -> Outcome:
        path = _path(source.path)
        real = os.path.realpath(path)
        if real in self._sourcing:
            return self._fail(f"{source.path} is being run already: it would run itself for ever", where)
        self._sourcing.append(real)
        try:
            return self.run_all(read_lines(str(path), source.path))
        except UnreadableError as error:
            return self._fail(str(error), where)
        finally:
            self._sourcing.pop()

    def _fail(self, text: str, where: str) -> Outcome:
        self.printer.fail(text, where)
        return Outcome.FAILED


def _path(text: str) -> Path:
    """The path, its ``~`` replaced where there is such a home."""
    return Path(os.path.expanduser(text))  # noqa: PTH111 - the other one raises where there is none
