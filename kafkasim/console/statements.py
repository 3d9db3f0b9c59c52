"""What a line may ask for, once it has been understood."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from kafkasim.console.commands import Command


class Ask(Struct, frozen=True):
    """Sends a request body. ``raw``: it was written as a body; ``max_messages`` is what the client keeps of each key.

    The payload of a send is a `msgspec.Raw`: the text that was typed.
    """

    body: dict[str, Any]
    raw: bool = False
    max_messages: int | None = None


class ListKeys(Struct, frozen=True):
    """Lists the keys."""


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


class Source(Struct, frozen=True):
    """Runs the commands in a file."""

    path: str


class Help(Struct, frozen=True):
    """Explains a command; without one, lists them."""

    command: Command | None = None


class Quit(Struct, frozen=True):
    """Leaves."""


Statement = Ask | ListKeys | Show | SpeakAs | Save | Source | Help | Quit
