"""When two messages are the same message: a hashable value for each message, equal where the messages are.

Messages are equal when their canonical JSON is: keys sorted, escapes decoded, numbers by exact value. So
``1`` and ``1.0`` are one message while ``1`` and ``true`` are two, and neither the text on the wire
nor Python's own ``==`` (for which ``1 == 1.0 == True``) will do.
"""

from __future__ import annotations

import math
from collections.abc import Hashable
from decimal import Decimal
from fractions import Fraction
from typing import Any

Identity = Hashable
"""What stands for a message in sets and dicts. Text and integers stand for themselves."""


def identity(message: Any) -> Identity:
    """What stands for the message in sets and dicts.

    Python's numbers hash and compare by exact value whatever their type, so they stand for themselves too; only
    booleans, which Python takes for numbers, and what has parts are rewritten, as tuples. Nothing is raised: a value
    that no JSON can be (a recorder's own object) stands as its type and ``repr``.

    >>> identity(1) == identity(1.0), identity(1) == identity(True)
    (True, False)
    >>> identity({"b": [1], "a": None}) == identity({"a": None, "b": [1.0]})
    True
    """
    if type(message) is int or type(message) is str or message is None:
        return message
    if isinstance(message, dict | list | tuple):
        return _tokens(message)
    return _leaf(message)


def _leaf(value: Any) -> Identity:
    if isinstance(value, bool):
        return ("true",) if value else ("false",)
    if isinstance(value, float):
        # Its shortest text is what JSON has for it, so that is its exact value: 1e23 is 10**23, as a float it is less.
        return Decimal(repr(value)) if math.isfinite(value) else ("float", repr(value))
    if value is None or isinstance(value, str | int | Decimal | Fraction):
        return value
    return ("object", type(value).__name__, repr(value))


def _tokens(value: Any) -> tuple[Identity, ...]:
    """The value flattened: each object or list as its length, then its parts; which no two values share.

    A loop, not a recursion, so that no nesting is too deep for it.
    """
    tokens: list[Identity] = []
    rest = [value]
    while rest:
        item = rest.pop()
        if isinstance(item, dict):
            tokens.append(("{", len(item)))
            for name in sorted(item, key=str, reverse=True):
                rest.append(item[name])
                rest.append(str(name))
        elif isinstance(item, list | tuple):
            tokens.append(("[", len(item)))
            rest.extend(reversed(item))
        else:
            tokens.append(_leaf(item))
    return tuple(tokens)
