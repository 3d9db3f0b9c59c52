"""How far polls lag behind the log: by examples, and against a version that looks at everything for each poll."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kafkasim.history import Operation
from kafkasim.scenario import model
from kafkasim.scenario.model import MILLISECOND, SECOND
from kafkasim.sim.realtime_lag import worst_realtime_lag
from kafkasim.sim.result import RealtimeLag
from tests.sim.build import generated, run


def operation(f, request, response, start, end, **fields):
    fields = {"index": 0, "type": "ok" if response is not None else "info"} | fields
    return Operation(
        process=0, f=f, request=request, response=response, start=start, end=end, begin_event=0, end_event=0, **fields
    )


def send(offset, start, end, key="k", **fields):
    return operation("send", {"key": key, "msg": offset}, {"offset": offset}, start, end, **fields)


def poll(asked, offsets, start, end, key="k", **fields):
    msgs = {key: [[offset, "m"] for offset in offsets]} if offsets else {}
    return operation("poll", {"offsets": {key: asked}}, {"msgs": msgs}, start, end, **fields)


def lag(*operations):
    for place, op in enumerate(operations):
        op.index = place
    worst = worst_realtime_lag(operations)
    return None if worst is None else (worst.lag, worst.operation)


def test_a_poll_that_reads_all_that_is_known_does_not_lag():
    assert lag(send(0, 0, 10), poll(0, [0], 20, 30)) is None
    assert lag(send(0, 0, 10), poll(1, [], 20, 30)) is None
    assert lag(poll(0, [], 20, 30)) is None
    assert lag() is None


def test_a_poll_lags_from_when_the_first_message_that_it_left_was_known():
    assert lag(send(0, 0, 10), send(1, 10, 20), send(2, 20, 30), poll(0, [0], 100, 110)) == (80, 3)
    assert lag(send(0, 0, 10), poll(0, [], 15, 30)) == (5, 1)


def test_a_message_is_known_once_a_send_is_acknowledged_or_a_poll_has_returned_it():
    unanswered = operation("send", {"key": "k", "msg": 0}, None, 0, 5)
    assert lag(unanswered, poll(0, [], 50, 60)) is None
    assert lag(unanswered, poll(0, [0], 10, 20), poll(0, [], 50, 60)) == (30, 2)


def test_what_becomes_known_while_a_poll_is_under_way_is_not_held_against_it():
    assert lag(send(0, 0, 30), poll(0, [], 20, 40)) is None


def test_a_higher_offset_tells_that_a_log_has_grown_though_lower_ones_are_told_later():
    assert lag(send(5, 0, 10), send(3, 0, 40), poll(3, [], 50, 60)) == (40, 2)


def test_each_key_is_a_log_of_its_own():
    assert lag(send(0, 0, 10, key="other"), poll(0, [], 50, 60)) is None


def test_of_equal_lags_the_first_counts():
    assert lag(send(0, 0, 10), poll(0, [], 20, 21), poll(0, [], 20, 22)) == (10, 1)


def test_final_polls_read_old_messages_again_and_do_not_count():
    assert lag(send(0, 0, 10), send(1, 0, 10), poll(0, [0], 50, 60, final=True)) is None


def naive(operations):
    """For each poll and key, looks at every operation."""
    lags = []
    for op in operations:
        if op.f != "poll" or op.final:
            continue
        for key, asked in op.request["offsets"].items():
            seen = [offset for offset, _ in op.response["msgs"].get(key, ())]
            position = max([asked, *(offset + 1 for offset in seen)])
            since = [other.end for other in operations if position <= newest_told(other, key)]
            lags.append(RealtimeLag(max([0, *(op.start - end for end in since)]), key, op.index, op.start))
    worst = max(lags, key=lambda lag: lag.lag, default=None)
    return worst if worst and worst.lag else None


def newest_told(op, key):
    if op.f == "send":
        return op.response["offset"] if op.request["key"] == key else -1
    return max((offset for offset, _ in op.response["msgs"].get(key, ())), default=-1)


KEYS = st.sampled_from(["a", "b"])
OFFSETS = st.integers(0, 6)
SENDS = st.builds(lambda key, offset: ("send", {"key": key, "msg": 0}, {"offset": offset}), KEYS, OFFSETS)
POLLS = st.builds(
    lambda asked, msgs: ("poll", {"offsets": asked}, {"msgs": msgs}),
    st.dictionaries(KEYS, OFFSETS),
    st.dictionaries(KEYS, st.lists(st.tuples(OFFSETS, st.just("m")), max_size=3)),
)


@given(st.lists(st.tuples(st.one_of(SENDS, POLLS), st.integers(0, 3), st.integers(0, 9)), max_size=12))
def test_the_worst_lag_is_the_one_that_a_look_at_everything_finds(parts):
    operations, now = [], 0
    for index, ((f, request, response), later, length) in enumerate(parts):
        now += later
        operations.append(operation(f, request, response, now, now + length, index=index))
    assert worst_realtime_lag(operations) == naive(operations)


def test_a_node_that_answers_from_an_old_copy_lags_and_a_correct_one_hardly():
    correct, stale = (
        run(generated(system=model.System(bug=bug), workload={"duration": 4 * SECOND})).statistics.worst_realtime_lag
        for bug in (None, "stale-reads")
    )
    assert correct is None
    assert stale is not None
    assert stale.lag > 10 * MILLISECOND


def test_the_poll_with_the_worst_lag_is_named():
    result = run(generated(workload={"max_messages": 1, "rate": 1000}))
    worst = result.statistics.worst_realtime_lag
    assert worst is not None
    op = result.history.operations[worst.operation]
    assert (op.f, op.final, op.start) == ("poll", False, worst.at)
    assert worst.key in op.request["offsets"]
