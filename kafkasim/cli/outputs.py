"""The files that a command will write: their names worked out and tried before anything is run.

A run that took minutes must not end in "no such directory".
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from kafkasim.cli.failures import UsageError, refusal_words
from kafkasim.forms import printable
from kafkasim.report.words import listed
from kafkasim.scenario.model import Scenario

SEED: Final = "{seed}"
SCENARIO: Final = "{scenario}"
STDOUT: Final = 1
_UNFIT_FOR_NAMES: Final = re.compile(r"[^\w.+-]+")


def history_path(pattern: str, scenario: Scenario, seed: int) -> Path:
    """The file of one run's history.

    >>> str(history_path("{scenario}-{seed}.jsonl", Scenario("a run", "why"), 7))
    'a-run-7.jsonl'
    """
    return Path(pattern.replace(SEED, str(seed)).replace(SCENARIO, name_in_paths(scenario)))


def check_history_paths(pattern: str, runs: Sequence[tuple[Scenario, int]]) -> None:
    """Raises `UsageError` where two runs would write the same file, or one cannot be written."""
    paths = [history_path(pattern, scenario, seed) for scenario, seed in runs]
    if len(set(paths)) < len(paths):
        wanted = [SCENARIO] if len({id(scenario) for scenario, _ in runs}) > 1 else []
        wanted += [SEED] if len({seed for _, seed in runs}) > 1 else []
        missing = [placeholder for placeholder in wanted if placeholder not in pattern]
        expected = f"{' and '.join(missing)} in the name, got {pattern}" if missing else _other_names(runs)
        raise UsageError(f"kafkasim: --history: {len(runs)} runs would write the same file: expected {expected}")
    for path in paths:
        check_writable("--history", path)


def _other_names(runs: Sequence[tuple[Scenario, int]]) -> str:
    """What is expected of scenarios that cannot be told apart by their names."""
    sources: dict[str, list[str]] = {}
    for scenario in {scenario.source: scenario for scenario, _ in runs}.values():
        sources.setdefault(name_in_paths(scenario), []).append(scenario.source)
    name, files = next((name, files) for name, files in sources.items() if len(files) > 1)
    return f"scenarios with names of their own, got {name} as the `name` of {listed(files)}"


def name_in_paths(scenario: Scenario) -> str:
    """The scenario's name without what file systems and shells take for something else."""
    return _UNFIT_FOR_NAMES.sub("-", scenario.name)


def check_writable(option: str, path: Path) -> None:
    """Raises `UsageError` where no file can be written there, as far as can be told without writing it."""
    problem = _problem(path)
    if problem:
        raise refused(option, path, problem)


def check_apart(inputs: Iterable[str], outputs: Iterable[tuple[str, Path]]) -> None:
    """Raises `UsageError` where a file that will be written is one that is read, or one that is written already.

    ``outputs`` are files with the options that name them; several files of one option are known to be apart.
    """
    taken = {Path(file).resolve(): "the scenario" for file in inputs}
    for option, path in outputs:
        whose = taken.setdefault(path.resolve(), option)
        if whose != option:
            raise UsageError(
                f"kafkasim: {option}: {printable(str(path))}: expected a file of its own, this is that of {whose}"
            )


@contextmanager
def writing(option: str, path: Path) -> Iterator[None]:
    """Within, a file is written; what the system refuses after all is a `UsageError` that names the file."""
    try:
        yield
    except OSError as error:
        raise refused(option, path, refusal_words(error)) from None


def refused(option: str, path: Path, problem: str) -> UsageError:
    """That nothing can be written at this path, which the option names, and why."""
    return UsageError(f"kafkasim: {option}: {printable(str(path))}: {problem}")


def _problem(path: Path) -> str | None:
    if str(path) == "-" or _is_standard_output(path):
        return "expected the name of a file: standard output has the report"
    folder = path.parent
    if path.is_dir():
        return "expected a file, this is a directory"
    if not folder.exists():
        return f"there is no directory {folder}"
    if not folder.is_dir():
        return f"{folder} is not a directory"
    if not os.access(folder if path.is_file() or not path.exists() else path, os.W_OK):
        return "permission denied"
    return None


def _is_standard_output(path: Path) -> bool:
    """Whether it is what the report goes to, under whatever name; /dev/null takes both."""
    try:
        there = path.stat()
        return os.path.samestat(there, os.fstat(STDOUT)) and not os.path.samestat(there, Path(os.devnull).stat())
    except OSError:  # there is no such file yet, or no standard output
        return False
