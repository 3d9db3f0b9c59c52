"""The virtual clock: what happens next, in order of time, and of asking where times tie."""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush
from typing import Any

Event = tuple[int, int, Callable[[Any], None], Any]
"""When (ns), which one at that time, what is to be called, and with what. A plain tuple: the heap compares it at
every step of the run, and the second number, which is never the same twice, decides before anything else is
looked at."""


def stamp(moment: int) -> str:
    """A moment of a run's clock (ns) as it stands before or in a line of a log.

    >>> stamp(2_500_000_999)
    '2.500000 s'
    """
    seconds, nanoseconds = divmod(moment, 1_000_000_000)
    return f"{seconds}.{nanoseconds // 1000:06d} s"


class Clock:
    """Virtual time in nanoseconds, and what is still to come.

    ``action`` of an event is a method of an object of the world, never a closure, so that a copy of the world is
    a world of its own.

    >>> clock, seen = Clock(), []
    >>> clock.after(20, seen.append, "later")
    >>> clock.after(10, seen.append, "sooner")
    >>> clock.after(10, seen.append, "sooner too")
    >>> while clock.events: clock.step()
    >>> clock.now, seen
    (20, ['sooner', 'sooner too', 'later'])
    """

    __slots__ = ("asked", "events", "now")

    def __init__(self) -> None:
        self.now = 0
        self.events: list[Event] = []
        """A heap; the first is the next."""
        self.asked = 0
        """How many events were asked for so far."""

    def after(self, delay: int, action: Callable[[Any], None], argument: Any = None) -> None:
        """Has the action called with the argument, ``delay`` nanoseconds (0 or more) from now."""
        self.asked = asked = self.asked + 1
        heappush(self.events, (self.now + delay, asked, action, argument))

    def at(self, time: int, action: Callable[[Any], None], argument: Any = None) -> None:
        """Has the action called with the argument at a time, which must not be in the past."""
        self.asked = asked = self.asked + 1
        heappush(self.events, (time, asked, action, argument))

    def step(self) -> None:
        """Lets the next event happen. There must be one."""
        self.now, _, action, argument = heappop(self.events)
        action(argument)


class Activity:
    """How many of those who act by themselves (scripts, generated clients, readers) still have something to do."""

    __slots__ = ("busy",)

    def __init__(self) -> None:
        self.busy = 0

    def begin(self) -> None:
        """One more."""
        self.busy += 1

    def end(self) -> None:
        """One less."""
        self.busy -= 1
