"""Commits of messages that are there though no send was told of them: somebody else is to blame, not the commit."""

import random

import pytest

from kafkasim.anomalies.definitions import SPARSE
from kafkasim.anomalies.notation import build
from kafkasim.checkers import check
from kafkasim.checkers.trees import FirstBelow
from kafkasim.history import Promises
from tests.checkers.exhaustive import linearizable


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
        tree = FirstBelow(numbers)
        for place in range(count + 2):
            for bound in range(7):
                first = next((at for at in range(place, count) if numbers[at] < bound), None)
                assert tree.find(place, bound) == first


@pytest.mark.parametrize(
    ("lines", "promises"),
    [
        (("alice send k1 x -> lost", "bob commit k1:1 -> ok", "carol send k1 y -> 2", "bob commit k1:3 -> ok"), SPARSE),
        (
            (
                "alice send k1 x -> lost",
                "bob commit k1:1 -> ok",
                "bob poll k1:0 max 1 -> k1 0=x",
                "alice send k1 x -> lost",
            ),
            Promises(),
        ),
    ],
)
def test_what_one_send_without_a_reply_would_have_to_be_twice_is_not_found(lines, promises):
    """Decision 0004 lists these as what is not done; whoever mends it takes them off there."""
    history = build(*lines, promises=promises)
    assert not linearizable(history.operations, promises)
    assert check(history).anomalies == []
