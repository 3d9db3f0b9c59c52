"""Commits of messages that are there though no send was told of them: somebody else is to blame, not the commit."""

import random

import pytest

from kafkasim.checkers import check
from kafkasim.checkers.past_end import _FirstBelow
from tests.checkers.build import build


def kinds(*lines):
    return {anomaly.kind for anomaly in check(build(*lines)).anomalies}


@pytest.mark.parametrize(
    ("kind", "lines"),
    [
        ("duplicate", ["alice send k1 7 -> 0", "bob poll k1:0 -> k1 0=7 1=7", "bob commit k1:1 -> ok"]),
        ("aborted-read", ["alice send k1 7 -> fail 11", "bob poll k1:0 -> k1 0=7", "bob commit k1:0 -> ok"]),
    ],
)
def test_a_commit_of_a_message_that_was_polled_there_is_not_past_the_end(kind, lines):
    assert kinds(*lines) == {kind}


def test_a_commit_before_the_message_that_was_polled_there_was_sent_is_past_the_end():
    lines = [
        "alice send k1 6 -> 0",
        "bob commit k1:1 -> ok",
        "alice send k1 7 -> fail 11",
        "bob poll k1:0 -> k1 0=6 1=7",
    ]
    assert kinds(*lines) == {"commit-past-end", "aborted-read"}


@pytest.mark.parametrize("count", range(10))
def test_the_first_number_below_a_bound_is_found_from_any_place_on(count):
    rng = random.Random(count)
    for _ in range(20):
        numbers: list[float] = [rng.randrange(6) for _ in range(count)]
        tree = _FirstBelow(numbers)
        for place in range(count + 2):
            for bound in range(7):
                first = next((at for at in range(place, count) if numbers[at] < bound), None)
                assert tree.find(place, bound) == first
