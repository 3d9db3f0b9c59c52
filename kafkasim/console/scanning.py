"""The pieces of a line: keys, offsets, JSON; each taken off with an error that knows the place where it is broken."""

from __future__ import annotations

import json
import re
from typing import Any, Final

import msgspec

from kafkasim.forms import printable, shorten

_QUOTE_HINTS: Final = {
    "key": 'a key with blanks, colons or quotes in it is written in quotes: "my key"',
    "client name": 'a name with blanks, colons or quotes in it is written in quotes: "my name"',
}
_BARE_KEY: Final = re.compile(r'[^\s:"]+')
_WORD: Final = re.compile(r"\S+")
_DIGITS: Final = re.compile(r"[0-9]+")
_MOST_DIGITS: Final = 100
"""How long a number in a command may be: more than any log needs, and far from where Python gives up."""


class LineError(ValueError):
    """A line is no command. ``place`` is the index of the character that is wrong; ``hint`` is what to do about it.

    ``unfinished`` is the index where JSON begins that may go on in the next line; None where it cannot.
    """

    def __init__(self, text: str, place: int, hint: str = "", *, unfinished: int | None = None) -> None:
        super().__init__(text)
        self.text, self.place, self.hint, self.unfinished = text, place, hint, unfinished


def is_bare(key: str) -> bool:
    """Whether a key can be written without quotes.

    >>> is_bare("k1"), is_bare("my key"), is_bare("max=3")
    (True, False, False)
    """
    return key.isprintable() and _BARE_KEY.fullmatch(key) is not None and not key.startswith(("max=", "--"))


def written(key: str) -> str:
    """The key as it is typed and shown, safe to print: bare, or in quotes where it must be.

    >>> written("k1"), written("my key")
    ('k1', '"my key"')
    """
    return key if is_bare(key) else quoted(key)


def quoted(text: str) -> str:
    r"""The text in quotes, whether or not it needs them; safe to print.

    >>> print(quoted("ключ"), quoted("日本\x1b"))
    "ключ" "日本\u001b"
    """
    return printable(json.dumps(text, ensure_ascii=False))


class Reader:
    """A line and the place that has been reached in it."""

    def __init__(self, line: str) -> None:
        self.line = line
        self.place = 0

    def at_end(self) -> bool:
        """Skips blanks and tells whether anything is left."""
        while self.place < len(self.line) and self.line[self.place].isspace():
            self.place += 1
        return self.place == len(self.line)

    def word(self) -> str:
        """The characters up to the next blank."""
        found = _WORD.match(self.line, self.place)
        assert found is not None, "callers have asked whether the line is at its end"
        self.place = found.end()
        return found.group()

    def peek(self) -> str:
        """The next character; nothing at the end."""
        return self.line[self.place : self.place + 1]

    def key(self, thing: str = "key") -> str:
        """A key, bare or quoted; what follows it is left. ``thing`` is what errors call it."""
        start = self.place
        if self.peek() == '"':
            value, self.place = scan_json(self.line, start)
            key = str(value)
            if not key:
                raise LineError(f"expected non-empty text as {thing}", start)
            if self.peek() not in ("", ":") and not self.peek().isspace():
                raise LineError(f"expected a blank or `:` after the {thing}", self.place)
            return key
        found = _BARE_KEY.match(self.line, start)
        if found is None:
            raise LineError(f"expected a {thing} before `:`", start, _QUOTE_HINTS[thing])
        self.place = found.end()
        if self.peek() == '"':
            raise LineError(f"a quote inside a {thing}", self.place, _QUOTE_HINTS[thing])
        return found.group()

    def only_key(self, thing: str = "key") -> str:
        """A key that no offset may follow."""
        key = self.key(thing)
        if self.peek() == ":":
            text = "no offset belongs here" if thing == "key" else f"a colon inside a {thing}"
            raise LineError(text, self.place, _QUOTE_HINTS[thing])
        return key

    def offset(self) -> int | None:
        """The offset after a key; None where there is none."""
        if self.peek() != ":":
            return None
        self.place += 1
        start = self.place
        if not self.peek() or self.peek().isspace():
            raise LineError("expected an offset (an integer from 0 on) after `:`", start)
        return number(self.word(), start, "an offset (an integer from 0 on)")


def number(word: str, place: int, expected: str) -> int:
    """The whole number that a word is; the error says what was expected in its place.

    >>> number("007", 0, "an offset")
    7
    """
    if not _DIGITS.fullmatch(word):
        hint = "keys are separated by blanks" if "," in word else _QUOTE_HINTS["key"] if ":" in word else ""
        raise LineError(f"expected {expected}, got `{shorten(word)}`", place, hint)
    if len(word) > _MOST_DIGITS:
        raise LineError(f"expected {expected} of at most {_MOST_DIGITS} digits, got {len(word):,}", place)
    return int(word)


_DEEPEST: Final = 500
"""How deep JSON may be nested: far from where the decoders give up, since a reply wraps it in more."""

_DECODER: Final = json.JSONDecoder()


def scan_json(text: str, start: int) -> tuple[Any, int]:
    """The JSON value that begins at ``start``, and where it ends. Raises `LineError` at the place that is wrong.

    >>> scan_json('x [1] y', 2)
    ([1], 5)
    """
    try:
        value, end = _DECODER.raw_decode(text, start)
        msgspec.json.decode(text[start:end])  # it is stricter: no NaN, no lone surrogates, no number out of range
    except json.JSONDecodeError as error:
        place = min(error.pos, len(text))
        unfinished = None if text[place:].strip() else start
        raise LineError(f"broken JSON: {_why_broken(error.msg)}", place, unfinished=unfinished) from None
    except msgspec.DecodeError as error:
        raise LineError(f"broken JSON: {_why_refused(str(error))}", start) from None
    except (RecursionError, ValueError):
        raise LineError("JSON that is nested too deep, or has too long a number", start) from None
    if _depth(value) > _DEEPEST:
        raise LineError(f"JSON that is nested more than {_DEEPEST} levels deep", start)
    return value, end


_WHY_BROKEN: Final = {
    "Expecting value": "expected a value",
    "Expecting property name": "expected a field's name in quotes",
    "Expecting ',' delimiter": "expected `,` or the end of the list or object",
    "Expecting ':' delimiter": "expected `:` after the field's name",
    "Unterminated string": "a text that does not end: expected a closing quote",
    "Invalid control character": "a line break or control character in a text: it is written as an escape, like \\n",
    "Invalid \\u": "expected four hexadecimal digits after \\u",
    "Invalid \\": "unknown escape: a backslash itself is written \\\\",
    "Illegal trailing comma": "a comma with nothing after it",
}
"""What the decoder says, by how that begins, and what it means."""


def _why_broken(said: str) -> str:
    return next((why for begin, why in _WHY_BROKEN.items() if said.startswith(begin)), "this is no JSON")


def _why_refused(said: str) -> str:
    """Why JSON that one decoder took was refused by the stricter one."""
    if "out of range" in said:
        return "a number out of range"
    if "surrogate" in said or "utf" in said.lower():
        return "half a character: a surrogate (\\ud800 to \\udfff) stands alone"
    return "NaN and Infinity are no JSON"


def _depth(value: Any) -> int:
    """How many levels of lists and objects are inside one another; counted without recursion, as it may be deep."""
    depth, level = 0, [value]
    while level := [each for each in level if isinstance(each, dict | list)]:
        depth += 1
        level = [item for each in level for item in (each.values() if isinstance(each, dict) else each)]
    return depth
