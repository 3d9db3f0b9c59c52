"""The nodes of a world that are programs: each a process of its own, spoken to over its standard input and output.

A program may do anything. What it says is held against the protocol before it goes on its way; what breaks it is
written down as a `Breach`, which quotes the line and says what was expected.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec

from kafkasim.forms import show
from kafkasim.history import BreachKind
from kafkasim.messages import Envelope, Error, Init, InitOk, encode
from kafkasim.processes.child import Child, TakesBytes
from kafkasim.processes.children import Children
from kafkasim.processes.lines import NoMessageError, quoted, read_message
from kafkasim.processes.rest import Rest
from kafkasim.scenario.model import MILLISECOND, SECOND
from kafkasim.sim.any_node import AnyNode
from kafkasim.sim.bodies import is_reply, on_the_wire, request_number
from kafkasim.sim.network import AnyEnvelope
from kafkasim.sim.replies import Misshapen
from kafkasim.sim.surroundings import Surroundings

STARTER: Final = "c0"
"""Who says init to a node: the name that Maelstrom's own client has, which programs may take for granted."""

_INIT: Final = 1

_START_LIMIT: Final = 10 * SECOND
"""How long a program may take to start and to answer ``init``, in real time; as Maelstrom allows."""

FLOOD: Final = 100_000
"""So many lines a node may write before it is taken for one that floods, and `_FLOOD_EACH` more for each message."""

_FLOOD_EACH: Final = 100

_SOON: Final = 50 * MILLISECOND

_KEPT_LINES: Final = 20
"""So many of the last lines that it wrote to its standard error are kept beyond its end."""


def _do_nothing() -> None:
    """Where there is nothing to be done."""


class Program(msgspec.Struct, frozen=True):
    """What a node runs, and what it needs to be started: shared by all the nodes of a run."""

    command: Sequence[str]
    mark: str
    children: Children
    log_of: Callable[[str], TakesBytes] | None = None
    """Where what the node of a name writes to its standard error goes; None: nowhere."""


class ProcessNode(AnyNode):
    """A node that is a program."""

    def __init__(self, name: str, names: Sequence[str], program: Program, surroundings: Surroundings) -> None:
        super().__init__(name, surroundings)
        self._names = list(names)
        self._program = program
        self._child: Child | None = None
        """None while the node is down."""
        self._rest: Rest | None = None
        self.settle: Callable[[], None] = _do_nothing
        """Lets it do what it was asked before something happens to it, where its time is virtual."""
        self.starting = False
        """Whether it runs and has not answered ``init`` yet."""
        self._start_deadline = 0
        self.roused = False
        """Whether it was spoken to since it was last quiet."""
        self.silent_for_good = False
        """Whether it is no use to wait for it: it is down, or has been busy for too long."""
        self._spoke_unprompted = False
        self._asked = 0
        """How many requests it was given since it was last listened to."""
        self._allowed = FLOOD
        """How many more lines it may say before it is taken for one that floods."""
        self._open: dict[tuple[str, int], int] = {}
        """Of each request that it was given and has not answered: how often it was given it."""
        self._latest: dict[str, int] = {}
        """The highest number of a request by each who asked."""
        self.last_words: tuple[str, ...] = ()
        """The last lines that it wrote to its standard error, in all its lives that have ended."""

    # What others want of it.

    @property
    def up(self) -> bool:
        """See `AnyNode.up`."""
        return self._child is not None

    @property
    def working(self) -> bool:
        """See `AnyNode.working`; what it has not answered it may be at work on."""
        return self.roused or bool(self._open)

    def free_at(self) -> int:
        """See `AnyNode.free_at`; nobody knows, so it is looked again soon."""
        return self._clock.now + (1 if self.roused else _SOON if self._open else 0)

    def start(self) -> None:
        """See `AnyNode.start`. Raises `kafkasim.processes.child.StartError` where there is no such program."""
        self._life += 1
        self._latest.clear()
        self._allowed = FLOOD
        program = self._program
        log = None if program.log_of is None else program.log_of(self.name)
        self._child = child = Child(program.command, program.mark, log)
        program.children.add(child)
        self._rest = Rest(child.pid)
        self.starting, self.silent_for_good = True, False
        self._start_deadline = time.monotonic_ns() + _START_LIMIT
        self._feed(Envelope(STARTER, self.name, Init(msg_id=_INIT, node_id=self.name, node_ids=self._names)))

    def receive(self, envelope: AnyEnvelope) -> None:
        """See `AnyNode.receive`."""
        if self._child is None or self.starting:
            self._network.cut_off(envelope)
            return
        number = request_number(envelope.body)
        if not (self.roused or self.paused):
            self._program.children.wait(0)
            self._spoke_unprompted = self._spoke_unprompted or bool(self._child.lines)
        if number is not None and not is_reply(envelope.body):
            asker = (envelope.src, number)
            self._open[asker] = self._open.get(asker, 0) + 1
            self._latest[envelope.src] = max(number, self._latest.get(envelope.src, number))
            self._asked += 1
        self._feed(envelope)

    def crash(self) -> None:
        """See `AnyNode.crash`: kill -9."""
        self.settle()
        self._end("", planned=True)

    def pause(self) -> None:
        """See `AnyNode.pause`: SIGSTOP."""
        self.settle()
        if self._child is not None and not self.paused:
            self._child.signal(signal.SIGSTOP)
            self._record_pause()

    def resume(self) -> None:
        """See `AnyNode.resume`: SIGCONT."""
        if self._child is not None and self.paused:
            self._child.signal(signal.SIGCONT)
            self._record_resumption()
            self.roused = True

    def leave(self) -> None:
        """See `AnyNode.leave`."""
        self.askers.clear()
        self._kill()

    # What the pace asks.

    @property
    def floods(self) -> bool:
        """Whether it has said more than it is worth to wait for the end of."""
        return self._child is not None and (len(self._child.lines) > self._allowed or self._child.floods)

    @property
    def unprompted(self) -> bool:
        """Whether it has said something though it was quiet and nobody has spoken to it since."""
        return self._spoke_unprompted or (not self.roused and self._child is not None and bool(self._child.lines))

    @property
    def owes(self) -> bool:
        """Whether it was asked more than it has said anything to."""
        return self.starting or len(self._child.lines if self._child else ()) < self._asked

    @property
    def rest_is_known(self) -> bool:
        """Whether this system tells what it is doing."""
        return self._rest is not None and self._rest.known

    def at_rest(self) -> bool:
        """Whether it has read all it was sent and has nothing left to do, as far as the system tells."""
        child = self._child
        return child is None or not child.speaking or (not child.unread() and self.asleep)

    def sleeps_over_input(self) -> bool:
        """Whether it does nothing although there is something for it to read; False where the system does not tell."""
        return self._child is not None and self.rest_is_known and self._child.unread() and self.asleep

    @property
    def asleep(self) -> bool:
        """Whether it is doing nothing, even if there is something for it to read, as far as the system tells."""
        return self._rest is None or not self._rest.known or self._rest()

    def give_up(self) -> None:
        """It has been busy for too long; nobody waits for it until it says something."""
        self.silent_for_good = True

    def listen(self) -> None:
        """Takes in all that it has said, and notices when it has ended."""
        child = self._child
        if child is None:
            return
        self.roused = self.starting
        self._asked = 0
        while child.lines:
            self.silent_for_good = False
            self._hear(child.lines.popleft())
            if self._child is not child:
                return
            self._allowed -= 1
            if self._allowed < 0:
                self._die(f"it was ended, for it flooded: more than {FLOOD:,} lines beyond what was asked of it")
                return
        if child.floods:
            self._die("it was ended, for it flooded: a line without an end")
            return
        how = child.ended() if not child.speaking or not child.listening else ""
        if how:
            self._die(how)
        elif self.starting and time.monotonic_ns() > self._start_deadline:
            self._die(f"it did not answer init within {_START_LIMIT // SECOND} s")

    # How it does that.

    def _feed(self, envelope: AnyEnvelope) -> None:
        assert self._child is not None
        self._allowed += _FLOOD_EACH
        if not self.paused:
            self.roused = True
        self._child.feed(encode([Envelope(envelope.src, envelope.dest, on_the_wire(envelope.body))]))

    def _hear(self, line: bytes) -> None:
        if not line.strip():
            return
        try:
            envelope = read_message(line)
        except NoMessageError as error:
            self._breach("malformed-message", line, str(error))
            return
        if envelope.src != self.name:
            problem = f"field `src`: expected {show(self.name)}, its name, got {show(envelope.src)}"
            self._breach("malformed-message", line, problem)
        dest, body = envelope.dest, envelope.body
        if self.starting and dest == STARTER and is_reply(body) and request_number(body) == _INIT:
            self._take_init(line, body)
            return
        if not self._network.knows(dest):
            self._breach("unknown-destination", line, f"there is no node, client or service {show(dest)}")
            return
        if not is_reply(body) and not self._network.takes_requests(dest):
            self._breach("malformed-message", line, "body: `in_reply_to` is missing: a client takes replies alone")
            return
        if is_reply(body) and not self._answers(dest, request_number(body), line):
            return
        if type(body) is dict and is_reply(body) and not self._network.takes_requests(dest):
            body = Misshapen(in_reply_to=body["in_reply_to"], fields=body)
        self._network.send(Envelope(self.name, dest, body))

    def _answers(self, asker: str, number: int | None, line: bytes) -> bool:
        """Whether a reply is one to a request that it was given and has not answered."""
        if number is None:
            self._breach("malformed-message", line, "body: `in_reply_to` is missing: a reply names its request")
            return False
        times = self._open.get((asker, number), 0)
        if not times:
            known = number <= self._latest.get(asker, -1)
            problem = "has been answered already" if known else f"was never asked of {self.name}"
            self._breach("stray-reply", line, f"request {number} of {asker} {problem}")
            return False
        if times == 1:
            del self._open[(asker, number)]
        else:
            self._open[(asker, number)] = times - 1
        return True

    def _take_init(self, line: bytes, body: Any) -> None:
        if type(body) is InitOk:
            self.starting = False
        elif type(body) is Error:
            self._end(f"it refused init: {body.text or show(body.code)}", planned=False)
        else:
            self._end(f"it answered init with {quoted(line)}: expected init_ok", planned=False)

    def _breach(self, kind: BreachKind, line: bytes, text: str) -> None:
        self._recorder.breach(kind, self.name, quoted(line), text)

    def _die(self, how: str) -> None:
        """It has ended though nobody asked for it, or is ended for what it does."""
        assert self._child is not None
        words = self._child.last_words()
        said = f'; the last it wrote to standard error: "{" / ".join(map(str.strip, words))}"' if words else ""
        was_starting = self.starting
        self._end((f"it could not start: {how}" if was_starting else how) + said, planned=False)
        if not was_starting:  # what it could not start from it cannot start from in a moment either
            self._supervise()

    def _end(self, text: str, *, planned: bool) -> None:
        if self._child is None:
            return
        was_asked = bool(self._open)
        self._kill()
        self._record_end(text, planned=planned, given_up=was_asked)

    def _kill(self) -> None:
        if self._child is not None:
            self._program.children.remove(self._child)
            self._child.kill()
            self.last_words = (*self.last_words, *self._child.last_words(_KEPT_LINES))[-_KEPT_LINES:]
            self._child = None
        if self._rest is not None:
            self._rest.close()
            self._rest = None
        self.starting = self.roused = False
        self.silent_for_good = True
        self._asked = 0
        self._open.clear()
