"""What services can be asked, and how they refuse what they cannot obey.

A request is a dict, as on the wire. It comes out of `read_request` as one of the classes here; what is of none of
their forms is refused as nodes refuse it: error 12 names the field, what came and what was expected; a type that the
service does not know is error 10.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from contextlib import suppress
from typing import Any, Final

import msgspec
from msgspec import Struct, field

from kafkasim.checkers.identity import identity
from kafkasim.forms import mismatch, show
from kafkasim.messages import ErrorCode, MalformedRequestError, NotSupportedError, RpcError

_encode: Final = msgspec.json.Encoder(decimal_format="number").encode


class Read(Struct, tag_field="type", tag="read"):
    """Asks for the value of a key: ``read_ok`` with ``value``, or error 20."""

    key: Any


class Write(Struct, tag_field="type", tag="write"):
    """Sets the value of a key, whatever it was: ``write_ok``."""

    key: Any
    value: Any


class Cas(Struct, tag_field="type", tag="cas"):
    """Compare and set: gives the key the value ``to`` if it has the value ``from``: ``cas_ok``, or error 20 or 22.

    A key that has none gets ``to``, whatever ``from`` is, where ``create_if_not_exists`` is true.
    """

    key: Any
    expected: Any = field(name="from")
    to: Any
    create_if_not_exists: bool = False


class Timestamp(Struct, tag_field="type", tag="ts"):
    """Asks for a number: ``ts_ok`` with ``ts``."""


KeyValueRequest = Read | Write | Cas

KEY_VALUE: Final = (Read, Write, Cas)
"""What can be asked of a key-value store."""


class KeyDoesNotExistError(RpcError):
    """A key was read, or was to be changed, that has no value."""

    code = ErrorCode.KEY_DOES_NOT_EXIST

    def __init__(self, key: Any) -> None:
        super().__init__(f"key {show(key)} does not exist")


class PreconditionFailedError(RpcError):
    """A key does not have the value that it was expected to have."""

    code = ErrorCode.PRECONDITION_FAILED

    def __init__(self, request: Cas, value: Any) -> None:
        super().__init__(f"key {show(request.key)} has the value {show(value)}: expected {show(request.expected)}")


def read_request(body: Mapping[str, Any], known: tuple[type[Struct], ...]) -> Any:
    """The request that a body is, as one of the ``known`` classes; raises `RpcError` where it is none of them.

    >>> read_request({"type": "read", "msg_id": 1, "key": "k"}, KEY_VALUE)
    Read(key='k')
    >>> read_request({"type": "write", "key": "k"}, KEY_VALUE)
    Traceback (most recent call last):
    kafkasim.messages.MalformedRequestError: write: field `value` is missing (expected any JSON value)
    """
    if "type" not in body:
        raise MalformedRequestError("field `type` is missing")
    name = body["type"]
    if not isinstance(name, str):
        raise MalformedRequestError(f"field `type`: expected text, got {show(name)}")
    form = next((form for form in known if form.__struct_config__.tag == name), None)
    if form is None:
        names = ", ".join(str(form.__struct_config__.tag) for form in known)
        raise NotSupportedError(f"unknown request type {show(name)}: expected one of {names}")
    found = mismatch(body, form)
    if found is not None:
        raise MalformedRequestError(f"{name}: {found}")
    fields = zip(form.__struct_fields__, form.__struct_encode_fields__, strict=True)
    return form(**{attribute: body[encoded] for attribute, encoded in fields if encoded in body})


def value_read(request: Read, *, exists: bool, value: Any) -> dict[str, Any]:
    """The reply to a read of a key that has this value; raises `KeyDoesNotExistError` where it has none.

    >>> value_read(Read("k"), exists=True, value=1)
    {'type': 'read_ok', 'value': 1}
    """
    if not exists:
        raise KeyDoesNotExistError(request.key)
    return {"type": "read_ok", "value": value}


def change(request: Write | Cas, *, exists: bool, value: Any) -> Any:
    """What the key's value is after the request; raises `RpcError` where it is refused.

    >>> change(Cas("k", expected=1, to=2), exists=True, value=1.0)
    2
    >>> change(Cas("k", expected=1, to=2), exists=True, value=True)
    Traceback (most recent call last):
    kafkasim.sim.services.requests.PreconditionFailedError: key "k" has the value true: expected 1
    """
    if isinstance(request, Write):
        return request.value
    if not exists:
        if not request.create_if_not_exists:
            raise KeyDoesNotExistError(request.key)
    elif not same(value, request.expected):
        raise PreconditionFailedError(request, value)
    return request.to


def done(request: Write | Cas) -> dict[str, Any]:
    """The reply to a change that was made."""
    return {"type": "write_ok" if isinstance(request, Write) else "cas_ok"}


def same(one: Any, other: Any) -> bool:
    """Whether two JSON values are one value: numbers by exact value, whatever the order of names in objects.

    As `identity` has it, but quick where they are alike in every byte: a node may compare and set all that it has.

    >>> same({"a": [1, None], "b": 2}, {"b": 2.0, "a": [1, None]}), same([1], [True]), same([1], {"0": 1})
    (True, False, False)
    """
    with suppress(RecursionError, TypeError, ValueError):  # nested too deep, or with half a surrogate pair in it
        # Python takes 1 for true, their texts tell them apart; texts have null for what no JSON can be, Python has not.
        if one == other and _encode(one) == _encode(other):
            return True
    return identity(one) == identity(other)


def place_of(key: Any) -> Hashable:
    """What stands for a key, which may be any JSON value, in a dict."""
    return identity(key)
