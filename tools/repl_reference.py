"""The reference page of the REPL's commands, from their own table."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from kafkasim.console.commands import COMMANDS, RAW_SYNTAX, Command
from tools.markdown import listed, paragraph, table

_HEAD: Final = """\
# The REPL's commands

What a line of `kafkasim repl` may be. [Type RPCs at the REPL](../how-to/use-the-repl.md) shows it at work;
[the command line](command-line.md#kafkasim-repl) has its options. `help` prints this list, `help COMMAND` one entry.

A key is written bare, or in quotes, as in JSON, where it has blanks, colons or quotes in it. Blank lines and lines that
begin with `#` are skipped.

"""


def repl_page() -> str:
    """The page."""
    rows = [[f"[`{command.syntax}`](#{command.name})", command.summary] for command in COMMANDS]
    rows.append([f"[`{RAW_SYNTAX}`](#any-body)", "Sends the body as it is."])
    parts = [_HEAD, table(["command", "what it does"], rows)]
    for command in COMMANDS:
        parts += _section(command)
    parts.append("## Any body\n\n")
    parts.append(
        paragraph(
            "A line that begins with `{` is the body of a request and is sent as it is, malformed or not; a `msg_id` "
            "is added where it has none. So you can see what the node makes of it."
        )
    )
    parts.append('```text\n{"type": "poll", "offsets": {"k1": -1}}\n```\n')
    return "".join(parts)


def _section(command: Command) -> Iterable[str]:
    yield f"## {command.name}\n\n"
    yield f"```text\n{command.syntax}\n```\n\n"
    asks = f" It asks the node for [`{command.rpc.name}`](rpcs.md#{command.rpc.name})." if command.rpc else ""
    also = f" Also written: {listed(command.aliases)}." if command.aliases else ""
    yield paragraph(" ".join([command.summary, *([command.details] if command.details else [])]) + asks + also)
    yield f"For example:\n\n```text\n{chr(10).join(command.examples)}\n```\n\n"
