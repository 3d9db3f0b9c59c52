"""What `help` says, put together from the commands' table and the RPCs' own page."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from inspect import getdoc

import msgspec
from msgspec import Struct
from msgspec.inspect import Metadata
from rich.console import Console
from rich.text import Text

from kafkasim.console.commands import COMMANDS, RAW_SYNTAX, Command
from kafkasim.messages import Rpc, error_title

_HEAD = "bold"
_QUIET = "dim"
_NARROW = 60
"""Below so many columns nothing stands beside the syntax."""

_WIRE_FIELDS = ("msg_id", "in_reply_to")


def help_lines(command: Command | None = None, width: int = 80) -> list[Text]:
    """All about one command; without one, each in short and how lines are written. For so many columns."""
    if command is None:
        return _overview(width)
    return [each for line in _about(command) for each in _hanging(line, width)]


def _overview(width: int) -> list[Text]:
    lines: list[Text] = []
    for command in COMMANDS:
        lines += _entry(command.syntax, command.summary, width)
    return [
        *lines,
        *_entry(RAW_SYNTAX, "Sends the body as it stands.", width),
        Text(""),
        Text("A key is written bare, or in quotes where it has blanks, colons or quotes in it.", _QUIET),
        Text("`help COMMAND` tells more. Tab completes, Ctrl-C clears the line, Ctrl-D leaves.", _QUIET),
    ]


def _entry(syntax: str, summary: str, width: int) -> list[Text]:
    """The syntax, and beside it the summary, in as many lines as that takes; below it where the page is narrow."""
    if width < _NARROW:
        return [Text(syntax, "cyan"), *(Text(f"  {line}") for line in textwrap.wrap(summary, max(width - 2, 20)))]
    beside = max(len(each) for each in (RAW_SYNTAX, *(command.syntax for command in COMMANDS))) + 2
    first, *rest = textwrap.wrap(summary, max(width - beside, 20))
    line = Text.assemble((f"{syntax:{beside}}", "cyan"), first)
    return [line, *(Text(" " * beside + more) for more in rest)]


def _hanging(line: Text, width: int) -> list[Text]:
    """The line in as many lines as it takes, each moved in like the first; JSON is left whole, to be copied."""
    indent = len(line.plain) - len(line.plain.lstrip())
    if line.no_wrap or not indent:
        return [line]
    parts = line[indent:].wrap(Console(), max(width - indent, 20))
    for part in parts:
        part.rstrip()
    return [Text(" " * indent).append_text(part) for part in parts]


def _about(command: Command) -> list[Text]:
    lines = [Text(command.syntax, "cyan"), Text(f"  {command.summary}")]
    if command.details:
        lines.append(Text(f"  {command.details}"))
    if command.aliases:
        lines.append(Text(f"  Also written: {', '.join(command.aliases)}"))
    lines += [Text(""), Text("For example", _HEAD), *(Text(f"  {example}") for example in command.examples)]
    if command.rpc is not None:
        lines += _about_rpc(command.rpc)
    return lines


def _about_rpc(rpc: Rpc) -> list[Text]:
    request, reply = rpc.example
    return [
        Text(""),
        Text(f"What is sent: {rpc.name}", _HEAD),
        *_fields(rpc.request),
        Text(f"  {_json(request)}", _QUIET, no_wrap=True),
        Text(""),
        Text(f"What is answered: {reply['type']}", _HEAD),
        *(Text(f"  {line}") for line in (getdoc(rpc.reply) or "").splitlines()),
        *_fields(rpc.reply),
        Text(f"  {_json(reply)}", _QUIET, no_wrap=True),
        Text(""),
        Text("What may be refused", _HEAD),
        *(Text(f"  {int(code)}  {error_title(code)}") for code in rpc.errors),
    ]


def _fields(body: type[Struct]) -> Iterable[Text]:
    """The fields of a body with what they mean, as their types' annotations say."""
    info = msgspec.inspect.type_info(body)
    assert isinstance(info, msgspec.inspect.StructType)
    for field in info.fields:
        if field.name not in _WIRE_FIELDS:
            form = field.type
            meaning = (form.extra_json_schema or {}).get("description", "") if isinstance(form, Metadata) else ""
            yield Text.assemble((f"  {field.name}: ", "cyan"), meaning)


def _json(value: object) -> str:
    """As a person would type it, with blanks after colons and commas."""
    return msgspec.json.format(msgspec.json.encode(value), indent=0).decode()
