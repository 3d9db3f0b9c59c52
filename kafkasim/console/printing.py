"""Where the REPL's words go: replies to standard output, errors to standard error, colours where there are any.

With ``json`` standard output holds replies alone, each the body as it came, one a line; all else is said on
standard error.
"""

from __future__ import annotations

import codecs
import contextlib
import io
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from msgspec import Raw
from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from kafkasim.console.notes import Note, note_lines
from kafkasim.console.rendering import key_lines, log_lines, reply_lines
from kafkasim.console.scanning import LineError
from kafkasim.console.session import Exchange, Known, KnownLog
from kafkasim.forms import escaped, printable

_INDENT = "  "


class Page(Console):
    """A console that takes words as they are, and leaves it to its owner what to do when nobody reads any more."""

    def __init__(self, *, stderr: bool = False) -> None:
        super().__init__(stderr=stderr, highlight=False, markup=False, emoji=False)

    def on_broken_pipe(self) -> None:
        """Goes on raising the `BrokenPipeError` that is being handled."""
        raise  # noqa: PLE0704 - this is called while it is being handled


class UnwritableError(Exception):
    """A stream could not be written; ``stream`` is which (``stdout`` or ``stderr``), the cause is why."""

    def __init__(self, stream: str, cause: OSError) -> None:
        super().__init__(cause.strerror or str(cause))
        self.stream, self.cause = stream, cause


def _error_page() -> Console:
    return Page(stderr=True)


class Printer:
    """Prints what a session yields. ``out`` and ``err`` make the consoles for it."""

    def __init__(
        self,
        *,
        json: bool = False,
        out: Callable[[], Console] = Page,
        err: Callable[[], Console] = _error_page,
    ) -> None:
        self._json = json
        self._make_out, self._make_err = out, err
        self._out, self._err = out(), err()

    def start_afresh(self) -> None:
        """After something was cut while it was printed: a console keeps what it had not got rid of, so take others."""
        for console in (self._out, self._err):
            with contextlib.suppress(OSError, ValueError):
                console.file.flush()
        self._out, self._err = self._make_out(), self._make_err()

    @property
    def width(self) -> int:
        """How many columns words are laid out for."""
        return self._out.width

    @staticmethod
    def _record_width(console: Console) -> int:
        """How many columns a record may take: all it needs where no terminal limits them."""
        return console.width if console.is_terminal else sys.maxsize

    def reply(self, exchange: Exchange, known: Known) -> None:
        """Prints what was answered to a request that was obeyed; of others the JSON alone, where that is wanted."""
        reply = exchange.reply
        if self._json and reply is not None:
            with self._writing(self._out):
                self._out.file.write(reply.body.decode() + "\n")
        elif exchange.ask.wants_no_reply if reply is None else not (reply.is_error or reply.fault):
            self.say(reply_lines(exchange, known, self._record_width(self._out)))

    def refused(self, line: Text, where: str = "") -> None:
        """Prints that a request was refused, with the place of the line that earned it."""
        self._print(self._err, [Text.assemble(_place(where), line)])

    def list_keys(self, logs: dict[str, KnownLog], start: str | None) -> None:
        """Prints a table of the keys, from one on."""
        self.say(key_lines(logs, start, self._record_width(self._out)))

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

    def note(self, note: Note) -> None:
        """Prints what a node has written that nobody asked it for."""
        self._print(self._err, note_lines(note))

    def fail(self, text: str, where: str = "") -> None:
        """Prints why something could not be done."""
        self._print(self._err, [Text.assemble(_place(where), ("error: ", "bold red"), printable(text))])

    def greet(self, who: str, what_to_type: str) -> None:
        """Prints a word to the person, where the prompt will be."""
        self._print(self._out if self._out.file.isatty() else self._err, [Text(who, "dim"), Text(what_to_type)])

    def interrupted(self, where: str) -> None:
        """Prints that Ctrl-C has stopped the lines, on a line of its own: a terminal shows ^C wherever it is."""
        self.start_afresh()
        place = f" at {printable(where)}" if where else ""
        self.leave_the_line()
        self._print(self._err, [Text(f"interrupted{place}", "bold red", no_wrap=True)])

    def leave_the_line(self) -> None:
        """After Ctrl-C: begins a new line, as a terminal shows ^C wherever it is."""
        if self._err.is_terminal:
            self._print(self._err, [Text("")])

    def _print(self, console: Console, lines: Iterable[Text]) -> None:
        with self._writing(console):
            for line in lines:
                if console.is_terminal:
                    console.print(line, soft_wrap=line.no_wrap)
                else:  # what programs read keeps its lines, and is not waited for while a layout is worked out
                    console.file.write(f"{line.plain}\n")

    @contextmanager
    def _writing(self, console: Console) -> Iterator[None]:
        """Flushes what was written, and knows which stream it was that could not be."""
        try:
            yield
            console.file.flush()
        except OSError as error:
            raise UnwritableError("stderr" if console is self._err else "stdout", error) from None


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
    before, after = printable(line[:place]), printable(line[place:])  # first, as an escape takes more room
    if cell_len(before) + cell_len(after) > room and cell_len(before) > room // 2:
        before = "…" + _last_cells(before, room // 2 - 1)
    text = Text(_INDENT + before + after, "default", no_wrap=True)
    text.truncate(width, overflow="ellipsis")
    return [text, Text(_INDENT + " " * cell_len(before) + "^", "bold red", no_wrap=True)]


def _last_cells(text: str, room: int) -> str:
    """As many of the last characters as fit into so many columns."""
    start = len(text)
    while start and (width := cell_len(text[start - 1])) <= room:
        room -= width
        start -= 1
    return text[start:]


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
