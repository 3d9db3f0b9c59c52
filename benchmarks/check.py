"""How fast histories are read and checked: operations for each second of CPU, and whether that stays so as they grow.

    python -m benchmarks.check                       histories of 10,000 to 300,000 operations, three rounds
    python -m benchmarks.check --operations 3000000  up to so many
    python -m benchmarks.check --quick               a short one, one round, to see that it works

The histories (``check_histories.py``) are written to files as JSON lines and read from there. In turn, every round:

json.loads      the lines parsed one by one by Python's own library, and dropped: a yardstick
msgspec         the same by msgspec, into plain dicts and lists: a yardstick
reading         from the file to a history: decoded, its form and its order seen to
index           the one pass over the history that all checkers share
kafka           all checks of that level, the index included
linearizable    the same, and real time
file to kafka   reading and kafka together: what ``kafkasim check --consistency kafka`` does, but for printing

Absolute times say little on a machine that others use too: trust the ratios, and CPU time.
"""

from __future__ import annotations

import argparse
import gc
import json
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import msgspec

from benchmarks.check_histories import history_of
from kafkasim.checkers import check
from kafkasim.checkers.indexing import build_index
from kafkasim.garbage_collection import collector_at_rest
from kafkasim.history import Consistency, History
from kafkasim.history_files import read_history, write_history


@dataclass
class Load:
    """A history in a file, and in memory."""

    operations: int
    path: Path
    history: History
    messages: int

    @classmethod
    def write(cls, operations: int, folder: Path) -> Load:
        """Makes the history and its file."""
        path = folder / f"{operations}.jsonl"
        write_history(history_of(operations), path)
        history = read_history(str(path))
        return cls(operations, path, history, build_index(history).messages)


def _each_line(load: Load, decode: Callable[[bytes], Any]) -> None:
    for line in load.path.read_bytes().splitlines():
        decode(line)


def _index(load: Load) -> None:
    with collector_at_rest():
        build_index(load.history)


def _check(history: History, consistency: Consistency) -> None:
    result = check(history, consistency)
    assert result.verdict == "valid", result


WORK: dict[str, Callable[[Load], object]] = {
    "json.loads": lambda load: _each_line(load, json.loads),
    "msgspec": lambda load: _each_line(load, msgspec.json.Decoder().decode),
    "reading": lambda load: read_history(str(load.path)),
    "index": _index,
    "kafka": lambda load: _check(load.history, "kafka"),
    "linearizable": lambda load: _check(load.history, "linearizable"),
    "file to kafka": lambda load: _check(read_history(str(load.path)), "kafka"),
}


@dataclass
class Figures:
    """What was measured of one load: CPU seconds of each kind of work, a figure a round."""

    load: Load
    seconds: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in WORK})

    def measure(self) -> None:
        """Does each kind of work once."""
        for name, work in WORK.items():
            gc.collect()
            started = time.process_time()
            work(self.load)
            self.seconds[name].append(time.process_time() - started)

    def speed(self, name: str) -> float:
        """Operations for each second of CPU: the median of the rounds."""
        return self.load.operations / median(self.seconds[name])


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--operations", type=int, default=300_000, help="how long the longest history is")
    parser.add_argument("--quick", action="store_true", help="a short history, one round")
    options = parser.parse_args()
    sizes = [500] if options.quick else sizes_up_to(options.operations)
    with tempfile.TemporaryDirectory() as folder:
        figures = [Figures(Load.write(size, Path(folder))) for size in sizes]
        for _ in range(1 if options.quick else 3):
            for each in figures:
                each.measure()
    report(figures)


def sizes_up_to(most: int) -> list[int]:
    """From ten thousand on, about three times as many each; the last is ``most``."""
    sizes = [most]
    while sizes[0] >= 30_000:
        sizes.insert(0, sizes[0] // 3)
    return sizes


def report(figures: Iterable[Figures]) -> None:
    """Prints the medians, and how they compare to the yardsticks and to the shortest history."""
    shortest: Figures | None = None
    for each in figures:
        shortest = shortest or each
        print(f"\n{each.load.operations:,} operations, {each.load.messages:,} messages polled")
        print(f"{'':16}{'CPU seconds':>12}{'operations/s':>14}{'x json.loads':>14}{'x msgspec':>11}{'x shortest':>12}")
        for name, seconds in each.seconds.items():
            speed = each.speed(name)
            print(
                f"{name:16}{median(seconds):12.3f}{speed:14,.0f}{speed / each.speed('json.loads'):14.2f}"
                f"{speed / each.speed('msgspec'):11.2f}{speed / shortest.speed(name):12.2f}"
            )


if __name__ == "__main__":
    main()
