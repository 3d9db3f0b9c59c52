"""Writes a session as a scenario: what was asked, step by step, with the replies as expectations."""

from __future__ import annotations

import math
import re
import textwrap
from collections.abc import Sequence
from typing import Any, Final

from kafkasim.scenario import model
from kafkasim.scenario.tree import DEEPEST

_WIDTH: Final = 78

_NETWORK: Final = "network: {latency: {mean: 1ms}}"


def save(name: str, why: str, steps: Sequence[model.ScriptStep], command: Sequence[str] = ()) -> str:
    """The text of a scenario that takes these steps one after the other and expects the same replies.

    `kafkasim.scenario.load.loads` reads the same steps back, whatever the keys and messages are. Each message takes a
    millisecond, so that no two steps happen at the same time and a timeline tells them apart. With a ``command`` that
    program is the node. Raises `ValueError`
    where there is nothing to save, where a step is none that a session has (requests, and no sleeping or crashing), and
    where YAML cannot say a value: half a character, a number that is none, nesting of nearly a hundred levels.

    >>> hello = model.Step(model.Send("k1", "hello"), {"offset": 0}, expects=True)
    >>> print(save("hello", "To see that the first message is at offset 0.", [model.ScriptStep("alice", hello)]))
    name: hello
    why: >-
      To see that the first message is at offset 0.
    network: {latency: {mean: 1ms}}
    steps:
      - {as: alice, send: {key: k1, msg: hello}, expect: {offset: 0}}
    """
    if not steps:
        raise ValueError("nothing to save: expected at least one step")
    name, why = name.strip(), why.strip()
    if not name or not why:
        raise ValueError(f"expected {'a reason' if name else 'a name'} for the scenario, got empty text")
    system = [f"system: {_flow({'command': command})}"] if command else []
    lines = [f"name: {_scalar(name)}", f"why: {_prose(why)}", *system, _NETWORK, "steps:"]
    lines += [f"  - {_flow(_fields(step))}" for step in steps]
    return "\n".join(lines) + "\n"


def _fields(script_step: model.ScriptStep) -> dict[str, Any]:
    """The step as the mapping that stands for it in the file."""
    step = script_step.step
    fields: dict[str, Any] = {"as": script_step.client} | _action(step.action)
    if step.expects:
        fields["expect"] = step.expect
    if step.expect_error is not None:
        fields["expect_error"] = step.expect_error
    return fields


def _action(action: model.Action) -> dict[str, Any]:
    match action:
        case model.Send():
            return {"send": {"key": action.key, "msg": action.msg}}
        case model.Poll():
            limit = {} if action.max_messages is None else {"max_messages": action.max_messages}
            return {"poll": action.offsets} | limit
        case model.CommitOffsets():
            return {"commit_offsets": action.offsets}
        case model.ListCommittedOffsets():
            return {"list_committed_offsets": action.keys}
        case model.Raw():
            return {"raw": action.body}
    raise ValueError(f"{action} cannot be saved: no session has such a step")


# A value as one line of YAML. JSON is nearly a part of YAML, and where it is not, this differs
# from JSON: a character is one escape and never two, and a key of more than 1024 characters says that it is one.

_BARE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
"""Text that may stand without quotes: narrower than YAML allows, so that it is plain to people too."""

_NOT_TEXT: Final = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n"})
"""Words that YAML, or its older version in somebody's editor, takes for something else."""

_LONGEST_KEY: Final = 1000
_LEVEL_OF_A_STEP: Final = 3
"""A step stands in the list of steps, and that in the scenario."""

_ESCAPED: Final = re.compile(r'["\\\x00-\x1f\x7f-\xa0\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]')
_SHORT: Final = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}


def _flow(value: Any, level: int = _LEVEL_OF_A_STEP) -> str:
    if level > DEEPEST and isinstance(value, dict | list | tuple):
        raise ValueError(
            f"it cannot be saved: expected at most {DEEPEST} levels, those of the scenario itself included"
        )
    match value:
        case dict():
            return "{" + ", ".join(_entry(key, item, level) for key, item in value.items()) + "}"
        case list() | tuple():
            return "[" + ", ".join(_flow(item, level + 1) for item in value) + "]"
    return _scalar(value)


def _entry(key: str, value: Any, level: int) -> str:
    shown = _scalar(key)
    mark = "? " if len(shown) > _LONGEST_KEY else ""
    return f"{mark}{shown}: {_flow(value, level + 1)}"


def _scalar(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case float():
            if not math.isfinite(value):
                raise ValueError(f"{value} cannot be saved: it is no JSON value")
            return repr(value)
        case str() if _BARE.fullmatch(value) and value.lower() not in _NOT_TEXT:
            return value
        case str():
            return f'"{_ESCAPED.sub(_escape, value)}"'
    raise ValueError(f"{value!r} cannot be saved: it is no JSON value")


def _escape(found: re.Match[str]) -> str:
    character = found.group()
    code = ord(character)
    if 0xD800 <= code <= 0xDFFF:
        raise ValueError(f"half a character (U+{code:04X}) cannot be saved")
    return _SHORT.get(character) or (f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}")


def _prose(text: str) -> str:
    """A paragraph as a folded block, which reads best; anything else in quotes."""
    words = text.split(" ")
    if all(map(_is_plain_word, words)):
        lines = textwrap.wrap(text, _WIDTH, break_long_words=False, break_on_hyphens=False)
        return "\n  ".join([">-", *lines])
    return _scalar(text)


def _is_plain_word(word: str) -> bool:
    return word.isprintable() and bool(word) and not word.isspace()
