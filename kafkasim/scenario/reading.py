"""One reading of one file: what is wrong so far, where the reader is, and which names were used."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from msgspec import Struct

from kafkasim.scenario.problems import Mark, Problem, ScenarioError


class RejectedError(Exception):
    """Part of a file could not be read; what is wrong with it has been noted."""


Role = Literal["client", "node", "party", "barrier"]
"""What a name is used for; a party is a node, a client or a service."""


class Mention(Struct, frozen=True):
    """A name that stands for something elsewhere in the file; it is judged once the whole file is known."""

    role: Role
    name: str
    mark: Mark
    path: tuple[str, ...]
    """In which fields it stands, from the outermost in."""


class Reading:
    """Collects what is found in one file.

    >>> reading = Reading("a.yaml")
    >>> with reading.inside("workload"), reading.inside("rate"):
    ...     reading.note(Mark(3, 9), "expected a number")
    >>> print(reading.error())
    a.yaml:3:9: `workload.rate`: expected a number
    """

    def __init__(self, file: str) -> None:
        self.file = file
        self.mentions: list[Mention] = []
        self._problems: list[Problem] = []
        self._path: list[str] = []

    @contextmanager
    def inside(self, field: str) -> Iterator[None]:
        """While it lasts, what is noted is about this field of the present one."""
        self._path.append(field)
        try:
            yield
        finally:
            self._path.pop()

    @contextmanager
    def at(self, path: tuple[str, ...]) -> Iterator[None]:
        """While it lasts, what is noted is about the field with this path, wherever the reader is."""
        present, self._path = self._path, list(path)
        try:
            yield
        finally:
            self._path = present

    def note(self, mark: Mark, text: str) -> None:
        """Remembers a problem of the present field, and goes on."""
        path = ".".join(self._path).replace(".[", "[")
        text = f"`{path}`: {text}" if path else text
        self._problems.append(Problem(self.file, mark.line, mark.column, text))

    def rejected(self, mark: Mark, text: str) -> RejectedError:
        """Remembers a problem; who raises what is returned gives up on the present field."""
        self.note(mark, text)
        return RejectedError(text)

    def mention(self, role: Role, name: str, mark: Mark) -> None:
        """Remembers that a name was used."""
        self.mentions.append(Mention(role, name, mark, tuple(self._path)))

    @property
    def problems(self) -> int:
        """How many problems there are so far."""
        return len(self._problems)

    def error(self) -> ScenarioError:
        """All problems, in the order of the file."""
        return ScenarioError(sorted(self._problems, key=lambda problem: (problem.line, problem.column)))
