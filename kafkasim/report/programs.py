"""Nodes that are programs, in words: what they ran, in whose time, and what they wrote for people."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from rich.console import Console, RenderableType
from rich.text import Text

from kafkasim.forms import printable
from kafkasim.report.screen import indented
from kafkasim.report.words import count_of, duration, listed
from kafkasim.scenario.model import System
from kafkasim.sim.result import Pacing

_LINES: Final = 5
"""How many lines of what a node wrote are shown."""

_NODES: Final = 4
"""Of how many nodes."""

_WIDTH: Final = 300
"""How many characters of a line are shown."""


def system_words(system: System) -> str:
    """How many nodes there are, and the program that each runs, as one would type it.

    >>> system_words(System(3, command=("./my node", "--fast")))
    "3 nodes, running './my node' --fast"
    """
    return f"{count_of(system.nodes, 'node')}, running {printable(shlex.join(system.command))}"


def clock_words(pacing: Pacing) -> str:
    """Whose time it was.

    >>> clock_words(Pacing("virtual", 1_200_000_000, "n0 spoke unprompted"))
    'virtual up to 1.2 s, then real: n0 spoke unprompted'
    """
    if pacing.clock == "real":
        return "real"
    if pacing.real_from is None:
        return "virtual (races inside a node are not exercised)"
    return f"virtual up to {duration(pacing.real_from)}, then real: {printable(pacing.reason)}"


def clocks_words(pacings: Sequence[Pacing]) -> str:
    """Whose time it was in many runs; empty where no node of any was a program.

    >>> clocks_words([Pacing("virtual"), Pacing("virtual")])
    'virtual (races inside a node are not exercised)'
    >>> clocks_words([Pacing("virtual"), Pacing("virtual", 1_000_000), Pacing("real")])
    'virtual in 1 run, virtual and then real in 1 run, real in 1 run'
    """
    kinds = Counter(_clock_kind(pacing) for pacing in pacings)
    if len(kinds) == 1 and "virtual and then real" not in kinds:
        return clock_words(pacings[0])
    order = [kind for kind in ("virtual", "virtual and then real", "real") if kinds[kind]]
    return ", ".join(f"{kind} in {count_of(kinds[kind], 'run')}" for kind in order)


def _clock_kind(pacing: Pacing) -> str:
    return pacing.clock if pacing.real_from is None else "virtual and then real"


def given_up_words(pacing: Pacing) -> str:
    """Which nodes were not waited for; empty where there is none.

    >>> given_up_words(Pacing("virtual", given_up=("n1", "n0")))
    'n1 and n0: silent for so long that time went on without them; what is only slow, --clock real judges better'
    """
    names = pacing.given_up
    if not names:
        return ""
    them = "it" if len(names) == 1 else "them"
    hint = "what is only slow, --clock real judges better"
    return f"{listed(names)}: silent for so long that time went on without {them}; {hint}"


def node_logs_section(screen: Console, logs: Mapping[str, Sequence[str]]) -> Iterator[RenderableType]:
    """The last that each node wrote to its standard error."""
    for name, lines in list(logs.items())[:_NODES]:
        shown = lines[-_LINES:]
        yield Text()
        yield Text(f"the last that {name} wrote to standard error:")
        for line in shown:
            text = printable(line)
            yield indented(screen, Text(text if len(text) <= _WIDTH else f"{text[:_WIDTH]}..."), 2, 2)
    if len(logs) > _NODES:
        yield Text(f"... and {count_of(len(logs) - _NODES, 'more node')} wrote something there.", style="faint")
