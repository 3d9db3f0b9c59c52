"""The benchmark runs, and what it compares are logs."""

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import engine, engine_designs
from benchmarks.engine_designs import DESIGNS
from kafkasim import core
from tests.core.reference import ReferenceLog


@pytest.mark.parametrize("name", DESIGNS)
def test_every_design_answers_as_the_reference_does(name):
    log, reference = DESIGNS[name](), ReferenceLog()
    for number, key in enumerate("abaca"):
        assert log.send(key, number) == reference.send(key, number)
    for offsets in ({"a": 0}, {"a": 3}, {"b": 0, "a": 1}, {"c": 1, "never": 0}, {"never": 0}):
        for limit in (None, 1):
            assert log.poll(offsets, limit) == reference.poll(offsets, limit)


def test_the_engines_own_yardstick_is_its_source_without_the_lock():
    class Forbidden:
        def __enter__(self):
            raise AssertionError("the lock was taken")

        def __exit__(self, *_):
            raise AssertionError("the lock was given back")

    unlocked = engine_designs.engine_without_lock()
    assert unlocked is not core.LogEngine
    assert unlocked(lock=Forbidden()).send("k", 1) == 0  # type: ignore[call-arg]  # it is the engine's own class
    with pytest.raises(AssertionError, match="the lock was taken"):
        core.LogEngine(lock=Forbidden()).send("k", 1)


def test_the_quick_run_prints_every_design_in_every_table_and_the_aims():
    finished = subprocess.run(
        [sys.executable, "-m", "benchmarks.engine", "--quick"],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    )
    rows = finished.stdout.splitlines()
    for name in DESIGNS:
        tables = 2 if name == engine_designs.SHIPPED_UNLOCKED else 4
        assert sum(row.startswith((f"| {name} ", f"| {name}|")) for row in rows) == tables
    assert sum("aim: " in row for row in rows) == 2


def test_a_percentile_is_one_of_the_values():
    assert engine.percentile([5.0, 1.0, 3.0], 0.99) == 5.0
    assert engine.percentile(list(range(1000)), 0.99) == 990
    assert engine.percentile([7.0], 0.99) == 7.0
