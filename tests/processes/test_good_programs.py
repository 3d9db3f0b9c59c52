"""Correct nodes, in several languages: never accused, and the same again with the same seed."""

import pytest

from kafkasim.history_lines import encode_history
from tests.processes.programs import CORRECT, result_of


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
