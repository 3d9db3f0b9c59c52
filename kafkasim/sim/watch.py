"""Who is told what happens in a run while it happens, and may break it off; else they change nothing about it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from msgspec import Struct

from kafkasim.processes.child import TakesBytes


class Passage(Struct, frozen=True, omit_defaults=True):
    """A message that is being sent, or (``cut_off``) one that could not be delivered."""

    at: int
    """When: nanoseconds of the run's clock."""
    src: str
    """Who sends it."""
    dest: str
    """Whom it is for."""
    body: Any
    """Its body as it is on the wire: what encodes to that JSON."""
    copies: int = 1
    """How many copies of it the network makes its way with: two, where it repeats the message."""
    lost: int = 0
    """How many of these the network loses."""
    cut_off: bool = False
    """Whether it has arrived, some time after it was sent, where a partition or a crash keeps it from being heard."""


class Watch(Struct, frozen=True):
    """Who is told what; None: nobody."""

    on_message: Callable[[Passage], None] | None = None
    """Is told of each message on the network, in order."""
    node_log: Callable[[str], TakesBytes] | None = None
    """Of the node with this name, where all that its program writes to its standard error goes."""
    wants_an_end: Callable[[], bool] | None = None
    """Whether the run is to be broken off; asked again and again while a program is waited for."""


UNWATCHED: Final = Watch()
"""Nobody looks."""
