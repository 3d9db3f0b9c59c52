"""What all nodes have in common, whether they run in this process or are one: lives, crashes, pauses, restarts."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Final

from kafkasim.scenario.model import MILLISECOND
from kafkasim.sim.network import AnyEnvelope, Asker
from kafkasim.sim.surroundings import Surroundings

_SUPERVISOR_DELAY: Final = 100 * MILLISECOND
"""A node that ended by itself is started again after so long."""


class AnyNode(ABC):
    """A node: its name, and whether it is up. ``askers`` are told when it goes down."""

    takes_requests = True

    def __init__(self, name: str, surroundings: Surroundings) -> None:
        self.name = name
        self._clock, self._network = surroundings.clock, surroundings.network
        self._recorder = surroundings.recorder
        self.askers: list[Asker] = []
        self._life = 0
        """Which start this is. What was begun in an earlier life means nothing in this one."""
        self.paused = False
        """Whether it stands still."""
        self._pauses = 0
        """How often it has stood still."""
        self._network.join(name, self)

    @property
    @abstractmethod
    def up(self) -> bool:
        """Whether it runs."""

    @abstractmethod
    def hears(self, envelope: AnyEnvelope, /) -> bool:
        """See `kafkasim.sim.network.Party.hears`."""

    @property
    @abstractmethod
    def working(self) -> bool:
        """Whether it has something to do that may still lead to an answer."""

    @abstractmethod
    def free_at(self) -> int:
        """When what it is doing now will be done (ns), as far as that is known; now, where it does nothing."""

    @abstractmethod
    def start(self) -> None:
        """Starts it: it recovers what is on its disk and learns its name."""

    @abstractmethod
    def receive(self, envelope: AnyEnvelope) -> None:
        """Takes a message in, if it is up, and does what follows from it."""

    @abstractmethod
    def crash(self) -> None:
        """Ends it as a fault of the scenario; what it held in memory is lost."""

    @abstractmethod
    def pause(self) -> None:
        """Has it stand still as a fault of the scenario: what it is sent, and what it waits for, comes later."""

    @abstractmethod
    def resume(self) -> None:
        """Has it go on, if it stands still."""

    def resume_after(self, delay: int) -> None:
        """Has it go on in so many nanoseconds, unless it has ended, or goes on, before."""
        self._clock.after(delay, self._resume_from, self._pauses)

    def _resume_from(self, pause: int) -> None:
        if pause == self._pauses:
            self.resume()

    @abstractmethod
    def leave(self) -> None:
        """Forgets everything: the run is over."""

    def excuse(self, msg_id: int | None) -> None:  # noqa: B027 - what there is to do, which is nothing
        """What nodes ask of each other is in no history, so nobody needs to know."""

    def repeated(self, msg_id: int | None) -> None:  # noqa: B027 - as above
        """As `excuse`."""

    def restart(self, life: int | None = None) -> None:
        """Starts it again, if it is down; with ``life``, only if it has not been started since that one."""
        if not self.up and life in (None, self._life):
            self._recorder.fault("restart", (self.name,))
            self.start()

    def restart_after(self, delay: int) -> None:
        """Starts it again in so many nanoseconds, unless somebody does before."""
        self._clock.after(delay, self.restart, self._life)

    def _supervise(self) -> None:
        """It has ended by itself; somebody will see that and start it again."""
        self.restart_after(_SUPERVISOR_DELAY)

    def _record_pause(self) -> None:
        self.paused = True
        self._pauses += 1
        self._recorder.fault("pause", (self.name,))

    def _record_resumption(self) -> None:
        self.paused = False
        self._recorder.fault("resume", (self.name,))

    def _record_end(self, text: str, *, planned: bool, given_up: bool) -> None:
        """Writes down that it is down now, and tells those who wait for its answers."""
        self.paused = False
        self._recorder.fault("crash", (self.name,), planned=planned, text=text)
        for asker in self.askers:
            asker.excuse_all(given_up=given_up)
