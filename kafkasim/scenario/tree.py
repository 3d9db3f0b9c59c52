"""YAML 1.2 as a tree whose every node knows its place in the file.

The events of a YAML parser become `Scalar`, `Sequence` and `Mapping`. Plain scalars are resolved by the core
schema of YAML 1.2 (https://yaml.org/spec/1.2.2/#103-core-schema), spelled out here because the libraries'
own tables still read ``5_000`` as an integer and ``2026-01-01`` as a date. A scalar keeps the text it was
written as, so that a duration can be read exactly.

What is refused, each with its place: keys given twice, anchors that contain themselves, merge keys, tags that are
not the core schema's, more than one document, text that no JSON could hold, and nesting or repetition without end.
"""

from __future__ import annotations

import math
import re
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentEndEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)
from ruamel.yaml.reader import ReaderError

from kafkasim.forms import shorten, show
from kafkasim.scenario.problems import Mark
from kafkasim.scenario.reading import Reading

DEEPEST: Final = 100
"""How many levels of lists and mappings may stand in each other."""

_MOST_NODES: Final = 1_000_000
"""How many nodes a file may have, each use of an anchor counted with everything in it."""

_MOST_DIGITS: Final = 1_000
"""How many digits an integer may have; Python itself gives up at 4300."""


class Scalar(Struct, frozen=True):
    """Text, a number, a boolean or nothing. ``text`` is as written, ``quoted`` whether in quotes or as a block."""

    mark: Mark
    value: str | int | float | bool | None
    text: str
    quoted: bool

    @property
    def size(self) -> int:
        """How many nodes this is."""
        return 1


class Sequence(Struct, frozen=True):
    """A list."""

    mark: Mark
    items: tuple[Node, ...]
    size: int


class Entry(Struct, frozen=True):
    """One key of a mapping with its value."""

    key: Scalar
    value: Node


class Mapping(Struct, frozen=True):
    """A mapping; its keys are scalars, each there once."""

    mark: Mark
    entries: tuple[Entry, ...]
    size: int


Node = Scalar | Sequence | Mapping


def describe(node: Node) -> str:
    """What a node is, in words, for errors that say what came.

    >>> mark = Mark(1, 1)
    >>> describe(Scalar(mark, True, "true", False)), describe(Scalar(mark, "5_000", "5_000", False))
    ('the boolean true', 'the text "5_000"')
    """
    match node:
        case Sequence(items=items):
            return f"a list of {len(items)}" if items else "an empty list"
        case Mapping():
            return "a mapping"
        case Scalar(value=None):
            return "nothing"
        case Scalar(value=bool()):
            return f"the boolean {node.text}"
        case Scalar(value=str(text)):
            return f"the text {show(text)}"
        case Scalar():
            return f"the number {shorten(node.text)}"


def read_tree(text: str, reading: Reading) -> Node:
    """The one document in the text.

    Raises `RejectedError` where it is no YAML, with the reason noted.

    >>> tree = read_tree("seed: 0x10", Reading("a.yaml"))
    >>> tree.entries[0].key.value, tree.entries[0].value.value
    ('seed', 16)
    """
    builder = _Builder(reading)
    try:
        for event in YAML(typ="safe", pure=True).parse(text.removeprefix("\ufeff")):
            builder.take(event)
    except YAMLError as error:
        mark, why = _explained(error, text)
        raise reading.rejected(mark, f"this is not YAML: {why}") from None
    except AssertionError:  # how the parser takes a %YAML line with a version that it does not know
        raise reading.rejected(Mark(1, 1), "this is not YAML 1.2: expected no other version after %YAML") from None
    if builder.root is None:
        raise reading.rejected(Mark(1, 1), "the file is empty: expected a scenario")
    return builder.root


def _explained(error: YAMLError, text: str) -> tuple[Mark, str]:
    """Where the parser gave up, and why."""
    match error:
        case ReaderError():
            before = text[: error.position]
            mark = Mark(before.count("\n") + 1, error.position - before.rfind("\n"))
            return mark, f"character U+{ord(text[error.position]):04X} is not allowed in a file"
        case MarkedYAMLError():
            place = error.problem_mark or error.context_mark
            mark = Mark(place.line + 1, place.column + 1) if place else Mark(1, 1)
            # "while scanning for the next token" is what a parser does all day: no help to anybody
            telling = error.context and error.problem and "next token" not in error.context
            context = f"{error.context}: " if telling else ""
            if "'\\t' that cannot start" in (error.problem or ""):
                return mark, "a tab cannot begin anything: indent with blanks"
            return mark, f"{context}{error.problem or error.context}"
    return Mark(1, 1), str(error)


class _Open(Struct):
    """A list or mapping of which not all has been read; ``key`` is that of a mapping whose value comes next."""

    mark: Mark
    anchor: str | None
    mapping: bool
    items: list[Node]
    entries: list[Entry]
    keys: dict[str, Mark]
    key: Scalar | None = None
    size: int = 1


class _Builder:
    """Takes the parser's events one by one; ``root`` is the tree once they are over."""

    def __init__(self, reading: Reading) -> None:
        self.root: Node | None = None
        self._reading = reading
        self._open: list[_Open] = []
        self._anchors: dict[str, Node] = {}
        self._documents = 0

    def take(self, event: Event) -> None:
        """Takes the next event; raises `RejectedError` where nothing after it can be made sense of."""
        mark = Mark(event.start_mark.line + 1, event.start_mark.column + 1)
        match event:
            case DocumentStartEvent():
                self._documents += 1
                if self._documents > 1:
                    raise self._reading.rejected(mark, "a second document begins here: expected one")
            case ScalarEvent():
                self._add(self._scalar(event, mark), event.anchor)
            case AliasEvent():
                self._add(self._alias(event, mark), None)
            case SequenceStartEvent() | MappingStartEvent():
                self._begin(event, mark)
            case SequenceEndEvent() | MappingEndEvent():
                self._end()
            case DocumentEndEvent():
                self._anchors.clear()

    def _begin(self, event: SequenceStartEvent | MappingStartEvent, mark: Mark) -> None:
        mapping = isinstance(event, MappingStartEvent)
        self._check_tag(event.tag, "map" if mapping else "seq", mark)
        if len(self._open) >= DEEPEST:
            raise self._reading.rejected(mark, f"nested too deeply: expected at most {DEEPEST} levels")
        if self._open and self._open[-1].mapping and self._open[-1].key is None:
            raise self._reading.rejected(mark, f"a {'mapping' if mapping else 'list'} cannot be a key: expected text")
        self._open.append(_Open(mark, event.anchor, mapping, [], [], {}))

    def _end(self) -> None:
        done = self._open.pop()
        node: Node
        if done.mapping:
            node = Mapping(done.mark, tuple(done.entries), done.size)
        else:
            node = Sequence(done.mark, tuple(done.items), done.size)
        self._add(node, done.anchor)

    def _add(self, node: Node, anchor: str | None) -> None:
        """Puts a finished node where it belongs."""
        if anchor is not None:
            self._anchors[anchor] = node
        if not self._open:
            self.root = node
            return
        parent = self._open[-1]
        parent.size += node.size
        if parent.size > _MOST_NODES:
            raise self._reading.rejected(
                parent.mark, f"too much: expected at most {_MOST_NODES} values, aliases followed"
            )
        if not parent.mapping:
            parent.items.append(node)
        elif parent.key is not None:
            parent.entries.append(Entry(parent.key, node))
            parent.key = None
        else:
            self._key(parent, node)

    def _key(self, parent: _Open, node: Node) -> None:
        """Takes a mapping's next key; one that is there already is noted, and its value read like the others."""
        if not isinstance(node, Scalar):
            raise self._reading.rejected(node.mark, f"{describe(node)} cannot be a key: expected text")
        if node.text == "<<" and not node.quoted:
            self._reading.note(node.mark, "merge keys (`<<`) are not part of YAML 1.2: write the fields out")
        elif node.text in parent.keys:
            first = parent.keys[node.text]
            self._reading.note(node.mark, f"the key {show(node.text)} is here twice: first in line {first.line}")
        parent.keys.setdefault(node.text, node.mark)
        parent.key = node

    def _alias(self, event: AliasEvent, mark: Mark) -> Node:
        node = self._anchors.get(event.anchor)
        if node is not None:
            return replace(node, mark=mark)  # what is wrong with it here is wrong here
        if any(parent.anchor == event.anchor for parent in self._open):
            raise self._reading.rejected(mark, f"`*{event.anchor}` would contain itself")
        raise self._reading.rejected(
            mark, f"`*{event.anchor}` refers to nothing: no `&{event.anchor}` stands before it"
        )

    def _scalar(self, event: ScalarEvent, mark: Mark) -> Scalar:
        plain, text = event.style is None, _joined(event.value)
        if plain and not text and self._open and self._open[-1].key is not None:
            mark = self._open[-1].key.mark  # a value that is not there is best shown by the key that lacks it
        wanted = self._check_tag(event.tag, None, mark)
        if any("\ud800" <= character <= "\udfff" for character in text):
            raise self._reading.rejected(mark, "half a character: a surrogate (\\ud800 to \\udfff) stands alone")
        if wanted == "str" or (wanted is None and not plain):
            return Scalar(mark, text, text, quoted=True)
        if len(text) > _MOST_DIGITS and any(form.fullmatch(text) for form in (_INTEGER, _OCTAL, _HEXADECIMAL)):
            raise self._reading.rejected(mark, f"an integer of {len(text)} characters: expected at most {_MOST_DIGITS}")
        value = resolve(text)
        if wanted is not None and not isinstance(value, _CORE_TYPES[wanted]):
            raise self._reading.rejected(mark, f"`!!{wanted}` does not fit {show(text)}")
        return Scalar(mark, value, text, quoted=False)

    def _check_tag(self, tag: Any, own: str | None, mark: Mark) -> str | None:
        """The core schema's name for an explicit tag, None without one; ``own`` is the only one that fits, if given."""
        if tag is None:
            return None
        name = "str" if str(tag) == "!" else str(tag).removeprefix("tag:yaml.org,2002:")
        if name != own and (own is not None or name not in _CORE_TYPES):
            raise self._reading.rejected(mark, f"the tag {show(str(tag))} means nothing here: leave it out")
        return name


# The core schema: what a plain scalar is, by how it is written.

_CORE_TYPES: Final[dict[str, type | tuple[type, ...]]] = {
    "str": str,
    "int": int,
    "float": (int, float),
    "bool": bool,
    "null": type(None),
}
_NOTHING: Final = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLEANS: Final = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INTEGER: Final = re.compile(r"[-+]?[0-9]+")
_OCTAL: Final = re.compile(r"0o[0-7]+")
_HEXADECIMAL: Final = re.compile(r"0x[0-9a-fA-F]+")
_FLOAT: Final = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_INFINITY: Final = re.compile(r"[-+]?\.(inf|Inf|INF)")
_NOT_A_NUMBER: Final = frozenset({".nan", ".NaN", ".NAN"})


def resolve(text: str) -> str | int | float | bool | None:
    """What a plain scalar stands for."""
    if text in _NOTHING:
        return None
    if text in _BOOLEANS:
        return _BOOLEANS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    if _OCTAL.fullmatch(text):
        return int(text, 8)
    if _HEXADECIMAL.fullmatch(text):
        return int(text, 16)
    if _FLOAT.fullmatch(text):
        return float(text)
    if _INFINITY.fullmatch(text):
        return -math.inf if text.startswith("-") else math.inf
    return math.nan if text in _NOT_A_NUMBER else text


def _joined(text: str) -> str:
    r"""The text with each pair of surrogates made one character: JSON, pasted, writes 😀 as ``\ud83d\ude00``."""
    return _PAIR.sub(lambda pair: pair.group().encode("utf-16", "surrogatepass").decode("utf-16"), text)


_PAIR: Final = re.compile("[\ud800-\udbff][\udc00-\udfff]")
