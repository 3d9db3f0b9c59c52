"""The rules that exhaustive search taught, each by the history that an earlier form judged wrongly (decision 0004).

And, for the finer points of the rules, the smallest histories that hang on them.
"""

from __future__ import annotations

import pytest

from kafkasim.anomalies.definitions import CUT_SHORT, SPARSE
from kafkasim.anomalies.notation import build
from kafkasim.checkers import check
from kafkasim.history import Promises
from tests.checkers.exhaustive import linearizable

DENSE = Promises()

WRONG = [
    (
        "an offset that a poll went past is a gap, whoever may have sent",
        "offset-gap",
        DENSE,
        "alice send k1 a -> lost",
        "carol send k1 b -> 1",
        "carol send k1 c -> 2",
        "bob poll k1:0 -> k1 1=b 2=c",
    ),
    (
        "an offset given away above proves a gap, though nobody looked",
        "offset-gap",
        DENSE,
        "alice send k1 a -> 0",
        "alice send k1 b -> 2",
    ),
    (
        "a refused send is no message at a second place",
        "aborted-read",
        DENSE,
        "alice send k1 x -> fail 11",
        "alice send k1 x -> 1",
        "bob poll k1:0 -> k1 0=x 1=x",
    ),
    (
        "a commit shows the least offset that a send begun by then can have",
        "nonmonotonic-offsets",
        SPARSE,
        "alice send k1 a ...",
        "bob commit k1:1 -> ok",
        "alice -> 5",
        "carol send k1 b -> 3",
    ),
    (
        "a commit shows a message that is only being sent",
        "stale-poll",
        DENSE,
        "alice send k1 a ...",
        "bob commit k1:0 -> ok",
        "carol poll k1:0 -> nothing",
        "alice -> 0",
    ),
    (
        "a send without a reply is not where a poll went past",
        "nonmonotonic-offsets",
        SPARSE,
        "dave send k1 x -> lost",
        "alice send k1 a ...",
        "bob commit k1:1 -> ok",
        "carol send k1 b -> 3",
        "alice -> 5",
        "bob poll k1:0 -> k1 3=b 5=a",
    ),
    (
        "a send without a reply is not where one of several polls went past",
        "nonmonotonic-offsets",
        SPARSE,
        "erin send k1 z -> 0",
        "dave send k1 x -> lost",
        "alice send k1 a ...",
        "bob commit k1:1 -> ok",
        "carol send k1 b -> 3",
        "alice -> 5",
        "bob poll k1:0 max 1 -> k1 0=z",
        "bob poll k1:0 -> k1 0=z 3=b 5=a",
    ),
    (
        "a send that was seen is not elsewhere as well",
        "commit-past-end",
        DENSE,
        "alice send k1 x -> lost",
        "carol send k1 x -> lost",
        "bob poll k1:0 -> k1 0=x",
        "dave send k1 y -> 1",
        "bob commit k1:3 -> ok",
    ),
    (
        "half of a commit is no commit",
        "nonatomic-commit",
        DENSE,
        "alice send k2 x -> 0",
        "bob commit k1:2 k2:0 -> lost",
        "carol list k2 -> k2:0",
    ),
    (
        "half of a commit is no commit, also where the last write wins",
        "nonatomic-commit",
        Promises(commits="last-write"),
        "alice send k2 x -> 0",
        "bob commit k1:2 k2:0 -> lost",
        "carol list k2 -> k2:0",
    ),
    (
        "half of a commit is no commit, though a whole one comes when it has been seen",
        "nonatomic-commit",
        DENSE,
        "alice send k1 x -> 0",
        "bob commit k1:0 k2:9 -> lost",
        "carol list k1 k2 -> k1:0",
        "dave commit k1:0 -> ok",
    ),
    (
        "half of a commit cannot be seen, whichever of two commits it was",
        "nonatomic-commit",
        Promises(refuses_commit_past_end=False),
        "bob commit k1:3 k2:3 -> lost",
        "dave commit k1:3 k2:4 -> lost",
        "carol list k1 k2 -> k1:3",
    ),
    (
        "of equal messages seen at two places one was sent only afterwards",
        "future-read",
        DENSE,
        "alice send k1 x -> lost",
        "bob poll k1:0 -> k1 0=x 1=x",
        "carol send k1 x -> lost",
    ),
    (
        "of equal messages all were sent only afterwards",
        "future-read",
        DENSE,
        "bob poll k1:0 -> k1 0=x",
        "alice send k1 x -> lost",
        "carol send k1 x -> lost",
    ),
    (
        "of equal messages seen at two places the second send is at one of them",
        "commit-past-end",
        DENSE,
        "alice send k1 x -> lost",
        "bob commit k1:1 -> ok",
        "carol send k1 x -> lost",
        "bob poll k1:0 -> k1 0=x 1=x",
    ),
]

RIGHT = [
    (
        "a poll of unknown beginning may have begun above a message",
        DENSE,
        "alice send k1 a -> 0",
        "alice send k1 b -> 1",
        "bob poll -> k1 1=b",
    ),
    (
        "of equal messages the earliest is left for the offset that nobody saw",
        DENSE,
        "alice send k1 x -> lost",
        "bob commit k1:0 -> ok",
        "carol send k1 x -> lost",
        "bob poll k1:1 -> k1 1=x",
    ),
    (
        "a send without a reply may be what a commit between sparse offsets shows",
        SPARSE,
        "dave send k1 x -> lost",
        "alice send k1 a ...",
        "bob commit k1:1 -> ok",
        "carol send k1 b -> 3",
        "alice -> 5",
    ),
    (
        "offsets need not ascend as their sends began",
        SPARSE,
        "alice send k1 a ...",
        "carol send k1 b -> 3",
        "alice -> 5",
        "bob commit k1:4 -> ok",
    ),
    (
        "a list that ends after the commit of what had been polled skips nothing",
        DENSE,
        "alice send k1 x -> 0",
        "carol list k1 ...",
        "bob poll k1:0 -> k1 0=x",
        "bob commit k1:0 -> ok",
        "carol -> k1:0",
        "carol poll k1:1 -> nothing",
    ),
]


@pytest.mark.parametrize(("name", "kind", "promises", "lines"), [(n, k, p, lines) for n, k, p, *lines in WRONG])
def test_what_no_order_explains_is_accused_of_one_thing(name, kind, promises, lines):
    history = build(*lines, promises=promises)
    assert not linearizable(history.operations, promises)
    assert [anomaly.kind for anomaly in check(history).anomalies] == [kind], name


@pytest.mark.parametrize(("name", "promises", "lines"), [(n, p, lines) for n, p, *lines in RIGHT])
def test_what_an_order_explains_is_not_accused(name, promises, lines):
    history = build(*lines, promises=promises)
    assert linearizable(history.operations, promises)
    assert check(history).anomalies == [], name


def test_a_message_that_never_came_back_is_not_missed_by_each_poll_as_well():
    history = build("alice send k1 7 -> 0", "bob final poll k1:0 -> nothing", complete="k1")
    assert [anomaly.kind for anomaly in check(history).anomalies] == ["unseen"]


def test_a_message_that_was_passed_over_is_not_missed_by_each_poll_as_well():
    lines = ["alice send k1 a -> 0", "bob poll k1:0 -> nothing", "alice send k1 b -> 1", "carol poll k1:0 -> k1 1=b"]
    assert [anomaly.kind for anomaly in check(build(*lines)).anomalies] == ["lost-write", "wrong-start"]


def test_a_poll_in_disorder_is_not_called_stale_as_well():
    lines = ["alice send k1 a -> 0", "alice send k1 b -> 1", "bob poll k1:0 -> k1 1=b 0=a"]
    assert [anomaly.kind for anomaly in check(build(*lines)).anomalies] == ["int-nonmonotonic-poll", "wrong-start"]


def test_where_polls_may_be_cut_short_anywhere_stale_ones_are_not_looked_for():
    result = check(build("alice send k1 7 -> 0", "bob poll k1:0 -> nothing", promises=CUT_SHORT))
    assert result.anomalies == []
    assert "cut short" in result.not_checked["stale-poll"]


def test_where_offsets_may_be_sparse_gaps_are_not_looked_for():
    result = check(build("alice send k1 7 -> 3", "bob poll k1:0 -> k1 3=7", promises=SPARSE))
    assert result.anomalies == []
    assert "dense" in result.not_checked["offset-gap"]


def test_what_a_node_was_asked_in_an_earlier_life_is_no_proof_of_how_a_later_one_ended():
    history = build(
        "alice send k1 a -> lost",
        "!! crash n0",
        "bob send k1 b -> lost",
        "! restart n0",
        "carol send k1 c -> lost",
        "!! crash n0",
    )
    crashes = next(anomaly for anomaly in check(history).anomalies if anomaly.kind == "node-crash")
    assert [example.operations for example in crashes.examples] == [(0,), (2,)]


@pytest.mark.parametrize(("lost", "accused"), [(False, True), (True, False)])
def test_an_error_is_excused_by_what_the_run_knows_to_have_lost(lost, accused):
    history = build("alice send k1 a -> info 13")
    history.operations[0].lost = lost

    assert [anomaly.kind for anomaly in check(history).anomalies] == ["unexpected-error"] * accused
