"""What can be wrong with a scenario file: problems with their places, all of them told at once."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from msgspec import Struct

from kafkasim.forms import printable


class Mark(Struct, frozen=True, order=True):
    """A place in a file: line and column, both from 1, as editors count them."""

    line: int
    column: int


class Problem(Struct, frozen=True):
    """One thing that is wrong, and where.

    >>> print(Problem("a.yaml", 3, 5, "expected text, got 1"))
    a.yaml:3:5: expected text, got 1
    """

    file: str
    line: int
    column: int
    text: str

    def __str__(self) -> str:
        return f"{printable(self.file)}:{self.line}:{self.column}: {self.text}"


class ScenarioError(ValueError):
    """A scenario cannot be run; ``problems`` has everything that is wrong with it, in the order of the file."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that is most like this one; None where none is like it.

    >>> nearest("dropps-acknowledged", ["drops-acknowledged", "silent"])
    'drops-acknowledged'
    >>> nearest("Seed", ["seed", "name"]), nearest("xyz", ["seed", "name"])
    ('seed', None)
    """
    by_folded = {known_name.lower().replace("_", "-"): known_name for known_name in known}
    matches = get_close_matches(name.lower().replace("_", "-"), by_folded, n=1)
    return by_folded[matches[0]] if matches else None


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """How an error about an unknown name ends: with the nearest known one, or else with all of them.

    >>> did_you_mean("sed", ["seed", "name"]), did_you_mean("xyz", ["seed", "name"])
    ('did you mean `seed`?', 'expected one of `seed`, `name`')
    """
    known = list(known)
    found = nearest(name, known)
    if found is not None:
        return f"did you mean `{found}`?"
    return f"expected one of {', '.join(f'`{each}`' for each in known)}" if known else "none is known"
