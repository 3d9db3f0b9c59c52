"""The nodes of a world that are programs: each a process of its own, spoken to over its standard input and output.

A program may do anything. What it says is held against the protocol before it goes on its way; what breaks it is
written down as a `Breach`, which quotes the line and says what was expected.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

import msgspec

from kafkasim.codec import encode
from kafkasim.history import BreachKind
from kafkasim.messages import Envelope
from kafkasim.processes.child import Child, TakesBytes
from kafkasim.processes.children import Children
from kafkasim.processes.lines import NO_END_OF_LINE, quoted
from kafkasim.processes.rest import Rest, ThreadsWait
from kafkasim.scenario.model import MILLISECOND
from kafkasim.sim.any_node import AnyNode
from kafkasim.sim.bodies import is_reply, on_the_wire, request_number
from kafkasim.sim.hearing import (
    FLOOD,
    FLOOD_EACH,
    FLOODED,
    FLOODED_IN_ONE_LINE,
    START_LIMIT_SECONDS,
    Hearing,
    init_refusal,
    not_started_in_time,
)
from kafkasim.sim.life_log import LifeLog
from kafkasim.sim.network import AnyEnvelope
from kafkasim.sim.recorder import Recorder
from kafkasim.sim.replies import Misshapen
from kafkasim.sim.surroundings import Surroundings

_SOON: Final = 50 * MILLISECOND

_KEPT_LINES: Final = 20
"""So many of the last lines that it wrote to its standard error are kept beyond its end."""

_BY_FAULT: Final = "killed by a fault of the scenario"
_BY_END_OF_RUN: Final = "the run is over, and it was killed"


def _do_nothing() -> None:
    """Where there is nothing to be done."""


def _write_down(recorder: Recorder, name: str, kind: BreachKind, line: bytes, text: str) -> None:
    """Puts into the history what a node wrote and must not. No method of the node: nothing that it holds holds it."""
    recorder.breach(kind, name, quoted(line), text)


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
        self._log = None if program.log_of is None else LifeLog(name, program.log_of(name))
        self._child: Child | None = None
        """None while the node is down."""
        self._rest: Rest | None = None
        self.settle: Callable[[], None] = _do_nothing
        """Lets it do what it was asked before something happens to it, where its time is virtual."""
        self._hearing = Hearing(name, self._network, partial(_write_down, self._recorder, name))
        self._start_deadline = 0.0
        self.roused = False
        """Whether it was spoken to since it was last quiet."""
        self.silent_for_good = False
        """Whether it is no use to wait for it: it is down, or has been busy for too long."""
        self._neglects_for_good = False
        """Whether it was given real time in vain, once."""
        self._spoke_unprompted = False
        self.fed = 0
        """How many messages it was given, in all its lives."""
        self._asked = 0
        """How many requests it was given since it was last listened to."""
        self._told = 0
        """How many messages, requests and answers."""
        self._allowed = FLOOD
        """How many more lines it may say before it is taken for one that floods."""
        self.last_words: tuple[str, ...] = ()
        """The last lines that it wrote to its standard error, in all its lives that have ended."""

    # What others want of it.

    @property
    def up(self) -> bool:
        """See `AnyNode.up`."""
        return self._child is not None

    def hears(self, envelope: AnyEnvelope, /) -> bool:
        """See `kafkasim.sim.network.Party.hears`; of one that stands still, its standard input takes it in.

        One that starts is not asked anything, and hears the answers to what it has asked itself.
        """
        return self.up and (not self.starting or is_reply(envelope.body))

    @property
    def working(self) -> bool:
        """See `AnyNode.working`; what it has not answered it may be at work on."""
        return self.roused or self._hearing.owes

    def free_at(self) -> int:
        """See `AnyNode.free_at`; nobody knows, so it is looked again soon."""
        return self._clock.now + (1 if self.roused else _SOON if self._hearing.owes else 0)

    def start(self) -> None:
        """See `AnyNode.start`. Raises `kafkasim.processes.child.StartError` where there is no such program."""
        self._life += 1
        self._allowed = FLOOD
        program = self._program
        if self._log is not None:
            self._log.begin(self._life, self._clock.now)
        self._child = child = Child(program.command, program.mark, self._log)
        program.children.add(child)
        self._rest = Rest(child.pid)
        self.silent_for_good = False
        self._start_deadline = time.monotonic() + START_LIMIT_SECONDS
        self._feed(self._hearing.begin(self._names))

    def receive(self, envelope: AnyEnvelope) -> None:
        """See `AnyNode.receive`."""
        if self._child is None or not self.hears(envelope):
            self._network.cut_off(envelope, "node-down")
            return
        self._told += 1
        number = request_number(envelope.body)
        if not (self.roused or self.paused):
            self._program.children.wait(0)
            self._spoke_unprompted = self._spoke_unprompted or bool(self._child.lines)
        if number is not None and not is_reply(envelope.body):
            self._hearing.asked(envelope.src, number)
            self._asked += 1
        self._feed(envelope)

    def crash(self) -> None:
        """See `AnyNode.crash`: kill -9."""
        self.settle()
        self._end("", _BY_FAULT, planned=True)

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

    def report_unfinished_line(self) -> None:
        """Once it will be asked nothing any more: what it began to say, in place of an answer, and never ended."""
        child = self._child
        if child is None or self.paused or not self._hearing.owes:
            return
        self._program.children.wait(0)
        if child.unfinished and not child.lines and self.asleep:
            _write_down(self._recorder, self.name, "malformed-message", child.unfinished, NO_END_OF_LINE)

    def leave(self) -> None:
        """See `AnyNode.leave`."""
        self.askers.clear()
        self.settle = _do_nothing
        self._kill(_BY_END_OF_RUN)

    # What the pace asks.

    @property
    def starting(self) -> bool:
        """Whether it runs and has not answered ``init`` yet."""
        return self._hearing.starting

    @property
    def floods(self) -> bool:
        """Whether it has said more than it is worth to wait for the end of."""
        return self._child is not None and (len(self._child.lines) > self._allowed or self._child.floods)

    @property
    def unprompted(self) -> bool:
        """Whether it has said something though it was quiet and nobody has spoken to it since."""
        return self._spoke_unprompted or (not self.roused and self._child is not None and bool(self._child.lines))

    @property
    def _said(self) -> int:
        """How many lines it has written since it was last listened to."""
        return len(self._child.lines) if self._child else 0

    @property
    def owes(self) -> bool:
        """Whether it was asked more than it has said anything to."""
        return self.starting or self._said < self._asked

    @property
    def may_be_about_to_speak(self) -> bool:
        """Whether it was told more than it has said anything to, and something in it naps, perhaps before it does."""
        return self._told > self._said and self._rest is not None and self._rest.naps

    @property
    def neglects_a_client(self) -> bool:
        """Whether it is quiet though it owes a client an answer, and was not given up for it before."""
        quiet = not (self.roused or self.paused or self.silent_for_good)
        return quiet and not self._neglects_for_good and self._hearing.keeps_a_client_waiting

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

    def timed_waits(self) -> list[ThreadsWait]:
        """Which of its threads wait for the clock; none where it stands still, or the system does not tell."""
        return [] if self._rest is None or self.paused else self._rest.timed_waits()

    def waits_for_the_clock(self) -> bool:
        """Whether it does nothing, and something in it waits for time to pass, as far as the system tells."""
        return self.rest_is_known and self.asleep and bool(self.timed_waits())

    def may_go_on_within(self, span: int) -> bool:
        """Whether it is at work, waits for a time that is no further off (ns), for a disk, or for another program.

        True where nobody can tell.
        """
        rest = self._rest
        if rest is None or not (self.rest_is_known and self.asleep and rest.waits_for_nobody_else()):
            return True
        return any(thread.wait.ends - time.monotonic_ns() <= span for thread in self.timed_waits())

    def give_up(self) -> None:
        """It has been silent for too long; nobody waits for it until it says something."""
        self.silent_for_good = self._neglects_for_good = True

    def give_up_its_debts(self) -> None:
        """It was given time, and has not answered all the same; it is not given time for that again."""
        self._neglects_for_good = True

    def listen(self) -> None:
        """Takes in all that it has said, and notices when it has ended."""
        child = self._child
        if child is None:
            return
        self.roused = self.starting
        self._asked = self._told = 0
        while child.lines:
            self.silent_for_good = False
            self._hear(child.lines.popleft())
            if self._child is not child:
                return
            self._allowed -= 1
            if self._allowed < 0:
                self._die(FLOODED)
                return
        if child.floods:
            self._die(FLOODED_IN_ONE_LINE)
            return
        how = child.ended() if not child.speaking or not child.listening else ""
        if how:
            self._die(how if not child.unfinished else f'{how}, in the middle of a line: "{quoted(child.unfinished)}"')
        elif self.starting and time.monotonic() > self._start_deadline:
            self._die(not_started_in_time(child.unfinished, self._hearing.last_line))

    # How it does that.

    def _feed(self, envelope: AnyEnvelope) -> None:
        assert self._child is not None
        self._allowed += FLOOD_EACH
        self.fed += 1
        if not self.paused:
            self.roused = True
        self._child.feed(encode([Envelope(envelope.src, envelope.dest, on_the_wire(envelope.body))]))

    def _hear(self, line: bytes) -> None:
        envelope = self._hearing.hear(line)
        if envelope is None:
            return
        body = envelope.body
        if self._hearing.answers_init(envelope):
            refusal = init_refusal(line, body)
            self._hearing.starting = False
            if refusal:
                self._end(refusal, refusal, planned=False)
            return
        if type(body) is dict and is_reply(body) and not self._network.takes_requests(envelope.dest):
            body = Misshapen(in_reply_to=body["in_reply_to"], fields=body)
        self._network.send(Envelope(self.name, envelope.dest, body))

    def _die(self, how: str) -> None:
        """It has ended though nobody asked for it, or is ended for what it does."""
        assert self._child is not None
        text = self._child.with_last_words(how)
        was_starting = self.starting
        if was_starting:
            text, how = f"it could not start: {text}", f"it could not start: {how}"
        self._end(text, how, planned=False)
        if not was_starting:  # what it could not start from it cannot start from in a moment either
            self._supervise()

    def _end(self, text: str, how: str, *, planned: bool) -> None:
        """Ends it; ``text`` is what the history says of that, ``how`` what its log does, where its last words stand."""
        if self._child is None:
            return
        was_asked = self._hearing.owes
        self._kill(how)
        self._record_end(text, planned=planned, given_up=was_asked)

    def _kill(self, how: str) -> None:
        if self._child is not None:
            self._program.children.remove(self._child)
            self._child.kill()
            if self._log is not None:
                self._log.end(self._clock.now, how)
            self.last_words = (*self.last_words, *self._child.last_words(_KEPT_LINES))[-_KEPT_LINES:]
            self._child = None
        if self._rest is not None:
            self._rest.close()
            self._rest = None
        self.roused = False
        self.silent_for_good = True
        self._asked = self._told = 0
        self._hearing.end()
