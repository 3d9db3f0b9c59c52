"""Expectations that were not met: where they stand, what was expected, and what came instead."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from rich.console import Console, RenderableType
from rich.text import Text

from kafkasim.forms import printable
from kafkasim.report.screen import indented
from kafkasim.report.words import brief, count_of
from kafkasim.sim.result import Unmet

_TOLD: Final = 10
"""How many unmet expectations are told; the others are counted."""

_WIDTH: Final = 200
"""How many characters of a value are shown."""

_BEFORE: Final = 60
"""How many of these may be what both sides have in common."""

_ALL: Final = 1 << 40
"""A width that nothing reaches."""


def unmet_section(screen: Console, unmet: Sequence[Unmet]) -> Iterator[RenderableType]:
    """The expectations that were not met, each with its place and both sides."""
    if not unmet:
        return
    yield Text()
    yield Text(count_of(len(unmet), "expectation not met", "expectations not met"), style="bad")
    for one in unmet[:_TOLD]:
        expected, got = _sides(one)
        yield indented(screen, _place(one), 2, 2)
        yield indented(screen, f"expected {expected}", 6, 9)
        yield indented(screen, f"got {got}", 6, 4)
    if len(unmet) > _TOLD:
        yield Text(f"  ... and {len(unmet) - _TOLD:,} more.", style="faint")


def unmet_words(unmet: Unmet) -> str:
    """An unmet expectation in one line.

    >>> unmet_words(Unmet("alice", 2, "send", {"offset": 0}, {"error": "timeout"}, "demo.yaml:12:9"))
    'demo.yaml:12:9: alice, step 2 (send): expected {"offset":0}, got error timeout'
    """
    expected, got = _sides(unmet)
    return f"{_place(unmet)}: expected {expected}, got {got}"


def _place(unmet: Unmet) -> str:
    """Where in the scenario the expectation stands: the place in the file, whose step, and what the step does."""
    where = f"{printable(unmet.where)}: " if unmet.where else ""
    step = f"step {unmet.step} ({printable(unmet.action)})" if unmet.step else printable(unmet.action)
    return f"{where}{printable(unmet.client)}, {step}"


def _sides(unmet: Unmet) -> tuple[str, str]:
    """What was expected and what came; of what is long, the part from shortly before the first difference on."""
    expected, got = _value(unmet.expected), _value(unmet.got)
    if len(expected) <= _WIDTH and len(got) <= _WIDTH:
        return expected, got
    both = zip(expected, got, strict=False)
    place = next((place for place, (one, other) in enumerate(both) if one != other), min(len(expected), len(got)))
    return _from(expected, place), _from(got, place)


def _from(text: str, place: int) -> str:
    start = max(0, place - _BEFORE)
    shown = text[start : start + _WIDTH]
    return ("..." if start else "") + shown + ("..." if start + _WIDTH < len(text) else "")


def _value(value: object) -> str:
    """A sentence as it is, an error in words, anything else as JSON."""
    match value:
        case str():
            return printable(value)
        case {"error": str(title), "text": str(text), **rest} if not rest:
            return f"error {printable(title)}: {printable(text)}"
        case {"error": str(title), **rest} if not rest:
            return f"error {printable(title)}"
    return brief(value, _ALL)
