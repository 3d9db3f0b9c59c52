"""How long programs sleep over what they were asked, against the virtual time that passes meanwhile.

What a program does that costs a processor's time costs it on any clock, and on the virtual one no run is the worse for
it. But one that waits for time to pass before it answers has time pass for nobody on the virtual clock, and all of it
for the person who waits for the run. Where that is more than the run would take in real time, real time is better.
"""

from __future__ import annotations

from typing import Final

from kafkasim.scenario.model import SECOND
from kafkasim.sim.clock import Clock

_STRETCH: Final = 2 * SECOND
"""So long the programs must have slept before it is judged, so that one slow request decides nothing."""


class Sleep:
    """How long the programs of a run have slept over requests. What they did else, or waited for, does not count.

    >>> clock = Clock()
    >>> sleep = Sleep(clock)
    >>> clock.now, _ = 3 * SECOND, sleep.add(2 * SECOND)
    >>> sleep.costs_more_than_it_saves()
    False
    >>> clock.now, _ = 4 * SECOND, sleep.add(2 * SECOND)
    >>> sleep.costs_more_than_it_saves()
    True
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._since = clock.now
        """When the stretch began that is looked at now."""
        self._slept = 0
        """For how long they have slept in it."""

    def add(self, span: int) -> None:
        """One has slept for so long (ns)."""
        self._slept += span

    def costs_more_than_it_saves(self) -> bool:
        """Whether, over a fair stretch, they have slept for longer than virtual time has passed."""
        if self._slept < _STRETCH:
            return False
        if self._slept > self._clock.now - self._since:
            return True
        self.begin_anew()
        return False

    def begin_anew(self) -> None:
        """What they have slept so far does not count: it was not the usual."""
        self._since, self._slept = self._clock.now, 0
