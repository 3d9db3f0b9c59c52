"""Correct nodes in Python: never accused, and the same again with the same seed."""

import weakref

import pytest

from kafkasim.garbage_collection import collector_at_rest
from kafkasim.history_lines import encode_history
from kafkasim.sim.choices import SeededChoices
from kafkasim.sim.world import World
from tests.processes.programs import CORRECT, result_of, scenario


@pytest.mark.parametrize("clock", ["virtual", "real"])
def test_a_correct_program_is_valid(clock):
    result = result_of(CORRECT, clock=clock)

    assert (result.verdict, result.check.anomalies) == ("valid", [])
    assert result.pacing.clock == clock
    assert result.pacing.real_from is None
    assert sum(result.statistics.outcomes["send"].values()) > 30


def test_the_same_seed_gives_the_same_history():
    first, second, other = (encode_history(result_of(CORRECT, seed).history) for seed in (1, 1, 2))

    assert first == second
    assert first != other


def test_what_happened_in_a_run_is_forgotten_with_it_without_the_garbage_collector():
    world = World(scenario(CORRECT), SeededChoices(1))
    while world.advance():
        pass
    with collector_at_rest():
        world.dissolve()
        node, pace = weakref.ref(world._nodes["n0"]), weakref.ref(world._pace)  # each knows what has happened
        del world
        assert (node(), pace()) == (None, None)
