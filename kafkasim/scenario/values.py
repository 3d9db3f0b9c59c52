"""The forms of single values in a scenario: text, numbers, durations, names, JSON.

A form reads a node of the file, tells an editor by JSON Schema what it takes, and tells a person in words.
`kafkasim.scenario.format` puts them together.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterable
from contextlib import suppress
from typing import Any, Final, Generic, TypeVar

from kafkasim.forms import show
from kafkasim.scenario.durations import LONGEST, MOST_CHARACTERS, PATTERN, UNITS, parse_duration, show_duration
from kafkasim.scenario.problems import did_you_mean
from kafkasim.scenario.reading import Reading, RejectedError, Role
from kafkasim.scenario.tree import Mapping, Node, Scalar, Sequence, describe, resolve

T = TypeVar("T")


class Form(ABC, Generic[T]):
    """What a part of a scenario may be; ``expected`` says it in words that follow "expected"."""

    expected: str

    @abstractmethod
    def read(self, node: Node, reading: Reading) -> T:
        """What the node says. Raises `RejectedError` where it is not of this form, the reason noted."""

    @abstractmethod
    def schema(self) -> dict[str, Any]:
        """The form as JSON Schema."""

    def write(self, value: T) -> Any:
        """The value as a scenario would write it: what docs show of a default."""
        return value

    def refused(self, node: Node, reading: Reading, hint: str = "") -> RejectedError:
        """Notes what was expected and what came; who raises what is returned gives up on the node."""
        return reading.rejected(node.mark, f"expected {self.expected}, got {describe(node)}{hint}")


class Text(Form[str]):
    """Text, which must not be empty unless ``empty`` says that it may."""

    def __init__(self, expected: str = "text", *, empty: bool = False) -> None:
        self.expected = expected
        self._empty = empty

    def read(self, node: Node, reading: Reading) -> str:
        """See `Form`; what YAML takes for something else comes with the advice to quote it."""
        match node:
            case Scalar(value="") if not self._empty:
                raise reading.rejected(node.mark, f"expected {self.expected}, got empty text")
            case Scalar(value=str(text)):
                return text
            case Scalar(text=str(text)) if text:
                raise self.refused(node, reading, f": put it in quotes: {show(text)}")
        raise self.refused(node, reading)

    def schema(self) -> dict[str, Any]:
        """See `Form`."""
        return {"type": "string"} if self._empty else {"type": "string", "minLength": 1}


class Prose(Text):
    """Text for people: what is blank around it does not count, and there must be something else."""

    def read(self, node: Node, reading: Reading) -> str:
        """See `Form`."""
        text = super().read(node, reading).strip()
        if not text:
            raise reading.rejected(node.mark, f"expected {self.expected}, got only blanks")
        return text

    def schema(self) -> dict[str, Any]:
        """See `Form`."""
        return {"type": "string", "pattern": r"\S"}


class Mentioned(Text):
    """The name of something that stands elsewhere in the file."""

    def __init__(self, role: Role, expected: str) -> None:
        super().__init__(expected)
        self._role = role

    def read(self, node: Node, reading: Reading) -> str:
        """See `Form`."""
        name = super().read(node, reading)
        reading.mention(self._role, name, node.mark)
        return name


class OneOf(Form[str]):
    """One of several words; ``others`` has words that one may take for one of them, each with the reason why not."""

    def __init__(self, what: str, words: Iterable[str], others: dict[str, str] | None = None) -> None:
        self._words = tuple(words)
        self._others = others or {}
        self.expected = f"{what} ({', '.join(self._words)})" if len(self._words) <= 3 else what
        self._what = what

    def read(self, node: Node, reading: Reading) -> str:
        """See `Form`; an unknown word is answered with the nearest known one."""
        match node:
            case Scalar(value=str(word)) if word in self._words:
                return word
            case Scalar(value=str(word)) if word in self._others:
                raise reading.rejected(node.mark, f"expected {self.expected}, got {show(word)}: {self._others[word]}")
            case Scalar(value=str(word)):
                raise reading.rejected(
                    node.mark, f"unknown {_bare(self._what)} {show(word)}: {did_you_mean(word, self._words)}"
                )
        raise self.refused(node, reading)

    def schema(self) -> dict[str, Any]:
        """See `Form`."""
        return {"enum": list(self._words)}


def _bare(what: str) -> str:
    """Without its article.

    >>> _bare("an anomaly"), _bare("a bug")
    ('anomaly', 'bug')
    """
    return what.removeprefix("an ").removeprefix("a ")


class Integer(Form[int]):
    """A whole number from ``least`` to ``most`` (None: without end). ``1.0`` is not one."""

    def __init__(self, least: int = 0, most: int | None = None) -> None:
        self._least, self._most = least, most
        self.expected = f"an integer >= {least}" if most is None else f"an integer from {least} to {most}"

    def read(self, node: Node, reading: Reading) -> int:
        """See `Form`."""
        most = math.inf if self._most is None else self._most
        if isinstance(node, Scalar) and type(node.value) is int and self._least <= node.value <= most:
            return node.value
        raise self.refused(node, reading, unquote_hint(node))

    def schema(self) -> dict[str, Any]:
        """See `Form`."""
        schema = {"type": "integer", "minimum": self._least}
        return schema if self._most is None else schema | {"maximum": self._most}


class Number(Form[float]):
    """A number from ``low`` to ``high``."""

    def __init__(self, low: float, high: float) -> None:
        self._low, self._high = low, high
        self.expected = f"a number from {low} to {high}"

    def read(self, node: Node, reading: Reading) -> float:
        """See `Form`."""
        if isinstance(node, Scalar) and type(node.value) in (int, float):
            number: int | float = node.value  # type: ignore[assignment]  # its type has just been looked at
            if self._low <= number <= self._high:
                return float(number)
        raise self.refused(node, reading, unquote_hint(node))

    def schema(self) -> dict[str, Any]:
        """See `Form`."""
        return {"type": "number", "minimum": self._low, "maximum": self._high}

    def write(self, value: float) -> Any:
        """See `Form`."""
        return int(value) if value.is_integer() else value


PROBABILITY: Final = Number(0, 1)


class Boolean(Form[bool]):
    """``true`` or ``false``."""

    expected = "true or false"

    def read(self, node: Node, reading: Reading) -> bool:
        """See `Form`."""
        if isinstance(node, Scalar) and type(node.value) is bool:
            return node.value
        raise self.refused(node, reading, unquote_hint(node))

    def schema(self) -> dict[str, Any]:
        """See `Form`."""
        return {"type": "boolean"}


class Duration(Form[int]):
    """``10ms``, ``1.5s``, ``2m`` or a number of seconds; read as nanoseconds, exactly."""

    expected = "a duration such as 10ms, 1.5s, 2m or a number of seconds"

    def __init__(self, *, above_zero: bool = False) -> None:
        self._above_zero = above_zero

    def read(self, node: Node, reading: Reading) -> int:
        """See `Form`."""
        if not isinstance(node, Scalar) or node.value is None or isinstance(node.value, bool) or unquote_hint(node):
            raise self.refused(node, reading, unquote_hint(node))
        try:
            nanoseconds = parse_duration(str(node.value) if isinstance(node.value, int) else node.text)
        except ValueError as error:
            raise reading.rejected(node.mark, str(error)) from None
        if self._above_zero and nanoseconds == 0:
            raise reading.rejected(node.mark, f"expected a duration above 0, got {node.text}")
        return nanoseconds

    def schema(self) -> dict[str, Any]:
        """See `Form`."""
        number: dict[str, Any] = {"type": "number", "exclusiveMinimum" if self._above_zero else "minimum": 0}
        number["maximum"] = LONGEST // UNITS["s"]
        # Editors know no named groups
        pattern = PATTERN.replace("?P<number>", "").replace("?P<unit>", "")
        somewhere = "(?=.*[1-9])" if self._above_zero else ""
        return {
            "anyOf": [{"type": "string", "pattern": f"^{somewhere}{pattern}$", "maxLength": MOST_CHARACTERS}, number]
        }

    def write(self, value: int) -> Any:
        """See `Form`."""
        return show_duration(value)


class Nothing(Form[None]):
    """A field that is there without a value: ``crash:``."""

    expected = "nothing after the colon"

    def read(self, node: Node, reading: Reading) -> None:
        """See `Form`."""
        if not isinstance(node, Scalar) or node.value is not None:
            raise self.refused(node, reading)

    def schema(self) -> dict[str, Any]:
        """See `Form`."""
        return {"type": "null"}


class Json(Form[Any]):
    """Any JSON value, null too: text, numbers, booleans, lists, mappings with text as keys."""

    expected = "any JSON value"

    def read(self, node: Node, reading: Reading) -> Any:
        """See `Form`; several problems inside one value are all noted."""
        match node:
            case Scalar():
                if isinstance(node.value, float) and not math.isfinite(node.value):
                    raise reading.rejected(node.mark, f"expected any JSON value, which {node.text} is not")
                return node.value
            case Sequence():
                return read_items(node, self, reading)
            case Mapping():
                return read_entries(node, _JSON_KEY, self, reading)

    def schema(self) -> dict[str, Any]:
        """See `Form`."""
        return {}


_JSON_KEY: Final = Text("text as key", empty=True)


def read_items(node: Sequence, form: Form[T], reading: Reading) -> list[T]:
    """Every item of a list; raises `RejectedError` only once all have been looked at."""
    items: list[T] = []
    for place, item in enumerate(node.items):
        with suppress(RejectedError), reading.inside(f"[{place}]"):
            items.append(form.read(item, reading))
    if len(items) < len(node.items):
        raise RejectedError
    return items


def read_entries(node: Mapping, key_form: Form[str], form: Form[T], reading: Reading) -> dict[str, T]:
    """Every entry of a mapping; raises `RejectedError` only once all have been looked at."""
    entries: dict[str, T] = {}
    for entry in node.entries:
        with suppress(RejectedError):
            key = key_form.read(entry.key, reading)
            with reading.inside(key):
                entries[key] = form.read(entry.value, reading)
    if len(entries) < len(node.entries):
        raise RejectedError
    return entries


def unquote_hint(node: Node) -> str:
    """The advice to leave quotes out, where that is all that is wrong."""
    if isinstance(node, Scalar) and node.quoted and not isinstance(resolve(node.text), str | None):
        return ": leave the quotes out"
    return ""
