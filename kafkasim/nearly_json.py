"""Reads what is nearly JSON, so that who sent it can be told what is wrong with it, and where.

The codec says no more than at which byte it stopped, and stops before it knows whom to answer. Python's own parser
also takes ``NaN``, halves of surrogate pairs and, with what is here, numbers that Python cannot hold and any depth.
Only refusals come by here, so a node that is sent good requests never imports this.
"""

from __future__ import annotations

import json
import re
from math import isfinite
from typing import Any, Final

from kafkasim.forms import show, step
from kafkasim.odd_json import is_unicode

_DEPTH: Final = 100
"""Of what the codec found nested too deeply, so many levels are read. Requests of the right form have three."""

_BRACKETS_AND_TEXTS: Final = re.compile(r'[\[{]|[\]}]|"[^"\\]*(?:\\.[^"\\]*)*"?', re.DOTALL)


class Unusable:
    """Stands where a value cannot be used; ``repr`` says what came."""

    __slots__ = ("_came",)

    def __init__(self, came: str) -> None:
        self._came = came

    def __repr__(self) -> str:
        return self._came


class NotJson(Unusable):
    """Stands for a word that is no JSON: ``NaN``, ``Infinity``, ``-Infinity``."""


class TooDeep(Unusable):
    """Stands for what was nested too deeply."""


def read(text: str) -> Any:
    """What the text says, with `Unusable` objects in it. Raises `ValueError` or `RecursionError` where it says nothing.

    >>> read('{"a": [NaN, 1e400, 1.5]}')
    {'a': [NaN, 1e400, 1.5]}
    """
    return json.loads(text, parse_int=_integer, parse_float=_number, parse_constant=NotJson)


def read_top(text: str) -> Any:
    """As `read`, but of what is nested too deeply only the topmost levels.

    >>> str(read_top("[" * 10_000 + "]" * 10_000)) == "[" * 100 + "..." + "]" * 100
    True
    """
    kept, level, start = [], 0, 0
    for found in _BRACKETS_AND_TEXTS.finditer(text):
        mark = found.group()
        if mark in "[{":
            level += 1
            if level == _DEPTH + 1:
                kept.append(text[start : found.start()])
        elif mark in "]}":
            if level == _DEPTH + 1:
                kept.append("NaN")  # a word that the parser hands over
                start = found.end()
            level -= 1
    kept.append(text[start:] if level <= _DEPTH else "")
    return json.loads("".join(kept), parse_int=_integer, parse_float=_number, parse_constant=lambda _: TooDeep("..."))


def flawed_field(body: dict[str, Any]) -> str | None:
    """The first field of the object that is no JSON, what came and what was expected; None where all are.

    >>> flawed_field({"key": "k", "msg": [1, read("NaN")]})
    'field `msg`: expected a JSON value, got NaN'
    """
    found = ((name, flaw(name) or flaw(value)) for name, value in body.items())
    return next((f"field `{step('', name)}`: {problem}" for name, problem in found if problem), None)


def flaw(value: Any) -> str | None:
    """What came and what was expected, at the first place that makes the value no JSON; None where there is none.

    >>> flaw({"a": [1, read("NaN")]})
    'expected a JSON value, got NaN'
    """
    waiting = [value]
    while waiting:
        match waiting.pop():
            case NotJson() as word:
                return f"expected a JSON value, got {word!r}"
            case TooDeep():
                return f"expected a value that is not nested so deeply, got {show(value)}"
            case str() as text if not is_unicode(text):
                return f"expected text without half of a surrogate pair, got {show(text)}"
            case list() as items:
                waiting += reversed(items)
            case dict() as items:
                waiting += (part for item in reversed(items.items()) for part in reversed(item))
    return None


def _integer(text: str) -> int | Unusable:
    try:
        return int(text)
    except ValueError:  # Python reads only so many digits
        return Unusable(f"an integer of {len(text.lstrip('-'))} digits, too long to read")


def _number(text: str) -> float | Unusable:
    number = float(text)
    return number if isfinite(number) else Unusable(text)
