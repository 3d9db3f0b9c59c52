"""How time passes in a world whose nodes are programs, and when they are listened to.

*Virtual*: what is due at one instant is delivered together; then nothing happens until every node is quiet, and what
they have said by then they have said at that instant. So time costs no time, and a seed gives the same run again, if
the nodes do the same again. Races inside a node are not to be seen so, and a node that waits for time to pass would
speak too late. So where one is quiet though a client waits for it, and nothing is on its way from another node or a
service, it is given real time; so are all where one does not learn of what another has, and one with a timer that would
go off. Once one has spoken unprompted, the run goes on with the real clock. It does so, too, where nodes sleep for so
long over requests that it saves time.

*Real*: a nanosecond of the run's clock takes a nanosecond, and whatever a node says it says when it is heard.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from heapq import heappop
from typing import Final

from kafkasim.processes.children import Children
from kafkasim.scenario.model import MILLISECOND, SECOND
from kafkasim.sim.clock import Clock
from kafkasim.sim.network import Network
from kafkasim.sim.process_nodes import ProcessNode
from kafkasim.sim.result import Pacing
from kafkasim.sim.sleep import Sleep
from kafkasim.sim.timers import Timers

_PATIENCE: Final = 5 * SECOND
"""For so long a node that is at work is waited for while time stands still."""

_PATIENCE_WITH_IDLERS: Final = 3 * SECOND
"""As `_PATIENCE`, of one that does nothing at all, and does not read what it was sent either."""

_PATIENCE_WITH_SLEEPERS: Final = SECOND
"""As `_PATIENCE_WITH_IDLERS`, of one that may go on by itself: it waits for time to pass, or for somebody else."""

_FORESEEABLE: Final = 30 * SECOND
"""A node that waits for a time that is further off is not expected to go on in the run."""

_PATIENCE_WITH_DEBTORS: Final = 2 * SECOND
"""For so long a node that has not answered a client is given real time, once: longer than most wait for anything."""

_GRACE: Final = 50 * MILLISECOND
"""How long a node that has nothing left to do, and has not answered, may still take to say something: it may wait for
the time to pass. Halved each time that it says nothing, and never granted once it is too short to matter."""

_SHORTEST_GRACE: Final = MILLISECOND // 4

_UNTOLD: Final = 2 * MILLISECOND
"""Where the system does not tell what a program does, it is quiet when nothing was heard of it for so long."""

_NAP: Final = 20 * MILLISECOND
"""How long a thread that naps before it goes to work, or sends another to work, may take. Halved each time that nothing
comes of it. Go's naps are of some microseconds, but where a thread waits in a call of the system and has work
left, the one that looks after all takes that work away, and sleeps for up to 10 ms before and while it makes sure."""

_SHORTEST_NAP: Final = MILLISECOND

_TICK: Final = 0.001
"""Seconds for which something to be said is waited before it is looked what the node does instead."""

_SPIN: Final = 3 * MILLISECOND // 10
"""For so long it is looked all the time, once nobody is granted any grace."""

_TICK_AT_MOST: Final = 5 * MILLISECOND // 4
"""How long such a wait takes; where it took longer, the machine was busy, and not the node asleep for all we know."""

_SLOW: Final = "the nodes take longer over requests than the virtual clock saves"

_GLANCE_AT_STARTERS: Final = 20 * MILLISECOND
"""How long nodes that start are silent before it is looked whether they wait for services."""

_GLANCE: Final = 100 * MILLISECOND
"""How long the real clock waits at most before somebody may look whether the run is to go on."""


def _nobody_does() -> bool:
    return False


class Pace:
    """Lets the events of the clock happen, each in its time, and takes in what the nodes say between them.

    A node may keep it waiting for seconds, but not once ``wants_an_end`` says that nobody waits for the run any more.
    """

    def __init__(
        self,
        clock: Clock,
        nodes: Sequence[ProcessNode],
        children: Children,
        network: Network,
        *,
        virtual: bool,
        wants_an_end: Callable[[], bool] | None = None,
    ) -> None:
        self._clock, self._nodes, self._children, self._network = clock, nodes, children, network
        self.pacing = Pacing("virtual" if virtual else "real")
        self._virtual = virtual
        self._wants_an_end = wants_an_end or _nobody_does
        self._started = 0
        """What the machine's clock showed when the run's clock was at 0."""
        self._grace, self._nap = _GRACE, _NAP
        self._allowance: int | None = None
        """How much real time (ns) is granted to timers yet; None: nobody has asked for any."""
        self._sleep = Sleep(clock)
        self._timers = Timers(clock, nodes, children, self._wants_an_end)
        for node in nodes:
            node.settle = self._settle

    @property
    def hurries(self) -> bool:
        """Whether many events may happen in a moment."""
        return self._virtual

    @property
    def broken_off(self) -> bool:
        """Whether nobody waits for the run any more: nothing that happens from now on counts."""
        return self._wants_an_end()

    def begin(self) -> None:
        """Waits until each node has started, or failed to. Time stands still meanwhile."""
        while any(node.starting for node in self._nodes) and not self.broken_off:
            heard = self._children.wait(_GLANCE_AT_STARTERS / SECOND)
            self._listen()
            if not heard:
                self._serve_starters()
        self._started = time.monotonic_ns() - self._clock.now

    def _serve_starters(self) -> None:
        """Has the services answer what nodes ask before they have started, now: time stands still for them.

        Only once all of these are at rest, for nobody knows which of them will be the first to ask.
        """
        starting = [node for node in self._nodes if node.starting]
        if starting and all(node.at_rest() for node in starting):
            while self._network.hasten([node.name for node in starting]):
                pass

    def allow_for_timers(self, duration: int) -> None:
        """Gives the nodes so much real time (ns) to speak unprompted, where time is virtual; once, whoever asks again.

        For what a node does by its own clock it would otherwise have no time at all.
        """
        if self._allowance is None:
            self._allowance = duration

    def step(self) -> None:
        """Lets the next event happen, or, where it is not its time yet, something be heard."""
        clock = self._clock
        if self._virtual:
            if any(node.roused for node in self._nodes) and not (clock.events and clock.events[0][0] <= clock.now):
                self._settle()
                return
            if not self._needs_real_time():
                clock.step()
            return
        due = clock.events[0][0] + self._started
        left = due - time.monotonic_ns()
        heard = self._children.wait(min(max(left, 0), _GLANCE) / SECOND)
        clock.now = max(clock.now, time.monotonic_ns() - self._started)
        if heard or left > 0:
            self._listen()
            return
        _, _, action, argument = heappop(clock.events)
        action(argument)

    def _needs_real_time(self) -> bool:
        """Goes over to the real clock where a node waits for time to pass, unprompted or over its requests."""
        if self._sleep.costs_more_than_it_saves():
            self._go_over(time.monotonic_ns(), _SLOW)
            return True
        if not any(node.roused for node in self._nodes):
            self._timers.mind()
        began = time.monotonic_ns()
        if any(node.neglects_a_client for node in self._nodes) and not self._network.in_flight_among_servers():
            self._give_real_time(began)
            if not self._virtual:
                return True
        if self._allowance and not any(node.roused for node in self._nodes):
            self._wait_for_unprompted(began, self._allowance)
            self._allowance = 0
        for node in self._nodes:
            if node.unprompted:
                self._go_over(began, f"{node.name} spoke unprompted, as a node does that waits for time to pass")
                return True
        return False

    def _go_over(self, began: int, reason: str) -> None:
        """Goes over to the real clock, as of a moment on the machine's clock."""
        self._virtual = False
        self._started = began - self._clock.now
        self.pacing.real_from, self.pacing.reason = self._clock.now, reason

    def _give_real_time(self, began: int) -> None:
        """Waits until some node says something, and is done with those that still owe a client an answer then."""
        if self._wait_for_unprompted(began, _PATIENCE_WITH_DEBTORS):
            return
        for node in self._nodes:
            if node.neglects_a_client and self._virtual:
                node.give_up_its_debts()
                self._lose_patience(node, began, f"has not answered a client for {_PATIENCE_WITH_DEBTORS // SECOND} s")

    def _lose_patience(self, node: ProcessNode, began: int, reason: str) -> None:
        """Time goes on without a node: in real time, unless it looks as if it would not go on all the same."""
        if node.may_go_on_within(_FORESEEABLE):
            self._go_over(began, f"{node.name} {reason}, and may be slow")
        elif node.name not in self.pacing.given_up:
            self.pacing.given_up = (*self.pacing.given_up, node.name)

    def _wait_for_unprompted(self, began: int, patience: int) -> bool:
        """Waits until some node says something, or nobody waits for the run any more. False: nothing came in time."""
        while not self.broken_off and not any(node.unprompted for node in self._nodes):
            if time.monotonic_ns() - began > patience:
                return False
            self._children.wait(_GLANCE / SECOND)
        return True

    def _settle(self) -> None:
        """Where time is virtual, waits until all that were spoken to are quiet, and takes in what they have said."""
        if not self._virtual:
            return
        began = time.monotonic_ns()
        for node in self._nodes:
            if node.roused and self._virtual:
                self._await(node, began)
        self._listen()
        if self._virtual:
            self._serve_starters()

    def _await(self, node: ProcessNode, began: int) -> None:
        """Waits until the node has nothing left to do, or has been busy for too long."""
        resting_since = 0
        now, sleeps = time.monotonic_ns(), False
        while not (node.silent_for_good or node.floods or self.broken_off):
            ticks = node.owes and (self._grace > 0 or now - began > _SPIN)
            heard = self._children.wait(_TICK if ticks else 0)
            if heard:
                resting_since = 0
            before, now, slept = now, time.monotonic_ns(), sleeps
            sleeps = not heard and node.owes and node.waits_for_the_clock()
            if slept or sleeps:
                self._sleep.add(min(now - before, _TICK_AT_MOST))
            if self._has_waited_enough(node, now - began):
                node.give_up()
                self._sleep.begin_anew()
                self._lose_patience(node, began, "is silent over what it was asked")
            elif heard and node.owes:
                continue
            elif not node.at_rest():
                resting_since = 0
                if not (heard or ticks):
                    os.sched_yield()
            else:
                resting_since = resting_since or now
                if now - resting_since >= self._needed(node) and not self._children.wait(0):
                    if node.owes:
                        self._grace = self._grace // 2 if self._grace > _SHORTEST_GRACE else 0
                    elif node.may_be_about_to_speak:
                        self._nap = max(self._nap // 2, _SHORTEST_NAP)
                    return

    def _has_waited_enough(self, node: ProcessNode, waited: int) -> bool:
        """Whether time must not stand still for a node any longer, after so long (ns)."""
        if waited < _PATIENCE_WITH_SLEEPERS:
            return False
        if waited > _PATIENCE:
            return True
        if not node.sleeps_over_input():
            return False
        return waited > _PATIENCE_WITH_IDLERS or node.may_go_on_within(_FORESEEABLE)

    def _needed(self, node: ProcessNode) -> int:
        """For how long (ns) a node must have been at rest to be quiet."""
        needed = 0 if node.rest_is_known else _UNTOLD
        if node.may_be_about_to_speak:
            needed = max(needed, self._nap)
        return max(needed, self._grace) if node.owes else needed

    def _listen(self) -> None:
        for node in self._nodes:
            node.listen()
