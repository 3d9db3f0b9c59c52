"""A session as the steps of a scenario: what was asked, with what was answered as what is expected."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from decimal import Decimal
from typing import Any, Final

import msgspec

from kafkasim.console.session import Exchange, Reply
from kafkasim.messages import ErrorCode, error_title
from kafkasim.scenario import model


def script_steps(exchanges: Iterable[Exchange]) -> list[model.ScriptStep]:
    """The steps that repeat the exchanges.

    Of a request that was not answered (by a node that ended, or was too slow; or as its ``msg_id`` is null, or it is
    itself a reply) a time-out is expected; of one whose answer was not of the protocol's form, that it succeeds. Raises
    `ValueError` where a number has more digits than a scenario keeps.

    >>> from kafkasim.console.parsing import parse
    >>> from kafkasim.console.session import Session
    >>> session = Session()
    >>> step = script_steps([session.ask(parse("send k1 hello"))])[0].step
    >>> step.action, step.expect
    (Send(key='k1', msg='hello'), {'offset': 0})
    """
    return [model.ScriptStep(exchange.client, _step(exchange)) for exchange in exchanges]


def _step(exchange: Exchange) -> model.Step:
    action, reply = _action(exchange), exchange.reply
    if reply is None:
        return model.Step(action, expect_error=ErrorCode.TIMEOUT.title)
    if reply.fault:
        return model.Step(action)
    if reply.is_error:
        return model.Step(action, expect_error=error_title(reply.code()))
    expected = _expected(action, reply)
    return model.Step(action, expected, expects=expected is not None)


def _action(exchange: Exchange) -> model.Action:
    """The request as a step; one that was written as a body stays one."""
    ask = exchange.ask
    body = _plain(msgspec.json.encode(ask.body))
    if ask.raw:
        return model.Raw(body)
    match body:
        case {"type": "send", "key": key, "msg": msg}:
            return model.Send(key, msg)
        case {"type": "poll", "offsets": offsets}:
            return model.Poll(offsets, ask.max_messages)
        case {"type": "commit_offsets", "offsets": offsets}:
            return model.CommitOffsets(offsets)
        case {"type": "list_committed_offsets", "keys": keys}:
            return model.ListCommittedOffsets(tuple(keys))
    raise AssertionError(f"no command asks for this: {body}")


def _expected(action: model.Action, reply: Reply) -> Any:
    """The RPC's own field of the reply; None where it has none, so that only success can be expected."""
    body = _plain(reply.body)
    match action:
        case model.Send():
            return {"offset": body["offset"]}
        case model.Poll():
            return body["msgs"]
        case model.ListCommittedOffsets():
            return body["offsets"]
        case model.Raw():
            return {name: value for name, value in body.items() if name not in ("msg_id", "in_reply_to")}
    return None


def _plain(data: bytes) -> Any:
    """The JSON as Python objects, whole numbers whole whatever their size; other numbers exactly or not at all."""
    return json.loads(data, parse_float=_exactly, parse_int=_whole)


_MOST_SHOWN: Final = 40
"""How many characters of a number are shown."""


def _exactly(text: str) -> float:
    number = float(text)
    # The shortest digits that stand for this number are what is written down, and must say what was typed.
    if not math.isfinite(number) or Decimal(repr(number)) != Decimal(text):
        shown = text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}..."
        raise ValueError(f"a scenario would keep the number {shown} as {number!r}")
    return number


def _whole(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise ValueError(f"an integer of {len(text):,} characters is too long for a scenario") from None
