"""What a line says that a node has written: a message of the protocol, or else what is wrong with it.

The protocol is that of Maelstrom, see https://github.com/jepsen-io/maelstrom/blob/main/doc/protocol.md. What is wrong
is told with the section of that page which says so.
"""

from __future__ import annotations

import codecs
from typing import Any, Final

import msgspec

from kafkasim.codec import UNDECODABLE
from kafkasim.forms import mismatch, printable, show
from kafkasim.messages import AnyReply, Envelope
from kafkasim.odd_json import exact_number


class NoMessageError(ValueError):
    """A line is no message; the text says what came and what was expected."""


NO_END_OF_LINE: Final = "it has no end: expected one message a line (protocol: Messages); is each flushed whole?"
"""What is wrong with a line that was begun, and then nothing came of it any more."""

_REPLIES: Final = msgspec.json.Decoder(Envelope[AnyReply], float_hook=exact_number)
_FRAMES: Final = msgspec.json.Decoder(Envelope[dict[str, Any]], float_hook=exact_number)
_ANYTHING: Final = msgspec.json.Decoder()


def read_message(line: bytes) -> Envelope[Any]:
    """The message of a line. Its body is a reply to one of the log's RPCs where it is of that form, else a dict.

    What is in the dict is not looked at, see `flaw_in_body`. Raises `NoMessageError`.

    >>> read_message(b'{"src": "n0", "dest": "c1", "body": {"type": "send_ok", "in_reply_to": 1, "offset": 0}}').body
    SendOk(in_reply_to=1, offset=0)
    >>> read_message(b'{"src": "n0", "dest": "c1", "body": {"type": "send_ok", "in_reply_to": 1}}').body
    {'type': 'send_ok', 'in_reply_to': 1}
    >>> read_message(b'stored hello at 0')
    Traceback (most recent call last):
    kafkasim.processes.lines.NoMessageError: expected one message a line, as JSON (protocol: Messages); what is meant \
for people belongs on standard error
    """
    try:
        return _REPLIES.decode(line)
    except (*UNDECODABLE, ArithmeticError, ValueError):
        pass
    try:
        envelope = _FRAMES.decode(line)
    except msgspec.ValidationError:
        raise NoMessageError(_unlike_a_message(line)) from None
    except (*UNDECODABLE, ArithmeticError, ValueError) as error:
        why = _why_no_json(line, error)
        raise NoMessageError(f"expected one message a line, as JSON (protocol: Messages){why}") from None
    body = envelope.body
    for name in ("msg_id", "in_reply_to"):
        if name in body and body[name] is None:  # which says no more than leaving it out
            del body[name]
    return envelope


def _why_no_json(line: bytes, error: Exception) -> str:
    """How the error goes on: with what keeps the line from being JSON, where it looks as if it was to be a message."""
    if line.startswith(codecs.BOM_UTF8):
        return ": it begins with a byte order mark, which JSON has not"
    try:
        line.decode()
    except UnicodeDecodeError as undecodable:
        return f": it is not in UTF-8, the byte 0x{line[undecodable.start]:02x} at place {undecodable.start + 1} is not"
    if b"\0" in line:
        return ": it has zero bytes in it, as UTF-16 has"
    if not line.lstrip().startswith(b"{"):
        return "; what is meant for people belongs on standard error"
    if "truncated" in str(error):
        return ": the line ends before the message does"
    return f": {error}"


_QUOTED: Final = 240
"""So many characters of a line are shown: most messages are shorter."""


def quoted(line: bytes) -> str:
    """The line as it can be shown, without quotes.

    The middle of a long one is left out, for both its ends may say what it was; ``[...]`` marks the place.
    """
    text = printable(line[: 4 * _QUOTED].decode(errors="backslashreplace").strip())
    if len(line) <= 4 * _QUOTED and len(text) <= _QUOTED:
        return text
    end = printable(line[-_QUOTED:].decode(errors="backslashreplace").strip())
    return f"{text[: _QUOTED // 2]} [...] {end[-_QUOTED // 2 :]}"


def _unlike_a_message(line: bytes) -> str:
    try:
        value = _ANYTHING.decode(line)
    except (*UNDECODABLE, ValueError):
        value = None
    problem = mismatch(value, Envelope[dict[str, Any]]) if isinstance(value, dict) else None
    form = 'expected {"src": text, "dest": text, "body": object} (protocol: Messages)'
    return f"{form}: {problem}" if problem else form


def flaw_in_body(body: Any) -> str:
    """What is wrong with the body of a message to a client or a service, whatever its type is; empty: nothing.

    What nodes say to each other may be of any form.

    >>> flaw_in_body({"type": "send_ok", "in_reply_to": "1", "offset": 0})
    'body: field `in_reply_to`: expected an integer, got "1" (protocol: Message Bodies)'
    """
    problem = _flaw_in_fields(body) if type(body) is dict else ""  # the others were found to be of their form
    return f"body: {problem} (protocol: Message Bodies)" if problem else ""


def _flaw_in_fields(body: dict[str, Any]) -> str:
    kind = body.get("type")
    if type(kind) is not str:
        return f"field `type`: expected text, got {show(kind)}" if "type" in body else "`type` is missing"
    for name in ("msg_id", "in_reply_to"):
        if name in body and type(body[name]) is not int:
            return f"field `{name}`: expected an integer, got {show(body[name])}"
    return ""
