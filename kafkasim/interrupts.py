"""Signals that are noted or held back, for work that must not be torn in the middle of a step.

An exception in the middle of a request would leave a log that holds a message of which nobody knows, and in the middle
of an event half of what a node did. So Ctrl-C is only noted, and whoever works looks between two steps. Where
nothing can be torn (while a line is waited for, while something is only looked at) it is raised at once, and a second
one cuts what takes too long.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

TELLING_TO_END: Final = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name))
"""The signals by which a program is told to end, as far as the system has them."""


class Interrupts:
    """What signals have asked for. Outside of `watched` nothing is changed: Ctrl-C raises `KeyboardInterrupt`.

    >>> interrupts = Interrupts()
    >>> with interrupts.watched():
    ...     signal.raise_signal(signal.SIGINT)
    ...     interrupts.asked
    <Signals.SIGINT: 2>
    """

    def __init__(self) -> None:
        self.asked: signal.Signals | None = None
        """The last signal that wants it to stop."""
        self.watching = False
        """Whether this is who is told of Ctrl-C."""
        self._at_once = False
        self._at_the_second = False

    @contextmanager
    def watched(self, *others: signal.Signals) -> Iterator[None]:
        """While it lasts Ctrl-C is noted rather than raised, and so are the ``others``.

        Signals can be taken over in the main thread alone. One that is ignored stays so; and Ctrl-C is left to whoever
        else has taken it over.
        """
        before = {number: signal.getsignal(number) for number in (signal.SIGINT, *others) if _is_free(number)}
        self.asked, self.watching = None, signal.SIGINT in before
        try:
            for number in before:
                signal.signal(number, self._note)
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
            self.asked, self.watching = None, False

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """While it lasts nothing can be torn: the signal is raised."""
        before, self._at_once = self._at_once, True
        try:
            yield
        finally:
            self._at_once = before

    @contextmanager
    def never(self) -> Iterator[None]:
        """While it lasts something could be torn: the signal is noted, however often it comes."""
        before = self._at_once, self._at_the_second
        self._at_once = self._at_the_second = False
        try:
            yield
        finally:
            self._at_once, self._at_the_second = before

    @contextmanager
    def at_the_second(self) -> Iterator[None]:
        """While it lasts (something takes long, perhaps too long) who asks again is obeyed at once."""
        before, self._at_the_second = self._at_the_second, True
        try:
            yield
        finally:
            self._at_the_second = before

    def _note(self, number: int, _frame: FrameType | None) -> None:
        if self._at_once or (self._at_the_second and self.asked is not None):
            # All of it ends with this, and a block that is stopped on its way out could not say so any more.
            self._at_once = self._at_the_second = False
            raise KeyboardInterrupt
        self.asked = signal.Signals(number)


@contextmanager
def signals_held_back(*numbers: signal.Signals) -> Iterator[None]:
    """While it lasts the signals wait, for this thread and whatever it starts, where the system can have them wait."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, numbers)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _is_free(number: signal.Signals) -> bool:
    if threading.current_thread() is not threading.main_thread():
        return False
    handler = signal.getsignal(number)
    if number == signal.SIGINT:
        return handler is signal.default_int_handler
    return handler not in (signal.SIG_IGN, None)  # None: what was not set from Python
