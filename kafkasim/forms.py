"""Says in words where a value is not of the form that a type declares.

The codec refuses bad input fast but tersely. Once it has, this page finds the first place that is
wrong and names it with what came and what was expected, which is what a person needs.
The form is read off the type itself (its annotations), so it is written down once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from math import isfinite
from typing import Any, Final

import msgspec
from msgspec import Raw, inspect

_SAFE: Final = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}

_SHOWN: Final = 80
"""How many characters of a value an error quotes before it cuts it short."""

_PLAIN_WORD: Final = re.compile(r"[\w-]{1,80}")


def show(value: Any) -> str:
    """The value on one line, cut short where it is long; for errors and logs.

    JSON where it is a JSON value; its ``repr`` where it is none, though it may have a form in JSON: as the text
    ``"aw=="`` nobody would know their ``b"k"`` again.

    >>> show({"a": [1, None]}), show(True), show("x" * 100)[-6:]
    ('{"a":[1,null]}', 'true', 'xxx...')
    >>> show(b"k"), show([float("nan")])
    ("b'k'", '[nan]')
    """
    try:
        text = msgspec.json.encode(value).decode() if _is_json(value) else repr(value)
    except Exception:  # noqa: BLE001 - what an error quotes must not become an error itself
        try:
            text = repr(value)
        except Exception:  # noqa: BLE001 - as above: nested too deep, too long a number, a repr that raises
            text = f"<integer of {value.bit_length()} bits>" if type(value) is int else f"<{type(value).__name__}>"
    return shorten(printable(text[: _SHOWN + 1]))


def _is_json(value: Any) -> bool:
    """Whether the value is of the types that JSON has; those of the codec's own count as what they hold."""
    match value:
        case None | Raw():
            return True
        case float():
            return isfinite(value)
        case dict():
            return all(type(key) is str and _is_json(item) for key, item in value.items())
        case list() | tuple():
            return all(map(_is_json, value))
        case msgspec.Struct():
            return all(_is_json(getattr(value, name)) for name in value.__struct_fields__)
    return type(value) in (str, int, bool)


def shorten(text: str, most: int = _SHOWN) -> str:
    """The text, cut short where it is longer than an error should be, or than so many characters.

    >>> len(shorten("x" * 1000)), len(shorten("x" * 1000, most=300))
    (80, 300)
    """
    return text if len(text) <= most else text[: most - 3] + "..."


def printable(text: str) -> str:
    r"""The text with everything that a terminal would obey rather than show written as JSON escapes.

    As JSON's because most of what is shown is JSON, which can then be typed again.

    >>> print(printable("grün\x1b[31m"), printable("k1\n\u202e"))
    grün\u001b[31m k1\n\u202e
    """
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() or char in _JOINERS else escaped(char) for char in text)


_JOINERS: Final = "\u200c\u200d"
"""Say how the letters, or pictures, beside them are joined: Persian and families cannot be written without."""


def escaped(char: str) -> str:
    r"""The character as JSON writes it without saying it.

    >>> print(escaped("\n"), escaped("\x1b"), escaped("😀"))
    \n \u001b \ud83d\ude00
    """
    units = char.encode("utf-16-be", "surrogatepass").hex()
    return _SAFE.get(char) or "".join(f"\\u{units[place : place + 4]}" for place in range(0, len(units), 4))


def mismatch(value: Mapping[str, Any], form: type[msgspec.Struct]) -> str | None:
    """Where ``value``, a decoded JSON object, is not of the form of the class; None where it is.

    Unknown fields count only where the class forbids them, and the class's tag field is the
    caller's business.

    >>> class Point(msgspec.Struct):
    ...     x: int
    >>> mismatch({"x": True}, Point)
    'field `x`: expected an integer, got true'
    >>> mismatch({}, Point)
    'field `x` is missing (expected an integer)'
    """
    return next(_object(value, _fields_of(form), ""), None)


def step(path: str, name: object) -> str:
    """The path to what has this name in the object at ``path``; quoted, and cut short, unless it is a plain word.

    >>> step("", "offsets"), step("offsets", "k1"), step("offsets", "k 1")
    ('offsets', 'offsets.k1', 'offsets."k 1"')
    """
    word = name if isinstance(name, str) and _PLAIN_WORD.fullmatch(name) else show(name)
    return f"{path}.{word}" if path else word


@cache
def _fields_of(form: type[msgspec.Struct]) -> inspect.StructType:
    info = inspect.type_info(form)
    assert isinstance(info, inspect.StructType)
    return info


def _object(value: Mapping[str, Any], form: inspect.StructType, path: str) -> Iterator[str]:
    known = {field.encode_name: field for field in form.fields}
    for name, field in known.items():
        if name in value:
            yield from _value(value[name], field.type, step(path, name))
        elif field.required:
            yield f"field `{step(path, name)}` is missing (expected {expected(field.type)})"
    if form.forbid_unknown_fields:
        for name in value:
            if name not in known and name != form.tag_field:
                yield f"field `{step(path, name)}` is not known (expected one of {', '.join(known)})"


def _value(value: Any, form: inspect.Type, path: str) -> Iterator[str]:
    """Every place below ``path`` at which the value is not of the form."""
    match form:
        case inspect.Metadata(type=inner):
            yield from _value(value, inner, path)
        case inspect.AnyType() | inspect.RawType():
            pass
        case inspect.DictType(key_type=key_form, value_type=value_form) if isinstance(value, Mapping):
            for key, item in value.items():
                if not _fits(key, key_form):
                    yield f"field `{path}`: expected {expected(key_form)} as key, got {show(key)}"
                yield from _value(item, value_form, step(path, key))
        case inspect.StructType() if isinstance(value, Mapping):
            yield from _object(value, form, path)
        case inspect.ListType(item_type=item_form) | inspect.VarTupleType(item_type=item_form) if _is_list(value):
            for place, item in enumerate(value):
                yield from _value(item, item_form, f"{path}[{place}]")
        case inspect.TupleType(item_types=item_forms) if _is_list(value) and len(value) == len(item_forms):
            for place, (item, item_form) in enumerate(zip(value, item_forms, strict=True)):
                yield from _value(item, item_form, f"{path}[{place}]")
        case _ if not _fits(value, form):
            yield f"field `{path}`: expected {expected(form)}, got {show(value)}"


def _fits(value: Any, form: inspect.Type) -> bool:
    """Whether a value without parts is of the form."""
    match form:
        case inspect.Metadata(type=inner):
            return _fits(value, inner)
        case inspect.UnionType(types=choices):
            return any(_fits(value, choice) for choice in choices)
        case inspect.NoneType():
            return value is None
        case inspect.IntType(ge=least):
            return type(value) is int and (least is None or value >= least)
        case inspect.FloatType():
            return type(value) in (int, float)
        case inspect.BoolType():
            return type(value) is bool
        case inspect.StrType(min_length=shortest):
            return isinstance(value, str) and len(value) >= (shortest or 0)
        case inspect.LiteralType(values=choices):
            return value in choices and type(value) is not bool
        case inspect.StructType():
            return isinstance(value, Mapping) and not any(_object(value, form, ""))
        case inspect.DictType() | inspect.ListType() | inspect.VarTupleType() | inspect.TupleType():
            return _has_parts(value, form) and not any(_value(value, form, ""))
    return isinstance(form, inspect.AnyType | inspect.RawType)


def _has_parts(value: Any, form: inspect.Type) -> bool:
    """Whether a value for a form with parts is of the kind that has them, and has as many."""
    if isinstance(form, inspect.DictType):
        return isinstance(value, Mapping)
    return _is_list(value) and not (isinstance(form, inspect.TupleType) and len(value) != len(form.item_types))


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str | bytes)


def expected(form: inspect.Type) -> str:
    """The form in words; for errors and docs.

    >>> expected(inspect.type_info(list[int]))
    'a list, each item an integer'
    """
    match form:
        case inspect.Metadata(type=inner):
            return expected(inner)
        case inspect.UnionType(types=choices):
            return " or ".join(map(expected, choices))
        case inspect.LiteralType(values=choices):
            return " or ".join(map(show, choices))
        case inspect.IntType(ge=least):
            return "an integer" if least is None else f"an integer >= {least}"
        case inspect.StrType(min_length=shortest):
            return "non-empty text" if shortest else "text"
        case inspect.DictType(value_type=value_form) if not isinstance(value_form, inspect.AnyType):
            return f"an object with {expected(value_form)} for each key"
        case inspect.ListType(item_type=item_form) | inspect.VarTupleType(item_type=item_form):
            return f"a list, each item {expected(item_form)}"
        case inspect.TupleType(item_types=item_forms):
            return f"[{', '.join(map(expected, item_forms))}]"
    return _WORDS.get(type(form), "any JSON value")


_WORDS: Final[dict[type[inspect.Type], str]] = {
    inspect.NoneType: "nothing",
    inspect.BoolType: "true or false",
    inspect.FloatType: "a number",
    inspect.StructType: "an object",
    inspect.DictType: "an object",
}
"""The forms that are told by one word."""
