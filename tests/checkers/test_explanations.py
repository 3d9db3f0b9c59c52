"""What an explanation says is true, and says why, where the operations alone would not show it."""

from __future__ import annotations

from typing import Any

from kafkasim.anomalies.definitions import SPARSE
from kafkasim.anomalies.notation import build
from kafkasim.checkers import Example, check
from kafkasim.history import Promises


def examples(kind: str, *lines: str, **settings: Any) -> list[Example]:
    found = [anomaly for anomaly in check(build(*lines, **settings)).anomalies if anomaly.kind == kind]
    assert sum(anomaly.count for anomaly in found) == sum(len(anomaly.examples) for anomaly in found)
    return [example for anomaly in found for example in anomaly.examples]


def test_a_commit_past_the_end_is_told_once_though_lists_show_it_too():
    [example] = examples("commit-past-end", "bob commit k1:0 -> ok", "carol list k1 -> k1:0", "carol list k1 -> k1:0")
    assert "acknowledged to bob" in example.explanation
    [example] = examples("commit-past-end", "bob commit k1:0 -> lost", "carol list k1 -> k1:0", "dave list k1 -> k1:0")
    assert "reported as done to carol" in example.explanation


def test_two_commits_past_the_end_are_told_each():
    assert len(examples("commit-past-end", "bob commit k1:0 -> ok", "carol commit k1:0 -> ok")) == 2


def test_a_commit_past_the_end_is_told_with_every_message_that_had_been_sent():
    lines = [
        "alice send k1 6 -> 0",
        "carol send k1 8 -> lost",
        "dave send k1 9 -> lost",
        "bob poll k1:0 -> k1 0=6 1=8",
        "bob commit k1:3 -> ok",
    ]
    [example] = examples("commit-past-end", *lines)
    assert (
        "when the highest message known to have been sent there was at offset 1, and there were too few sends of "
        in (example.explanation)
    )
    assert "unknown offset (1) to fill the log up to it" in example.explanation
    assert example.operations == (4, 1, 2)
    [example] = examples("commit-past-end", "alice send k1 7 -> lost", "bob commit k1:1 -> ok")
    assert "when no message is known to have been sent there, and there were too few sends" in example.explanation
    [example] = examples("commit-past-end", "bob commit k1:1 -> ok")
    assert "when no message had been sent there: " in example.explanation


def test_an_offset_below_what_a_commit_shows_is_told_with_how_far_the_log_must_have_come():
    lines = ["carol send k1 5 ...", "bob commit k1:1 -> ok", "carol -> 5", "alice send k1 7 -> 3"]
    [example] = examples("nonmonotonic-offsets", *lines, promises=SPARSE)
    assert "above it: at offset 5, the least that a send begun by then can have; alice" in example.explanation
    assert example.explanation.endswith("the smaller offset 3")
    assert example.operations == (1, 0, 2)


def test_the_very_offset_that_had_been_committed_is_not_called_smaller():
    lines = ["carol send k1 5 ...", "bob commit k1:0 -> ok", "alice send k1 7 -> 0", "carol -> 1"]
    [example] = examples("nonmonotonic-offsets", *lines)
    assert "so there was a message at it or above; alice" in example.explanation
    assert example.explanation.endswith("got offset 0, no higher")


def test_a_gap_is_told_with_the_sends_that_were_left_for_it():
    seen = ["alice send k1 7 -> lost", "bob poll k1:0 -> k1 0=7", "dave send k1 8 -> 3"]
    [example] = examples("offset-gap", *seen)
    assert "offset 1, below it, nothing was ever seen, and every send of unknown outcome was seen elsewhere" in (
        example.explanation
    )
    [example] = examples("offset-gap", "alice send k1 9 -> lost", *seen)
    assert "offset 2, below it, nothing was ever seen, and all sends that nobody saw (1) are needed for lower ones" in (
        example.explanation
    )
    assert example.operations == (3, 0)


def test_each_part_of_a_reply_that_is_malformed_is_told_by_itself():
    lines = [
        'bob poll k1:0 k2:0 k3:0 -> reply {"msgs": {"k1": [], "k2": [["x", 1]], "k3": 5}, "more": 1}',
        'carol list k1 k2 -> reply {"offsets": {"k1": -3, "k2": "a"}}',
    ]
    told = [example.explanation for example in examples("malformed-reply", *lines)]
    assert sorted(text.split("`")[1] for text in told) == [
        "more",
        "msgs.k2[0][0]",
        "msgs.k3",
        "offsets.k1",
        "offsets.k2",
    ]


def test_of_an_error_that_is_malformed_it_is_told_what_is_wrong_not_that_an_error_came():
    [example] = examples("malformed-reply", 'bob poll k1:0 -> reply {"type": "error", "code": "13", "text": "no"}')
    assert "answered bob's poll with an error that is not of its form: field `code`: expected" in example.explanation
    assert example.explanation.endswith("(protocol: Errors)")


def test_a_reply_that_is_malformed_is_held_against_the_workload_s_form_of_it():
    [example] = examples("malformed-reply", 'bob poll k1:0 -> reply {"msgs": 5}')
    assert example.explanation.endswith("(protocol: the kafka workload, poll)")


def test_a_message_at_too_many_offsets_may_be_there_or_may_have_been_told_there():
    [example] = examples("duplicate", "alice send k1 7 -> 5", "bob poll k1:0 -> k1 0=7", promises=SPARSE)
    assert 'was sent to key "k1" once, by alice, but was seen at 2 offsets, 0 and 5' in example.explanation


def test_half_of_a_commit_is_told_by_the_commit_that_was_halved_not_by_one_that_came_too_late():
    [example] = examples(
        "nonatomic-commit",
        "alice send k1 7 -> 0",
        "bob commit k1:0 k2:9 -> lost",
        "carol list k1 k2 -> k1:0",
        "dave commit k1:0 -> ok",
        consistency="linearizable",
    )
    assert example.operations == (1, 2)
    assert "bob's commit (operation 1) cannot have happened at all" in example.explanation
    assert "dave" not in example.explanation


def test_of_every_commit_that_may_have_been_seen_it_is_told_why_it_was_not():
    [example] = examples(
        "nonatomic-commit",
        "bob commit k1:3 k2:3 -> lost",
        "dave commit k1:3 k2:4 -> lost",
        "carol list k1 k2 -> k1:3",
        consistency="linearizable",
        promises=Promises(refuses_commit_past_end=False),
    )
    for commit in ("bob's commit (operation 0)", "dave's commit (operation 1)"):
        assert f'carol\'s list (operation 2) came before {commit}, for of "k2"' in example.explanation
        assert f"{commit} is one of 2 commits of which one came before carol's list" in example.explanation
    assert example.explanation.endswith("so none of them can have come first")


def test_of_very_many_commits_that_may_have_been_seen_a_few_are_told():
    lost = [f"bob{number} commit k1:3 k2:3 -> lost" for number in range(100)]
    [example] = examples(
        "nonatomic-commit",
        *lost,
        "carol list k1 k2 -> k1:3",
        consistency="linearizable",
        promises=Promises(refuses_commit_past_end=False),
    )
    assert len(example.operations) == 6
    assert example.explanation.endswith("; the same is true of the 95 others; so none of them can have come first")
