"""The seam between the REPL and whoever answers it: a request body goes in, a reply body comes out.

Both are JSON as it is on the wire, so that another party (a foreign node, a cluster) needs nothing but this.
"""

from __future__ import annotations

from typing import Any, Final, Protocol

import msgspec
from msgspec import Raw

from kafkasim.messages import Envelope, Init, decode_line, encode
from kafkasim.service import LogService, Service

NODE: Final = "n0"
"""The name of the node that a REPL starts."""


class Connection(Protocol):
    """Somebody who answers requests."""

    @property
    def node(self) -> str:
        """The name of who answers."""

    def ask(self, client: str, body: dict[str, Any]) -> bytes | None:
        """The body of the reply to a request of the client, as JSON; None where the request is not answered."""


class LocalConnection:
    r"""A log service in this process, spoken to through envelopes, as over the wire.

    >>> connection = LocalConnection()
    >>> connection.ask("alice", {"type": "send", "key": "k1", "msg": "hello"})
    b'{"type":"send_ok","in_reply_to":1,"offset":0}'
    >>> connection.ask("alice", {"type": "poll", "offsets": {"k1": -1}})
    b'{"type":"error","in_reply_to":2,"code":12,"text":"poll: field `offsets.k1`: expected an integer >= 0, got -1"}'
    """

    def __init__(self, service: Service | None = None) -> None:
        self._service = LogService() if service is None else service
        self._service.receive(Envelope("repl", NODE, Init(node_id=NODE, node_ids=[NODE])))
        self._last_msg_id = 0

    @property
    def node(self) -> str:
        """What the node was told at ``init``."""
        return self._service.node_id

    def ask(self, client: str, body: dict[str, Any]) -> bytes | None:
        """The reply's body. A request without ``msg_id`` is given the next one, so that it is answered."""
        self._last_msg_id += 1
        numbered = {"msg_id": self._last_msg_id} | body
        request = decode_line(encode([Envelope(client, self.node, numbered)]))
        for effect in self._service.receive(request):
            if isinstance(effect, Envelope) and effect.dest == client:
                return bytes(_BODY.decode(encode([effect])).body)
        return None


_BODY: Final = msgspec.json.Decoder(Envelope[Raw])
