r"""Reads and writes EDN, the notation in which Jepsen and Maelstrom keep their histories.

The format: https://github.com/edn-format/edn. What each form becomes in Python:

| EDN | Python |
| --- | --- |
| ``nil``, ``true``, ``false`` | ``None``, ``True``, ``False`` |
| ``42``, ``42N``, ``0x2a`` | ``int``; `Decimal` where it has thousands of digits |
| ``4.2``, ``##Inf``; ``4.2M``; ``1/3`` | ``float``; ``Decimal``; ``Fraction`` |
| ``"text"``, ``\c`` | ``str`` |
| ``:keyword``, ``symbol`` | `Keyword`, `Symbol` |
| ``[1 2]``, ``(1 2)`` | ``list`` |
| ``{:a 1}`` | ``dict``; a key that is itself a list, map or set becomes a tuple |
| ``#{1 2}`` | `EdnSet` |
| ``#tag form`` | `Tagged` |

Comments and ``#_ form`` are left out. Nothing is evaluated. Forms may be nested 200 deep, which is more than any
history has: who works on them may do so by recursion, as Python itself does where a form is a key.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from fractions import Fraction
from itertools import islice, takewhile
from operator import length_hint
from typing import Any, Final, NamedTuple

from kafkasim.forms import shorten


class Keyword(str):
    """``:name``, without its colon."""

    __slots__ = ()


class Symbol(str):
    """A bare name that is no literal."""

    __slots__ = ()


class EdnSet(tuple[Any, ...]):
    """The members of a set, in the order in which they were written; they need not be hashable."""

    __slots__ = ()


class Tagged(NamedTuple):
    """A form with a tag, whose meaning is the reader's business."""

    tag: str
    form: Any


class EdnError(ValueError):
    """Text is not EDN.

    ``line`` and ``column``, both from 1, are where it is wrong; ``at_end`` says that it is so only because more was
    expected: it may be the beginning of EDN.
    """

    def __init__(self, problem: str, line: int, column: int, *, at_end: bool = False) -> None:
        super().__init__(f"{line}:{column}: {problem}")
        self.line, self.column, self.at_end = line, column, at_end


_NAME: Final = r'[^\s,"\[\](){};\\]'

_WORD: Final = re.compile(
    rf"""
      "(?:[^"\\]|\\.)*"                 # text
    | [\[\](){{}}]                      # brackets
    | \#(?:\{{|_|\#?(?!\#){_NAME}+)     # a set, a form left out, ##Inf, a tag
    | \\(?:[A-Za-z0-9]+|.)              # a character
    | (?!\#){_NAME}+                    # a number, name or keyword
    | ;[^\n]*                           # a comment
    | [^\s,]                            # nothing of EDN
    """,
    re.VERBOSE | re.DOTALL,
)

_DEEPEST: Final = 200
"""So many forms may be inside one another, those with tags counted twice."""

_TOO_DEEP: Final = f"expected no more than {_DEEPEST} forms inside one another"

_CLOSING: Final = {"[": "]", "(": ")", "{": "}", "#{": "}"}


class _Marker(NamedTuple):
    """Stands for a tag, or (None) for ``#_``, until the form behind it has been read."""

    tag: str | None


_UNKNOWN: Final = object()


class _BrokenError(Exception):
    """The last word read is wrong, or (``at_end``) there should have been more; ``behind``: behind all words."""

    def __init__(self, text: str, *, at_end: bool = False, behind: bool = False) -> None:
        super().__init__(text)
        self.at_end, self.behind = at_end or behind, behind


def read_forms(text: str, line: int = 1) -> list[Any]:
    r"""All forms of the text, in order; ``line`` is what errors call its first line.

    Raises `EdnError` where it is no EDN.

    >>> read_forms('{:type :ok, :value [[:poll {"k1" [[0 7]]}]]} #_ left-out nil')
    [{'type': 'ok', 'value': [['poll', {'k1': [[0, 7]]}]]}, None]
    >>> read_forms("[1\n 2")
    Traceback (most recent call last):
    kafkasim.jepsen.edn.EdnError: 2:3: expected ], got the end
    """
    words = _WORD.findall(text)
    to_come = iter(words)
    try:
        return _read(to_come)
    except _BrokenError as broken:
        place = len(text)
        if not broken.behind:
            number = len(words) - length_hint(to_come) - 1
            place = next(islice(_WORD.finditer(text), number, None)).start()
        before = text[:place]
        column = place - (before.rfind("\n") + 1) + 1
        raise EdnError(str(broken), line + before.count("\n"), column, at_end=broken.at_end) from None


def stream_forms(pieces: Iterable[bytes]) -> Iterator[list[Any]]:
    r"""The forms of EDN that comes in pieces, cut anywhere: those of all whole lines as soon as they are there.

    The memory it takes is that of a piece, unless a single form is longer. Raises `EdnError`, also where the bytes
    are not UTF-8.

    >>> list(stream_forms([b"{:a 1}\n{:b", b" 2}\n[3\n", b"4]"]))
    [[{'a': 1}], [{'b': 2}, [3, 4]]]
    """
    rest, line, enough = b"", 1, 0
    for piece in pieces:
        rest += piece
        end = rest.rfind(b"\n") + 1
        if end <= enough:
            continue
        text = _decoded(rest[:end], line)
        try:
            forms = read_forms(text, line)
        except EdnError as error:
            if not error.at_end:
                raise
            enough = 2 * end  # a form of several lines is not all there yet: looking at every piece would take for ever
            continue
        line += text.count("\n")
        rest, enough = rest[end:], 0
        if forms:
            yield forms
    if forms := read_forms(_decoded(rest, line), line):
        yield forms


def _decoded(data: bytes, line: int) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        before = data[: error.start]
        column = len(before[before.rfind(b"\n") + 1 :].decode()) + 1
        raise EdnError("expected UTF-8", line + before.count(b"\n"), column) from None


def _read(words: Iterator[str]) -> list[Any]:
    """The forms that the words make up."""
    stack: list[tuple[str, list[Any], int]] = []
    depth = 0
    forms: list[Any] = []
    marked = False
    known: dict[str, Any] = {"nil": None, "true": True, "false": False}
    atom_of = known.get
    for word in words:
        atom = atom_of(word, _UNKNOWN)
        if atom is not _UNKNOWN:
            forms.append(atom)
        elif word in _CLOSING:
            stack.append((word, forms, depth))
            depth += 1 + (_tags_before(forms) if marked else 0)
            if depth > _DEEPEST:
                raise _BrokenError(_TOO_DEEP)
            forms = []
        elif word in "])}":
            if not stack:
                raise _BrokenError(f"expected a form, got {word}")
            opening, outer, depth = stack.pop()
            if _CLOSING[opening] != word:
                raise _BrokenError(f"expected {_CLOSING[opening]}, got {word}")
            outer.append(_BUILDERS[opening](_unmarked(forms) if marked else forms))
            forms = outer
        elif word[0] == "#" and word[1:2] != "#":
            if len(word) == 1:
                raise _BrokenError("expected a tag after #")
            marked = True
            forms.append(_Marker(None if word == "#_" else word[1:]))
        elif word[0] != ";":
            known[word] = atom = _atom(word)
            forms.append(atom)
    if stack:
        raise _BrokenError(f"expected {_CLOSING[stack[-1][0]]}, got the end", behind=True)
    return _unmarked(forms, behind=True) if marked else forms


def _tags_before(forms: list[Any]) -> int:
    """How many markers stand before the next form."""
    return sum(1 for _ in takewhile(lambda form: isinstance(form, _Marker), reversed(forms)))


def _unmarked(forms: list[Any], *, behind: bool = False) -> list[Any]:
    """The forms, tagged or left out as the markers before them say."""
    kept: list[Any] = []
    tags = 0
    for form in reversed(forms):
        if not isinstance(form, _Marker):
            kept.append(form)
            tags = 0
            continue
        tags += 1
        if tags > _DEEPEST:
            raise _BrokenError(_TOO_DEEP)
        if not kept:
            raise _BrokenError(f"expected a form after #{form.tag or '_'}", behind=behind)
        marked = kept.pop()
        if form.tag is not None:
            kept.append(Tagged(form.tag, marked))
    kept.reverse()
    return kept


def _map(forms: list[Any]) -> dict[Any, Any]:
    if len(forms) % 2:
        raise _BrokenError("expected a value for the last key of the map")
    keys = iter(forms)
    try:
        return dict(zip(keys, keys, strict=True))
    except TypeError:  # a key with parts
        return {_hashable(key): value for key, value in zip(forms[::2], forms[1::2], strict=True)}


def _hashable(form: Any) -> Any:
    """What stands for a form as a key."""
    try:
        hash(form)
    except TypeError:
        parts = form.items() if isinstance(form, dict) else form
        return tuple(map(_hashable, parts))
    return form


def _list(forms: list[Any]) -> list[Any]:
    return forms


_BUILDERS: Final[dict[str, Callable[[list[Any]], Any]]] = {"[": _list, "(": _list, "{": _map, "#{": EdnSet}


# --------------------------------------------------------------------------------------
# What has no parts
# --------------------------------------------------------------------------------------

_INTEGER: Final = re.compile(
    r"([+-]?)(?:(0|[1-9][0-9]*)|0[xX]([0-9a-fA-F]+)|0([0-7]+)|([0-9]{1,2})[rR]([0-9a-zA-Z]+))N?"
)
_DIGITS: Final = 4000
"""Integers of more digits Python does not write, and may not read."""
_RATIO: Final = re.compile(r"[+-]?[0-9]+/[0-9]+")
_FLOAT: Final = re.compile(r"[+-]?(?:0|[1-9][0-9]*)(?:\.[0-9]*)?(?:[eE][+-]?[0-9]+)?")
_ESCAPE: Final = re.compile(r"\\(u[0-9a-fA-F]{4}|[0-7]{1,3}|.)", re.DOTALL)
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_ESCAPED: Final = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", '"': '"', "\\": "\\", "'": "'", "/": "/"}
_CHARACTERS: Final = {
    "newline": "\n", "space": " ", "tab": "\t", "return": "\r", "backspace": "\b", "formfeed": "\f"
}  # fmt: skip  # a table reads best as one
_SPECIAL: Final = {"##Inf": float("inf"), "##-Inf": float("-inf"), "##NaN": float("nan")}


def _atom(word: str) -> Any:
    first = word[0]
    if first == ":":
        if len(word) == 1:
            raise _BrokenError("expected a name after :")
        return Keyword(word.lstrip(":"))
    if first == '"':
        return _text(word)
    if first == "\\":
        return _character(word)
    if first == "#":
        if word not in _SPECIAL:
            raise _BrokenError(f"expected ##Inf, ##-Inf or ##NaN, got {word}")
        return _SPECIAL[word]
    if first.isdigit() or (first in "+-" and word[1:2].isdigit()):
        return _number(word)
    return Symbol(word)


def _text(word: str) -> str:
    if len(word) == 1 or not word.endswith('"'):
        raise _BrokenError('expected " at the end of the text, got the end', at_end=True)
    if "\\" not in word:
        return word[1:-1]
    text = _ESCAPE.sub(_unescaped, word[1:-1])
    if _SURROGATE.search(text) is None:
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")  # joins the halves of pairs


def _unescaped(match: re.Match[str]) -> str:
    what = match.group(1)
    if what[0] == "u" and len(what) == 5:
        return chr(int(what[1:], 16))
    if what[0] in "01234567":
        return chr(int(what, 8))
    if what not in _ESCAPED:
        raise _BrokenError(f'expected one of \\n \\t \\r \\b \\f \\" \\\\ \\uXXXX, got \\{what}')
    return _ESCAPED[what]


def _character(word: str) -> str:
    name = word[1:]
    if len(name) == 1:
        return name
    if name[:1] == "u" and len(name) == 5:
        return chr(int(name[1:], 16))
    if name not in _CHARACTERS:
        raise _BrokenError(f"expected a character, got {word}")
    return _CHARACTERS[name]


def _number(word: str) -> int | float | Decimal | Fraction:
    try:
        whole = _INTEGER.fullmatch(word)
        if whole is not None:
            sign, decimal, hexadecimal, octal, base, digits = whole.groups()
            if decimal and len(decimal) > _DIGITS:
                return Decimal(sign + decimal)
            size = (
                int(decimal) if decimal else int(hexadecimal, 16) if hexadecimal else int(octal, 8) if octal
                else int(digits, int(base))
            )  # fmt: skip  # one line a form
            size = -size if sign == "-" else size
            return size if size.bit_length() <= 3 * _DIGITS else Decimal(size)
        if _RATIO.fullmatch(word):
            return Fraction(word)
        if word.endswith("M") and _FLOAT.fullmatch(word[:-1]):
            return Decimal(word[:-1])
        if _FLOAT.fullmatch(word):
            return float(word)
    except (ValueError, ArithmeticError):
        pass
    raise _BrokenError(f"expected a number, got {shorten(word)}")


# --------------------------------------------------------------------------------------
# Writing
# --------------------------------------------------------------------------------------


def to_edn(form: Any) -> str:
    r"""The form as EDN on one line: what `read_forms` reads as the same form.

    >>> to_edn({Keyword("type"): Keyword("ok"), Keyword("value"): [["a\n", None, True, 0.5]]})
    '{:type :ok, :value [["a\\n" nil true 0.5]]}'
    """
    written: list[str] = []
    rest: list[Any] = [form]
    while rest:
        item = rest.pop()
        parts = _parts(item)
        if parts:
            rest.extend(reversed(parts))
        else:
            written.append(item if type(item) is _Written else _atom_text(item))
    return "".join(written)


class _Written(str):
    """A piece of EDN, among forms that are still to be written."""

    __slots__ = ()


def _parts(form: Any) -> list[Any]:
    """What a form with parts consists of, brackets and blanks included; nothing of one without."""
    if isinstance(form, dict):
        parts: list[Any] = []
        for key, value in form.items():
            parts += [_Written(", " if parts else "{"), key, _Written(" "), value]
        return [*(parts or [_Written("{")]), _Written("}")]
    if isinstance(form, Tagged):
        return [_Written(f"#{form.tag} "), form.form]
    if isinstance(form, list | tuple):
        parts = []
        for part in form:
            parts += [part, _Written(" ")]
        closing = "}" if isinstance(form, EdnSet) else "]"
        return [_Written("#{" if closing == "}" else "["), *parts[:-1], _Written(closing)]
    return []


_ESCAPES: Final = {ord(char): f"\\{letter}" for letter, char in _ESCAPED.items() if letter not in "'/"}


def _atom_text(atom: Any) -> str:
    if atom is None:
        return "nil"
    if isinstance(atom, bool):
        return "true" if atom else "false"
    if isinstance(atom, Keyword):
        return f":{atom}"
    if isinstance(atom, Symbol):
        return str(atom)
    if isinstance(atom, float) and not math.isfinite(atom):
        return "##NaN" if math.isnan(atom) else "##Inf" if atom > 0 else "##-Inf"
    if isinstance(atom, Decimal):
        return f"{atom}M"
    if isinstance(atom, int | float | Fraction):
        return str(atom)
    return f'"{_SURROGATE.sub(_escaped_half, str(atom).translate(_ESCAPES))}"'


def _escaped_half(match: re.Match[str]) -> str:
    return f"\\u{ord(match.group()):04x}"
