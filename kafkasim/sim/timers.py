"""The timers of programs, on the virtual clock: each is given its time, to see whether its program speaks unprompted.

A program that waits for the clock, though nobody has asked it anything that it has not answered, has a timer. What the
timer is for nobody can see: the program may speak when it goes off, or only look after itself, as many runtimes do. So
when it would go off, nothing else happens until it has, and what is heard then was said unprompted for certain. It
would go off

* *in real time*, in a moment: otherwise the program might be asked something just then, and what it says unprompted be
  taken for what comes of that; or
* *in virtual time*, before what happens next: it is behind only because virtual time went faster than time.

Where nothing is heard, virtual time goes on, and the same timer is not waited for again until the program was given
something that it could speak of; if nothing comes of it time and again, ever more. A program without any loses no time
by all this but for the looks.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Final

from msgspec import Struct

from kafkasim.processes.children import Children
from kafkasim.processes.rest import ThreadsWait
from kafkasim.scenario.model import MILLISECOND, SECOND
from kafkasim.sim.clock import Clock
from kafkasim.sim.process_nodes import ProcessNode

_SHORTEST: Final = 12 * MILLISECOND
"""A wait with less to go when it is first seen is not minded, unless nothing else happens for long: so runtimes sleep
who look after threads (Go: 10 ms). A program that speaks so often is heard speaking soon enough."""

_LONGEST: Final = 2 * SECOND
"""Nor is one with more to go than this: nobody can wait so long for everything that may be a timer."""

_NEAR: Final = 3 * MILLISECOND
"""A timer that goes off so soon may do so while its program is asked something."""

_LONG: Final = 20 * MILLISECOND
"""Where nothing happens for so long, in virtual time, it is looked for timers before that time has passed."""

_EVERY: Final = 10 * MILLISECOND
"""How often it is looked for timers, in real time, ..."""

_SELDOM: Final = 40 * MILLISECOND
"""... and where there are none that anything may come of."""

_TRIES: Final = 8
"""So often a timer may go off in vain until it takes twice as many messages each time that it is waited for again."""

_CHANCES: Final = 2
"""So many looks, or a tenth of all, may find a program without a timer that has one all the time: it is at work."""

_ALLOWANCE: Final = 2 * SECOND
"""For so long, in a run, timers may be waited for from which nothing comes, ..."""

_SHARE: Final = 20
"""... and for one part of so many of the real time that has passed."""

_PATIENCE: Final = SECOND
"""A timer that has not gone off so long after it ought to have never will, or it is no timer."""

_NEVER: Final = 1 << 63


class _Vain(Struct):
    """How a thread's timer went off, and nothing came of it."""

    times: int = 0
    enough: int = 0
    """How many messages its node must have been given before it is waited for again."""


class _Timer(Struct):
    """A wait for the clock, as it was first seen."""

    node: ProcessNode
    vain: _Vain
    earliest: int
    """When it may end (ns, of the machine's clock)."""
    ends: int
    """When it will have ended."""
    due: int
    """When it would end, were the run's time real (ns, of the run's clock)."""
    short: bool
    """Whether it had little to go."""

    @property
    def hopeful(self) -> bool:
        """Whether something may come of it."""
        return self.node.fed >= self.vain.enough


class Timers:
    """Gives the timers of the nodes their time. ``broken_off``: nobody waits for the run any more."""

    def __init__(
        self, clock: Clock, nodes: Sequence[ProcessNode], children: Children, broken_off: Callable[[], bool]
    ) -> None:
        self._clock, self._nodes, self._children, self._broken_off = clock, nodes, children, broken_off
        self._known: dict[tuple[str, int, bytes], _Timer | None] = {}
        """By node, thread, and how often that has run before: each wait there is; None: it is not to be minded."""
        self._timers: list[_Timer] = []
        """Those that are to be minded."""
        self._vain: dict[tuple[str, int], _Vain] = {}
        self._looks = 0
        self._seen = dict.fromkeys((node.name for node in nodes), 0)
        """At how many looks a node had a timer."""
        self._every = _EVERY
        self._look_at = self._due = 0
        """When it must be looked again, on the machine's clock and on the run's."""
        self._looked_at = self._began = time.monotonic_ns()
        self._spent = 0
        """How much real time was given in vain (ns)."""

    def mind(self) -> None:
        """Has those go off that would before what happens next; to be called when every node is quiet."""
        now = time.monotonic_ns()
        events = self._clock.events
        if now < self._look_at and not (events and events[0][0] >= min(self._due, self._clock.now + _LONG)):
            return
        while True:
            if self._spent > _ALLOWANCE + (now - self._began) // _SHARE:
                self._look_at, self._due = now + _SELDOM, _NEVER
                return
            self._look(now)
            timer = next((timer for timer in self._timers if self._would_go_off(timer, now)), None)
            if timer is None:
                break
            if not self._goes_off_in_vain(timer):
                return
            now = time.monotonic_ns()
        hopeful = [timer.earliest for timer in self._timers if timer.hopeful]
        self._every = _EVERY if hopeful else min(2 * self._every, _SELDOM)
        self._look_at = max(now, min(now + self._every, min(hopeful, default=_NEVER) - _NEAR))
        comes_next = events[0][0] if events else _NEVER
        self._due = min((timer.due for timer in self._timers if timer.due > comes_next), default=_NEVER)

    def _look(self, now: int) -> None:
        """Sees which timers there are, and keeps what is known of those that there were."""
        known, self._known = self._known, {}
        for node in self._nodes:
            for thread in node.timed_waits():
                key = (node.name, thread.thread, thread.ran)
                self._known[key] = known.get(key) or self._timer(node, thread, now)
        self._timers = [timer for timer in self._known.values() if timer is not None]
        self._looks += 1
        self._looked_at = now
        for name in dict.fromkeys(timer.node.name for timer in self._timers if not timer.short):
            self._seen[name] += 1

    def _timer(self, node: ProcessNode, thread: ThreadsWait, now: int) -> _Timer | None:
        ends = thread.wait.ends
        left = ends - now
        idle = bool(events := self._clock.events) and events[0][0] >= self._clock.now + _LONG
        if not (0 if idle else _SHORTEST) <= left <= _LONGEST:
            return None
        earliest = ends if thread.wait.exact else ends - min(now - self._looked_at, _EVERY)
        vain = self._vain.setdefault((node.name, thread.thread), _Vain())
        return _Timer(node, vain, earliest, ends, self._clock.now + left, left < _SHORTEST)

    def _would_go_off(self, timer: _Timer, now: int) -> bool:
        """Whether something may come of it, and it would go off before what happens next, or while it happens."""
        return timer.hopeful and (timer.earliest - now <= _NEAR or self._is_overdue(timer))

    def _is_overdue(self, timer: _Timer) -> bool:
        """Whether virtual time would pass it by, of a program that has timers all the time.

        Others, as the runtime of Go does, have some now and then, to look after themselves.
        """
        events = self._clock.events
        without = self._looks - self._seen[timer.node.name]
        return bool(events) and events[0][0] >= timer.due and without <= max(_CHANCES, self._looks // 10)

    def _goes_off_in_vain(self, timer: _Timer) -> bool:
        """Waits until it has, and its node is at rest again; False where that was ended by something that was said."""
        began = now = time.monotonic_ns()
        while not (self._broken_off() or any(node.unprompted for node in self._nodes)):
            gone = now >= timer.ends and timer.node.at_rest() and not self._still_waits(timer)
            if gone or now - timer.ends > _PATIENCE:
                vain = timer.vain
                vain.times += 1
                vain.enough = timer.node.fed + (1 << max(0, vain.times - _TRIES))
                self._spent += now - began
                return True
            self._children.wait(max(timer.ends - now, MILLISECOND) / SECOND)
            now = time.monotonic_ns()
        return False

    def _still_waits(self, timer: _Timer) -> bool:
        """Whether it is the same wait that its thread is in."""
        waits = ((timer.node.name, wait.thread, wait.ran) for wait in timer.node.timed_waits())
        return any(self._known.get(key) is timer for key in waits)
