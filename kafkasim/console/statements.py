"""What a line may ask for, once it has been understood."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Raw, Struct

from kafkasim.console.commands import Command
from kafkasim.console.scanning import quoted
from kafkasim.messages import RPCS


class Ask(Struct, frozen=True):
    """Sends a request body. ``raw``: it was written as a body; ``max_messages`` is what the client keeps of each key.

    What was written as JSON (the payload of a send, each field of a body) is a `msgspec.Raw`: the text that was typed.

    >>> ask = Ask({"type": Raw(b'"send"'), "key": Raw(b'"k1"'), "msg": Raw(b"1.50"), "msg_id": Raw(b"null")}, raw=True)
    >>> ask.field("key"), ask.json("msg"), ask.wants_no_reply
    ('k1', b'1.50', True)
    """

    body: dict[str, Any]
    raw: bool = False
    max_messages: int | None = None

    def field(self, name: str) -> Any:
        """A field of the body as a Python object; None where there is none."""
        value = self.body.get(name)
        return msgspec.json.decode(value) if isinstance(value, Raw) else value

    def json(self, name: str) -> bytes:
        """A field of the body as JSON, as it was typed."""
        value = self.body[name]
        return bytes(value) if isinstance(value, Raw) else msgspec.json.encode(value)

    @property
    def wants_no_reply(self) -> bool:
        """Whether this is a request that says it has no ``msg_id``: a node obeys it and does not answer."""
        kind = self.field("type")
        return isinstance(kind, str) and kind in RPCS and "msg_id" in self.body and self.field("msg_id") is None


class ListKeys(Struct, frozen=True):
    """Lists the keys, from the one named on."""

    start: str | None = None


class Show(Struct, frozen=True):
    """Shows the log of a key from an offset on; without a key, all logs."""

    key: str | None = None
    offset: int = 0


class SpeakAs(Struct, frozen=True):
    """Changes the client; without a name, tells it."""

    client: str | None = None


class Save(Struct, frozen=True):
    """Writes the session to a file."""

    path: str
    overwrite: bool = False

    @property
    def written_path(self) -> str:
        """The path as it is typed."""
        return written_path(self.path)


class Source(Struct, frozen=True):
    """Runs the commands in a file."""

    path: str


class Help(Struct, frozen=True):
    """Explains a command; without one, lists them."""

    command: Command | None = None


class Kill(Struct, frozen=True):
    """Ends the node at once."""


class Restart(Struct, frozen=True):
    """Starts the node again."""


class Quit(Struct, frozen=True):
    """Leaves."""


def written_path(path: str) -> str:
    """The path as it is typed: as it is, or in quotes where it must be.

    >>> written_path("~/a:b.yaml"), written_path("my file"), written_path("--overwrite")
    ('~/a:b.yaml', '"my file"', '"--overwrite"')
    """
    plain = path.isprintable() and not path.startswith(('"', "--", "#")) and not any(map(str.isspace, path))
    return path if plain and path else quoted(path)


Statement = Ask | ListKeys | Show | SpeakAs | Kill | Restart | Save | Source | Help | Quit
