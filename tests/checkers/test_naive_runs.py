"""The random histories that the checkers are tried with: correct ones are, and mutations spoil enough of them."""

from __future__ import annotations

from kafkasim.history_lines import encode_history
from tests.checkers.exhaustive import linearizable
from tests.checkers.naive_runs import mutated, random_history


def test_what_a_naive_log_answers_is_linearizable():
    for seed in range(400):
        history = random_history(seed)
        assert linearizable(history.operations, history.header.promises), f"seed {seed}"


def test_mutations_spoil_many_histories_but_not_all():
    spoilt = 0
    for seed in range(400):
        history = mutated(random_history(seed), seed)
        spoilt += not linearizable(history.operations, history.header.promises)
    assert 100 < spoilt < 350


def test_the_same_seed_gives_the_same_history():
    assert encode_history(mutated(random_history(5), 6)) == encode_history(mutated(random_history(5), 6))
