"""The benchmark of the checkers works, and measures what it says: correct histories, everything in order."""

from __future__ import annotations

import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from benchmarks.check import sizes_up_to
from benchmarks.check_histories import PROCESSES, history_of
from kafkasim.checkers import check
from kafkasim.checkers.indexing import build_index
from kafkasim.checkers.witness import fits_one_order
from kafkasim.history_lines import encode_history

ROOT = Path(__file__).resolve().parent.parent.parent


def test_the_histories_are_correct_and_always_the_same():
    history = history_of(2_000)
    result = check(history, "linearizable")
    assert (result.verdict, result.anomalies) == ("valid", [])
    assert min(result.checked[kind] for kind in ("nonatomic-poll", "commit-lost", "lost-write")) > 100
    assert fits_one_order(build_index(history_of(20_000)))
    assert encode_history(history) == encode_history(history_of(2_000))


def test_the_operations_of_all_processes_overlap():
    operations = history_of(2_000).operations
    assert {op.process for op in operations} == set(range(PROCESSES))
    overlaps = [after.begin_event < (before.end_event or 0) for before, after in pairwise(operations)]
    assert sum(overlaps) > 1_000


def test_each_history_is_about_three_times_as_long_as_the_one_before():
    assert sizes_up_to(300_000) == [11_111, 33_333, 100_000, 300_000]


def quick_run(module: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-m", module, "--quick"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.splitlines()


def test_a_short_run_prints_every_figure():
    printed = quick_run("benchmarks.check")
    for name in ("json.loads", "msgspec", "reading", "index", "kafka", "linearizable", "file to kafka"):
        (line,) = (line for line in printed if line.startswith(f"{name:16}"))
        assert len(line[16:].split()) == 5


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the benchmark reads the memory from /proc")
def test_a_short_run_in_a_process_of_its_own_prints_time_and_memory():
    heading, figures = quick_run("benchmarks.check_alone")
    operations, *costs = (float(figure.replace(",", "")) for figure in figures.split())
    assert (operations, len(costs)) == (500, 6)
    assert heading.split()[0] == "operations"
    assert min(costs) > 0
