"""From a typed line to what it asks for.

A line is a command's name and its arguments, or a JSON object: a body that is sent as it stands. A key is written
bare, or in JSON quotes where it has blanks, colons or quotes in it. What cannot be meant is refused with a
`LineError` that knows the place; what can be meant but is wrong is the node's to refuse.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec
from msgspec import Raw, Struct

from kafkasim.console.commands import RAW_SYNTAX, Arguments, Command, find_command, nearest_command
from kafkasim.console.scanning import LineError, Reader, number, quoted, scan_json, written
from kafkasim.console.statements import (
    Ask,
    Help,
    Kill,
    ListKeys,
    Quit,
    Restart,
    Save,
    Show,
    Source,
    SpeakAs,
    Statement,
)
from kafkasim.forms import show
from kafkasim.scenario.client_names import why_reserved
from kafkasim.scenario.problems import nearest

_MAX: Final = re.compile(r"max=(\S*)")
OVERWRITE: Final = "--overwrite"
_LONGEST_ADVICE: Final = 60
"""How long a text may be that is shown once more, as it should be written."""


def parse(line: str) -> Statement | None:
    """What the line asks for; None where it is blank or a comment.

    >>> parse("poll k1:3 k2")
    Ask(body={'type': 'poll', 'offsets': {'k1': 3, 'k2': 0}}, raw=False, max_messages=None)
    >>> parse("# nothing") is None
    True

    Raises `LineError`, which knows the place:

    >>> try:
    ...     parse("poll k1:x")
    ... except LineError as error:
    ...     error.place, str(error)
    (8, 'expected an offset (an integer from 0 on), got `x`')
    """
    try:
        line.encode()
    except UnicodeEncodeError as error:
        raise LineError("this is not UTF-8 text", error.start) from None
    reader = Reader(line)
    if reader.at_end() or line[reader.place] == "#":
        return None
    if line[reader.place] == "{":
        return Ask(_object(reader), raw=True)
    start = reader.place
    name = reader.word()
    command = find_command(name)
    if command is None:
        near = nearest_command(name)
        hint = f"did you mean `{near}`?" if near else "`help` lists the commands"
        raise LineError(f"unknown command {show(name)}", start, hint)
    return _PARSERS[command.arguments](reader, command)


class PastedCommand(Struct, frozen=True):
    """A command of several that came as one text, and the line it begins in, from 1."""

    text: str
    line: int = 1


def commands_in(text: str) -> list[PastedCommand]:
    r"""The lines of a pasted text as commands: one a line, but a JSON value may run over several lines.

    >>> [(command.text, command.line) for command in commands_in('send k1 1\npoll k1')]
    [('send k1 1', 1), ('poll k1', 2)]
    >>> [command.line for command in commands_in('send k1 {\n  "a": 1\n}\npoll k1')]
    [1, 4]
    """
    # Not splitlines: a message may hold what that takes for the end of a line.
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    commands: list[PastedCommand] = []
    place = 0
    while place < len(lines):
        end = place + 1
        start = _unfinished_from(lines[place])
        if start is not None:
            depth = _brackets_opened(lines[place][start:])
            while depth > 0 and end < len(lines):
                depth += _brackets_opened(lines[end])
                end += 1
        commands.append(PastedCommand("\n".join(lines[place:end]), place + 1))
        place = end
    return commands


class WrongLine(Struct, frozen=True):
    """The line of a text that is wrong: which one, from 1, and why; ``start`` is where it begins in the text."""

    text: str
    line: int
    start: int
    error: LineError


def wrong_line(command: str, error: LineError) -> WrongLine:
    r"""The one of a command's lines that the error is in, with the place in that line.

    >>> wrong = wrong_line('send k1 {\n  "a": x\n}', LineError("expected a value", 17))
    >>> wrong.line, wrong.text, wrong.error.place
    (2, '  "a": x', 7)
    """
    start = command.rfind("\n", 0, error.place) + 1
    text = command[start:].partition("\n")[0]
    line = command.count("\n", 0, start) + 1
    return WrongLine(text, line, start, LineError(error.text, error.place - start, error.hint))


def first_wrong(commands: Sequence[PastedCommand]) -> WrongLine | None:
    r"""The first line that keeps the commands from being run; None where all of them can be.

    >>> wrong = first_wrong(commands_in('send k1 {\n  "a": x\n}\npoll k1'))
    >>> wrong.line, wrong.text, wrong.error.place
    (2, '  "a": x', 7)
    """
    before = 0
    for command in commands:
        try:
            parse(command.text)
        except LineError as error:
            wrong = wrong_line(command.text, error)
            return WrongLine(wrong.text, command.line + wrong.line - 1, before + wrong.start, wrong.error)
        before += len(command.text) + 1
    return None


def _unfinished_from(line: str) -> int | None:
    """Where JSON begins that may go on in the next line; None where there is none."""
    try:
        parse(line)
    except LineError as error:
        return error.unfinished
    return None


def _brackets_opened(line: str) -> int:
    """How many more lists and objects begin in a line of JSON than end in it."""
    bare = _TEXT.sub("", line)
    return sum(map(bare.count, "[{")) - sum(map(bare.count, "]}"))


_TEXT: Final = re.compile(r'"(?:[^"\\]|\\.)*"')
"""A text in JSON; it ends in the line in which it begins."""


# --------------------------------------------------------------------------------------
# The arguments of each kind of command
# --------------------------------------------------------------------------------------


def _object(reader: Reader) -> dict[str, Any]:
    start = reader.place
    try:
        value, end = scan_json(reader.line, start)
    except LineError as error:
        error.hint = f"a line that begins with {{ is a request body: {RAW_SYNTAX}"
        raise
    reader.place = end
    if not reader.at_end():
        raise LineError("expected nothing after the body", reader.place)
    assert isinstance(value, dict), "it begins with a brace"
    return msgspec.json.decode(_on_one_line(reader.line[start:end]), type=dict[str, Raw])


def _send(reader: Reader, command: Command) -> Ask:
    _need(reader, command, "a key")
    key = reader.only_key()
    _need(reader, command, "a message after the key", 'an empty text is written ""')
    start = reader.place
    text = reader.line[start:].rstrip()
    return Ask({"type": _rpc_name(command), "key": key, "msg": _payload(reader.line[: start + len(text)], start)})


def _payload(line: str, start: int) -> Raw:
    """The rest of the line as JSON text: as it stands where it is JSON, as a string where it is a text."""
    text = line[start:]
    advice = "to send it as text, put it in quotes"
    hint = f"{advice}: {quoted(text)}" if len(text) <= _LONGEST_ADVICE else advice
    try:
        _, end = scan_json(line, start)
        if end < len(line):
            after = end + len(line[end:]) - len(line[end:].lstrip())
            raise LineError("expected nothing after the message", after, hint)
    except LineError as error:
        if text[0] in '{["':
            error.hint = hint
            raise
        if "\n" in text:
            raise LineError(
                "a text is one line", line.index("\n", start), "a line break is written \\n, in quotes"
            ) from None
        return Raw(msgspec.json.encode(text))
    return Raw(_on_one_line(text))


def _on_one_line(json_text: str) -> str:
    """The same JSON without line breaks and what moves lines in; in JSON a line breaks between tokens only."""
    return _LINE_BREAK.sub(" ", json_text)


_LINE_BREAK: Final = re.compile(r"[ \t]*[\n\r][ \t\n\r]*")


def _reads(reader: Reader, command: Command) -> Ask:
    _need(reader, command, "a key")
    offsets: dict[str, int] = {}
    max_messages = None
    while not reader.at_end():
        start = reader.place
        limit = _MAX.match(reader.line, start)
        if limit is not None:
            max_messages = _limit(limit)
            reader.place = limit.end()
            continue
        key = reader.key()
        _only_once(key, offsets, start)
        offsets[key] = reader.offset() or 0
    if not offsets:
        _need(reader, command, "a key")
    return Ask({"type": _rpc_name(command), "offsets": offsets}, max_messages=max_messages)


def _limit(found: re.Match[str]) -> int:
    expected = "how many messages to keep (an integer from 1 on)"
    limit = number(found.group(1), found.start(1), expected)
    if limit < 1:
        raise LineError(f"expected {expected}, got `{limit}`", found.start(1))
    return limit


def _commits(reader: Reader, command: Command) -> Ask:
    _need(reader, command, "a key and an offset")
    offsets: dict[str, int] = {}
    while not reader.at_end():
        start = reader.place
        key = reader.key()
        _only_once(key, offsets, start)
        offset = reader.offset()
        if offset is None:
            raise LineError(
                f"expected `:` and the offset up to which {written(key)} has been processed",
                reader.place,
                f"for example: {command.examples[0]}",
            )
        offsets[key] = offset
    return Ask({"type": _rpc_name(command), "offsets": offsets})


def _keys(reader: Reader, command: Command) -> Ask:
    _need(reader, command, "a key")
    keys: list[str] = []
    while not reader.at_end():
        start = reader.place
        key = reader.only_key()
        _only_once(key, keys, start)
        keys.append(key)
    return Ask({"type": _rpc_name(command), "keys": keys})


def _log(reader: Reader, command: Command) -> Show:
    if reader.at_end():
        return Show()
    key = reader.key()
    offset = reader.offset() or 0
    _end(reader, command)
    return Show(key, offset)


def _topic(reader: Reader, command: Command) -> Help:
    if reader.at_end():
        return Help()
    start = reader.place
    name = reader.word()
    topic = find_command(name)
    if topic is None:
        near = nearest_command(name)
        hint = f"did you mean `help {near}`?" if near else "`help` lists the commands"
        raise LineError(f"there is no command {show(name)}", start, hint)
    _end(reader, command)
    return Help(topic)


def _client(reader: Reader, command: Command) -> SpeakAs:
    if reader.at_end():
        return SpeakAs()
    start = reader.place
    client = reader.only_key("client name")
    reason = why_reserved(client)
    if reason:
        raise LineError(f"{client} is {reason}", start, "choose another name for a client")
    _end(reader, command)
    return SpeakAs(client)


def _saved_file(reader: Reader, command: Command) -> Save:
    _need(reader, command, "a file")
    start, overwrite = reader.place, False
    if reader.line.startswith("--", start):
        option = reader.word()
        if option != OVERWRITE:
            name = f"a name that begins so is written in quotes: {quoted(option)}"
            hint = f"did you mean `{OVERWRITE}`?" if nearest(option, [OVERWRITE]) else name
            raise LineError(f"unknown option {show(option)}", start, hint)
        overwrite = True
        _need(reader, command, "a file")
    return Save(_path(reader), overwrite)


def _source_file(reader: Reader, command: Command) -> Source:
    _need(reader, command, "a file")
    return Source(_path(reader))


def _path(reader: Reader) -> str:
    """One word, or more in quotes."""
    start = reader.place
    if reader.peek() == '"':
        value, reader.place = scan_json(reader.line, start)
        text = str(value)
    else:
        text = reader.word()
    if not reader.at_end():
        whole = reader.line[start:].rstrip()
        hint = "" if whole.startswith('"') or "#" in whole else f": {quoted(whole)}"
        raise LineError(
            "expected nothing after the file", reader.place, f"a name with blanks is written in quotes{hint}"
        )
    if not text or "\0" in text:
        raise LineError("this cannot be the name of a file", start)
    return text


def _logs(reader: Reader, command: Command) -> ListKeys:
    if reader.at_end():
        return ListKeys()
    start = reader.only_key()
    _end(reader, command)
    return ListKeys(start)


def _nothing(reader: Reader, command: Command) -> Kill | Restart | Quit:
    _end(reader, command)
    return _WITHOUT_ARGUMENTS[command.name]


_WITHOUT_ARGUMENTS: Final[dict[str, Kill | Restart | Quit]] = {"kill": Kill(), "restart": Restart(), "quit": Quit()}


def _need(reader: Reader, command: Command, expected: str, hint: str = "") -> None:
    """Refuses a line that ends where something is expected."""
    if reader.at_end():
        raise LineError(f"expected {expected}", len(reader.line), hint or command.syntax)


def _end(reader: Reader, command: Command) -> None:
    if not reader.at_end():
        raise LineError(f"expected nothing after `{reader.line[: reader.place].strip()}`", reader.place, command.syntax)


def _only_once(key: str, named: dict[str, int] | list[str], place: int) -> None:
    if key in named:
        raise LineError(f"{written(key)} is named twice", place)


def _rpc_name(command: Command) -> str:
    assert command.rpc is not None, "only commands for RPCs have such arguments"
    return command.rpc.name


_PARSERS: Final[dict[Arguments, Callable[[Reader, Command], Statement]]] = {
    Arguments.MESSAGE: _send,
    Arguments.READS: _reads,
    Arguments.COMMITS: _commits,
    Arguments.KEYS: _keys,
    Arguments.LOGS: _logs,
    Arguments.LOG: _log,
    Arguments.TOPIC: _topic,
    Arguments.CLIENT: _client,
    Arguments.SAVED_FILE: _saved_file,
    Arguments.SOURCE_FILE: _source_file,
    Arguments.NOTHING: _nothing,
}
