"""Durations as people write them: ``10ms``, ``1.5s``, ``2m``, or a plain number of seconds."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Final

UNITS: Final = {"ns": 1, "us": 1_000, "ms": 1_000_000, "s": 1_000_000_000, "m": 60_000_000_000, "h": 3_600_000_000_000}
"""The units and how many nanoseconds each has, shortest first."""

PATTERN: Final = r"(?P<number>[0-9]+(\.[0-9]+)?)(?P<unit>ns|us|ms|s|m|h)"
"""What a duration with a unit looks like, as a regular expression."""

_WITH_UNIT: Final = re.compile(PATTERN)
_NUMBER: Final = re.compile(r"\+?([0-9]*\.?[0-9]+([eE][-+]?[0-9]{1,3})?|[0-9]+\.)")
LONGEST: Final = 2**63 - 1
"""In nanoseconds: what a history can hold, some 292 years."""

MOST_CHARACTERS: Final = 100
"""A duration is written in so many characters at most; what Python itself refuses to read is far longer."""


def parse_duration(text: str) -> int:
    """The duration in nanoseconds, exactly: by fractions, never by binary floating point.

    Raises `ValueError` where the text is no duration, where it is not a whole number of nanoseconds,
    and where it is negative or longer than a clock can hold; the text of the error says which.

    >>> parse_duration("1.1s"), parse_duration("2m"), parse_duration("0.3"), parse_duration("10ms")
    (1100000000, 120000000000, 300000000, 10000000)
    >>> parse_duration("0.5ns")
    Traceback (most recent call last):
    ValueError: expected a whole number of nanoseconds, got 0.5ns
    """
    if len(text) > MOST_CHARACTERS:
        raise ValueError(f"expected a duration in at most {MOST_CHARACTERS} characters, got {len(text):,}")
    if text.startswith("-") and _parts(text[1:]):
        raise ValueError(f"expected a duration from 0 on, got {text}")
    parts = _parts(text)
    if parts is None:
        raise ValueError(f"expected a duration such as 10ms, 1.5s, 2m or a number of seconds, got {text}")
    number, unit = parts
    nanoseconds = number * UNITS[unit]
    if nanoseconds > LONGEST:
        raise ValueError(f"expected a duration of at most 292 years, got {text}")
    if nanoseconds.denominator != 1:
        raise ValueError(f"expected a whole number of nanoseconds, got {text}")
    return int(nanoseconds)


def _parts(text: str) -> tuple[Fraction, str] | None:
    found = _WITH_UNIT.fullmatch(text)
    if found is not None:
        return Fraction(found["number"]), found["unit"]
    if _NUMBER.fullmatch(text):
        return Fraction(text), "s"
    return None


def show_duration(nanoseconds: int) -> str:
    """The duration in the largest unit in which it is a whole number; `parse_duration` reads it back.

    >>> show_duration(1_500_000_000), show_duration(120_000_000_000), show_duration(0)
    ('1500ms', '2m', '0s')
    """
    if nanoseconds == 0:
        return "0s"
    unit, size = next((unit, size) for unit, size in reversed(UNITS.items()) if nanoseconds % size == 0)
    return f"{nanoseconds // size}{unit}"
