"""The line editor: completion, validation, suggestions, the toolbar; all of prompt_toolkit that the REPL uses."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Final

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
from rich.console import Console
from rich.text import Text

from kafkasim.console.attending import Talkative, attend
from kafkasim.console.commands import RAW_SYNTAX, Arguments, find_command
from kafkasim.console.completion import complete
from kafkasim.console.parsing import OVERWRITE, commands_in, first_wrong
from kafkasim.console.rendering import counted
from kafkasim.console.scanning import quoted
from kafkasim.console.session import Known, Session
from kafkasim.console.statements import written_path
from kafkasim.console.typed_lines import TypedLines, typed_lines_path
from kafkasim.forms import printable

_MENU_ROWS: Final = 6
_OTHER_ROWS: Final = 4
"""What a low terminal keeps for the line and the toolbar; without it prompt_toolkit shows nothing but a complaint."""

_HINT: Final = "class:bottom-toolbar.hint"
_REFUSED: Final = "class:bottom-toolbar.refused"

# Dim and not a grey: in some palettes bright black is the colour of the background, and with NO_COLOR a suggestion
# would look as if it had been typed. The menu has the terminal's own colours, whether those are light or dark.
_STYLE: Final = Style.from_dict(
    {
        "client": "bold ansicyan",
        "auto-suggestion": "noinherit dim",
        "completion-menu": "noinherit",
        "completion-menu.completion": "noinherit",
        "completion-menu.completion.current": "noinherit reverse",
        "completion-menu.meta.completion": "noinherit dim",
        "completion-menu.meta.completion.current": "noinherit dim reverse",
        "bottom-toolbar": "noreverse dim",
        "bottom-toolbar.hint": "nodim",
        "bottom-toolbar.refused": "nodim bold ansired",
        "validation-toolbar": "noinherit",
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
    """A line is no command: why, and what to do about it.

    Both are the toolbar's to show, on as many lines as that takes. The message of the base class stays empty, as
    prompt_toolkit would show it on one line and cut it.
    """

    def __init__(self, place: int, reason: str, hint: str) -> None:
        super().__init__(place)
        self.reason, self.hint = reason, hint


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
    """Reads lines from a person. ``typed_lines`` is where earlier ones are found and new ones kept.

    What ``talkative`` says while a line is typed is shown above it.
    """

    def __init__(
        self, session: Session, typed_lines: History | None = None, talkative: Talkative | None = None
    ) -> None:
        self._session = session
        self._talkative = talkative
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
            style=_STYLE,
            enable_suspend=True,
        )

    def read(self) -> str:
        """The next line. Raises `KeyboardInterrupt` on Ctrl-C and `EOFError` on Ctrl-D."""
        rows = self._prompt.app.output.get_size().rows
        return self._prompt.prompt(
            [("class:client", printable(self._session.known.client)), ("", "> ")],
            reserve_space_for_menu=max(min(_MENU_ROWS, rows - _OTHER_ROWS), 0),
            pre_run=self._attend,
        )

    def _attend(self) -> None:
        if self._talkative is not None:
            app = get_app()
            app.create_background_task(attend(self._talkative, app))

    def confirm(self, question: str) -> bool:
        """Whether the answer is yes; Ctrl-C and Ctrl-D are no."""
        asking: PromptSession[str] = PromptSession(history=InMemoryHistory())
        try:
            return asking.prompt(f"{question} [y/N] ").strip().lower() in ("y", "yes")
        except (KeyboardInterrupt, EOFError):
            return False

    def toolbar(self) -> StyleAndTextTuples:
        """Why a line was refused and what to do, or the syntax of what is typed; who speaks to whom about how much."""
        app = get_app()
        buffer = app.current_buffer
        refused = buffer.validation_error
        said = [(_HINT, syntax_hint(buffer.document.text))]
        if isinstance(refused, RefusedLine):
            said = [(_REFUSED, refused.reason), (_HINT, refused.hint)]
        statuses = _statuses(self._session.known, self._session.connection.node)
        return _toolbar(said, statuses, app.output.get_size().columns)


def _statuses(known: Known, node: str) -> list[str]:
    """Who speaks to whom about how much; the longest first, for as much room as there is."""
    client = printable(known.client)
    keys, messages = len(known.logs), sum(log.end for log in known.logs.values())
    counts = f"{counted(keys, 'key')}, {counted(messages, 'message')}"
    return [f"{client} to {printable(node)} | {counts}", f"{client} | {counts}", counts]


def _toolbar(said: Sequence[tuple[str, str]], statuses: Sequence[str], columns: int) -> StyleAndTextTuples:
    """What is said (each text with its style), with a status beside its last line, or below it where none fits there.

    Nothing that is said is cut.
    """
    lines = [(style, line) for style, text in said for line in _wrapped(text, columns - 2)] or [("", "")]
    room = columns - 2  # a blank at either end
    status = _first_within(room - get_cwidth(lines[-1][1]) - 1, statuses)
    if not status and (status := _first_within(room, statuses)):
        lines.append(("", ""))
    shown: StyleAndTextTuples = [(style, f" {line}\n") for style, line in lines[:-1]]
    style, last = lines[-1]
    between = " " * (room - get_cwidth(last) - get_cwidth(status))
    return [*shown, (style, f" {last}"), ("", f"{between}{status} " if status else "")]


def _first_within(columns: int, texts: Sequence[str]) -> str:
    return next((text for text in texts if get_cwidth(text) <= columns), "")


def _wrapped(text: str, columns: int) -> list[str]:
    """The text on lines of at most so many columns; none where it is empty."""
    return [line.plain.rstrip() for line in Text(text).wrap(Console(), max(columns, 10))] if text else []


def typed_lines_of_user() -> History:
    """The user's file of typed lines; memory alone where there is no place for one."""
    try:
        return TypedLines(typed_lines_path())
    except RuntimeError:
        return InMemoryHistory()
