"""Who waits for whom: the operations that take the lock, and those that go on while somebody holds it."""

import threading

import pytest

from kafkasim import LogEngine, core
from kafkasim.messages import CommitPastEndError


class CountingLock:
    """A lock that knows how often it was taken."""

    def __init__(self):
        self.lock = threading.Lock()
        self.taken = 0

    def __enter__(self):
        self.lock.acquire()
        self.taken += 1

    def __exit__(self, *_):
        self.lock.release()


@pytest.fixture
def lock():
    return CountingLock()


@pytest.fixture
def engine(lock):
    engine = LogEngine(lock=lock)
    for key in "ab":
        engine.send(key, "msg")
    engine.commit_offsets({"a": 0})
    lock.taken = 0
    return engine


def test_polls_and_lists_of_one_key_go_on_while_somebody_holds_the_lock(engine, lock):
    with lock.lock:
        assert engine.poll({"a": 0}) == {"a": [(0, "msg")]}
        assert engine.list_committed_offsets(["a"]) == {"a": 0}
        assert engine.list_committed_offsets(["b"]) == {}


def test_a_poll_of_several_keys_goes_on_while_their_ends_hold_still(engine, lock):
    with lock.lock:
        assert engine.poll({"a": 0, "b": 0, "never": 0}) == {"a": [(0, "msg")], "b": [(0, "msg")]}


def test_a_commit_is_refused_while_somebody_holds_the_lock(engine, lock):
    with lock.lock, pytest.raises(CommitPastEndError):
        engine.commit_offsets({"a": 0, "b": 1})


def test_what_changes_anything_takes_the_lock_once(engine, lock):
    engine.send("a", "msg")
    engine.send("new", "msg")
    engine.commit_offsets({"a": 0, "b": 0})
    assert lock.taken == 3


def test_what_reads_several_committed_offsets_takes_the_lock_once(engine, lock):
    assert engine.list_committed_offsets(["a", "b"]) == {"a": 0}
    assert engine.list_committed_offsets([]) == {}
    assert lock.taken == 2


def test_where_looks_are_not_ordered_only_a_poll_of_one_key_goes_without_the_lock(engine, lock, monkeypatch):
    monkeypatch.setattr(core, "_LOOKS_ARE_ORDERED", False)
    engine.poll({"a": 0})
    assert lock.taken == 0
    engine.poll({"a": 0, "b": 0})
    assert lock.taken == 1
    engine.list_committed_offsets(["a"])
    assert lock.taken == 2
