"""The line editor: completion, validation, suggestions, the toolbar; all of prompt_toolkit that the REPL uses."""

from __future__ import annotations

from collections.abc import Iterable

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
from kafkasim.console.parsing import commands_in, parse
from kafkasim.console.rendering import counted, printable
from kafkasim.console.scanning import LineError
from kafkasim.console.session import Session
from kafkasim.console.typed_lines import TypedLines, typed_lines_path

_FIRST_HINT = "send k1 hello   (help lists the commands)"

_STYLE = Style.from_dict(
    {
        "client": "bold ansicyan",
        "placeholder": "ansibrightblack",
        "bottom-toolbar": "noreverse ansibrightblack",
        "bottom-toolbar.syntax": "ansidefault",
        "validation-toolbar": "noinherit bold ansired",
    }
)


class LineCompleter(Completer):
    """Offers commands, keys and offsets that exist, and files where a file is wanted."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._paths = PathCompleter(expanduser=True)

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:
        """What `complete` says, at the cursor."""
        text = document.text_before_cursor
        name, blank, rest = text.lstrip().partition(" ")
        command = find_command(name)
        if blank and command is not None and command.arguments in (Arguments.SAVED_FILE, Arguments.SOURCE_FILE):
            path = rest.lstrip().removeprefix("--overwrite ").lstrip()
            yield from self._paths.get_completions(Document(path), complete_event)
            return
        for candidate in complete(text, self._session.known):
            yield Completion(candidate.text, candidate.start - len(text), display_meta=candidate.note)


class RefusedLine(ValidationError):  # noqa: N818 - the base class is called as it is
    """A line is no command; ``hint`` is what to do about it."""

    def __init__(self, place: int, text: str, hint: str) -> None:
        super().__init__(place, text)
        self.hint = hint


class LineValidator(Validator):
    """Keeps a line that surely is no command from being sent, with the cursor at the place that is wrong."""

    def validate(self, document: Document) -> None:
        """Refuses a single line that cannot be parsed; pasted lines are taken one by one."""
        lines = commands_in(document.text)
        if len(lines) != 1:
            return
        try:
            parse(lines[0])
        except LineError as error:
            place = min(error.place, len(document.text))
            raise RefusedLine(place, printable(error.text), printable(error.hint)) from None


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
        self._prompt: PromptSession[str] = PromptSession(
            completer=LineCompleter(session),
            complete_while_typing=True,
            # A terminal that cannot draw could not say why a line is refused; there it is run, and the error printed.
            validator=None if is_dumb_terminal() else LineValidator(),
            validate_while_typing=False,
            auto_suggest=AutoSuggestFromHistory(),
            history=typed_lines_of_user() if typed_lines is None else typed_lines,
            bottom_toolbar=self.toolbar,
            placeholder=lambda: [("class:placeholder", _FIRST_HINT)] if self._fresh else [],
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
        keys = counted(len(known.logs), "key")
        messages = counted(sum(log.end for log in known.logs.values()), "message")
        status = printable(f"{known.client} to {self._session.connection.node} | {keys}, {messages}")
        room = app.output.get_size().columns - get_cwidth(hint) - get_cwidth(status) - 2
        if room < 1:
            return [("class:bottom-toolbar.syntax", f" {hint or status}")]
        return [("class:bottom-toolbar.syntax", f" {hint}"), ("", f"{' ' * room}{status} ")]


def typed_lines_of_user() -> History:
    """The user's file of typed lines; memory alone where there is no place for one."""
    try:
        return TypedLines(typed_lines_path())
    except RuntimeError:
        return InMemoryHistory()
