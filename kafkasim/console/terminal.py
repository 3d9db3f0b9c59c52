"""The line editor: completion, validation, suggestions, the toolbar; all of prompt_toolkit that the REPL uses."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress

from prompt_toolkit import PromptSession
from prompt_toolkit.application import get_app
from prompt_toolkit.auto_suggest import AutoSuggestFromHistory
from prompt_toolkit.completion import CompleteEvent, Completer, Completion, PathCompleter
from prompt_toolkit.document import Document
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.history import History, InMemoryHistory
from prompt_toolkit.styles import Style
from prompt_toolkit.utils import get_cwidth, is_dumb_terminal
from prompt_toolkit.validation import ValidationError, Validator

from kafkasim.console.commands import RAW_SYNTAX, Arguments, find_command
from kafkasim.console.completion import complete
from kafkasim.console.parsing import OVERWRITE, commands_in, first_wrong
from kafkasim.console.rendering import counted
from kafkasim.console.scanning import quoted
from kafkasim.console.session import Known, Session
from kafkasim.console.statements import written_path
from kafkasim.console.typed_lines import TypedLines, typed_lines_path
from kafkasim.forms import printable

_FIRST_HINT = "send k1 hello   (help lists the commands)"

_STYLE = Style.from_dict(
    {
        "client": "bold ansicyan",
        # Not a grey: in some palettes bright black is the colour of the background.
        "placeholder": "italic",
        "bottom-toolbar": "noreverse italic",
        "bottom-toolbar.syntax": "noitalic ansidefault",
        "validation-toolbar": "noinherit bold ansired",
    }
)


class LineCompleter(Completer):
    """Offers commands, keys and offsets that exist, and files where a file is wanted."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._paths = PathCompleter(expanduser=True)

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:
        """What `complete` says, at the cursor; nothing where that fails, as a line can be typed without it."""
        try:
            return list(self._completions(document.text_before_cursor, complete_event))
        except Exception:  # noqa: BLE001 - it would end in the middle of the screen, over what is being typed
            return []

    def _completions(self, text: str, complete_event: CompleteEvent) -> Iterator[Completion]:
        name, blank, rest = text.lstrip().partition(" ")
        command = find_command(name)
        if blank and command is not None and command.arguments in (Arguments.SAVED_FILE, Arguments.SOURCE_FILE):
            yield from self._files(rest.lstrip(), command.arguments is Arguments.SAVED_FILE, complete_event)
            return
        for candidate in complete(text, self._session.known):
            yield Completion(candidate.text, candidate.start - len(text), display_meta=candidate.note)

    def _files(self, typed: str, saved: bool, complete_event: CompleteEvent) -> Iterator[Completion]:  # noqa: FBT001 - the page's own
        if saved and OVERWRITE.startswith(typed):
            yield Completion(OVERWRITE, -len(typed), display_meta="whatever is there")
        if saved:
            typed = typed.removeprefix(f"{OVERWRITE} ").lstrip()
        path = typed
        if typed.startswith('"'):
            with suppress(ValueError):
                path = str(json.loads(f'{typed}"'))
        for found in self._paths.get_completions(Document(path), complete_event):
            whole = path[: len(path) + found.start_position] + found.text
            if path == typed and written_path(whole) == whole:
                yield found
            else:
                yield Completion(quoted(whole), -len(typed), display=found.display)


class RefusedLine(ValidationError):  # noqa: N818 - the base class is called as it is
    """A line is no command; ``hint`` is what to do about it."""

    def __init__(self, place: int, text: str, hint: str) -> None:
        super().__init__(place, text)
        self.hint = hint


class LineValidator(Validator):
    """Keeps a line that surely is no command from being sent, with the cursor at the place that is wrong."""

    def validate(self, document: Document) -> None:
        """Refuses a line that cannot be parsed, and pasted lines of which one cannot."""
        wrong = first_wrong(commands_in(document.text))
        if wrong is None:
            return
        # The document has line feeds alone, as the buffer normalizes what is pasted; places are the same then.
        place = min(wrong.start + wrong.error.place, len(document.text))
        where = f"pasted line {wrong.line}: " if "\n" in document.text else ""
        raise RefusedLine(place, printable(where + wrong.error.text), printable(wrong.error.hint)) from None


def syntax_hint(text: str) -> str:
    """The syntax of the command that is being typed; nothing where none is.

    >>> syntax_hint("poll k1"), syntax_hint("xyzzy")
    ('poll KEY[:OFFSET]... [max=N]', '')
    """
    words = text.split(maxsplit=1)
    if not words:
        return ""
    if words[0].startswith("{"):
        return RAW_SYNTAX
    command = find_command(words[0])
    return "" if command is None else command.syntax


class Terminal:
    """Reads lines from a person. ``typed_lines`` is where earlier ones are found and new ones kept."""

    def __init__(self, session: Session, typed_lines: History | None = None) -> None:
        self._session = session
        self._fresh = True
        # A terminal that cannot draw has no place for what is offered, and could not say why a line is refused:
        # there it is run, and the error printed.
        draws = not is_dumb_terminal()
        self._prompt: PromptSession[str] = PromptSession(
            completer=LineCompleter(session) if draws else None,
            complete_while_typing=draws,
            validator=LineValidator() if draws else None,
            validate_while_typing=False,
            auto_suggest=AutoSuggestFromHistory() if draws else None,
            history=typed_lines_of_user() if typed_lines is None else typed_lines,
            bottom_toolbar=self.toolbar,
            placeholder=lambda: [("class:placeholder", _FIRST_HINT)] if self._fresh and draws else [],
            style=_STYLE,
            reserve_space_for_menu=6,
        )

    def read(self) -> str:
        """The next line. Raises `KeyboardInterrupt` on Ctrl-C and `EOFError` on Ctrl-D."""
        line = self._prompt.prompt([("class:client", printable(self._session.known.client)), ("", "> ")])
        self._fresh = self._fresh and not line.strip()
        return line

    def confirm(self, question: str) -> bool:
        """Whether the answer is yes; Ctrl-C and Ctrl-D are no."""
        asking: PromptSession[str] = PromptSession(history=InMemoryHistory())
        try:
            return asking.prompt(f"{question} [y/N] ").strip().lower() in ("y", "yes")
        except (KeyboardInterrupt, EOFError):
            return False

    def toolbar(self) -> StyleAndTextTuples:
        """What to do about a refused line or the syntax of what is being typed; who speaks to whom about how much."""
        known = self._session.known
        app = get_app()
        buffer = app.current_buffer
        refused = buffer.validation_error
        hint = refused.hint if isinstance(refused, RefusedLine) else ""
        hint = hint or syntax_hint(buffer.document.text)
        return _toolbar(hint, _statuses(known, self._session.connection.node), app.output.get_size().columns)


def _statuses(known: Known, node: str) -> list[str]:
    """Who speaks to whom about how much; the longest first, for as much room as there is."""
    client = printable(known.client)
    keys, messages = len(known.logs), sum(log.end for log in known.logs.values())
    counts = f"{counted(keys, 'key')}, {counted(messages, 'message')}"
    return [f"{client} to {printable(node)} | {counts}", f"{client} | {counts}", counts]


def _toolbar(hint: str, statuses: Sequence[str], columns: int) -> StyleAndTextTuples:
    """The hint with the status beside it, or below it where that does not fit; nothing is cut that is a hint."""
    lines = textwrap.wrap(hint, max(columns - 2, 10)) or [""]
    last = get_cwidth(lines[-1]) + 2
    status = next((each for each in statuses if get_cwidth(each) + last < columns), "")
    if not status:
        status = next((each for each in statuses if get_cwidth(each) + 2 <= columns), "")
        lines += [""] if status else []
        last = 2
    shown = "\n".join(f" {line}" for line in lines) if hint or status else ""
    room = max(columns - last - get_cwidth(status), 0)
    return [("class:bottom-toolbar.syntax", shown), ("", f"{' ' * room}{status} " if status else "")]


def typed_lines_of_user() -> History:
    """The user's file of typed lines; memory alone where there is no place for one."""
    try:
        return TypedLines(typed_lines_path())
    except RuntimeError:
        return InMemoryHistory()
