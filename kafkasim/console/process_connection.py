"""A node that is a program, spoken to line by line over its standard input and output.

A page of its own, and loaded where there is a program, as most sessions are with the node of ours.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, Final, Self

import msgspec
from msgspec import Raw

from kafkasim.codec import encode
from kafkasim.console.connection import KILLED, NODE, Answer, NotStartedError, UnansweredError, is_down
from kafkasim.console.notes import Note, Notes
from kafkasim.console.services import Services
from kafkasim.forms import mismatch, show
from kafkasim.history import BreachKind
from kafkasim.interrupts import Interrupts
from kafkasim.messages import Envelope, Error
from kafkasim.processes.child import Child, StartError
from kafkasim.processes.children import Children
from kafkasim.processes.lines import quoted
from kafkasim.processes.remains import end_marked, new_mark
from kafkasim.scenario.service_names import SERVICE_NAMES
from kafkasim.sim.bodies import is_reply, request_number
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
from kafkasim.sim.replies import RESPONSES, Misshapen, as_json, fault_of, is_error

PATIENCE_SECONDS: Final = 5
"""How long an answer is waited for."""

_GLANCE: Final = 0.05
"""Seconds between two looks whether Ctrl-C was pressed."""

_MOMENT: Final = 0.2
"""Seconds in which a node may say something that nobody waits for: when it is not to answer, and at the end."""


_ENDED: Final = f"{NODE} ended before it answered"


class _Addressees:
    """Whom the node may write to: those who have asked it something, itself, and services."""

    def __init__(self) -> None:
        self.clients: dict[str, None] = {}

    def knows(self, name: str) -> bool:
        return name in self.clients or self.takes_requests(name)

    def takes_requests(self, name: str) -> bool:
        return name == NODE or name in SERVICE_NAMES


class ProcessConnection:
    """A `Connection` to a program; as a context it ends the program with all that it has started.

    What the program writes besides its replies is told to ``tell``: while an answer is waited for, as it comes, and
    otherwise whenever `hear` and `tell_news` are called. ``interrupts`` is asked whether to go on waiting.
    """

    def __init__(self, command: Sequence[str], tell: Callable[[Note], None], interrupts: Interrupts) -> None:
        self._command = tuple(command)
        self._interrupts = interrupts
        self._mark = new_mark()
        self._children = Children()
        self._child: Child | None = None
        self._how_it_ended = "it was not started yet"
        self._addressees = _Addressees()
        self._hearing = Hearing(NODE, self._addressees, self._breach)
        self._notes = Notes(NODE, tell)
        self._services = Services(lambda reply: self._feed(encode([reply])))
        self._allowed = 0
        """How many more lines it may write before it is taken for one that floods."""
        self._last_msg_id = 0
        self._awaited: tuple[str, int] | None = None
        """The client and the number of the request whose answer is waited for."""
        self._answer: tuple[bytes, Any] | None = None
        """The body of the answer that was waited for: as it came, and as it was understood."""

    # What a `Connection` does.

    @property
    def node(self) -> str:
        """What the node was told at ``init``."""
        return NODE

    @property
    def command(self) -> tuple[str, ...]:
        """The program and its arguments."""
        return self._command

    def ask(self, client: str, body: dict[str, Any]) -> Answer | None:
        """See `kafkasim.console.connection.Connection.ask`.

        A request without ``msg_id`` is given the next one; one whose ``msg_id`` is no number has no answer that would
        be known for it.
        """
        self.hear()
        self.tell_news()
        if self._child is None:
            raise is_down(self._how_it_ended)
        self._notes.begin()
        self._last_msg_id += 1
        numbered = {"msg_id": self._last_msg_id} | body
        number = _plain(numbered["msg_id"])
        self._addressees.clients[client] = None
        self._answer = self._awaited = None
        if type(number) is int:
            self._hearing.asked(client, number)
            self._awaited = (client, number)
        try:
            self._feed(encode([Envelope(client, NODE, numbered)]))
            if self._awaited is None:
                self._hear_all_of(_MOMENT)
                if self._child is None:
                    raise UnansweredError(_ENDED)
                return None
            raw, understood = self._await_answer()
            self.hear()  # what it wrote to its standard error meanwhile
        finally:
            self._awaited = None
            self.tell_news()
        return Answer(raw, _fault_in(_plain(body.get("type")), understood))

    def kill(self) -> None:
        """See `kafkasim.console.connection.Connection.kill`: kill -9, for all that it has started too."""
        self.hear()
        if self._child is None:
            raise is_down(self._how_it_ended)
        self._end(KILLED)
        self.tell_news()

    def restart(self) -> None:
        """See `kafkasim.console.connection.Connection.restart`. Also what starts the program for the first time."""
        if self._child is not None:
            self.kill()
        try:
            self._child = Child(self._command, self._mark, self._notes)
        except StartError as error:
            raise NotStartedError(f"--bin: {error}") from None
        self._children.add(self._child)
        self._allowed = FLOOD
        self._notes.begin()
        self._feed(encode([self._hearing.begin([NODE])]))
        deadline = time.monotonic() + START_LIMIT_SECONDS
        while self._child is not None and self._hearing.starting:
            self.hear(_GLANCE)
            self.tell_news()
            if self._interrupts.asked is not None:
                self._end("it was interrupted")
            elif time.monotonic() > deadline:
                self._end(not_started_in_time(self._child.unfinished, self._hearing.last_line))
        self.tell_news()
        if self._child is None:
            raise NotStartedError(f"{NODE} could not start: {self._how_it_ended}")

    # What it says though nobody waits for it.

    def descriptors(self) -> list[int]:
        """What can be waited on until `hear` finds something; none where the node is down."""
        child = self._child
        if child is None:
            return []
        return [child.stdout] * child.speaking + [child.stderr] * child.complaining

    def hear(self, seconds: float = 0.0) -> None:
        """Takes in what the node has written, waiting for so long at most, and notices when it has ended."""
        child = self._child
        if child is None:
            return
        heard = self._children.wait(seconds)
        how = "" if heard and child.speaking and child.listening else child.ended()
        if how:
            while child.speaking and len(child.lines) <= FLOOD and self._children.wait(0):
                pass  # what it wrote before
        while child.lines:
            self._take(child.lines.popleft())
            if self._child is not child:
                return
            self._allowed -= 1
            if self._allowed < 0:
                self._end(FLOODED)
                return
        if child.floods:
            how = FLOODED_IN_ONE_LINE
        if how:
            self._end(how)

    @property
    def has_news(self) -> bool:
        """Whether there is something for `tell_news` to tell."""
        return bool(self._notes)

    def tell_news(self) -> None:
        """Tells what was heard and not told yet."""
        self._notes.tell()

    # The end.

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        try:
            if kind is None:
                self._hear_all_of(_MOMENT)
        finally:
            if self._child is not None:
                self._how_it_ended = KILLED
                self._let_go()
            end_marked(self._mark)
        if kind is None:
            self.tell_news()

    # How it does that.

    def _hear_all_of(self, seconds: float) -> None:
        """Takes in what the node writes within this time."""
        deadline = time.monotonic() + seconds
        while self._child is not None and (left := deadline - time.monotonic()) > 0:
            self.hear(left)

    def _feed(self, lines: bytes) -> None:
        assert self._child is not None
        self._allowed += FLOOD_EACH
        self._child.feed(lines)

    def _await_answer(self) -> tuple[bytes, Any]:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while self._answer is None:
            if self._child is None:
                raise UnansweredError(_ENDED)
            if self._interrupts.asked is not None:
                raise UnansweredError(f"interrupted, {NODE} has not answered yet")
            left = deadline - time.monotonic()
            if left <= 0:
                raise UnansweredError(f"{NODE} did not answer within {PATIENCE_SECONDS} s")
            self.hear(min(left, _GLANCE))
            self.tell_news()
        return self._answer

    def _take(self, line: bytes) -> None:
        envelope = self._hearing.hear(line)
        if envelope is None:
            return
        dest, body = envelope.dest, envelope.body
        if self._hearing.answers_init(envelope):
            refusal = init_refusal(line, body)
            if refusal:
                self._end(refusal)
            self._hearing.starting = False
        elif dest == NODE:
            self._take_to_itself(line, body)
        elif dest in SERVICE_NAMES:
            self._services.ask(envelope)
        elif (dest, request_number(body)) == self._awaited and self._answer is None:
            self._answer = bytes(_BODY.decode(line).body), body
        else:
            remark = f"late: this answers request {request_number(body)} of {dest}, which nobody waits for any more"
            self._notes.wrote("stdout", quoted(line), remark)

    def _take_to_itself(self, line: bytes, body: Any) -> None:
        number = request_number(body)
        if number is not None and not is_reply(body):
            self._hearing.asked(NODE, number)
        self._feed(line + b"\n")

    def _breach(self, kind: BreachKind, line: bytes, text: str) -> None:
        self._notes.wrote("stdout", quoted(line), f"{kind}: {text}")

    def _end(self, how: str) -> None:
        """It has ended, or is ended for what it does or because somebody wants it."""
        told = how != KILLED and not self._hearing.starting
        self._how_it_ended = how
        self._let_go()
        end_marked(self._mark)
        if told:
            self._notes.became(f"has ended: {how}; `restart` starts it again")

    def _let_go(self) -> None:
        assert self._child is not None
        self._children.remove(self._child)
        self._child.kill()
        self._notes.finish()
        self._child = None
        self._hearing.end()


_BODY: Final = msgspec.json.Decoder(Envelope[Raw])


def _plain(value: Any) -> Any:
    return msgspec.json.decode(value) if isinstance(value, Raw) else value


def _fault_in(kind: Any, body: Any) -> str:
    """In words, what of an answer to a request of this type is not of the protocol's form; empty: nothing.

    >>> _fault_in("send", {"type": "send_ok", "in_reply_to": 1, "offset": "0"})
    'send_ok: field `offset`: expected an integer >= 0, got "0"'
    >>> _fault_in("frobnicate", {"type": "frobnicate_ok", "in_reply_to": 1, "anything": "goes"})
    ''
    """
    if is_error(body):
        return ""
    reply = Misshapen(in_reply_to=body["in_reply_to"], fields=body) if type(body) is dict else body
    if isinstance(kind, str) and kind in RESPONSES:
        return "" if RESPONSES[kind](reply) is not None else fault_of(kind, reply)
    said = as_json(reply)
    return f"error: {mismatch(said, Error) or show(said)}" if said["type"] == "error" else ""
