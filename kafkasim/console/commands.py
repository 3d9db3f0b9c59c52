"""The REPL's commands, as data: parsing, completion, hints and help all read this table.

What an RPC does is said once, on the page of the messages; the commands for RPCs take their words from there.
"""

from __future__ import annotations

from enum import Enum
from inspect import getdoc
from typing import Final

from msgspec import Struct

from kafkasim.messages import COMMIT_OFFSETS, LIST_COMMITTED_OFFSETS, POLL, SEND, Rpc
from kafkasim.scenario.problems import nearest


class Arguments(Enum):
    """What may follow a command's name."""

    MESSAGE = "a key, then a message to the end of the line"
    READS = "keys, each with the offset to read from or none"
    COMMITS = "keys, each with an offset"
    KEYS = "keys"
    LOGS = "at most one key, to begin with"
    LOG = "at most one key, with the offset to show from or none"
    TOPIC = "at most one command"
    CLIENT = "at most one client"
    SAVED_FILE = "a file to write"
    SOURCE_FILE = "a file to read"
    NOTHING = "nothing"


class Command(Struct, frozen=True, kw_only=True):
    """One command: its names, its syntax, what it does, and lines to try. ``rpc`` is what it asks of the node."""

    name: str
    aliases: tuple[str, ...] = ()
    syntax: str
    summary: str
    details: str = ""
    examples: tuple[str, ...]
    arguments: Arguments
    rpc: Rpc | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The name and the aliases."""
        return (self.name, *self.aliases)


def _summary(rpc: Rpc) -> str:
    """The first sentence of what the RPC's page says it does."""
    return (getdoc(rpc.request) or "").splitlines()[0]


SEND_COMMAND: Final = Command(
    name="send",
    syntax="send KEY MESSAGE",
    summary=_summary(SEND),
    details="The message is the rest of the line: JSON where it reads as JSON, plain text otherwise.",
    examples=("send k1 hello world", 'send k1 {"a": 1}', 'send "my key" "42"'),
    arguments=Arguments.MESSAGE,
    rpc=SEND,
)
POLL_COMMAND: Final = Command(
    name="poll",
    syntax="poll KEY[:OFFSET]... [max=N]",
    summary=_summary(POLL),
    details="Without an offset: from the start. max=N keeps at most N messages of each key, and shows them all.",
    examples=("poll k1", "poll k1:0 k2:3", "poll k1:100 max=10"),
    arguments=Arguments.READS,
    rpc=POLL,
)
COMMIT_COMMAND: Final = Command(
    name="commit",
    aliases=("commit_offsets",),
    syntax="commit KEY:OFFSET...",
    summary=_summary(COMMIT_OFFSETS),
    details="All of the keys are committed, or none. A committed offset never goes back.",
    examples=("commit k1:2", "commit k1:2 k2:0"),
    arguments=Arguments.COMMITS,
    rpc=COMMIT_OFFSETS,
)
LIST_COMMAND: Final = Command(
    name="list",
    aliases=("list_committed_offsets",),
    syntax="list KEY...",
    summary=_summary(LIST_COMMITTED_OFFSETS),
    examples=("list k1", "list k1 k2"),
    arguments=Arguments.KEYS,
    rpc=LIST_COMMITTED_OFFSETS,
)
RAW_SYNTAX: Final = '{"type": "RPC", FIELD: VALUE}'
"""How a body is written that is sent as it stands; a line that begins with ``{`` is one."""

COMMANDS: Final[tuple[Command, ...]] = (
    SEND_COMMAND,
    POLL_COMMAND,
    COMMIT_COMMAND,
    LIST_COMMAND,
    Command(
        name="keys",
        syntax="keys [KEY]",
        summary="Lists the keys and how far each is processed.",
        details="With a key: from that one on.",
        examples=("keys", "keys k1"),
        arguments=Arguments.LOGS,
    ),
    Command(
        name="show",
        syntax="show [KEY[:OFFSET]]",
        summary="Shows a log, its committed offset marked.",
        details="Without a key: every log. With an offset: from there on.",
        examples=("show k1", "show k1:100"),
        arguments=Arguments.LOG,
    ),
    Command(
        name="as",
        syntax="as [CLIENT]",
        summary="Speaks as another client from here on.",
        details="Without a name: tells who is speaking.",
        examples=("as alice",),
        arguments=Arguments.CLIENT,
    ),
    Command(
        name="kill",
        syntax="kill",
        summary="Kills the node at once, as kill -9 does.",
        details="What it held in memory alone is lost; see what is left after `restart`.",
        examples=("kill",),
        arguments=Arguments.NOTHING,
    ),
    Command(
        name="restart",
        syntax="restart",
        summary="Starts the node again; one that runs is killed.",
        details="`show` then tells what is left of each log. What was asked before is not part of what `save` saves.",
        examples=("restart",),
        arguments=Arguments.NOTHING,
    ),
    Command(
        name="save",
        syntax="save [--overwrite] FILE",
        summary="Saves the session as a scenario.",
        details="The replies are what it expects: `kafkasim simulate FILE` tells whether they come again."
        " A name with blanks is written in quotes.",
        examples=("save lesson.yaml",),
        arguments=Arguments.SAVED_FILE,
    ),
    Command(
        name="source",
        syntax="source FILE",
        summary="Runs the commands in a file.",
        details="One a line, up to the first that fails; a line that begins with # is a comment.",
        examples=("source commands.txt",),
        arguments=Arguments.SOURCE_FILE,
    ),
    Command(
        name="help",
        aliases=("?",),
        syntax="help [COMMAND]",
        summary="Lists the commands, or tells all about one.",
        examples=("help", "help poll"),
        arguments=Arguments.TOPIC,
    ),
    Command(
        name="quit",
        aliases=("exit",),
        syntax="quit",
        summary="Leaves.",
        examples=("quit",),
        arguments=Arguments.NOTHING,
    ),
)

_BY_NAME: Final = {name: command for command in COMMANDS for name in command.names}


def find_command(name: str) -> Command | None:
    """The command of that name or alias; None where there is none.

    >>> found = find_command("commit_offsets")
    >>> found.name if found else None
    'commit'
    """
    return _BY_NAME.get(name)


def nearest_command(name: str) -> str | None:
    """The name that begins like the one that was typed, or else is most like it; None where none is.

    >>> nearest_command("q"), nearest_command("Send"), nearest_command("plol"), nearest_command("xyzzy")
    ('quit', 'send', 'poll', None)
    """
    begun = {command.name for known, command in _BY_NAME.items() if known.startswith(name.lower())}
    return begun.pop() if len(begun) == 1 else nearest(name, _BY_NAME)
