"""The forms of what a step expects: a reply's own fields, or the title of an error."""

from __future__ import annotations

import re
from typing import Any, Final

from kafkasim.forms import show
from kafkasim.messages import ErrorCode, error_title
from kafkasim.scenario.problems import did_you_mean
from kafkasim.scenario.reading import Reading
from kafkasim.scenario.records import Field, ListOf, MapOf, Pair, Record
from kafkasim.scenario.tree import Node, Scalar
from kafkasim.scenario.values import Form, Integer, Json, Text

KEY: Final = Text("a key (text)")
OFFSET: Final = Integer(0)
JSON: Final = Json()
JSON_OBJECT: Final = MapOf(Text("text as key", empty=True), JSON, "a mapping, sent as a JSON object")
OFFSETS: Final = MapOf(KEY, OFFSET, "a mapping from keys to offsets")


class Verbatim(Form[Any]):
    """What another form takes, kept as plain JSON: a reply is compared with it as it came."""

    def __init__(self, form: Form[Any]) -> None:
        self.form = form
        self.expected = form.expected

    def read(self, node: Node, reading: Reading) -> Any:
        """See `Form`."""
        self.form.read(node, reading)
        return JSON.read(node, reading)

    def schema(self) -> dict[str, Any]:
        """See `Form`."""
        return self.form.schema()


SEND_REPLY: Final = Verbatim(
    Record(
        "the reply to a send",
        [Field("offset", OFFSET, "where the message is", required=True)],
        build=lambda values: values.given,
    )
)
POLL_REPLY: Final = Verbatim(
    MapOf(
        KEY,
        ListOf(Pair(OFFSET, JSON, "[offset, message]"), "[offset, message]"),
        "a mapping from keys to lists of [offset, message]",
    )
)
LIST_REPLY: Final = Verbatim(OFFSETS)
POSITIONS: Final = Verbatim(OFFSETS)
_TITLES: Final = tuple(code.title for code in ErrorCode)
_OWN_ERROR: Final = re.compile(r"error-[1-9][0-9]{3,}")


class ErrorTitle(Form[str]):
    """An error by its name in the protocol; a system's own errors, from code 1000 on, are called ``error-1000``."""

    expected = "the name of an error"

    def read(self, node: Node, reading: Reading) -> str:
        """See `Form`; a code is answered with its name."""
        match node:
            case Scalar(value=str(title)) if title in _TITLES or _OWN_ERROR.fullmatch(title):
                return title
            case Scalar(value=str(title)):
                raise reading.rejected(node.mark, f"unknown error {show(title)}: {did_you_mean(title, _TITLES)}")
            case Scalar(value=int(code)) if not isinstance(code, bool) and (code in set(ErrorCode) or code >= 1000):
                raise self.refused(node, reading, f": write {error_title(code)}")
        raise self.refused(node, reading)

    def schema(self) -> dict[str, Any]:
        """See `Form`."""
        return {"anyOf": [{"enum": list(_TITLES)}, {"type": "string", "pattern": f"^{_OWN_ERROR.pattern}$"}]}


ERROR_TITLE: Final = ErrorTitle()


class RawReply(Form[Any]):
    """The whole body of a reply that is no error."""

    expected = JSON_OBJECT.expected

    def read(self, node: Node, reading: Reading) -> Any:
        """See `Form`; an error is answered with how to expect one."""
        body = JSON_OBJECT.read(node, reading)
        if body.get("type") == "error":
            code = body.get("code")
            title = error_title(code) if type(code) is int else "NAME"
            raise reading.rejected(
                node.mark, f"expected a reply that is no error: for one, write `expect_error: {title}` instead"
            )
        return body

    def schema(self) -> dict[str, Any]:
        """See `Form`."""
        no_error = {"not": {"properties": {"type": {"const": "error"}}, "required": ["type"]}}
        return JSON_OBJECT.schema() | no_error


RAW_REPLY: Final = RawReply()
