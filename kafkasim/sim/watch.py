"""Who is told what happens in a run while it happens, and may break it off; else they change nothing about it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from msgspec import Struct

from kafkasim.processes.child import TakesBytes
from kafkasim.sim.journal import MessageEvent


class Watch(Struct, frozen=True):
    """Who is told what; None: nobody."""

    on_message: Callable[[MessageEvent], None] | None = None
    """Is told what happens to each message on the network, in order."""
    node_log: Callable[[str], TakesBytes] | None = None
    """Of the node with this name, where all that its program writes to its standard error goes."""
    wants_an_end: Callable[[], bool] | None = None
    """Whether the run is to be broken off; asked again and again while a program is waited for."""


UNWATCHED: Final = Watch()
"""Nobody looks."""
