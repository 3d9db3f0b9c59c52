"""The command that repeats a run."""

from __future__ import annotations

import shlex
from typing import Final

from msgspec import Struct

from kafkasim.history import Consistency


class Overrides(Struct, frozen=True):
    """What the command line changes about a scenario, so that the command that repeats a run changes it too."""

    bug: str | None = None
    consistency: Consistency | None = None


AS_WRITTEN: Final = Overrides()
"""The scenario as its file has it."""


def command_that_repeats(source: str, seed: int, overrides: Overrides = AS_WRITTEN) -> str:
    """The command line that repeats a run, quoted for a shell. The seed is always named: the file's may change.

    >>> command_that_repeats("my demo.yaml", 7, Overrides(bug="racy-append"))
    "kafkasim simulate 'my demo.yaml' --seed 7 --bug racy-append"
    """
    words = ["kafkasim", "simulate", source, "--seed", str(seed)]
    if source.startswith("-"):
        words[2] = f"./{source}"
    if overrides.bug is not None:
        words += ["--bug", overrides.bug]
    if overrides.consistency is not None:
        words += ["--consistency", overrides.consistency]
    return shlex.join(words)
