"""A service on the network: takes requests in, and sends the answers back."""

from __future__ import annotations

from typing import Any, Protocol

from msgspec import Struct

from kafkasim.messages import BadRequest, Envelope, ErrorCode, RpcError
from kafkasim.sim.bodies import is_reply, request_number
from kafkasim.sim.network import AnyEnvelope
from kafkasim.sim.services.requests import read_request


class Handler(Protocol):
    """What a service does, without the network."""

    @property
    def known(self) -> tuple[type[Struct], ...]:
        """The requests that it can be asked."""

    def handle(self, client: str, request: Any) -> dict[str, Any]:
        """The body of the reply to a request, one of ``known``, without its ids; raises `RpcError` to refuse it.

        What the request brought along is kept as it is, and handed out again: nobody may change it afterwards.
        """


class Carrier(Protocol):
    """What takes a service's replies to where they belong: a network."""

    def mention(self, name: str) -> None:
        """Learns that the service takes part."""

    def send(self, envelope: AnyEnvelope) -> None:
        """Takes a reply."""


class ServiceParty:
    """One service, at its address."""

    takes_requests = True

    def __init__(self, name: str, handler: Handler, network: Carrier) -> None:
        self.name = name
        self._handler, self._network = handler, network

    def hears(self, _: AnyEnvelope, /) -> bool:
        """See `kafkasim.sim.network.Party.hears`."""
        return True

    def receive(self, envelope: AnyEnvelope) -> None:
        """Obeys a request and answers it, unless it has no number that an answer could name. Replies are ignored."""
        body = envelope.body
        if is_reply(body):
            return
        self._network.mention(self.name)
        try:
            reply = self._handler.handle(envelope.src, self._request(body))
        except RpcError as error:
            reply = _error(error.code, str(error))
        number = request_number(body)
        if number is not None:
            self._network.send(Envelope(self.name, envelope.src, reply | {"in_reply_to": number}))

    def excuse(self, msg_id: int | None) -> None:
        """See `kafkasim.sim.network.Party.excuse`; a service asks nothing of anybody."""

    def repeated(self, msg_id: int | None) -> None:
        """As `excuse`."""

    def _request(self, body: Any) -> Any:
        if isinstance(body, BadRequest):
            raise _refusal(body)
        if type(body) is not dict:  # an RPC of the log
            body = {"type": body.__struct_config__.tag}
        return read_request(body, self._handler.known)


def _refusal(request: BadRequest) -> RpcError:
    error = RpcError(request.text)
    error.code = request.code
    return error


def _error(code: ErrorCode, text: str) -> dict[str, Any]:
    return {"type": "error", "code": int(code), "text": text}
