"""Real threads that switch as often as they can, and what must hold of everything they were told."""

import random
from functools import partial

import pytest

from kafkasim import LogEngine
from kafkasim.checkers import check
from tests.core.recording import Recorder, run_together

KEYS = ("a", "b", "c")
THREADS = 4


def work(client, process, count):
    """One client's mix of operations; what it sends is unique. It checks what must hold within one process."""
    drawn = random.Random(process).random
    next_offsets = dict.fromkeys(KEYS, 0)
    last_listed = dict.fromkeys(KEYS, -1)
    last_sent = dict.fromkeys(KEYS, -1)
    for number in range(count):
        choice = drawn()
        key = KEYS[int(drawn() * len(KEYS))]
        if choice < 0.35:
            offset = client.send(key, [process, number])
            assert offset > last_sent[key]
            last_sent[key] = offset
        elif choice < 0.7:
            wanted = {key: next_offsets[key]} if drawn() < 0.5 else dict(next_offsets)
            for polled, pairs in client.poll(wanted, 1 + int(drawn() * 5)).items():
                offsets = [offset for offset, _ in pairs]
                assert offsets == list(range(wanted[polled], wanted[polled] + len(pairs)))
                next_offsets[polled] = offsets[-1] + 1
        elif choice < 0.85:
            read = {name: following - 1 for name, following in next_offsets.items() if following}
            assert client.commit_offsets(read)
            past = {**read, key: next_offsets[key] + 10**6}
            assert not client.commit_offsets(past)
        else:
            for listed, offset in client.list_committed_offsets(list(KEYS)).items():
                assert offset >= last_listed[listed]
                last_listed[listed] = offset


@pytest.fixture(scope="module")
def history():
    recorder = Recorder(LogEngine())
    run_together([partial(work, recorder.client(process), process, 1500) for process in range(THREADS)])
    return recorder.history()


def of(history, function):
    return [op for op in history.operations if op.f == function and op.type == "ok"]


def test_the_threads_did_overlap(history):
    overlapping = sum(
        earlier.end_event > later.begin_event
        for earlier, later in zip(history.operations, history.operations[1:], strict=False)
    )
    assert overlapping > 0


def test_every_offset_is_given_once_and_nothing_is_lost(history):
    given: dict[str, dict[int, object]] = {}
    for op in of(history, "send"):
        given.setdefault(op.request["key"], {})[op.response["offset"]] = op.request["msg"]
    final = history.operations[-1].response["msgs"]
    assert {key: dict(pairs) for key, pairs in final.items()} == given
    assert sum(len(offsets) for offsets in given.values()) == len(of(history, "send"))
    for offsets in given.values():
        assert sorted(offsets) == list(range(len(offsets)))


def test_every_poll_returned_what_the_log_has_there(history):
    final = history.operations[-1].response["msgs"]
    for op in of(history, "poll"):
        for key, pairs in op.response["msgs"].items():
            start = op.request["offsets"][key]
            assert pairs == final[key][start : start + len(pairs)]


def test_a_refused_commit_left_nothing(history):
    highest = max(max(op.response["offsets"].values(), default=0) for op in of(history, "list_committed_offsets"))
    assert highest < 10**6
    assert any(op.type == "fail" for op in history.operations)


def test_the_checkers_find_the_history_linearizable(history):
    result = check(history)
    assert (result.verdict, result.consistency, result.anomalies) == ("valid", "linearizable", [])
    assert result.checked["lost-write"] == len(of(history, "send"))


def test_a_poll_of_two_keys_written_in_turn_never_sees_the_second_ahead_or_far_behind():
    engine = LogEngine()
    torn = []

    def write():
        for number in range(1500):
            engine.send("first", number)
            engine.send("second", number)

    def read():
        ahead = None
        while ahead != (1500, 1500):
            found = engine.poll({"second": 0, "first": 0})
            ahead = len(found.get("first", ())), len(found.get("second", ()))
            if not 0 <= ahead[0] - ahead[1] <= 1:
                torn.append(ahead)

    run_together([write, read, read])
    assert torn == []


def test_commits_of_two_keys_are_listed_together():
    engine = LogEngine()
    for number in range(1000):
        engine.send("a", number)
        engine.send("b", number)
    torn = []

    def commit():
        for offset in range(1000):
            engine.commit_offsets({"a": offset, "b": offset})

    def read():
        listed: dict[str, int] = {}
        while listed != {"a": 999, "b": 999}:
            listed = engine.list_committed_offsets(["b", "a"])
            if len(set(listed.values())) > 1:
                torn.append(listed)

    run_together([commit, commit, read])
    assert torn == []
