"""The nodes of the simulated world: processes that run a service, crash, start again, and keep a disk.

A node does what its service's effects say: it hands messages to the network, sets timers on the clock, and
makes writes safe one after the other. A crash ends the process: what the service knew is gone, and so are
writes that were not safe yet.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from kafkasim.cluster.bodies import to_plain
from kafkasim.cluster.service import ClusterService
from kafkasim.core import LogEngine
from kafkasim.messages import Envelope, Error, Init
from kafkasim.scenario import model
from kafkasim.scenario.model import MILLISECOND
from kafkasim.service import Effect, LogService, Timer, Write
from kafkasim.sim.any_node import AnyNode
from kafkasim.sim.faulty import FaultyService, ServerDiedError
from kafkasim.sim.network import AnyEnvelope
from kafkasim.sim.surroundings import Surroundings

_STARTER: Final = "starter"
"""Who says init to a node, on the spot and not over the network."""

_SLOWEST_WRITE: Final = 1 * MILLISECOND
"""A write to the simulated disk takes up to so long: about what a solid-state disk takes to make one safe."""


class NoLock:
    """A lock for a world in which nothing happens at the same time; unlike a real one it can be copied."""

    def __enter__(self) -> None:
        """Exclusive access is what everybody here has anyway."""

    def __exit__(self, *_: object) -> None:
        """Nothing was taken, nothing is given back."""


class Node(AnyNode):
    """A node that runs in this process, and what it has on its disk. ``service`` None: the correct one."""

    def __init__(
        self,
        name: str,
        names: Sequence[str],
        system: model.System,
        service: type[FaultyService] | None,
        surroundings: Surroundings,
    ) -> None:
        super().__init__(name, surroundings)
        self._names = list(names)
        self._system, self._service_class = system, service
        self._in_cluster = service is None and len(names) > 1
        self._chances = surroundings.choices.stream(f"bug/{name}")
        self._disk_delays = surroundings.choices.stream(f"storage/{name}")
        self._safe: list[Any] = []
        self._disk_free_at = 0
        self._put_off: list[tuple[Callable[[Any], None], Any]] = []
        """What it would have done since it stands still."""
        self._writing = 0
        """How many writes are under way."""
        self._timers = 0
        """How many timers are set."""
        self._last_alarm = 0
        self._service: LogService | ClusterService | None = None
        """None while the node is down."""

    @property
    def up(self) -> bool:
        """Whether the process runs."""
        return self._service is not None

    def hears(self, _: AnyEnvelope, /) -> bool:
        """See `kafkasim.sim.network.Party.hears`."""
        return self.up and not self.paused

    def start(self) -> None:
        """Starts the process: it recovers what is on its disk and learns its name."""
        self._life += 1
        self._writing = self._timers = 0
        self._service = service = self._new_service()
        try:
            service.recover(self._safe)
            effects = service.receive(
                Envelope(_STARTER, self.name, Init(msg_id=0, node_id=self.name, node_ids=self._names))
            )
        except (ServerDiedError, Exception) as error:  # noqa: BLE001 - whatever ends a server, the run goes on
            # What it could not start from it cannot start from in a moment either: it stays down until it is told to.
            self._end(f"it could not start: {_words(error)}", planned=False)
            return
        for effect in effects:
            if not isinstance(effect, Envelope) or effect.dest != _STARTER:
                self._arrange(effect)
            elif isinstance(effect.body, Error):
                self._end(f"it refused init: {effect.body.text}", planned=False)
                return

    def receive(self, envelope: AnyEnvelope) -> None:
        """Takes a message in, if the node is up, and does what follows from it."""
        service = self._service
        if service is None:
            self._network.cut_off(envelope, "node-down")
            return
        if self.paused:
            self._put_off.append((self._network.hand_over, envelope))
            return
        try:
            effects = service.receive(envelope)
        except (ServerDiedError, Exception) as error:  # noqa: BLE001 - whatever ends a server, the run goes on
            self._die(error)
            return
        for effect in effects:
            if type(effect) is Envelope and effect.src == self.name and not self._in_cluster:
                self._network.send(effect)
            else:
                self._arrange(effect)

    def crash(self) -> None:
        """Ends the process as a fault of the scenario; what it held in memory is lost."""
        self._end("", planned=True)

    def pause(self) -> None:
        """See `AnyNode.pause`."""
        if self.up and not self.paused:
            self._record_pause()

    def resume(self) -> None:
        """See `AnyNode.resume`; all that was put off happens now, in its order."""
        if self.paused:
            self._record_resumption()
            put_off, self._put_off = self._put_off, []
            for action, argument in put_off:
                action(argument)

    def leave(self) -> None:
        """Forgets everything: the run is over."""
        self.askers.clear()
        self._forget()

    @property
    def working(self) -> bool:
        """Whether writes are under way, or timers are set."""
        return self._writing + self._timers > 0

    def free_at(self) -> int:
        """When the last of the writes under way is safe and the last timer has run out (ns); now, if there are none."""
        return max(self._disk_free_at, self._last_alarm, self._clock.now)

    def _new_service(self) -> LogService | ClusterService:
        engine = LogEngine(NoLock())
        limit, durable = self._system.max_poll_messages, self._system.storage == "durable"
        if self._in_cluster:
            return ClusterService(engine, max_poll_messages=limit, life=self._life)
        if self._service_class is None:
            return LogService(engine, max_poll_messages=limit, durable=durable)
        return self._service_class(engine, max_poll_messages=limit, durable=durable, chances=self._chances)

    def _arrange(self, effect: Effect) -> None:
        match effect:
            case Envelope():  # the network knows where it comes from, whatever the node believes to be called
                self._network.send(Envelope(self.name, effect.dest, to_plain(effect.body)))
            case Timer():
                self._timers += 1
                self._last_alarm = max(self._last_alarm, self._clock.now + effect.delay)
                self._clock.after(effect.delay, self._wake, (self._life, effect))
            case Write():
                # One disk, one write at a time: so they become safe in the order in which they were asked for.
                self._disk_free_at = max(self._disk_free_at, self._clock.now) + self._disk_delays.pick(_SLOWEST_WRITE)
                self._writing += 1
                self._clock.at(self._disk_free_at, self._written, (self._life, effect))

    def _wake(self, what: tuple[int, Timer]) -> None:
        life, timer = what
        service = self._service
        if self.paused:
            self._put_off.append((self._wake, what))
            return
        if life == self._life and service is not None:
            self._timers -= 1
            try:
                effects = service.wake(timer)
            except (ServerDiedError, Exception) as error:  # noqa: BLE001 - whatever ends a server, the run goes on
                self._die(error)
                return
            for effect in effects:
                self._arrange(effect)

    def _written(self, what: tuple[int, Write]) -> None:
        life, write = what
        service = self._service
        if self.paused:
            self._put_off.append((self._written, what))
            return
        if life == self._life and service is not None:
            self._writing -= 1
            if self._system.storage == "durable":
                self._safe.append(write.record)
            try:
                effects = service.written(write.token)
            except (ServerDiedError, Exception) as error:  # noqa: BLE001 - whatever ends a server, the run goes on
                self._die(error)
                return
            for effect in effects:
                self._arrange(effect)

    def _die(self, error: BaseException) -> None:
        """The process ends though nobody asked for it."""
        self._end(_words(error), planned=False)
        self._supervise()

    def _forget(self) -> None:
        """Lets go of the service, and at once of its logs: it holds itself, so the garbage collector has to end it."""
        if self._service is not None:
            self._service.engine = LogEngine(NoLock())
            self._service = None

    def _end(self, text: str, *, planned: bool) -> None:
        if not self.up:
            return
        put_off, self._put_off = self._put_off, []
        for action, envelope in put_off:
            if action == self._network.hand_over:
                self._network.cut_off(envelope, "node-down")
        self._forget()
        was_busy = self.working  # perhaps with what nobody waits for any longer
        self._writing = self._timers = 0
        self._disk_free_at = self._last_alarm = self._clock.now
        self._record_end(text, planned=planned, given_up=was_busy)


def _words(error: BaseException) -> str:
    return str(error) if isinstance(error, ServerDiedError) else f"{type(error).__name__}: {error}"
