"""What the network knows of a message's body: whether it asks or answers, and the number that it goes by.

A body is one of `kafkasim.messages`; or, where it is of none of the log's RPCs (what nodes say to each other and to
services), a dict with its fields as they are on the wire.
"""

from __future__ import annotations

from typing import Any

from kafkasim.messages import AnyRequest, BadRequest, Reply, UnexpectedReply, request_from_body
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
