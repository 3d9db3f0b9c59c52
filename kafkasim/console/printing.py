"""Where the REPL's words go: replies to standard output, errors to standard error, colours where there are any.

With ``json`` standard output holds replies alone, each the body as it came, one a line; all else is said on
standard error.
"""

from __future__ import annotations

import codecs
import contextlib
import io
import sys
from collections.abc import Iterable, Sequence
from typing import Final

from msgspec import Raw
from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from kafkasim.console.rendering import escaped, log_lines, printable, reply_lines
from kafkasim.console.scanning import LineError
from kafkasim.console.session import Exchange, Known, KnownLog

_INDENT = "  "


class Page(Console):
    """A console that takes words as they are, and leaves it to its owner what to do when nobody reads any more."""

    def __init__(self, *, stderr: bool = False) -> None:
        super().__init__(stderr=stderr, highlight=False, markup=False, emoji=False)

    def on_broken_pipe(self) -> None:
        """Goes on raising the `BrokenPipeError` that is being handled."""
        raise  # noqa: PLE0704 - this is called while it is being handled


class Printer:
    """Prints what a session yields."""

    def __init__(self, *, json: bool = False, out: Console | None = None, err: Console | None = None) -> None:
        self._json = json
        self._out = Page() if out is None else out
        self._err = Page(stderr=True) if err is None else err

    @property
    def width(self) -> int:
        """How many columns words are laid out for."""
        return self._out.width

    @staticmethod
    def _record_width(console: Console) -> int:
        """How many columns a record may take: all it needs where no terminal limits them."""
        return console.width if console.is_terminal else sys.maxsize

    def reply(self, exchange: Exchange, known: Known, where: str = "") -> None:
        """Prints what was answered; an error goes to standard error, with the place of the line that earned it."""
        reply = exchange.reply
        if self._json and reply is not None:
            self._out.file.write(reply.body.decode() + "\n")
            self._out.file.flush()
        if reply is None or reply.is_error:
            lines = reply_lines(exchange, known, self._record_width(self._err))
            self._print(self._err, [Text.assemble(_place(where), line) for line in lines])
        elif not self._json:
            self._print(self._out, reply_lines(exchange, known, self._record_width(self._out)))

    def show(self, key: str, offset: int, records: Sequence[tuple[int, Raw]], log: KnownLog | None) -> None:
        """Prints a log from an offset on."""
        self.say(log_lines(key, offset, records, log, self._record_width(self._out)))

    def say(self, lines: Iterable[Text]) -> None:
        """Prints what the REPL itself has to say."""
        self._print(self._err if self._json else self._out, lines)

    def refuse(self, error: LineError, line: str, where: str = "") -> None:
        """Prints why a line is no command, with the line and a mark under the place."""
        place = f"{where}:{error.place + 1}" if where else ""
        self._print(self._err, [Text.assemble(_place(place), ("error: ", "bold red"), printable(error.text))])
        self._print(self._err, pointed(line, error.place, self._err.width))
        if error.hint:
            self._print(self._err, [Text(f"{_INDENT}{printable(error.hint)}", "dim")])

    def fail(self, text: str, where: str = "") -> None:
        """Prints why something could not be done."""
        self._print(self._err, [Text.assemble(_place(where), ("error: ", "bold red"), printable(text))])

    @staticmethod
    def _print(console: Console, lines: Iterable[Text]) -> None:
        for line in lines:
            if console.is_terminal:
                console.print(line)
            else:  # what programs read keeps its lines, and is not waited for while a layout is worked out
                console.file.write(f"{line.plain}\n")
        console.file.flush()


def _place(where: str) -> str:
    return f"{printable(where)}: " if where else ""


def pointed(line: str, place: int, width: int) -> list[Text]:
    """The line, or as much of it around the place as fits, and under it a mark at the place.

    >>> for text in pointed("poll k1:x", 8, 80):
    ...     print(text.plain)
      poll k1:x
              ^
    """
    room = max(width - 2 * len(_INDENT), 20)
    start = max(0, place - room // 2) if cell_len(line) > room else 0
    before, after = printable(line[start:place]), printable(line[place : start + room])
    if start:
        before = "…" + before[1:]
    text = Text(_INDENT + before + after, "default", no_wrap=True)
    text.truncate(width, overflow="ellipsis")
    return [text, Text(_INDENT + " " * cell_len(before) + "^", "bold red")]


_JSON_ESCAPES: Final = "kafkasim-json-escapes"


def _escape_unsayable(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeEncodeError), "it is asked about output alone"
    return "".join(map(escaped, error.object[error.start : error.end])), error.end


codecs.register_error(_JSON_ESCAPES, _escape_unsayable)


def forgiving_streams() -> None:
    """Has standard output and error write what their encoding cannot say as JSON escapes, rather than raise.

    Replies stay the JSON that they are: such characters stand only inside of strings there.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            with contextlib.suppress(io.UnsupportedOperation):
                stream.reconfigure(errors=_JSON_ESCAPES)
