"""Looks at what a node answered: is it of the form that the protocol gives the reply to this request?

The quick look runs for every reply of a run and only says yes or no; `fault_of` then finds the words.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec

from kafkasim.forms import mismatch
from kafkasim.history import Function
from kafkasim.messages import RPCS, CommitOffsetsOk, Error, ListCommittedOffsetsOk, PollOk, Reply, SendOk


class Misshapen(Reply, tag="??", kw_only=True):
    """Stands for a reply that is of no RPC's form; ``fields`` is the body as it came."""

    fields: dict[str, Any]


def _send_ok(body: Any) -> dict[str, Any] | None:
    if type(body) is SendOk and type(body.offset) is int and body.offset >= 0:
        return {"offset": body.offset}
    return None


def _poll_ok(body: Any) -> dict[str, Any] | None:
    if type(body) is not PollOk:
        return None
    try:
        for pairs in body.msgs.values():
            for offset, _ in pairs:
                if type(offset) is not int or offset < 0:
                    return None
    except (AttributeError, TypeError, ValueError):
        return None
    return {"msgs": body.msgs}


def _commit_offsets_ok(body: Any) -> dict[str, Any] | None:
    return {} if type(body) is CommitOffsetsOk else None


def _list_committed_offsets_ok(body: Any) -> dict[str, Any] | None:
    if type(body) is not ListCommittedOffsetsOk:
        return None
    try:
        for offset in body.offsets.values():
            if type(offset) is not int or offset < 0:
                return None
    except AttributeError:
        return None
    return {"offsets": body.offsets}


RESPONSES: Final[dict[Function, Callable[[Any], dict[str, Any] | None]]] = {
    "send": _send_ok,
    "poll": _poll_ok,
    "commit_offsets": _commit_offsets_ok,
    "list_committed_offsets": _list_committed_offsets_ok,
}
"""For each function that asks a node: the response that a successful reply makes in a history; None: it is none."""


def is_natural(value: Any) -> bool:
    """Whether the value is an integer from 0 on; Python's booleans, which it takes for integers, are not.

    >>> is_natural(0), is_natural(-1), is_natural(True)
    (True, False, False)
    """
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def is_error(body: Any) -> bool:
    """Whether the reply is a well-formed error.

    >>> is_error(Error(code=22, text="no")), is_error(Error(code=True))
    (True, False)
    """
    return type(body) is Error and is_natural(body.code) and type(body.text) is str


def as_json(body: Reply) -> dict[str, Any]:
    """The body as the object it would be on the wire; what JSON cannot say is told in words.

    >>> as_json(SendOk(in_reply_to=1, offset=-1))
    {'type': 'send_ok', 'in_reply_to': 1, 'offset': -1}
    """
    if type(body) is Misshapen:
        return body.fields
    decoded: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(body, enc_hook=repr))
    return decoded


def fault_of(function: str, body: Reply) -> str:
    """In words, what is wrong with a reply that is not of the form; where it is of another RPC's, that.

    >>> fault_of("send", SendOk(offset=-1))
    'send_ok: field `offset`: expected an integer >= 0, got -1'
    >>> fault_of("send", PollOk(msgs={}))
    'expected send_ok or error, got poll_ok'
    """
    said = as_json(body)
    expected = RPCS[function].reply
    tag = str(expected.__struct_config__.tag)
    form = Error if said["type"] == "error" else expected
    if said["type"] not in ("error", tag):
        return f"expected {tag} or error, got {said['type']}"
    return f"{said['type']}: {mismatch(said, form) or 'not of the form of the protocol'}"
