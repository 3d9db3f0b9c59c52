"""The command that repeats a run."""

from __future__ import annotations

import shlex
from typing import Final

from msgspec import Struct

from kafkasim.history import Consistency
from kafkasim.scenario.model import ClockKind


class Overrides(Struct, frozen=True):
    """What the command line changes about a scenario, so that the command that repeats a run changes it too.

    ``bin`` is a program and its arguments, as the user wrote them.
    """

    bug: str | None = None
    consistency: Consistency | None = None
    bin: str | None = None
    nodes: int | None = None
    clock: ClockKind | None = None


AS_WRITTEN: Final = Overrides()
"""The scenario as its file has it."""


def command_that_repeats(source: str, seed: int, overrides: Overrides = AS_WRITTEN) -> str:
    """The command line that repeats a run, quoted for a shell. The seed is always named: the file's may change.

    >>> command_that_repeats("my demo.yaml", 7, Overrides(bug="racy-append"))
    "kafkasim simulate 'my demo.yaml' --seed 7 --bug racy-append"
    >>> command_that_repeats("demo.yaml", 7, Overrides(bin="./node --fast", nodes=3))
    "kafkasim simulate demo.yaml --seed 7 --bin './node --fast' --nodes 3"
    """
    words = ["kafkasim", "simulate", source, "--seed", str(seed)]
    if source.startswith("-"):
        words[2] = f"./{source}"
    if overrides.bin is not None:
        words += ["--bin", overrides.bin]
    if overrides.nodes is not None:
        words += ["--nodes", str(overrides.nodes)]
    if overrides.clock is not None:
        words += ["--clock", overrides.clock]
    if overrides.bug is not None:
        words += ["--bug", overrides.bug]
    if overrides.consistency is not None:
        words += ["--consistency", overrides.consistency]
    return shlex.join(words)
