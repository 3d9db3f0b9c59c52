"""The exhaustive search itself: hand-made histories whose answer one can see."""

from __future__ import annotations

from typing import Any

import pytest

from kafkasim.history import Function, Operation, Outcome, Promises
from tests.checkers.exhaustive import linearizable


def op(f: Function, begin: int, end: int | None, request: dict[str, Any], response: Any = None) -> Operation:
    """An operation that is ok where it has a response, and info where it has none."""
    outcome: Outcome = "info" if response is None else "ok"
    return Operation(
        index=begin,
        process=begin,
        f=f,
        request=request,
        type=outcome,
        response=response,
        start=begin,
        end=end,
        begin_event=begin,
        end_event=end,
    )


def send(begin: int, end: int | None, msg: int, offset: int | None, key: str = "k") -> Operation:
    return op("send", begin, end, {"key": key, "msg": msg}, None if offset is None else {"offset": offset})


def poll(begin: int, end: int, asked: dict[str, int], **msgs: list[Any]) -> Operation:
    return op("poll", begin, end, {"offsets": asked}, {"msgs": msgs})


def commit(begin: int, end: int | None, **offsets: int) -> Operation:
    return op("commit_offsets", begin, end, {"offsets": offsets}, None if end is None else {})


def listing(begin: int, end: int, keys: list[str], **offsets: int) -> Operation:
    return op("list_committed_offsets", begin, end, {"keys": keys}, {"offsets": offsets})


ENGINE = Promises()
ANY_COMMIT = Promises(refuses_commit_past_end=False)


def test_an_empty_history_is_linearizable():
    assert linearizable([], ENGINE)


def test_one_after_the_other_is_linearizable():
    assert linearizable(
        [
            send(0, 1, 7, 0),
            poll(2, 3, {"k": 0}, k=[[0, 7]]),
            commit(4, 5, k=0),
            listing(6, 7, ["k"], k=0),
            poll(8, 9, {"k": 1}),
        ],
        ENGINE,
    )


def test_overlapping_operations_may_happen_in_either_order():
    assert linearizable([send(0, 3, 7, 0), poll(1, 2, {"k": 0})], ENGINE)
    assert linearizable([send(0, 3, 7, 0), poll(1, 2, {"k": 0}, k=[[0, 7]])], ENGINE)


def test_a_poll_after_an_acknowledged_send_must_see_it():
    assert not linearizable([send(0, 1, 7, 0), poll(2, 3, {"k": 0})], ENGINE)
    assert linearizable([send(0, 1, 7, 0), poll(2, 3, {"k": 0})], Promises(poll_limit_known=False))


def test_a_poll_cannot_see_what_begins_later():
    assert not linearizable([poll(0, 1, {"k": 0}, k=[[0, 7]]), send(2, 3, 7, 0)], ENGINE)


def test_what_has_no_end_may_take_effect_late_or_never():
    unknown = send(0, None, 7, None)
    assert linearizable([unknown, poll(1, 2, {"k": 0}), poll(3, 4, {"k": 0}, k=[[0, 7]])], ENGINE)
    assert linearizable([unknown, poll(1, 2, {"k": 0})], ENGINE)
    assert not linearizable([unknown, poll(1, 2, {"k": 0}, k=[[0, 7]]), poll(3, 4, {"k": 0})], ENGINE)


def test_a_failed_send_takes_no_part():
    failed = send(0, 1, 7, None)
    failed.type = "fail"
    assert not linearizable([failed, poll(2, 3, {"k": 0}, k=[[0, 7]])], ENGINE)


def test_dense_offsets_leave_no_gap_but_sparse_ones_may():
    history = [send(0, 1, 7, 4), poll(2, 3, {"k": 0}, k=[[4, 7]])]
    assert not linearizable(history, ENGINE)
    assert linearizable(history, Promises(offsets="sparse"))


def test_an_unknown_send_fills_a_gap():
    assert linearizable([send(0, None, 6, None), send(1, 2, 7, 1)], ENGINE)
    assert not linearizable([send(1, 2, 7, 1), send(3, None, 6, None)], ENGINE)


def test_sparse_offsets_must_grow():
    assert not linearizable([send(0, 1, 7, 5), send(2, 3, 8, 4)], Promises(offsets="sparse"))


def test_a_poll_goes_up_to_its_limit_exactly():
    sends = [send(0, 1, 7, 0), send(2, 3, 8, 1), send(4, 5, 9, 2)]
    two = Promises(poll_limit=2)
    assert linearizable([*sends, poll(6, 7, {"k": 0}, k=[[0, 7], [1, 8]])], two)
    assert not linearizable([*sends, poll(6, 7, {"k": 0}, k=[[0, 7]])], two)
    assert not linearizable([*sends, poll(6, 7, {"k": 0}, k=[[0, 7], [1, 8], [2, 9]])], two)
    kept_one = poll(6, 7, {"k": 0}, k=[[0, 7]])
    kept_one.max_messages = 1
    assert linearizable([*sends, kept_one], two)


def test_a_poll_that_does_not_record_what_it_asked_for_may_start_anywhere():
    sends = [send(0, 1, 7, 0), send(2, 3, 8, 1)]
    assert linearizable([*sends, op("poll", 4, 5, {}, {"msgs": {"k": [[1, 8]]}})], ENGINE)
    assert not linearizable([*sends, op("poll", 4, 5, {}, {"msgs": {"k": [[0, 7]]}})], ENGINE)


def test_a_committed_offset_never_goes_back():
    both = [commit(0, 1, k=3), commit(2, 3, k=1)]
    assert linearizable([*both, listing(4, 5, ["k"], k=3)], ANY_COMMIT)
    assert not linearizable([*both, listing(4, 5, ["k"], k=1)], ANY_COMMIT)
    assert not linearizable([*both, listing(4, 5, ["k"])], ANY_COMMIT)


def test_a_committed_offset_may_go_back_where_the_last_write_wins():
    last_write = Promises(commits="last-write", refuses_commit_past_end=False)
    both = [commit(0, 1, k=3), commit(2, 3, k=1)]
    assert linearizable([*both, listing(4, 5, ["k"], k=1)], last_write)
    assert not linearizable([*both, listing(4, 5, ["k"], k=2)], last_write)


def test_an_unknown_commit_may_have_happened():
    assert linearizable([commit(0, None, k=3), listing(1, 2, ["k"]), listing(3, 4, ["k"], k=3)], ANY_COMMIT)


def test_a_commit_past_the_end_is_refused_where_that_is_promised():
    assert not linearizable([commit(0, 1, k=0), send(2, 3, 7, 0)], ENGINE)
    assert linearizable([commit(0, 1, k=0), send(2, 3, 7, 0)], ANY_COMMIT)
    assert linearizable([commit(0, 3, k=0), send(1, 2, 7, 0)], ENGINE)
    assert linearizable([send(0, None, 7, None), commit(1, 2, k=0)], ENGINE)
    assert not linearizable([send(0, None, 7, None), commit(1, 2, k=1)], ENGINE)


@pytest.mark.parametrize("atomic", [True, False])
def test_a_poll_of_several_keys_is_one_instant_only_where_that_is_promised(atomic):
    history = [
        poll(0, 9, {"a": 0, "b": 0}, b=[[0, 2]]),
        send(1, 2, 1, 0, key="a"),
        send(3, 4, 2, 0, key="b"),
    ]
    assert linearizable(history, Promises(atomic_keys=atomic)) is not atomic


@pytest.mark.parametrize("atomic", [True, False])
def test_a_commit_of_several_keys_is_one_instant_only_where_that_is_promised(atomic):
    history = [commit(0, 9, a=1, b=1), listing(1, 2, ["a", "b"], a=1)]
    promises = Promises(atomic_keys=atomic, refuses_commit_past_end=False)
    assert linearizable(history, promises) is not atomic


def test_a_history_of_many_unknown_operations_is_searched_in_no_time():
    history = [send(place, None, place, None) for place in range(7)]
    history.append(poll(10, 11, {"k": 0}, k=[[place, 6 - place] for place in range(7)]))
    assert linearizable(history, ENGINE)
    history[-1].response = {"msgs": {"k": [[0, 3], [1, 3]]}}
    assert not linearizable(history, ENGINE)
