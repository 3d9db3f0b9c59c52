"""Ctrl-C while lines are run: it stops between two lines, never inside of one.

An exception in the middle of a request would leave a log that holds a message of which the session knows nothing. So
the signal is only noted, and whoever runs lines looks between them. Where nothing can be torn (while a line is waited
for, while something is only looked at) it is raised at once, and a second one cuts what is being printed.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Interrupts:
    """What Ctrl-C has asked for. Outside of `watched` nothing is changed: the signal raises `KeyboardInterrupt`.

    >>> interrupts = Interrupts()
    >>> with interrupts.watched():
    ...     signal.raise_signal(signal.SIGINT)
    ...     interrupts.asked
    True
    """

    def __init__(self) -> None:
        self.asked = False
        """Whether somebody wants it to stop."""
        self.watching = False
        """Whether this is who is told of the signal."""
        self._at_once = False
        self._at_the_second = False

    @contextmanager
    def watched(self) -> Iterator[None]:
        """While it lasts the signal is noted rather than raised."""
        self.asked, self.watching = False, True
        before = signal.signal(signal.SIGINT, self._note)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)
            self.asked, self.watching = False, False

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
        """While it lasts (something is printed, perhaps for long) who asks again is obeyed at once."""
        before, self._at_the_second = self._at_the_second, True
        try:
            yield
        finally:
            self._at_the_second = before

    def _note(self, _signal: int, _frame: FrameType | None) -> None:
        if self._at_once or (self._at_the_second and self.asked):
            # All of it ends with this, and a block that is stopped on its way out could not say so any more.
            self._at_once = self._at_the_second = False
            raise KeyboardInterrupt
        self.asked = True
