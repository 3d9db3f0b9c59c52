"""The log service as a sans-IO protocol object: envelopes in, effects out.

What the Maelstrom node, the REPL and the simulated world all run. Nothing here reads, writes, waits or
looks at a clock; who runs it does (the seam)::

    receive(envelope) -> effects     a message has arrived
    wake(timer)       -> effects     a timer that was set has run out
    written(token)    -> effects     a write that was asked for is safe

An effect is an `Envelope` to send, a `Timer` to set, or a `Write` to storage whose completion comes back
as ``written``. A process that stops forgets its service; one that starts again makes a new one and hands it,
with ``recover``, the records that were safe.

`Service` is the seam itself and takes care of what every node does: the handshake, requests that cannot be
obeyed, failures of our own. `LogService` adds the log. A faulty server is a subclass of a page.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import Any, Final

from msgspec import Raw, Struct

from kafkasim.core import LogEngine
from kafkasim.forms import show
from kafkasim.messages import (
    AnyReply,
    AnyRequest,
    BadRequest,
    CommitOffsets,
    CommitOffsetsOk,
    Envelope,
    Error,
    ErrorCode,
    Init,
    InitOk,
    ListCommittedOffsets,
    ListCommittedOffsetsOk,
    NotSupportedError,
    Poll,
    PollOk,
    RpcError,
    Send,
    SendOk,
    TemporarilyUnavailableError,
    UnexpectedReply,
)

_LOG: Final = logging.getLogger(__name__)


class Timer(Struct, frozen=True):
    """Asks to be woken with this object, ``delay`` nanoseconds from now."""

    delay: int
    name: str


class Write(Struct, frozen=True):
    """Asks for a record to be made safe; `Service.written` is called with ``token`` once it is.

    Writes become safe in the order in which they were asked for. ``record`` is for `Service.recover`:
    whoever runs the service keeps it and does not look inside.
    """

    token: int
    record: Any


Effect = Envelope[Any] | Timer | Write

_BEFORE_INIT: Final = (Init, BadRequest, UnexpectedReply)
"""What a node answers, or ignores, whether or not it knows its name."""

_WRITTEN: Final = (Send, CommitOffsets)
"""The requests that a durable log writes down."""


class Service:
    """What every node does, whatever it serves: the handshake, refusals, and surviving its own failures.

    A subclass answers requests in `handle`. ``node_id`` is empty before ``init``.
    """

    def __init__(self) -> None:
        self.node_id = ""
        self.node_ids: tuple[str, ...] = ()

    def receive(self, envelope: Envelope[AnyRequest]) -> Sequence[Effect]:
        """What follows from the arrival of a message; nothing is raised.

        >>> service = LogService()
        >>> service.receive(Envelope("c0", "n0", Init(msg_id=1, node_id="n0", node_ids=["n0"])))
        [Envelope(src='n0', dest='c0', body=InitOk(in_reply_to=1))]
        >>> service.receive(Envelope("c1", "n0", Send(key="k1", msg="hello", msg_id=2)))
        [Envelope(src='n0', dest='c1', body=SendOk(in_reply_to=2, offset=0))]
        """
        request = envelope.body
        try:
            if not self.node_id and not isinstance(request, _BEFORE_INIT):
                raise self.unready()
            reply = self.handle(request, envelope)
        except Exception as error:  # noqa: BLE001 - the node must go on, whatever went wrong in it
            reply = self.refusal(envelope, error)
        return [] if reply is None else self.answer(envelope, reply)

    def receive_all(self, envelopes: Iterable[Envelope[AnyRequest]]) -> Sequence[Effect]:
        """What follows from the arrival of several messages: that of each, in their order."""
        return [effect for envelope in envelopes for effect in self.receive(envelope)]

    def wake(self, timer: Timer) -> Sequence[Effect]:
        """What follows from a timer's running out. A plain service sets none."""
        raise LookupError(f"no such timer was set: {timer}")

    def written(self, token: int) -> Sequence[Effect]:
        """What follows from a write's being safe. A plain service writes nothing."""
        raise LookupError(f"no such write was asked for: {token}")

    def recover(self, records: Iterable[Any]) -> None:
        """Takes in what was safe when the node last stopped, in the order in which it was written."""
        for record in records:
            raise LookupError(f"nothing was written by this service, yet there is a record: {record}")

    def handle(self, request: AnyRequest, envelope: Envelope[AnyRequest]) -> AnyReply | None:
        """The reply to a request; None to answer later, or never. Raises `RpcError` to refuse it."""
        match request:
            case Init():
                return self.init(request)
            case BadRequest():
                if request.msg_id is None:
                    _LOG.warning(
                        "refused, unanswered (it has no usable msg_id), from %s: %s", show(envelope.src), request.text
                    )
                return Error(code=request.code, text=request.text)
            case UnexpectedReply():
                _LOG.info("ignored a reply that nobody asked for, from %s: %s", show(envelope.src), show(request.body))
                return None
        raise NotSupportedError(f"{type(request).__name__} is not served here")

    def refusal(self, envelope: Envelope[AnyRequest], error: Exception) -> Error:
        """The reply to a request that raised: its own error where it was refused, ours where we failed."""
        if isinstance(error, RpcError):
            return Error(code=error.code, text=str(error))
        _LOG.error("failed to handle %s from %s", show(envelope.body), show(envelope.src), exc_info=error)
        return Error(code=ErrorCode.CRASH, text=f"the node failed: {type(error).__name__}: {error}")

    def unready(self) -> RpcError:
        """Why an operation is refused before the node knows its name."""
        return TemporarilyUnavailableError("the node does not know its name yet: expected init first")

    def init(self, request: Init) -> AnyReply:
        """Takes the name; asked again, takes it again and keeps what it has stored."""
        self.node_id, self.node_ids = request.node_id, tuple(request.node_ids)
        return InitOk()

    def answer(self, envelope: Envelope[AnyRequest], reply: AnyReply) -> list[Effect]:
        """The reply on its way back to who asked; nothing where the request wants no answer."""
        msg_id = envelope.body.msg_id
        if msg_id is None:
            return []
        reply.in_reply_to = msg_id
        return [Envelope(self.node_id or envelope.dest, envelope.src, reply)]


class LogService(Service):
    """The four operations on the log, as one node alone serves them.

    ``max_poll_messages`` caps what a poll returns of each key (None: everything).
    ``durable`` has every send and commit written down first; it takes effect, and is answered, once that is safe.
    """

    def __init__(
        self, engine: LogEngine | None = None, *, max_poll_messages: int | None = None, durable: bool = False
    ) -> None:
        super().__init__()
        self.engine = LogEngine() if engine is None else engine
        self.max_poll_messages = max_poll_messages
        self.durable = durable
        self._init_refused = ""
        """Why; empty: it was not."""
        self._last_token = 0
        self._unsafe: dict[int, Envelope[AnyRequest]] = {}
        """The requests whose record is being written, by the token of the write."""
        self._operations: dict[type, Callable[[Any], AnyReply]] = {
            Send: self.send,
            Poll: self.poll,
            CommitOffsets: self.commit_offsets,
            ListCommittedOffsets: self.list_committed_offsets,
        }
        self._reads = {kind: obey for kind, obey in self._operations.items() if kind not in _WRITTEN}
        kind = type(self)
        self._as_it_is = (kind.receive, kind.handle, kind.answer) == (
            LogService.receive,
            LogService.handle,
            LogService.answer,
        )
        """Whether no subclass has its own way with every request, which the one loop for many would pass by."""

    def receive(self, envelope: Envelope[AnyRequest]) -> Sequence[Effect]:
        """As `Service.receive`; where the log is durable, sends and commits are answered by `written`."""
        if self.durable and self.node_id and isinstance(envelope.body, _WRITTEN):
            return self._write_first(envelope)
        return super().receive(envelope)

    def receive_all(self, envelopes: Iterable[Envelope[AnyRequest]]) -> Sequence[Effect]:
        """As `receive` of each. The one loop that a node under load lives in, so nothing in it is done twice."""
        if not self._as_it_is:
            return super().receive_all(envelopes)
        effects: list[Effect] = []
        append = effects.append
        node_id, operation_of = self.node_id, self._at_once().get
        for envelope in envelopes:
            request = envelope.body
            operation = operation_of(type(request))
            if operation is not None:
                try:
                    reply = operation(request)
                except Exception as error:  # noqa: BLE001 - as in `Service.receive`
                    reply = self.refusal(envelope, error)
                msg_id = request.msg_id
                if msg_id is not None:
                    reply.in_reply_to = msg_id
                    append(Envelope(node_id, envelope.src, reply))
            else:
                effects += self.receive(envelope)
                node_id, operation_of = self.node_id, self._at_once().get  # it may have been told its name just now
        return effects

    def _at_once(self) -> dict[type, Callable[[Any], AnyReply]]:
        """The operations that are obeyed and answered as soon as they are asked for: none before ``init``."""
        if not self.node_id:
            return {}
        return self._reads if self.durable else self._operations

    def written(self, token: int) -> Sequence[Effect]:
        """The request whose record is now safe takes effect and is answered."""
        return super().receive(self._unsafe.pop(token))

    def recover(self, records: Iterable[Any]) -> None:
        """Obeys once more every send and commit that was safe; nobody is answered.

        What was refused then is refused again.
        """
        for request in records:
            with suppress(RpcError):
                self._operations[type(request)](request)

    def handle(self, request: AnyRequest, envelope: Envelope[AnyRequest]) -> AnyReply | None:
        """As `Service.handle`, with the four operations on the log."""
        operation = self._operations.get(type(request))
        if operation is None:
            return super().handle(request, envelope)
        return operation(request)

    def unready(self) -> RpcError:
        """As `Service.unready`; after a refused ``init`` asking again would never help, so the error says so."""
        return NotSupportedError(self._init_refused) if self._init_refused else super().unready()

    def init(self, request: Init) -> AnyReply:
        """As `Service.init`; refused where there are peers, and where the node is not among the nodes itself."""
        if set(request.node_ids) != {request.node_id}:
            names = show(request.node_ids)
            self._init_refused = f"init: this node runs alone, got node_ids {names}: expected its own name alone"
            raise NotSupportedError(self._init_refused)
        return super().init(request)

    def send(self, request: Send[Any]) -> AnyReply:
        """Appends; the reply has the offset."""
        msg = request.msg
        if type(msg) is Raw:
            msg = msg.copy()  # a Raw is a view: without the copy it would keep everything that arrived with it
        return SendOk(offset=self.engine.send(request.key, msg))

    def poll(self, request: Poll) -> AnyReply:
        """Reads all keys at one instant."""
        return PollOk(msgs=self.engine.poll(request.offsets, self.max_poll_messages))

    def commit_offsets(self, request: CommitOffsets) -> AnyReply:
        """Commits all keys or none."""
        self.engine.commit_offsets(request.offsets)
        return CommitOffsetsOk()

    def list_committed_offsets(self, request: ListCommittedOffsets) -> AnyReply:
        """Lists the committed offsets of the keys asked for."""
        return ListCommittedOffsetsOk(offsets=self.engine.list_committed_offsets(request.keys))

    def _write_first(self, envelope: Envelope[AnyRequest]) -> Sequence[Effect]:
        """Asks for the record to be written; what would be refused is refused before."""
        request = envelope.body
        if isinstance(request, CommitOffsets):
            try:
                self.engine.check_commit(request.offsets)
            except Exception as error:  # noqa: BLE001 - as in `Service.receive`
                return self.answer(envelope, self.refusal(envelope, error))
        self._last_token += 1
        self._unsafe[self._last_token] = envelope
        return [Write(self._last_token, request)]
