"""A program is taken to be at rest only if all of its threads waited at one instant."""

import contextlib
import os
import sys
import threading

import pytest

from kafkasim.processes import rest as looks
from kafkasim.processes.rest import Rest, _Thread
from kafkasim.processes.waits import NAPS
from tests.processes.programs import NODES, result_of

NAPPING = b"35 0xc000051cb8 0x0"


class Thread(_Thread):
    """A thread that does this and that while it is looked at."""

    __slots__ = ("doing", "ran", "then")

    def __init__(self, doing=b"202 0x623678 0x80"):
        self.doing, self.ran, self.then = doing, 1, None

    def does(self):
        if self.then is not None:
            then, self.then = self.then, None
            then()
        return self.doing

    def runs(self):
        return self.ran

    def close(self):
        pass


@pytest.fixture
def _naps_of_x86(monkeypatch):
    monkeypatch.setattr(looks, "_NAPPING", b"35 ")


def rest_of(*threads):
    rest = Rest(os.getpid())
    if not rest.known:
        pytest.skip("this system does not tell what a program does")
    rest._changed = lambda: False  # type: ignore[method-assign]  # whatever this process does meanwhile
    rest.close()
    rest._threads = list(threads)
    return rest


def test_threads_that_wait_are_at_rest():
    assert rest_of(Thread(), Thread())()


@pytest.mark.parametrize("doing", [b"running\n", b"-1 0x7ffd26d404b8 0x40a74e\n"], ids=["it runs", "its memory comes"])
def test_a_thread_that_is_at_work_is_not_at_rest(doing):
    assert not rest_of(Thread(), Thread(doing))()


def test_a_process_that_has_ended_and_was_not_taken_note_of_is_at_rest():
    assert rest_of(Thread(), Thread(b"-1 0x0 0x0\n"))()


def test_a_node_that_takes_no_note_of_its_children_s_end_is_not_waited_for():
    code = f"""
import subprocess, sys
sys.path.insert(0, {str(NODES / "python")!r})
from node import Node
left = subprocess.Popen(["true"])
Node().run()
"""
    result = result_of((sys.executable, "-c", code))

    assert (result.verdict, result.pacing.given_up, result.pacing.real_from) == ("valid", (), None)


def test_a_thread_that_was_woken_by_one_that_was_looked_at_later_is_not_at_rest():
    """It has not run yet, for no processor is free, so it is not told by how often it has run."""
    first, second = Thread(), Thread()
    second.then = lambda: setattr(first, "doing", b"running\n")

    assert not rest_of(first, second)()


def test_a_thread_that_was_woken_and_has_run_and_waits_again_was_not_at_rest():
    first, second = Thread(), Thread()
    second.then = lambda: setattr(first, "ran", 2)

    assert not rest_of(first, second)()


@pytest.mark.usefixtures("_naps_of_x86")
def test_a_thread_that_naps_time_and_again_is_at_rest_and_is_told_of():
    first, second = Thread(NAPPING), Thread()
    second.then = lambda: setattr(first, "ran", 2)
    rest = rest_of(first, second)

    assert (rest(), rest.naps) == (True, True)
    first.doing = second.doing
    assert (rest(), rest.naps) == (True, False)


@pytest.mark.usefixtures("_naps_of_x86")
def test_a_thread_that_napped_and_does_something_else_now_was_not_at_rest():
    first, second = Thread(NAPPING), Thread()
    second.then = lambda: setattr(first, "doing", second.doing)

    assert not rest_of(first, second)()


def test_a_thread_that_came_while_the_others_were_looked_at_is_not_overlooked():
    rest = rest_of(Thread(), Thread())
    new = Thread(b"running\n")
    rest._changed = lambda: True
    rest._look = lambda: setattr(rest, "_threads", [new])

    assert not rest()


def test_where_a_thread_ended_while_threads_were_looked_for_it_is_looked_again(monkeypatch):
    """Another may have come in its place, so that there are as many as before, and was not seen."""
    rest = Rest(os.getpid())
    if not rest.known:
        pytest.skip("this system does not tell what a program does")
    numbers = [thread.number for thread in rest._threads]
    go_on = threading.Event()
    with contextlib.ExitStack() as stack:
        for _ in range(3):
            thread = threading.Thread(target=go_on.wait)
            thread.start()
            stack.callback(thread.join)
        stack.callback(go_on.set)
        opened = []

        def open_thread(task):
            opened.append(task)
            if len(opened) == 2:
                raise FileNotFoundError(task)
            return _Thread(task)

        monkeypatch.setattr(looks, "_Thread", open_thread)
        rest._look()
        assert len(rest._threads) == len(opened) - 1 >= len(numbers) + 2  # those after it were not forgotten
        assert rest._changed()
        rest._look()
        assert len(rest._threads) == len(numbers) + 3
        assert not rest._changed()
    rest.close()


@pytest.mark.skipif(os.uname().machine not in NAPS, reason="how a program naps there is not known")
def test_a_node_that_naps_between_an_answer_and_what_comes_of_it_is_not_taken_to_speak_unprompted():
    """As Go's runtime does, where another thread has work that it may take over."""
    code = f"""
import ctypes, os, sys
sys.path.insert(0, {str(NODES / "python")!r})
from replicated import ReplicatedNode
nanosleep = {{"x86_64": 35, "aarch64": 101}}[os.uname().machine]
system = ctypes.CDLL(None)
class Napping(ReplicatedNode):
    def ask(self, body):
        answer = super().ask(body)
        system.syscall(nanosleep, (ctypes.c_long * 2)(0, 20_000), None)
        return answer
Napping("lin-kv").run()
"""
    result = result_of((sys.executable, "-c", code), nodes=2)

    assert (result.verdict, result.pacing.real_from) == ("valid", None)
