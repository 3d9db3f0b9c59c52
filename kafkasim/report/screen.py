"""Where reports are printed: a rich console that is plain where nobody looks, and never breaks a run.

* On a terminal: colours (not with ``NO_COLOR``), as wide as the terminal but no wider than prose is read.
* In a pipe or file: no control codes, 80 columns whatever terminal stands behind (``COLUMNS`` wins), and
  no blanks at the ends of lines.
* A reader that leaves early (``| head -1``) silences the output; the run goes on and its exit code stands.
* A terminal that cannot show ``→`` gets ``->``, not a traceback.
"""

from __future__ import annotations

import codecs
import os
from typing import IO, Final, TextIO

from rich.console import Console, RenderableType
from rich.text import Text
from rich.theme import Theme

WIDEST: Final = 100
"""Lines longer than this tire the eye, however wide the terminal is."""

NARROWEST: Final = 40
"""Below this a table has no room; the terminal may wrap it then."""

THEME: Final = Theme(
    {
        "good": "bold green",
        "bad": "bold red",
        "unsure": "bold yellow",
        "faint": "dim",
        "title": "bold",
        "name": "cyan",
        "command": "bold cyan",
    },
    inherit=False,
)

_SUBSTITUTES: Final = {"→": "->", "µ": "u", "…": "...", "━": "-", "╸": "-", "╺": "-", "•": "*"}


def make_screen(file: TextIO) -> Console:
    """A console for one of the standard streams (or a test's own file)."""
    if hasattr(file, "reconfigure"):
        file.reconfigure(errors=_substitute_errors())
    width = None if file.isatty() or os.environ.get("COLUMNS", "").isdecimal() else 80
    screen = Console(file=file, width=width, theme=THEME, highlight=False, markup=False, emoji=False)
    screen.width = max(NARROWEST, min(screen.width, WIDEST))
    return screen


def show(screen: Console, *parts: RenderableType) -> None:
    """Prints the parts one below the other, without blanks at the ends of lines.

    A `Text` that must not wrap (a command to be copied) stays one line, however long.

    >>> import sys
    >>> show(make_screen(sys.stdout), "one", Text("two   "))
    one
    two
    """
    with screen.capture() as captured:
        for part in parts:
            screen.print(part, soft_wrap=isinstance(part, Text) and bool(part.no_wrap))
    write(screen.file, "".join(f"{line.rstrip()}\n" for line in captured.get().splitlines()))


def write(file: IO[str], text: str) -> None:
    """Writes the text to standard output at once; a reader that has left is no error: what follows goes nowhere.

    Whatever else the system refuses is an `OSError` that names the stream.

    >>> import sys
    >>> write(sys.stdout, "{}")
    {}
    """
    try:
        file.write(text)
        file.flush()
    except BrokenPipeError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, file.fileno())  # the interpreter's own last flush must find somebody listening, too
        os.close(nowhere)
    except OSError as error:
        raise OSError(error.errno, error.strerror, "standard output") from None


def indented(screen: Console, text: str | Text, by: int, hanging: int = 0) -> Text:
    """Prose wrapped at the width of the screen, all its lines moved in by so many columns, all but the first by more.

    >>> import io
    >>> text = indented(make_screen(io.StringIO()), "word " * 20, 4, hanging=2)
    >>> [line[:8] for line in text.plain.splitlines()]
    ['    word', '      wo']
    """
    prose = text if isinstance(text, Text) else Text(" ".join(text.split()))
    lines = prose.wrap(screen, max(20, screen.width - by - hanging))
    whole = Text()
    for number, line in enumerate(lines):
        line.rstrip()
        whole.append("\n" if number else "").append(" " * (by + hanging if number else by)).append_text(line)
    return whole


def _substitute_errors() -> str:
    """The name of an error handler that writes what an old terminal can show."""
    name = "kafkasim-substitute"

    def substitute(error: UnicodeError) -> tuple[str | bytes, int]:
        assert isinstance(error, UnicodeEncodeError)
        char = error.object[error.start]
        return _SUBSTITUTES.get(char) or char.encode("ascii", "backslashreplace").decode(), error.start + 1

    codecs.register_error(name, substitute)
    return name
