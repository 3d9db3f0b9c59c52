"""What the node asks of its two file descriptors: how often it reads and writes, and how it waits for them."""

import os
import select
import signal
from functools import partial

import pytest

from kafkasim.node import READ_SIZE, Signals, serve
from kafkasim.service import LogService
from tests.node.conftest import INIT, answer, line, pipe


def sends(count):
    return b"".join(line({"type": "send", "msg_id": n, "key": "k", "msg": n}) for n in range(count))


class Watched:
    """The system calls of the node, recorded; ``waits`` is called whenever the node waits for a descriptor."""

    def __init__(self, monkeypatch, waits=None):
        self.reads: list[int] = []
        self.writes: list[bytes] = []
        self._refused = 0
        self._waits = waits
        for module, name in ((os, "read"), (os, "write"), (select, "select")):
            monkeypatch.setattr(module, name, partial(getattr(self, name), getattr(module, name)))

    def read(self, real, descriptor, size):
        assert size <= READ_SIZE, "more is asked for at once than fits in the cache"
        data = self._tried(real, descriptor, size)
        self.reads.append(len(data))
        return data

    def write(self, real, descriptor, data):
        written = self._tried(real, descriptor, data)
        self.writes.append(bytes(data[:written]))
        return written

    def _tried(self, real, *arguments):
        assert self._refused < 2, "refused twice, the node tries again without having waited"
        try:
            return real(*arguments)
        except BlockingIOError:
            self._refused += 1
            raise

    def select(self, real, *descriptors):
        self._refused = 0
        self._waits(*descriptors)
        return real(*descriptors)


def watched_serving(monkeypatch, requests):
    """What the node asks of its descriptors where all the requests have arrived before it looks."""
    with pipe() as (stdin, to_node), pipe() as (_, stdout), monkeypatch.context() as patch:
        os.write(to_node, requests)
        os.close(to_node)
        watched = Watched(patch)
        serve(LogService(), stdin, stdout)
    return watched


def test_requests_that_arrive_together_are_read_at_once_and_answered_by_one_write(monkeypatch):
    requests = INIT + sends(100)
    watched = watched_serving(monkeypatch, requests)
    assert watched.reads == [len(requests), 0]
    assert watched.writes == [answer(LogService(), requests)]


def test_more_than_is_read_at_once_is_answered_by_one_write_a_read(monkeypatch):
    requests = INIT + sends(500)
    watched = watched_serving(monkeypatch, requests)
    assert watched.reads == [READ_SIZE, READ_SIZE, len(requests) - 2 * READ_SIZE, 0]
    assert len(watched.writes) == 3
    assert b"".join(watched.writes) == answer(LogService(), requests)


def fill(descriptor):
    """Writes until nothing more is taken; returns what was written."""
    written = 0
    while True:
        try:
            written += os.write(descriptor, b"." * 1000)
        except BlockingIOError:
            return b"." * written


@pytest.mark.parametrize("full", [True, False], ids=["none-of-the-first-write-is-taken", "some-of-it-is"])
def test_a_reader_slower_than_the_node_gets_every_byte_once_and_in_order(monkeypatch, full):
    polls = b"".join(line({"type": "poll", "msg_id": n, "offsets": {"k": 0}}) for n in range(20))
    requests = INIT + line({"type": "send", "msg_id": 1, "key": "k", "msg": "".join(map(str, range(3000)))}) + polls
    taken = bytearray()
    with pipe() as (stdin, to_node), pipe() as (from_node, stdout), monkeypatch.context() as patch:
        os.write(to_node, requests)
        os.close(to_node)
        os.set_blocking(stdout, False)
        before = fill(stdout) if full else b""
        read = os.read

        def take_some(*waits_for):
            assert waits_for == ([], [stdout], [])
            taken.extend(read(from_node, 5000))

        watched = Watched(patch, take_some)
        serve(LogService(), stdin, stdout)
        os.close(stdout)
        while data := read(from_node, 1 << 20):
            taken.extend(data)
    assert len(watched.writes) > 20
    assert bytes(taken) == before + answer(LogService(), requests)


def test_a_node_whose_input_comes_slower_than_it_reads_waits_for_it(monkeypatch):
    requests = INIT + sends(20)
    with pipe() as (stdin, to_node), pipe() as (_, stdout), monkeypatch.context() as patch:
        os.set_blocking(stdin, False)
        write = os.write
        pieces = iter([requests[start : start + 77] for start in range(0, len(requests), 77)])

        def give_some(*waits_for):
            assert waits_for == ([stdin], [], [])
            piece = next(pieces, None)
            if piece is None:
                os.close(to_node)
            else:
                write(to_node, piece)

        watched = Watched(patch, give_some)
        serve(LogService(), stdin, stdout)
    assert sum(watched.reads) == len(requests)
    assert b"".join(watched.writes) == answer(LogService(), requests)


def test_a_signal_wakes_a_node_that_waits_for_input(monkeypatch):
    signals = Signals()

    def wait(_descriptor, _size):
        signals.take(signal.SIGTERM, None)
        raise AssertionError("the node waits on")

    with monkeypatch.context() as patch:
        patch.setattr(os, "read", wait)
        serve(LogService(), signals=signals)
    assert signals.received == signal.SIGTERM


def test_a_signal_that_comes_while_the_node_works_ends_it_after_the_answers():
    signals = Signals()

    class Told(LogService):
        def send(self, request):
            signals.take(signal.SIGTERM, None)
            return super().send(request)

    requests = INIT + sends(1)
    with pipe() as (stdin, to_node), pipe() as (from_node, stdout):
        os.write(to_node, requests)
        serve(Told(), stdin, stdout, signals)  # returns though its input is open
        assert os.read(from_node, 1 << 16) == answer(LogService(), requests)
