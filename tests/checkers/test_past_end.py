"""Commits of messages that are there though no send was told of them: somebody else is to blame, not the commit."""

import pytest

from kafkasim.checkers import check
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
