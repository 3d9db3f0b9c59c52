"""A client of the log: asks one thing at a time, waits for so long, and writes down what came of it.

What it asks next is somebody else's business (a script, a workload, the final polls): they call `Client.send`,
`Client.poll`, ... with a method of theirs that is called once it is over.

A consumer's state is as Kafka's: its *positions*, for each key it is assigned the next offset to read, and what
it has *polled*, for each key the last offset that it was given, which is what it commits.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Literal

from kafkasim.history import Failure, Function, Operation
from kafkasim.messages import (
    AnyRequest,
    CommitOffsets,
    Envelope,
    Error,
    ListCommittedOffsets,
    Poll,
    Reply,
    Send,
    is_definite,
)
from kafkasim.scenario.durations import show_duration
from kafkasim.sim.bodies import request_as_written
from kafkasim.sim.network import AnyEnvelope
from kafkasim.sim.replies import RESPONSES, as_json, fault_of, is_error
from kafkasim.sim.surroundings import Surroundings

Then = Callable[[], None]
"""What is called once an operation is over."""

_NO_REPLY: Final = 0
"""The error code of an operation that was not answered in time."""

_FUNCTIONS: Final[dict[type[AnyRequest], tuple[Function, tuple[str, ...]]]] = {
    Send: ("send", ("key", "msg")),
    Poll: ("poll", ("offsets",)),
    CommitOffsets: ("commit_offsets", ("offsets",)),
    ListCommittedOffsets: ("list_committed_offsets", ("keys",)),
}
"""What a history calls a request, and which of its fields it holds."""


class Client:
    """One client, speaking to one node.

    What came of the last operation is in ``response`` (None: it did not succeed), ``failure`` (an error reply, or
    none in time) and ``malformed`` (in words, how the reply was not of the protocol's form; empty: it was).
    """

    takes_requests = False

    def __init__(
        self,
        name: str,
        node: str,
        timeout: int,
        surroundings: Surroundings,
        *,
        final: bool = False,
    ) -> None:
        self.name, self.node = name, node
        self._timeout, self._final = timeout, final
        self._clock, self._network = surroundings.clock, surroundings.network
        self._recorder = surroundings.recorder
        self.process = self._recorder.new_process()
        self.positions: dict[str, int] = {}
        self.polled: dict[str, int] = {}
        self.response: dict[str, Any] | None = None
        self.failure: Failure | None = None
        self.malformed = ""
        self._then: Then | None = None
        """Whom to tell when the answer is there; None: no answer is waited for."""
        self._operation: Operation | None = None
        """What is waited for, where a history has it."""
        self._last_msg_id = 0
        self._awaited: int | None = None
        """The ``msg_id`` of the last request; None: it had none that an answer could name."""
        self._excused = False
        """Whether the run knows why the answer may never come."""
        self._repeated = False
        """Whether the network repeats the request: where one copy was refused, another may have been obeyed."""
        self._advances = False
        """Whether what a poll returns moves the positions."""
        self._raw = False
        """Whether the response is to be the reply's whole body."""
        self._asked_at = 0
        self._alarm_is_set = False
        self._unanswered: dict[int, Operation] = {}
        """Operations given up on, by ``msg_id``: should an answer come after all, the node was not silent."""
        self._assigning: tuple[str, ...] = ()
        self._assigned: Then | None = None
        self._network.join(name, self)

    @property
    def ignored(self) -> bool:
        """Whether the last operation got no answer in time, and nothing that happened in the run is why."""
        return self.failure is not None and self.failure.code == _NO_REPLY and not self._excused

    # What it can be told to do.

    def send(self, key: str, msg: Any, then: Then) -> None:
        """Appends a message."""
        self._last_msg_id += 1
        self._ask("send", Send(msg_id=self._last_msg_id, key=key, msg=msg), {"key": key, "msg": msg}, then)

    def poll(self, offsets: dict[str, int] | None, max_messages: int | None, then: Then) -> None:
        """Reads from the given offsets, or (None) from the positions, which it advances.

        ``max_messages`` is how many messages of each key are kept; None: all that come.
        """
        self._advances = offsets is None
        self._last_msg_id += 1
        asked = self.positions.copy() if offsets is None else offsets
        self._ask("poll", Poll(msg_id=self._last_msg_id, offsets=asked), {"offsets": asked}, then, max_messages)

    def commit_offsets(self, offsets: dict[str, int], then: Then) -> None:
        """Commits these offsets."""
        self._last_msg_id += 1
        request = CommitOffsets(msg_id=self._last_msg_id, offsets=offsets)
        self._ask("commit_offsets", request, {"offsets": offsets}, then)

    def commit(self, then: Then) -> None:
        """Commits what was polled so far."""
        self.commit_offsets(dict(self.polled), then)

    def list_committed_offsets(self, keys: list[str], then: Then) -> None:
        """Asks for the committed offsets of these keys."""
        self._last_msg_id += 1
        request = ListCommittedOffsets(msg_id=self._last_msg_id, keys=keys)
        self._ask("list_committed_offsets", request, {"keys": keys}, then)

    def assign(self, keys: tuple[str, ...], start: Literal["committed", "start"], then: Then) -> None:
        """Reads these keys from now on, and no others.

        From ``start``: each from 0. From ``committed``: a key held already keeps its position, a new one starts
        after its committed offset, which is asked for first; if there is no answer, nothing is assigned.
        """
        if start == "start":
            self._hold(keys, start, dict.fromkeys(keys, 0))
            self._clock.after(0, _call, then)
            return
        self._assigning, self._assigned = keys, then
        new = [key for key in keys if key not in self.positions]
        if new:
            self.list_committed_offsets(new, self._listed)
        else:
            self._hold(keys, start, self.positions)
            self._clock.after(0, _call, then)

    def crash(self, then: Then) -> None:
        """Is thrown away with its positions; another takes its name."""
        self._recorder.local(self.process, self.name, "crash", {}, {})
        self.process = self._recorder.new_process()
        self.positions, self.polled = {}, {}
        self.response, self.failure, self.malformed = {}, None, ""
        self._clock.after(0, _call, then)

    def raw(self, body: dict[str, Any], then: Then) -> None:
        """Sends any body; it gets a ``msg_id`` where it has none. The response is the reply's whole body, but for ids.

        A request of the log's own is recorded like any other; what else it may be, no history has.
        """
        self._last_msg_id += 1
        request = request_as_written({"msg_id": self._last_msg_id} | body)
        if request.msg_id is not None:  # the next request must not have the number that this body brought along
            self._last_msg_id = max(self._last_msg_id, request.msg_id)
        self._advances = False
        function, fields = _FUNCTIONS.get(type(request), (None, ()))
        self._ask(function, request, {field: getattr(request, field) for field in fields}, then)
        self._raw = True

    def abandon(self) -> None:
        """Waits no longer: the run is over."""
        if self._then is not None and self._operation is not None:
            self._operation.error = Failure(_NO_REPLY, "the run ended before there was a reply")
            self._operation.lost = True
        self._then = None

    def leave(self) -> None:
        """Forgets whom it works for."""
        self._then = self._assigned = None

    # What it hears.

    def hears(self, _: AnyEnvelope, /) -> bool:
        """See `kafkasim.sim.network.Party.hears`."""
        return True

    def receive(self, envelope: AnyEnvelope) -> None:
        """Takes an answer in. One that comes too late, or once more, changes nothing for the client."""
        body = envelope.body
        then = self._then
        if then is None or body.in_reply_to != self._awaited:  # as `awaits`, without the call
            late = self._unanswered.pop(body.in_reply_to, None)
            if late is not None:
                late.lost = True
            return
        self._then = None
        self.failure, self.malformed = None, ""
        operation = self._operation
        if operation is None:
            self._take_unrecorded(body)
        else:
            self._recorder.end(operation)
            self.response = response = RESPONSES[operation.f](body)
            if response is None:
                self._take_refusal(operation, body)
            else:
                operation.type = "ok"
                if operation.f == "poll":
                    self._take_messages(operation, response)
                operation.response = response
                if self._raw:
                    self.response = _without_ids(body)
        then()

    def awaits(self, number: int | None) -> bool:
        """See `kafkasim.sim.network.Asker.awaits`."""
        return self._then is not None and number == self._awaited

    def excuse(self, msg_id: int | None) -> None:
        """See `kafkasim.sim.network.Party.excuse`."""
        if msg_id == self._awaited:
            self._excused = True
        elif msg_id in self._unanswered:
            self._unanswered.pop(msg_id).lost = True

    def repeated(self, msg_id: int | None) -> None:
        """See `kafkasim.sim.network.Party.repeated`."""
        if msg_id == self._awaited:
            self._repeated = True

    def excuse_all(self, *, given_up: bool) -> None:
        """See `kafkasim.sim.network.Asker.excuse_all`."""
        self._excused = True
        if given_up:
            for operation in self._unanswered.values():
                operation.lost = True
            self._unanswered.clear()

    # How it does that.

    def _ask(
        self,
        function: Function | None,
        request: AnyRequest,
        fields: dict[str, Any],
        then: Then,
        max_messages: int | None = None,
    ) -> None:
        """Sends the request, and writes it down with these fields; ``function`` None: no history has it."""
        self._operation = None
        if function is not None:
            operation = self._recorder.begin(self.process, self.name, self.node, function, fields)
            operation.max_messages, operation.final = max_messages, self._final
            self._operation = operation
        self._awaited = msg_id = request.msg_id
        self._excused = msg_id is None  # it is not to be answered
        self._raw = self._repeated = False
        self._then = then
        self._asked_at = now = self._clock.now
        if not self._alarm_is_set:
            self._alarm_is_set = True
            self._clock.at(now + self._timeout, self._alarm)
        self._network.send(Envelope(self.name, self.node, request))

    def _alarm(self, _: None) -> None:
        """Time may be up. One alarm serves all operations one after the other: most are answered long before."""
        deadline = self._asked_at + self._timeout
        if self._then is None:
            self._alarm_is_set = False
        elif deadline > self._clock.now:
            self._clock.at(deadline, self._alarm)
        else:
            self._alarm_is_set = False
            self._give_up()

    def _give_up(self) -> None:
        then, self._then = self._then, None
        self.response, self.malformed = None, ""
        self.failure = Failure(_NO_REPLY, f"no reply within {show_duration(self._timeout)}")
        operation = self._operation
        if operation is not None:
            operation.error = self.failure
            operation.lost = self._excused
            if not self._excused and self._awaited is not None:
                self._unanswered[self._awaited] = operation
            self.process = self._recorder.new_process()
        self._awaited = None
        assert then is not None
        then()

    def _take_unrecorded(self, body: Reply) -> None:
        self.response = None
        if is_error(body):
            assert isinstance(body, Error)
            self.failure = Failure(int(body.code), body.text)
        else:
            self.response = _without_ids(body)

    def _take_refusal(self, operation: Operation, body: Reply) -> None:
        if is_error(body):
            assert isinstance(body, Error)
            self.failure = operation.error = Failure(int(body.code), body.text)
            operation.lost = self._excused
            if is_definite(body.code) and not self._repeated:
                operation.type = "fail"
                return
        else:
            operation.raw = as_json(body)
            self.malformed = fault_of(operation.f, body)
        self.process = self._recorder.new_process()

    def _take_messages(self, operation: Operation, response: dict[str, Any]) -> None:
        limit = operation.max_messages
        if limit is not None:
            response["msgs"] = {key: pairs[:limit] for key, pairs in response["msgs"].items()}
        asked = operation.request["offsets"]
        for key, pairs in response["msgs"].items():
            if pairs and key in asked:
                last = pairs[-1][0]
                self.polled[key] = max(last, self.polled.get(key, last))
                if self._advances:
                    self.positions[key] = last + 1

    def _listed(self) -> None:
        assert self._assigned is not None
        if self.response is not None:
            committed = self.response["offsets"]
            positions = {key: self.positions.get(key, committed.get(key, -1) + 1) for key in self._assigning}
            self._hold(self._assigning, "committed", positions)
        self._assigned()

    def _hold(self, keys: tuple[str, ...], start: str, positions: dict[str, int]) -> None:
        if start == "start":
            self.polled = {}
        else:
            self.polled = {key: offset for key, offset in self.polled.items() if key in keys}
        self.positions = {key: positions[key] for key in keys}
        self.response, self.failure, self.malformed = {"positions": dict(self.positions)}, None, ""
        self._recorder.local(
            self.process, self.name, "assign", {"keys": list(keys), "from": start}, {"positions": dict(self.positions)}
        )


def _without_ids(body: Reply) -> dict[str, Any]:
    return {name: value for name, value in as_json(body).items() if name not in ("msg_id", "in_reply_to")}


def _call(then: Then) -> None:
    then()
