"""A program is taken to be at rest only if all of its threads waited at one instant."""

import os

import pytest

from kafkasim.processes.rest import Rest


class Thread:
    """A thread that does this and that while it is looked at."""

    def __init__(self, *, awake=False):
        self.awake, self.ran, self.looks, self.then = awake, 1, 0, None

    def running(self):
        self.looks += 1
        if self.then is not None:
            then, self.then = self.then, None
            then()
        return self.awake

    def runs(self):
        return self.ran

    def close(self):
        pass


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


def test_a_thread_that_runs_is_not_at_rest():
    assert not rest_of(Thread(), Thread(awake=True))()


def test_a_thread_that_was_woken_by_one_that_was_looked_at_later_is_not_at_rest():
    """It has not run yet, for no processor is free, so it is not told by how often it has run."""
    first, second = Thread(), Thread()
    second.then = lambda: setattr(first, "awake", True)

    assert not rest_of(first, second)()


def test_a_thread_that_was_woken_and_has_run_and_waits_again_was_not_at_rest():
    first, second = Thread(), Thread()
    second.then = lambda: setattr(first, "ran", 2)

    assert not rest_of(first, second)()


def test_a_thread_that_came_while_the_others_were_looked_at_is_not_overlooked():
    rest = rest_of(Thread(), Thread())
    new = Thread(awake=True)
    rest._changed = lambda: True
    rest._look = lambda: setattr(rest, "_threads", [new])

    assert not rest()
