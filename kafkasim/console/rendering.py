"""Replies and logs as short lines for people.

A record is written ``k1[3]  "hello"``: its key, its offset, and the message as the JSON that was sent. What is long
is cut, and what was left out is said with the command that shows it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import Final

from msgspec import Raw
from rich.cells import cell_len
from rich.text import Text

from kafkasim.console.scanning import written
from kafkasim.console.session import Exchange, Known, KnownLog, Reply
from kafkasim.console.statements import Ask
from kafkasim.forms import printable
from kafkasim.messages import error_title

MOST_SHOWN = 20
"""How many messages of one key are shown at once."""

_NARROWEST_KEY: Final = 3
"""How many columns are left for a key, however narrow the terminal."""

_KEY = "bold cyan"
_QUIET = "dim"
_MARK = "green"
_ERROR = "bold red"


def counted(number: int, thing: str) -> str:
    """So many of a thing.

    >>> counted(1, "key"), counted(1200, "message")
    ('1 key', '1,200 messages')
    """
    return f"{number:,} {thing}" if number == 1 else f"{number:,} {thing}s"


def message_text(msg: Raw) -> str:
    r"""A message's JSON on one line, safe to print.

    >>> print(message_text(Raw(b'{"a":\n 1}')))
    {"a":  1}
    """
    return printable(bytes(msg).decode().replace("\n", " ").replace("\t", " ").replace("\r", " "))


def reply_lines(exchange: Exchange, known: Known, width: int) -> list[Text]:
    """What came of a request that was obeyed, in lines of at most ``width`` columns where that can be."""
    if exchange.reply is None:
        return [Text("no reply: without a usable msg_id the node does not answer", _QUIET)]
    return _answered(exchange.ask, exchange.reply, known, width) or [Text("nothing was asked for", _QUIET)]


def _answered(ask: Ask, reply: Reply, known: Known, width: int) -> list[Text]:
    match reply.type:
        case "send_ok":
            return [_record(ask.field("key"), reply.offset(), Raw(ask.json("msg")))]
        case "poll_ok":
            return _polled(ask, reply, known, width)
        case "commit_offsets_ok":
            return [_committed(key, offset, known.logs.get(key)) for key, offset in ask.field("offsets").items()]
        case "list_committed_offsets_ok":
            return _listed(ask.field("keys"), reply.offsets(), width)
    return [Text(reply.type)]


def unanswered_line(reason: str = "this is not a request that a node answers") -> Text:
    """Why nothing came back; unless said otherwise, that the body was no request."""
    return Text.assemble(("no reply: ", _ERROR), printable(reason))


def misshapen_line(reply: Reply) -> Text:
    """What is wrong with the form of a reply, and below it the reply as it came."""
    shown = printable(reply.body.decode())
    return Text.assemble(("malformed reply: ", _ERROR), printable(reply.fault), "\n", (f"  {shown}", _QUIET))


def error_line(reply: Reply) -> Text:
    """An error reply: its name and code, and the reason."""
    title = (f"{error_title(reply.code())} ({reply.code()})", _ERROR)
    return Text.assemble(title, f": {printable(reply.text())}") if reply.text() else Text.assemble(title)


def _shown(key: str) -> tuple[str, str]:
    """The key as part of a line."""
    return written(key), _KEY


def _label(key: str, offset: int) -> Text:
    return Text.assemble(_shown(key), (f"[{offset}]", _QUIET))


def _record(key: str, offset: int, msg: Raw, label_width: int = 0) -> Text:
    line = _label(key, offset)
    line.no_wrap = True  # a message is shown as it is, its blanks included: the terminal breaks it, not we
    line.append(" " * max(0, label_width - line.cell_len) + "  ")
    return line.append(message_text(msg))


def _records(key: str, records: Sequence[tuple[int, Raw]], width: int) -> list[Text]:
    """A line for each record, cut where it is too long; a record alone is shown whole."""
    label_width = cell_len(written(key)) + len(f"[{records[-1][0]}]")
    lines = [_record(key, offset, msg, label_width) for offset, msg in records]
    if len(lines) == 1:
        return lines
    cut = next((place for place, line in enumerate(lines) if line.cell_len > width), None)
    for line in lines:
        line.truncate(width, overflow="ellipsis")
    if cut is not None:
        lines.append(
            _quiet("... some are cut; one alone is shown whole: ", f"poll {written(key)}:{records[cut][0]} max=1")
        )
    return lines


def _polled(ask: Ask, reply: Reply, known: Known, width: int) -> list[Text]:
    lines: list[Text] = []
    msgs = reply.msgs()
    for key, asked in ask.field("offsets").items():
        records = msgs.get(key, [])
        if not records:
            lines.append(_nothing_at(key, asked, known.logs.get(key)))
            continue
        shown = ask.max_messages or MOST_SHOWN  # who names a number gets that many
        lines += _records(key, records[:shown], width)
        if len(records) > shown:
            lines.append(_left_out(len(records) - shown, f"poll {written(key)}:{records[shown][0]}"))
    return lines


def _nothing_at(key: str, offset: int, log: KnownLog | None) -> Text:
    if log is None or not log.end:
        return Text.assemble(_shown(key), ("  nothing: no messages yet", _QUIET))
    reason = f"  nothing at or above offset {offset}: the last message is at {log.end - 1}"
    return Text.assemble(_shown(key), (reason, _QUIET))


def _quiet(text: str, command: str) -> Text:
    return Text.assemble((text, _QUIET), command)


def _left_out(count: int, command: str) -> Text:
    return _quiet(f"... and {count:,} more: ", command)


def _committed(key: str, offset: int, log: KnownLog | None) -> Text:
    meaning = f": all up to and including offset {offset} is processed"
    if log is not None and log.committed is not None and log.committed > offset:
        meaning = f": changes nothing, {log.committed} is committed already"
    return Text.assemble(_shown(key), f"  committed {offset}", (meaning, _QUIET))


def _listed(keys: Iterable[str], offsets: dict[str, int], width: int) -> list[Text]:
    rows = [["key", "committed", "next to read"]]
    rows += [
        [written(key), str(offsets[key]), str(offsets[key] + 1)] if key in offsets else [written(key), "-", "0"]
        for key in keys
    ]
    return table(rows, width) if len(rows) > 1 else []


def key_lines(logs: dict[str, KnownLog], start: str | None = None, width: int = sys.maxsize) -> list[Text]:
    """The keys that have messages, from one on: how many, and how far each has been processed."""
    if not logs:
        return [Text("no keys yet: send k1 hello", _QUIET)]
    rows = [["key", "messages", "committed", "next to read"]]
    keys = list(logs)[0 if start is None else list(logs).index(start) :]
    for key in keys[:MOST_SHOWN]:
        log = logs[key]
        committed = "-" if log.committed is None else str(log.committed)
        rows.append([written(key), f"{log.end:,}", committed, str(log.resume)])
    more = [_left_out(len(keys) - MOST_SHOWN, f"keys {written(keys[MOST_SHOWN])}")] if len(keys) > MOST_SHOWN else []
    return [*table(rows, width), *more]


def table(rows: Sequence[Sequence[str]], width: int = sys.maxsize) -> list[Text]:
    """Rows under a head: the first column to the left, cut where the line gets too long, the numbers to the right.

    >>> for line in table([["key", "messages"], ["k1", "12"]]):
    ...     print(line.plain)
    key  messages
    k1         12
    """
    widths = [max(cell_len(row[place]) for row in rows) for place in range(len(rows[0]))]
    widths[0] = min(widths[0], max(width - sum(2 + column for column in widths[1:]), _NARROWEST_KEY))
    lines = []
    for number, row in enumerate(rows):
        line = Text(row[0], no_wrap=True)
        line.truncate(widths[0], overflow="ellipsis", pad=True)
        line.stylize(_KEY if number else _QUIET)
        for place, cell in enumerate(row[1:], 1):
            line.append("  " + cell.rjust(widths[place]), "" if number else _QUIET)
        lines.append(line)
    return lines


def log_lines(key: str, start: int, records: Sequence[tuple[int, Raw]], log: KnownLog | None, width: int) -> list[Text]:
    """A log from the offset ``start`` on, with a line under the last message that has been processed."""
    if not records:
        return [_nothing_at(key, start, log)]
    shown = records[:MOST_SHOWN]
    lines = _records(key, shown, width)
    committed = None if log is None else log.committed
    before = 0 if committed is None else sum(offset <= committed for offset, _ in shown)
    if before and committed is not None and committed <= shown[-1][0]:
        label_width = cell_len(written(key)) + len(f"[{shown[-1][0]}]")
        lines.insert(before, Text("-" * label_width + "  processed up to here (committed)", _MARK))
    if len(records) > len(shown):
        lines.append(_left_out(len(records) - len(shown), f"show {written(key)}:{records[len(shown)][0]}"))
    if committed is None:
        lines.append(Text.assemble(_shown(key), ("  no committed offset", _QUIET)))
    elif not shown[0][0] <= committed <= shown[-1][0]:
        lines.append(Text.assemble(_shown(key), (f"  processed up to offset {committed} (committed)", _MARK)))
    return lines
