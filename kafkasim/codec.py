"""The messages as lines of JSON: a line of bytes to an `Envelope`, and back.

A line that is an envelope with a body we cannot obey decodes to a `BadRequest`, which knows the error to answer with; a
line that is no envelope at all raises `NotAnEnvelopeError`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import msgspec
from msgspec import Raw

from kafkasim.forms import mismatch, printable, shorten, show
from kafkasim.messages import RPCS, AnyRequest, BadRequest, Envelope, ErrorCode, UnexpectedReply, WireRequest


class NotAnEnvelopeError(ValueError):
    """A line is no ``{"src": text, "dest": text, "body": object}``; there is nobody to answer."""


UNDECODABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What the decoders raise on bytes that are no JSON, no UTF-8, not of the form, or nested without end."""

_NEWLINE: Final = ord("\n")
"""A number, for these are counted in half the time that text takes."""

REQUESTS: Final[msgspec.json.Decoder[Envelope[Any]]] = msgspec.json.Decoder(Envelope[WireRequest])
"""Decodes what clients ask; payloads stay as they came."""

_FRAMES: Final = msgspec.json.Decoder(Envelope[dict[str, Raw]])
_ANYTHING: Final = msgspec.json.Decoder()
_ENCODER: Final = msgspec.json.Encoder()


def decode_lines(lines: bytes, decoder: msgspec.json.Decoder[Envelope[Any]] = REQUESTS) -> list[Envelope[AnyRequest]]:
    """The requests of whole, newline-separated lines, all of which must be well formed.

    This is the fast path: one call for everything that has arrived. Where any line is not a
    well-formed request it raises one of `UNDECODABLE` for all of them; take the lines
    one by one with `decode_line` then. ``decoder`` says what is well formed where that is more than the log's RPCs.

    >>> lines = b'{"src": "c1", "dest": "n0", "body": {"type": "poll", "msg_id": 1, "offsets": {"k": 0}}}'
    >>> decode_lines(lines)[0].body
    Poll(msg_id=1, offsets={'k': 0})
    """
    if not lines.isascii():
        lines.decode()  # payloads are stored unread, so this is where bytes that are not UTF-8 must stop
    requests: list[Envelope[AnyRequest]] = decoder.decode_lines(lines)
    count = len(requests)
    if count == 1 and len(lines.splitlines()) == 1:
        return requests  # a lone request should not wait for what follows
    # The decoder takes any blank for the end of a line, and a line's end for a blank. In JSON an opening brace never
    # follows a closing one, and text holds no bare newline, so if every newline is between braces it ends a request.
    newlines = lines.count(_NEWLINE) - lines.endswith(b"\n")
    if newlines != count - 1 or lines.count(b"}\n{") != newlines or b"\r" in lines:
        raise msgspec.DecodeError("expected one request a line")
    return requests


def decode_line(line: bytes, decoder: msgspec.json.Decoder[Envelope[Any]] = REQUESTS) -> Envelope[AnyRequest]:
    """The request of one line; its body is a `BadRequest` where it is not of an RPC's form.

    Raises `NotAnEnvelopeError` where there is no envelope, saying what came.

    >>> decode_line(b'{"src": "c1", "dest": "n0", "body": {"type": "poll", "offsets": {"k": -1}}}').body.text
    'poll: field `offsets.k`: expected an integer >= 0, got -1'
    >>> decode_line(b'{"src": "c1"}')
    Traceback (most recent call last):
    kafkasim.codec.NotAnEnvelopeError: expected {"src": text, "dest": text, "body": object}, got {"src": "c1"}
    """
    try:
        return decode_lines(line, decoder)[0]
    except (*UNDECODABLE, IndexError):
        pass
    try:
        line.decode()
        frame = _FRAMES.decode(line)
    except msgspec.ValidationError:
        raise NotAnEnvelopeError(
            f'expected {{"src": text, "dest": text, "body": object}}, got {_shown(line)}'
        ) from None
    except UnicodeDecodeError as error:
        raise _no_json(line, error) from None
    except (msgspec.DecodeError, RecursionError) as error:
        return _nearly_an_envelope(line, error)
    body: dict[str, Any] = {}
    for name, raw in frame.body.items():
        try:
            body[name] = _one_line(raw) if name == "msg" else _ANYTHING.decode(raw)
        except UNDECODABLE:  # a number that no RPC has a use for
            body[name] = _nearly(raw)
    return Envelope(frame.src, frame.dest, request_from_body(body))


def _one_line(payload: Raw) -> Raw:
    """The payload without line ends: outside of text, where JSON allows them, they mean no more than a blank."""
    return Raw(bytes(payload).replace(b"\r", b" ").replace(b"\n", b" "))


def _nearly(raw: Raw) -> Any:
    """The value with what is unusable in it standing for itself; as it came where it cannot be read."""
    from kafkasim import nearly_json  # noqa: PLC0415 - a node that is sent no such thing does not wait for it

    try:
        return nearly_json.read(bytes(raw).decode())
    except (ValueError, RecursionError):
        return raw


def _nearly_an_envelope(line: bytes, error: Exception) -> Envelope[AnyRequest]:
    """The refusal of an envelope that is no JSON in some place, or nested too deeply; it names the field."""
    from kafkasim import nearly_json  # noqa: PLC0415 - as above

    try:
        read = nearly_json.read_top if isinstance(error, RecursionError) else nearly_json.read
        envelope = read(line.decode())
    except (ValueError, RecursionError):
        envelope = None
    match envelope:
        case {"src": str(src), "dest": str(dest), "body": dict(body)} if nearly_json.flaw(src + dest) is None:
            request = request_from_body(body)
            if not isinstance(request, BadRequest | UnexpectedReply):
                field = nearly_json.flawed_field(body)
                text = f"{body['type']}: {field}" if field else str(_no_json(line, error))
                request = BadRequest(msg_id=request.msg_id, code=ErrorCode.MALFORMED_REQUEST, text=text)
            return Envelope(src, dest, request)
    raise _no_json(line, error)


def _no_json(line: bytes, error: Exception) -> NotAnEnvelopeError:
    if isinstance(error, RecursionError):
        return NotAnEnvelopeError(f"expected JSON that is not nested so deeply, got {_shown(line)}")
    return NotAnEnvelopeError(f"expected JSON, got {_shown(line) or 'an empty line'}: {error}")


def _shown(line: bytes) -> str:
    return shorten(printable(line.decode(errors="backslashreplace").strip()))


def request_from_body(body: dict[str, Any]) -> AnyRequest:
    """The request that a decoded body is; a `BadRequest` where it is of no RPC's form.

    >>> request_from_body({"type": "send", "msg_id": 1, "key": "k1", "msg": None})
    Send(msg_id=1, key='k1', msg=None)
    >>> request_from_body({"type": "sned", "msg_id": 1}).text
    'unknown request type "sned": expected one of init, send, poll, commit_offsets, list_committed_offsets'
    >>> request_from_body({"type": "send_ok", "in_reply_to": 1, "offset": 0})
    UnexpectedReply(body={'type': 'send_ok', 'in_reply_to': 1, 'offset': 0})
    """
    msg_id = body.get("msg_id")
    answer_to = msg_id if type(msg_id) is int else None
    name = body.get("type")
    if "in_reply_to" in body and not (isinstance(name, str) and name in RPCS):
        return UnexpectedReply(body=body)  # one that names an RPC is a request here as it is in `decode_lines`
    if not isinstance(name, str):
        problem = f"field `type`: expected text, got {show(name)}" if "type" in body else "field `type` is missing"
        return BadRequest(msg_id=answer_to, code=ErrorCode.MALFORMED_REQUEST, text=problem)
    rpc = RPCS.get(name)
    if rpc is None:
        text = f"unknown request type {show(name)}: expected one of {', '.join(RPCS)}"
        return BadRequest(msg_id=answer_to, code=ErrorCode.NOT_SUPPORTED, text=text)
    found = mismatch(body, rpc.request)
    if found is not None:
        return BadRequest(msg_id=answer_to, code=ErrorCode.MALFORMED_REQUEST, text=f"{name}: {found}")
    # The fields have just been checked, so they go in as they are: an object given as a payload stays that object.
    return rpc.request(**{field: body[field] for field in rpc.request.__struct_fields__ if field in body})  # type: ignore[return-value]  # RPCS holds no other


def encode(envelopes: Iterable[Envelope[Any]]) -> bytes:
    r"""The envelopes as lines of JSON, each ended by a newline.

    >>> from kafkasim.messages import SendOk
    >>> encode([Envelope("n0", "c1", SendOk(in_reply_to=1, offset=0))])
    b'{"src":"n0","dest":"c1","body":{"type":"send_ok","in_reply_to":1,"offset":0}}\n'
    """
    return _ENCODER.encode_lines(envelopes)
