"""What the network knows of a message's body: whether it asks or answers, and the number that it goes by.

A body is one of `kafkasim.messages`; or, where it is of none of the log's RPCs (what nodes say to each other and to
services), a dict with its fields as they are on the wire.
"""

from __future__ import annotations

from typing import Any, Final

from kafkasim.codec import request_from_body
from kafkasim.messages import AnyRequest, BadRequest, Reply, Send, UnexpectedReply
from kafkasim.sim.replies import Misshapen


def is_reply(body: Any) -> bool:
    """Whether the body answers a request.

    >>> from kafkasim.messages import Poll
    >>> is_reply(Poll(msg_id=1, offsets={})), is_reply({"type": "cas_ok", "in_reply_to": 1})
    (False, True)
    """
    return isinstance(body, Reply) or (type(body) is dict and "in_reply_to" in body)


def request_number(body: Any) -> int | None:
    """The number of the request that the body is, or that it answers; None where there is none.

    >>> from kafkasim.messages import SendOk
    >>> request_number(SendOk(in_reply_to=1, offset=0)), request_number({"type": "read", "msg_id": 2, "key": "k"})
    (1, 2)
    >>> request_number({"type": "gossip", "msg_id": "three"})
    """
    name = "in_reply_to" if is_reply(body) else "msg_id"
    number = body.get(name) if type(body) is dict else getattr(body, name)
    return number if type(number) is int else None


_OVERWRITING: Final = ("write", "cas")
"""The requests to a key-value store that change it."""


def is_send(body: Any) -> bool:
    """Whether the body asks for a message to be appended, whoever asks whom, and however malformed it is.

    >>> is_send(Send(key="k", msg=1)), is_send({"type": "send", "msg_id": 1}), is_send({"type": "read", "key": "k"})
    (True, True, False)
    """
    return isinstance(body, Send) or (not is_reply(body) and _type_of(body) == "send")


def is_repeatable(body: Any) -> bool:
    """Whether the network may deliver the body twice and mean the same by it, as far as it can know.

    Replies may come twice: who asked knows by their number which it has. Reads of all kinds may, since the copy only
    tells what is so a moment later, and so may commits, which never go back. A send would append its message twice. A
    repeated ``write`` may overwrite a newer one; and of a repeated ``cas`` the copy fails because the original
    succeeded, and nobody can tell which of the two was answered. What nodes say to each other in types of their own
    may come twice: only they know what it means, and both copies have one number to know them by.

    >>> from kafkasim.messages import Poll
    >>> is_repeatable(Poll(msg_id=1, offsets={})), is_repeatable(Send(msg_id=1, key="k", msg=1))
    (True, False)
    >>> [is_repeatable({"type": name, "msg_id": 1}) for name in ("read", "ts", "gossip", "write", "cas", "send")]
    [True, True, True, False, False, False]
    >>> is_repeatable({"type": "cas_ok", "in_reply_to": 1})
    True
    """
    return is_reply(body) or not (is_send(body) or _type_of(body) in _OVERWRITING)


def _type_of(body: Any) -> Any:
    """The ``type`` of a body that is of none of the log's RPCs; None for the others."""
    written = on_the_wire(body)
    return written.get("type") if type(written) is dict else None


def request_as_written(body: dict[str, Any]) -> AnyRequest:
    """The request that the body is, as `request_from_body`; one that is of no RPC's form keeps its body."""
    request = request_from_body(body)
    if type(request) is BadRequest:
        request.body = body
    return request


def on_the_wire(body: Any) -> Any:
    """The body as it is to be encoded: what stands for one that is of no RPC's form gives it back.

    >>> on_the_wire(request_as_written({"type": "sned", "msg_id": 1}))
    {'type': 'sned', 'msg_id': 1}
    """
    kind = type(body)
    if kind is BadRequest or kind is UnexpectedReply:
        return body.body
    return body.fields if kind is Misshapen else body
