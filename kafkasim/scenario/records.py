"""The forms that have parts: lists, mappings, records with named fields, and records that come in variants.

The format of scenarios is declared with these in `kafkasim.scenario.format`; loader, editor schema and
reference all walk the same declaration.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any, Generic, TypeVar

import msgspec
from msgspec import Struct

from kafkasim.forms import show
from kafkasim.scenario.problems import Mark, did_you_mean
from kafkasim.scenario.reading import Reading, RejectedError
from kafkasim.scenario.tree import Mapping, Node, Scalar, Sequence
from kafkasim.scenario.values import Form, read_entries, read_items

T = TypeVar("T")


class ListOf(Form[tuple[T, ...]]):
    """A list of ``least`` or more items of one form."""

    def __init__(self, item: Form[T], what: str, least: int = 0) -> None:
        self.item = item
        self.expected = f"a list of {what}"
        self._least = least

    def read(self, node: Node, reading: Reading) -> tuple[T, ...]:
        """See `Form`."""
        if not isinstance(node, Sequence):
            raise self.refused(node, reading)
        if len(node.items) < self._least:
            raise reading.rejected(
                node.mark, f"expected {self.expected}, at least {self._least}, got {len(node.items) or 'none'}"
            )
        return tuple(read_items(node, self.item, reading))

    def schema(self) -> dict[str, Any]:
        """See `Form`."""
        schema: dict[str, Any] = {"type": "array", "items": self.item.schema()}
        return schema | {"minItems": self._least} if self._least else schema


class Pair(Form[tuple[Any, Any]]):
    """A list of exactly two items, each of its own form."""

    def __init__(self, first: Form[Any], second: Form[Any], expected: str) -> None:
        self._first, self._second = first, second
        self.expected = expected

    def read(self, node: Node, reading: Reading) -> tuple[Any, Any]:
        """See `Form`."""
        if not isinstance(node, Sequence) or len(node.items) != 2:
            raise self.refused(node, reading)
        first, second = node.items
        return self._first.read(first, reading), self._second.read(second, reading)

    def schema(self) -> dict[str, Any]:
        """See `Form`."""
        items = [self._first.schema(), self._second.schema()]
        return {"type": "array", "prefixItems": items, "minItems": 2, "maxItems": 2}


class MapOf(Form[dict[str, T]]):
    """A mapping from names that the writer chooses (or, with ``keys`` a `OneOf`, chooses from) to one form."""

    def __init__(self, keys: Form[str], value: Form[T], expected: str, least: int = 0) -> None:
        self.keys, self.value = keys, value
        self.expected = expected
        self._least = least

    def read(self, node: Node, reading: Reading) -> dict[str, T]:
        """See `Form`."""
        if not isinstance(node, Mapping):
            raise self.refused(node, reading)
        if len(node.entries) < self._least:
            raise reading.rejected(node.mark, f"expected {self.expected}, got an empty mapping")
        return read_entries(node, self.keys, self.value, reading)

    def schema(self) -> dict[str, Any]:
        """See `Form`."""
        schema = {"type": "object", "propertyNames": self.keys.schema(), "additionalProperties": self.value.schema()}
        return schema | {"minProperties": self._least} if self._least else schema


class Either(Form[Any]):
    """One of several forms that a glance tells apart: each takes another kind of node."""

    def __init__(self, forms: Iterable[tuple[type, Form[Any]]], expected: str) -> None:
        self._forms = tuple(forms)
        self.expected = expected

    def read(self, node: Node, reading: Reading) -> Any:
        """See `Form`."""
        for kind, form in self._forms:
            if isinstance(node, kind):
                return form.read(node, reading)
        raise self.refused(node, reading)

    def schema(self) -> dict[str, Any]:
        """See `Form`."""
        return {"anyOf": [form.schema() for _, form in self._forms]}


class Field(Struct, frozen=True):
    """One field of a record: its name in the file, its form, and what it means, in a sentence for editors and docs."""

    name: str
    form: Form[Any]
    meaning: str
    required: bool = False
    attribute: str = ""
    """What the field is called in Python, where that differs."""
    shows_default: bool = True
    """False: the model has a default, which nobody can come to rely on, since other fields decide whether this one
    must be there."""


class Values:
    """What the fields of one record say; where some could not be read, those that could."""

    def __init__(self, node: Mapping, reading: Reading) -> None:
        self.given: dict[str, Any] = {}
        self.marks: dict[str, Mark] = {}
        self.mark = node.mark
        self.unknown = 0
        """How many fields there are that a record of this kind does not have."""
        self.reading = reading

    def __contains__(self, field: str) -> bool:
        return field in self.given

    def get(self, field: str, default: Any = None) -> Any:
        """What the field says; the default where it is not there or could not be read."""
        return self.given.get(field, default)

    def note(self, field: str, text: str) -> None:
        """Notes a problem of this field: of how it goes with the others."""
        with self.reading.inside(field):
            self.reading.note(self.marks.get(field, self.mark), text)

    @property
    def where(self) -> str:
        """File, line and column of the record."""
        return f"{self.reading.file}:{self.mark.line}:{self.mark.column}"


def _nothing_to_check(_values: Values) -> None:
    """Each field by itself was all there was to check."""


class Record(Form[T], Generic[T]):
    """A mapping with known fields, which becomes an object.

    ``build`` makes the object of the fields' values; without it, ``model`` is called with them. Defaults are those
    of ``model``. ``check`` looks at how the fields go together, also where some of them could not be read; ``also``
    is as much of that as JSON Schema can say.
    ``elsewhere`` has fields that a writer may look for here in vain, each with the reason.
    """

    def __init__(
        self,
        name: str,
        fields: Iterable[Field],
        model: type[T] | None = None,
        *,
        build: Callable[[Values], T] | None = None,
        check: Callable[[Values], None] = _nothing_to_check,
        also: dict[str, Any] | None = None,
        elsewhere: dict[str, str] | None = None,
    ) -> None:
        self._also = also or {}
        self.fields = {field.name: field for field in fields}
        self.model = model
        required = [f"`{field.name}`" for field in self.fields.values() if field.required]
        shown = required or [f"`{field}`" for field in self.fields]
        more = " and more" if len(shown) < len(self.fields) else ""
        self.expected = f"{name}: a mapping with {', '.join(shown)}{more}"
        self._build = build
        self._check = check
        self._elsewhere = elsewhere or {}

    def read(self, node: Node, reading: Reading) -> T:
        """See `Form`."""
        if not isinstance(node, Mapping):
            raise self.refused(node, reading)
        problems = reading.problems
        values = Values(node, reading)
        for entry in node.entries:
            with suppress(RejectedError):
                self._read_field(entry.key, entry.value, values)
        for field in self.fields.values():
            if field.required and field.name not in values.marks:
                reading.note(node.mark, f"`{field.name}` is missing: {field.meaning}")
        self._check(values)
        if reading.problems > problems or len(values.given) < len(values.marks):
            raise RejectedError
        if self._build is not None:
            return self._build(values)
        assert self.model is not None
        return self.model(**self.arguments(values))

    def arguments(self, values: Values) -> dict[str, Any]:
        """The values by what the fields are called in Python."""
        return {self.fields[name].attribute or name: value for name, value in values.given.items()}

    def _read_field(self, key: Scalar, node: Node, values: Values) -> None:
        reading = values.reading
        field = self.fields.get(key.text) if isinstance(key.value, str) else None
        if field is None:
            self._refuse_field(key, values)
        else:
            values.marks[field.name] = node.mark
            with reading.inside(field.name):
                values.given[field.name] = field.form.read(node, reading)

    def _refuse_field(self, key: Scalar, values: Values) -> None:
        values.unknown += 1
        if key.text in self._elsewhere:
            values.reading.note(key.mark, f"`{key.text}` does not belong here: {self._elsewhere[key.text]}")
        else:
            known = did_you_mean(key.text, self.fields)
            values.reading.note(key.mark, f"unknown field {show(key.text)}: {known}")

    def schema(self) -> dict[str, Any]:
        """See `Form`."""
        properties = {}
        for field in self.fields.values():
            properties[field.name] = field.form.schema() | {"description": field.meaning}
            default = self.default(field)
            if default is not None:
                properties[field.name]["default"] = default
        schema: dict[str, Any] = {"type": "object", "properties": properties, "additionalProperties": False}
        required = [field.name for field in self.fields.values() if field.required]
        return schema | ({"required": required} if required else {}) | self._also

    def default(self, field: Field) -> Any:
        """What holds where the field is left out, as a scenario would write it; None: it is required, or nothing."""
        if field.required or not field.shows_default or self.model is None:
            return None
        assert issubclass(self.model, Struct)
        for of_model in msgspec.structs.fields(self.model):
            if of_model.name == (field.attribute or field.name):
                value = of_model.default
                has_form = (
                    value is not None and value is not msgspec.NODEFAULT and not isinstance(value, Struct | tuple)
                )
                return field.form.write(value) if has_form else None
        return None


class Variants(Form[Any]):
    """A mapping that is one of several records, told apart by which record's *own* field is there.

    ``what`` is what the own field names: an action, a fault.
    """

    def __init__(self, what: str, records: dict[str, Record[Any]], elsewhere: dict[str, str] | None = None) -> None:
        self.what = what
        self.records = records
        self.expected = f"{what}: a mapping with one of {', '.join(f'`{name}`' for name in records)}"
        self._elsewhere = elsewhere or {}

    def read(self, node: Node, reading: Reading) -> Any:
        """See `Form`."""
        if not isinstance(node, Mapping):
            bare = isinstance(node, Scalar) and node.value in self.records
            raise self.refused(node, reading, ": end it with a colon" if bare else "")
        keys = [entry.key for entry in node.entries]
        named = [key for key in keys if key.value in self.records]
        if len(named) == 1:
            return self.records[named[0].text].read(node, reading)
        if named:
            both = " and ".join(f"`{key.text}`" for key in named)
            raise reading.rejected(named[1].mark, f"expected one {_last_word(self.what)}, got several: {both}")
        raise reading.rejected(*self._unnamed(node, keys))

    def _unnamed(self, node: Mapping, keys: list[Scalar]) -> tuple[Mark, str]:
        """What to say where none of the keys tells which record this is: with the nearest that would."""
        fields = {field for record in self.records.values() for field in record.fields}
        for key in keys:
            if key.text in self._elsewhere:
                return key.mark, f"`{key.text}` does not belong here: {self._elsewhere[key.text]}"
        for key in keys:
            if key.text not in fields:
                known = did_you_mean(key.text, self.records)
                return key.mark, f"unknown {_last_word(self.what)} {show(key.text)}: {known}"
        return node.mark, f"expected {self.expected}, got {_fields_in_words(keys)}"

    def schema(self) -> dict[str, Any]:
        """See `Form`."""
        return {"oneOf": [record.schema() for record in self.records.values()]}


def _last_word(what: str) -> str:
    return what.rsplit(maxsplit=1)[-1]


def _fields_in_words(keys: list[Scalar]) -> str:
    return f"only {', '.join(f'`{key.text}`' for key in keys)}" if keys else "an empty mapping"
