"""What it takes to judge one history from its file in a process of its own: CPU time and memory, as histories grow.

    python -m benchmarks.check_alone                       histories of 11,111 to 300,000 operations
    python -m benchmarks.check_alone --operations 3000000  up to so many
    python -m benchmarks.check_alone --level jepsen        at another level than kafka
    python -m benchmarks.check_alone --quick               a short one, to see that it works

The histories are those of ``benchmarks.check``. Of each it prints the CPU seconds of reading and of checking, the
operations for each second of both, how many times as many that is as Jepsen's own analysis gets through, the most
memory that the process ever held, and that for each operation. Both per operation stay what they are where time and
memory grow as the history does. It reads the memory from ``/proc``, which only Linux has.
"""

from __future__ import annotations

import argparse
import multiprocessing
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeVar

from benchmarks.check import sizes_up_to
from benchmarks.check_histories import history_of
from kafkasim.checkers import check
from kafkasim.history import CONSISTENCY_LEVELS, Consistency
from kafkasim.history_files import read_history, write_history

Result = TypeVar("Result")

JEPSEN: Final = 1_800
"""Operations a second of Jepsen's own analysis, see ``docs/reference/benchmarks.md``."""


class Cost(NamedTuple):
    """What one history took: CPU seconds, and bytes at most."""

    reading: float
    checking: float
    peak: int


def write(operations: int, path: Path) -> None:
    """Makes a history and its file."""
    write_history(history_of(operations), path)


def judge(path: Path, level: Consistency) -> Cost:
    """Reads and checks a history. To be called once in a process."""
    started = time.process_time()
    history = read_history(str(path))
    read = time.process_time()
    check(history, level)
    return Cost(read - started, time.process_time() - read, peak_memory())


def peak_memory() -> int:
    """The most memory that this process ever held, in bytes."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    (kibibytes,) = (line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(kibibytes) * 1024


def in_its_own_process(function: Callable[..., Result], *arguments: Any) -> Result:
    """Calls the function in a new process, which holds nothing of this one."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(function, *arguments).result()


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--operations", type=int, default=300_000, help="how long the longest history is")
    parser.add_argument("--level", choices=CONSISTENCY_LEVELS, default="kafka", help="at which it is judged")
    parser.add_argument("--quick", action="store_true", help="a short history")
    options = parser.parse_args()
    print(
        f"{'operations':>12}{'reading':>10}{'checking':>10}{'a second':>12}{'x Jepsen':>10}{'MB':>8}{'bytes each':>12}"
    )
    with tempfile.TemporaryDirectory() as folder:
        for operations in [500] if options.quick else sizes_up_to(options.operations):
            path = Path(folder) / f"{operations}.jsonl"
            in_its_own_process(write, operations, path)
            cost = in_its_own_process(judge, path, options.level)
            speed = operations / (cost.reading + cost.checking)
            print(
                f"{operations:12,}{cost.reading:10.3f}{cost.checking:10.3f}{speed:12,.0f}{speed / JEPSEN:10.1f}"
                f"{cost.peak / 1e6:8,.0f}{cost.peak / operations:12,.0f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
