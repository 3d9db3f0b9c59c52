"""Holds what a program says against the protocol, and against what it was asked.

It does so for whoever runs the program: the simulated world, or a person who talks to it. The protocol is Maelstrom's,
see https://github.com/jepsen-io/maelstrom/blob/main/doc/protocol.md; each problem names the section there that says so.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol

from kafkasim.forms import show
from kafkasim.history import BreachKind
from kafkasim.messages import Envelope, Error, Init, InitOk
from kafkasim.processes.lines import NoMessageError, flaw_in_body, quoted, read_message
from kafkasim.scenario.service_names import SERVICE_NAMES
from kafkasim.sim.bodies import is_reply, request_number

_STARTER: Final = "c0"
"""Who says init to a node: the name that Maelstrom's own client has, which programs may take for granted."""

_INIT: Final = 1

START_LIMIT_SECONDS: Final = 10
"""How long a program may take to start and to answer ``init``, in real time; as Maelstrom allows."""


def not_started_in_time(unfinished: bytes, last_line: bytes) -> str:
    """What is told of a program that did not answer ``init`` in time.

    ``unfinished``: it has begun a line that has no end yet. ``last_line``: what it wrote last; empty: nothing.

    >>> not_started_in_time(b'{"src": "n0"}', b"")
    'it did not answer init within 10 s, and was ended: what it wrote, "{"src": "n0"}", has no end of line'
    >>> not_started_in_time(b"", b"")
    'it did not answer init within 10 s, and was ended: is each line that it writes flushed at once?'
    >>> not_started_in_time(b"", b"hello")
    "it did not answer init within 10 s, and was ended: the last line that it wrote is no answer to it: 'hello'"
    """
    if unfinished:
        why = f'what it wrote, "{quoted(unfinished)}", has no end of line'
    elif last_line:
        why = f"the last line that it wrote is no answer to it: '{quoted(last_line)}'"
    else:
        why = "is each line that it writes flushed at once?"
    return f"it did not answer init within {START_LIMIT_SECONDS} s, and was ended: {why}"


FLOOD: Final = 100_000
"""So many lines a node may write before it is taken for one that floods, and `FLOOD_EACH` more for each message."""

FLOOD_EACH: Final = 100

FLOODED: Final = f"it was ended, for it flooded: more than {FLOOD:,} lines beyond what was asked of it"
FLOODED_IN_ONE_LINE: Final = "it was ended, for it flooded: a line without an end"


class Addressees(Protocol):
    """Those whom a node may write to."""

    def knows(self, name: str) -> bool:
        """Whether anybody has this address."""

    def takes_requests(self, name: str) -> bool:
        """Whether who has this address, and somebody has, may be asked something."""


def init_refusal(line: bytes, body: Any) -> str:
    """In words, why a node that answered ``init`` so cannot be used; empty: it can.

    ``init_ok`` may have any fields: those who test with Maelstrom learn that it looks at none of them.

    >>> init_refusal(b"...", InitOk(in_reply_to=1)), init_refusal(b"...", {"type": "init_ok", "in_reply_to": 1, "x": 2})
    ('', '')
    >>> print(init_refusal(b'{"body": {"type": "error", "code": 10, "text": "no"}}', Error(code=10, text="no")))
    it refused init: '{"body": {"type": "error", "code": 10, "text": "no"}}'
    """
    if type(body) is InitOk or (type(body) is dict and body.get("type") == "init_ok"):
        return ""
    if type(body) is Error:
        return f"it refused init: '{quoted(line)}'"
    return f"it answered init with '{quoted(line)}': expected init_ok (protocol: Initialization)"


class Hearing:
    """What one node says. ``report`` is told of what breaks the protocol: the kind, the line, what was expected."""

    def __init__(self, name: str, addressees: Addressees, report: Callable[[BreachKind, bytes, str], None]) -> None:
        self.starting = False
        """Whether it was told ``init`` and has not answered."""
        self.last_line = b""
        """What it has written last in this life, but for empty lines."""
        self._name = name
        self._addressees = addressees
        self._report = report
        self._open: dict[tuple[str, int], int] = {}
        """Of each request that it was given and has not answered: how often it was given it."""
        self._latest: dict[str, int] = {}
        """The highest number of a request by each who asked."""
        self._wait: dict[tuple[str, int], None] = {}
        """The requests of clients that it was given and has not answered at all, however often they came."""

    def begin(self, names: Sequence[str]) -> Envelope[Init]:
        """It starts, and was asked nothing yet. What it is told first: its name, and the names of all nodes."""
        self.end()
        self._latest.clear()
        self.starting, self.last_line = True, b""
        return Envelope(_STARTER, self._name, Init(msg_id=_INIT, node_id=self._name, node_ids=list(names)))

    def end(self) -> None:
        """It is gone, and will answer nothing any more."""
        self.starting = False
        self._open.clear()
        self._wait.clear()

    def asked(self, asker: str, number: int) -> None:
        """It was given this request."""
        self._open[(asker, number)] = self._open.get((asker, number), 0) + 1
        if number > self._latest.get(asker, -1) and not self._addressees.takes_requests(asker):
            self._wait[(asker, number)] = None
        self._latest[asker] = max(number, self._latest.get(asker, number))

    @property
    def owes(self) -> bool:
        """Whether there is a request that it has not answered."""
        return bool(self._open)

    @property
    def keeps_a_client_waiting(self) -> bool:
        """Whether there is a request of a client that it has not answered at all."""
        return bool(self._wait)

    def answers_init(self, envelope: Envelope[Any]) -> bool:
        """Whether this is what it has to say to ``init``, accepting or not."""
        body = envelope.body
        return self.starting and envelope.dest == _STARTER and is_reply(body) and request_number(body) == _INIT

    def hear(self, line: bytes) -> Envelope[Any] | None:
        """The message of the line, if it is one that may go on its way, or the answer to ``init``.

        What is said to another node goes on its way whatever it is: of what form and in what order nodes speak to
        each other is up to them (protocol: Message Bodies).
        """
        if not line.strip():
            return None
        self.last_line = line
        try:
            envelope = read_message(line)
        except NoMessageError as error:
            self._report("malformed-message", line, str(error))
            return None
        dest, body = envelope.dest, envelope.body
        to_a_node = self._is_node(dest)
        flaw = "" if to_a_node else flaw_in_body(body)
        if flaw:
            self._report("malformed-message", line, flaw)
            return None
        if envelope.src != self._name:
            problem = f"field `src`: expected {show(self._name)}, its name, got {show(envelope.src)}"
            self._report("malformed-message", line, f"{problem} (protocol: Initialization)")
        if to_a_node:
            if is_reply(body):
                self._is_answered(dest, request_number(body))
            return envelope
        return envelope if self.answers_init(envelope) or self._may_go(envelope, line) else None

    def _is_node(self, name: str) -> bool:
        addressees = self._addressees
        return addressees.knows(name) and addressees.takes_requests(name) and name not in SERVICE_NAMES

    def _may_go(self, envelope: Envelope[Any], line: bytes) -> bool:
        """Whether what it says to a client, a service or nobody may go on its way; if not, why is reported."""
        dest, body = envelope.dest, envelope.body
        number = request_number(body)
        there_is = self._addressees.knows(dest)
        if not there_is and dest != _STARTER:
            self._report("unknown-destination", line, self._nobody(dest))
            return False
        if there_is and not is_reply(body) and self._addressees.takes_requests(dest):
            return True
        if number is None:
            problem = "`in_reply_to` is missing: a client takes replies alone, and each names its request"
            self._report("malformed-message", line, f"body: {problem} (protocol: Message Bodies)")
            return False
        if not there_is:
            self._report("stray-reply", line, self._stray_to_starter(number))
            return False
        if not self._is_answered(dest, number):
            self._report("stray-reply", line, self._stray(dest, number))
            return False
        return True

    def _stray(self, asker: str, number: int) -> str:
        if number > self._latest.get(asker, -1):
            return f"request {number} of {asker} was never asked of {self._name} (protocol: Message Bodies)"
        return f"request {number} of {asker} has been answered already (protocol: Message Bodies)"

    def _nobody(self, name: str) -> str:
        if self.starting:
            init = f"expected init_ok to {_STARTER}, who asked for it as request {_INIT}"
            return f"no client {show(name)} has asked {self._name} anything yet: {init} (protocol: Initialization)"
        return f"there is no node, client or service {show(name)} (protocol: Nodes and Networks)"

    def _stray_to_starter(self, number: int) -> str:
        if number == _INIT:
            return f"init, request {_INIT} of {_STARTER}, has been answered already (protocol: Initialization)"
        return (
            f"request {number} of {_STARTER} was never asked of {self._name}: init was request {_INIT} "
            "(protocol: Initialization)"
        )

    def _is_answered(self, asker: str, number: int | None) -> bool:
        """It answers a request; the result is whether it was given it and has not answered."""
        times = 0 if number is None else self._open.get((asker, number), 0)
        if number is None or not times:
            return False
        self._wait.pop((asker, number), None)
        if times == 1:
            del self._open[(asker, number)]
        else:
            self._open[(asker, number)] = times - 1
        return True
