"""The exhaustive search itself: what it must accept, what it must reject."""

from tests.core.linearizability import Completed, linearization
from tests.core.reference import Call, ReferenceLog

SEND_1 = Call("send", ("a", 1))
SEND_2 = Call("send", ("a", 2))
POLL_A = Call("poll", ({"a": 0},))
POLL_AB = Call("poll", ({"a": 0, "b": 0},))
SEND_B = Call("send", ("b", 3))


def accepts(*operations, start=None):
    history = [Completed(thread, *operation) for thread, operation in enumerate(operations)]
    found = linearization(history, start)
    assert found is None or sorted(op.begin for op in found) == sorted(op.begin for op in history)
    return found is not None


def test_accepts_nothing_at_all():
    assert accepts()


def test_accepts_one_after_the_other():
    assert accepts((SEND_1, 0, 0, 1), (SEND_2, 1, 2, 3), (POLL_A, {"a": [(0, 1), (1, 2)]}, 4, 5))


def test_accepts_concurrent_sends_in_either_order():
    assert accepts((SEND_1, 1, 0, 2), (SEND_2, 0, 1, 3))
    assert accepts((SEND_1, 0, 0, 2), (SEND_2, 1, 1, 3))


def test_accepts_a_poll_before_a_send_that_it_overlaps():
    assert accepts((SEND_1, 0, 0, 2), (POLL_A, {}, 1, 3))


def test_accepts_what_was_there_before():
    assert accepts((POLL_A, {"a": [(0, 7)]}, 0, 1), start=ReferenceLog({"a": [7]}))


def test_rejects_offsets_against_real_time():
    assert not accepts((SEND_1, 1, 0, 1), (SEND_2, 0, 2, 3))


def test_rejects_one_offset_given_twice():
    assert not accepts((SEND_1, 0, 0, 2), (SEND_2, 0, 1, 3))


def test_rejects_a_poll_that_misses_what_was_acknowledged_before_it():
    assert not accepts((SEND_1, 0, 0, 1), (POLL_A, {}, 2, 3))


def test_rejects_a_poll_of_two_keys_that_is_no_single_instant():
    sends = (SEND_1, 0, 0, 1), (SEND_B, 0, 2, 3)
    assert accepts(*sends, (POLL_AB, {"a": [(0, 1)]}, -1, 4))
    assert not accepts(*sends, (POLL_AB, {"b": [(0, 3)]}, -1, 4))
