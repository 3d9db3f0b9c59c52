"""The seam between the REPL and whoever answers it: a request body goes in, a reply body comes out.

Both are JSON as it is on the wire, so that another party (a foreign node, a cluster) needs nothing but this.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Protocol

import msgspec
from msgspec import Raw, Struct

from kafkasim.codec import decode_line, encode
from kafkasim.messages import Envelope, Init
from kafkasim.service import LogService, Service

NODE: Final = "n0"
"""The name of the node that a REPL starts."""


class Answer(Struct, frozen=True):
    """The body of a reply, as JSON; ``fault`` says in words what of it is not of the protocol's form."""

    body: bytes
    fault: str = ""


class UnansweredError(Exception):
    """A request was sent, and no answer came; the text says how that is known."""


class NodeDownError(Exception):
    """Nothing was sent, as the node is down; the text says since when, and what to do."""


class NotStartedError(Exception):
    """The node could not be started; the text says why."""


def is_down(how: str) -> NodeDownError:
    """That the node is down, and how it ended.

    >>> str(is_down("it was killed"))
    'n0 is down: it was killed; `restart` starts it again'
    """
    return NodeDownError(f"{NODE} is down: {how}; `restart` starts it again")


KILLED: Final = "it was killed"
"""How a node ended that was told to by `Connection.kill`."""


class Connection(Protocol):
    """Somebody who answers requests."""

    @property
    def node(self) -> str:
        """The name of who answers."""

    @property
    def command(self) -> tuple[str, ...]:
        """The program that answers, and its arguments; empty where it is a node of ours."""

    def ask(self, client: str, body: dict[str, Any]) -> Answer | None:
        """The answer to a request of the client; None where this is none that is answered.

        Raises `UnansweredError` and `NodeDownError`.
        """

    def kill(self) -> None:
        """Ends the node at once; what it held in memory is lost. Raises `NodeDownError` where there is none."""

    def restart(self) -> None:
        """Starts the node again, having killed it if it was up. Raises `NotStartedError`."""


class LocalConnection:
    r"""A log service in this process, spoken to through envelopes, as over the wire.

    >>> connection = LocalConnection()
    >>> connection.ask("alice", {"type": "send", "key": "k1", "msg": "hello"})
    Answer(body=b'{"type":"send_ok","in_reply_to":1,"offset":0}', fault='')
    >>> connection.restart()
    >>> connection.ask("alice", {"type": "poll", "offsets": {"k1": 0}}).body
    b'{"type":"poll_ok","in_reply_to":2,"msgs":{}}'
    """

    def __init__(self, new_service: Callable[[], Service] = LogService) -> None:
        self._new_service = new_service
        self._service: Service | None = None
        self._last_msg_id = 0
        self.restart()

    @property
    def node(self) -> str:
        """See `Connection.node`."""
        return NODE

    @property
    def command(self) -> tuple[str, ...]:
        """See `Connection.command`."""
        return ()

    def ask(self, client: str, body: dict[str, Any]) -> Answer | None:
        """See `Connection.ask`. A request without ``msg_id`` is given the next one, so that it is answered."""
        if self._service is None:
            raise is_down(KILLED)
        self._last_msg_id += 1
        numbered = {"msg_id": self._last_msg_id} | body
        request = decode_line(encode([Envelope(client, self.node, numbered)]))
        for effect in self._service.receive(request):
            if isinstance(effect, Envelope) and effect.dest == client:
                return Answer(bytes(_BODY.decode(encode([effect])).body))
        return None

    def kill(self) -> None:
        """See `Connection.kill`: the service is gone, and with it its log."""
        if self._service is None:
            raise is_down(KILLED)
        self._service = None

    def restart(self) -> None:
        """See `Connection.restart`: a new service, whose log is empty."""
        self._service = self._new_service()
        self._service.receive(Envelope("repl", NODE, Init(node_id=NODE, node_ids=[NODE])))


_BODY: Final = msgspec.json.Decoder(Envelope[Raw])
