"""Checking and reading leave Python's garbage collector as they found it."""

from __future__ import annotations

import gc

import pytest

from kafkasim.anomalies.notation import build
from kafkasim.checkers import check, judging
from kafkasim.checkers.index import Index
from kafkasim.history import HistoryError
from kafkasim.history_lines import decode_history, encode_history

HISTORY = build("alice send k1 7 -> 0", "bob poll k1:0 -> k1 0=7")


def test_nothing_is_collected_while_a_history_is_checked(monkeypatch):
    seen = []

    def look(index: Index, result: object) -> str:
        seen.append(gc.isenabled())
        return "valid"

    monkeypatch.setattr(judging, "_verdict", look)
    assert gc.isenabled()
    check(HISTORY)
    assert seen == [False]
    assert gc.isenabled()


def test_a_collector_that_rests_already_goes_on_resting():
    gc.disable()
    try:
        check(decode_history(encode_history(HISTORY)))
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_the_collector_works_again_after_a_history_that_cannot_be_read():
    with pytest.raises(HistoryError):
        decode_history(b"{}")
    assert gc.isenabled()
