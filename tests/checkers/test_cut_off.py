"""A history that was cut off is judged by what is known of it: what was cut off proves nothing."""

from __future__ import annotations

import pytest

from kafkasim.anomalies.notation import build
from kafkasim.checkers import check
from kafkasim.history import History
from kafkasim.history_lines import decode_history, encode_history
from tests.checkers.naive_runs import random_history
from tests.checkers.test_realtime_agreement import errors_of_order


def cut(history: History, lines: int, more: int = 0) -> History:
    """What is read of a file of which so many lines are left, and so many bytes of the next."""
    every = encode_history(history).splitlines(keepends=True)
    return decode_history(b"".join(every[:lines]) + every[lines][:more])


@pytest.mark.parametrize("seed", range(30))
def test_a_correct_history_that_was_cut_off_anywhere_is_not_accused(seed):
    history = random_history(seed, most=40)
    for lines in range(1, len(history.operations) + 2):
        for more in (0, 9):
            assert errors_of_order(check(cut(history, lines, more))) == []


def test_a_poll_of_what_was_cut_off_is_no_phantom_read():
    history = build("alice send k1 6 -> 0", "bob poll k1:0 ...", "carol send k1 7 -> 1", "bob -> k1 0=6 1=7")
    assert check(cut(history, 4)).anomalies == []
    assert check(cut(history, 3)).anomalies == []


@pytest.mark.parametrize("lines", [3, 4])
def test_what_ended_before_the_cut_is_judged(lines):
    history = build("alice send k1 6 -> 0", "bob poll k1:0 -> k1 0=5", "carol poll k1:0 -> k1 0=6")
    kinds = [anomaly.kind for anomaly in check(cut(history, lines)).anomalies]
    assert kinds == ["inconsistent-offsets", "phantom-read"]


def test_where_events_are_not_numbered_one_by_one_everything_is_judged():
    history = build("alice send k1 6 -> 0", "bob poll k1:0 -> k1 0=5")
    for op in history.operations:
        op.begin_event, op.end_event = op.begin_event * 10, op.begin_event * 10 + 5
    assert "phantom-read" in {anomaly.kind for anomaly in check(cut(history, 3)).anomalies}
