"""The processes in which many runs take place at once.

A worker process sends back everything but the operations, which are many and which only the report of a single run
shows; it writes the history itself. Ctrl-C is the main process's business: it stops the workers wherever they are
and goes on with what is known. A worker whose main process has vanished ends, too.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from typing import ParamSpec, TypeVar

Parameters = ParamSpec("Parameters")
Returned = TypeVar("Returned")


class _Workers(ProcessPoolExecutor):
    """Processes that Ctrl-C does not reach, not even while they start."""

    def submit(
        self, fn: Callable[Parameters, Returned], /, *args: Parameters.args, **kwargs: Parameters.kwargs
    ) -> Future[Returned]:
        """As usual. Processes are started in here, and inherit that the signal is blocked."""
        with _interrupts_held_back():
            return super().submit(fn, *args, **kwargs)


@contextlib.contextmanager
def worker_processes(jobs: int) -> Iterator[ProcessPoolExecutor]:
    """Within, so many processes to run in. Leaving by an exception ends what is under way; none is left behind."""
    context = multiprocessing.get_context("spawn")  # a fork would copy locks that other threads may hold
    executor = _Workers(jobs, mp_context=context, initializer=_begin_worker)
    try:
        yield executor
    except BaseException:
        # A run that has begun cannot be cancelled, only ended; so nobody waits for it.
        for process in multiprocessing.active_children():
            process.terminate()
        raise
    finally:
        executor.shutdown(cancel_futures=True)


@contextlib.contextmanager
def _interrupts_held_back() -> Iterator[None]:
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _begin_worker() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # where signals cannot be blocked
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
