"""JSON that the codec refuses though it is JSON: text with half of a surrogate pair, integers of thousands of digits.

Foreign systems return such things, and a history must be able to say that they did. Slow, so it is asked only where
the codec has refused.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any, NoReturn

import msgspec


def read(data: bytes, number: Callable[[str], Any] = float) -> Any:
    r"""What the JSON says; ``number`` reads what has a fraction or an exponent.

    Integers that Python does not read are `Decimal`, with the same value. Raises `ValueError` where it is no JSON or no
    UTF-8, `RecursionError` where it is nested too deeply.

    >>> read(rb'["\ud800", 1e2]')
    ['\ud800', 100.0]
    >>> read(b"9" * 5000) == Decimal("9" * 5000)
    True
    """
    return json.loads(data.decode(), parse_int=_integer, parse_float=number, parse_constant=_refuse)


def exact_number(text: str) -> float | Decimal:
    """A number with a fraction or an exponent: a float where that is it exactly, as its shortest text tells.

    Raises `ArithmeticError` where it is out of the range of both.

    >>> exact_number("0.1"), exact_number("1e400")
    (0.1, Decimal('1E+400'))
    """
    value = float(text)
    exact = Decimal(text)
    return value if Decimal(repr(value)) == exact else exact


def _integer(text: str) -> int | Decimal:
    try:
        return int(text)
    except ValueError:  # Python reads only so many digits
        return Decimal(text)


def _refuse(word: str) -> NoReturn:
    raise ValueError(f"expected a JSON value, got {word}")


def written(value: Any, encoder: msgspec.json.Encoder) -> bytes:
    r"""The value as JSON, by the codec's encoder, in which text that is no Unicode stands escaped.

    >>> written({"k": ["\ud800"]}, msgspec.json.Encoder())
    b'{"k":["\\ud800"]}'
    """
    try:
        return encoder.encode(value)
    except UnicodeEncodeError:
        return encoder.encode(_with_odd_parts_written(value, encoder))


def _with_odd_parts_written(value: Any, encoder: msgspec.json.Encoder) -> Any:
    """The value with what the encoder cannot write already written."""
    match value:
        case str() if not is_unicode(value):
            return msgspec.Raw(json.dumps(value).encode())
        case list() | tuple():
            return [_with_odd_parts_written(item, encoder) for item in value]
        case dict():
            items = {name: _with_odd_parts_written(item, encoder) for name, item in value.items()}
            if all(map(is_unicode, items)):
                return items
            parts = (json.dumps(name).encode() + b":" + encoder.encode(item) for name, item in items.items())
            return msgspec.Raw(b"{" + b",".join(parts) + b"}")
        case msgspec.Struct():
            fields = {name: _with_odd_parts_written(getattr(value, name), encoder) for name in value.__struct_fields__}
            return msgspec.structs.replace(value, **fields)
    return value


def is_unicode(text: str) -> bool:
    """Whether the text holds no half of a surrogate pair, so that it can be encoded."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
