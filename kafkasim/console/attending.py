"""Shows what a node says while a person types, above the line that is being typed."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Protocol

from prompt_toolkit.application import Application, run_in_terminal

from kafkasim.console.printing import UnwritableError


class Talkative(Protocol):
    """Somebody who may say something at any time."""

    @property
    def has_news(self) -> bool:
        """Whether there is something to tell."""

    def descriptors(self) -> Sequence[int]:
        """What becomes readable when it says something; nothing where it will not."""

    def hear(self) -> None:
        """Takes in what it has said."""

    def tell_news(self) -> None:
        """Prints what it has said and what was not printed yet."""


async def attend(talkative: Talkative, app: Application[Any]) -> None:
    """Goes on until the line is entered, which cancels it, or there is nobody to attend to.

    Where nothing can be printed any more the application ends with the `UnwritableError`.
    """
    while descriptors := talkative.descriptors():
        await _readable(descriptors)
        talkative.hear()
        if talkative.has_news:
            try:
                await run_in_terminal(talkative.tell_news)
            except UnwritableError as error:
                app.exit(exception=error)
                return


async def _readable(descriptors: Sequence[int]) -> None:
    """Returns when one of them can be read."""
    loop = asyncio.get_running_loop()
    heard = asyncio.Event()
    for descriptor in descriptors:
        loop.add_reader(descriptor, heard.set)
    try:
        await heard.wait()
    finally:
        for descriptor in descriptors:
            loop.remove_reader(descriptor)
