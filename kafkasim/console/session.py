"""A session: who is speaking to whom, what was asked and answered, and what is known of the logs from that."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import msgspec
from msgspec import Raw, Struct, field

from kafkasim.console.connection import Connection, LocalConnection, UnansweredError
from kafkasim.console.statements import Ask

FIRST_CLIENT = "c1"
"""Who speaks until told otherwise; Maelstrom's name for the first client."""


class Reply:
    """A reply's body as JSON, and a way into it that leaves the messages' own JSON as it is.

    With a ``fault`` (in words, what of it is not of the protocol's form) there is nothing to be had but its type.

    >>> reply = Reply(b'{"type":"poll_ok","msgs":{"k1":[[0,1.50]]}}')
    >>> reply.type, [bytes(msg) for _, msg in reply.msgs()["k1"]]
    ('poll_ok', [b'1.50'])
    """

    def __init__(self, body: bytes, fault: str = "") -> None:
        self.body, self.fault = body, fault
        self._fields = msgspec.json.decode(body, type=dict[str, Raw])
        self.type = msgspec.json.decode(self._fields["type"], type=str)
        """``send_ok``, ``error``, ..."""

    @property
    def is_error(self) -> bool:
        """Whether the request was refused."""
        return self.type == "error"

    def code(self) -> int:
        """Of an error: its code."""
        return msgspec.json.decode(self._fields["code"], type=int)

    def text(self) -> str:
        """Of an error: the reason, which may be empty."""
        return msgspec.json.decode(self._fields.get("text", Raw(b'""')), type=str)

    def offset(self) -> int:
        """Of a send: where the message is."""
        return msgspec.json.decode(self._fields["offset"], type=int)

    def offsets(self) -> dict[str, int]:
        """Of a list: the committed offsets."""
        return msgspec.json.decode(self._fields["offsets"], type=dict[str, int])

    def msgs(self) -> dict[str, list[tuple[int, Raw]]]:
        """Of a poll: for each key its messages, each as the JSON that came."""
        return self._msgs

    @cached_property
    def _msgs(self) -> dict[str, list[tuple[int, Raw]]]:
        return msgspec.json.decode(self._fields["msgs"], type=dict[str, list[tuple[int, Raw]]])

    def limited(self, max_messages: int) -> Reply:
        """Of a poll: the same with no more than so many messages of each key."""
        msgs = {key: records[:max_messages] for key, records in self.msgs().items()}
        return Reply(msgspec.json.encode(self._fields | {"msgs": Raw(msgspec.json.encode(msgs))}))


class KnownLog(Struct):
    """What replies have told about a log: where it ends, and the committed offset if there is one."""

    end: int = 0
    committed: int | None = None

    @property
    def resume(self) -> int:
        """Where a consumer goes on: after the committed offset, or at the start."""
        return 0 if self.committed is None else self.committed + 1


class Exchange(Struct, frozen=True):
    """One request and its reply; None where there was no answer."""

    client: str
    ask: Ask
    reply: Reply | None


class Known(Struct):
    """What a session knows; all that completion and the toolbar look at."""

    client: str = FIRST_CLIENT
    clients: list[str] = field(default_factory=lambda: [FIRST_CLIENT])
    logs: dict[str, KnownLog] = field(default_factory=dict)

    def learn(self, ask: Ask, reply: Reply) -> None:
        """Takes in what a reply tells of the logs: only replies, so that any node can be the one that answers."""
        match reply.type:
            case "send_ok":
                self._reaches(ask.field("key"), reply.offset() + 1)
            case "poll_ok":
                for key, records in reply.msgs().items():
                    if records:
                        self._reaches(key, records[-1][0] + 1)
            case "commit_offsets_ok":
                for key, offset in ask.field("offsets").items():
                    log = self.logs.setdefault(key, KnownLog())
                    log.committed = offset if log.committed is None else max(log.committed, offset)
            case "list_committed_offsets_ok":
                for key, offset in reply.offsets().items():
                    self.logs.setdefault(key, KnownLog()).committed = offset

    def _reaches(self, key: str, end: int) -> None:
        log = self.logs.setdefault(key, KnownLog())
        log.end = max(log.end, end)


class Session:
    """A conversation of any number of clients with one node.

    >>> session = Session()
    >>> exchange = session.ask(Ask({"type": "send", "key": "k1", "msg": "hello"}))
    >>> exchange.client, exchange.reply.offset(), session.known.logs
    ('c1', 0, {'k1': KnownLog(end=1, committed=None)})
    """

    def __init__(self, connection: Connection | None = None) -> None:
        self.connection: Connection = LocalConnection() if connection is None else connection
        self.known = Known()
        self.exchanges: list[Exchange] = []
        """Everything that was asked and answered since the node was last started, in order: what is saved."""
        self.restarted = False
        """Whether the node was started again, so that there were exchanges before."""

    def ask(self, ask: Ask) -> Exchange:
        """Sends the request as the client who is speaking, and keeps what came of it.

        Raises `UnansweredError` where no answer came, which is kept too, and `NodeDownError` where nothing was sent.
        """
        try:
            reply = self._sent(ask)
        except UnansweredError:
            self.exchanges.append(Exchange(self.known.client, ask, None))
            raise
        if reply is None and ask.wants_no_reply:
            self._look_at(ask)
        if reply is not None and ask.max_messages is not None and reply.type == "poll_ok" and not reply.fault:
            reply = reply.limited(ask.max_messages)
        exchange = Exchange(self.known.client, ask, reply)
        self.exchanges.append(exchange)
        return exchange

    def look(self, body: dict[str, Any]) -> Reply | None:
        """Sends a request that is not part of the session's record: how the REPL itself looks at the logs."""
        return self._sent(Ask(body))

    def _sent(self, ask: Ask) -> Reply | None:
        answer = self.connection.ask(self.known.client, ask.body)
        if answer is None:
            return None
        reply = Reply(answer.body, answer.fault)
        if not reply.fault:
            self.known.learn(ask, reply)
        return reply

    def _look_at(self, ask: Ask) -> None:
        """Learns from the log itself what a request has done that was not answered."""
        match ask.field("type"), ask.field("key"), ask.field("offsets"):
            case "send", str(key), _ if key:
                end = self.known.logs.get(key, KnownLog()).end
                self.look({"type": "poll", "offsets": {key: end}})
            case "commit_offsets", _, dict(offsets):
                self.look({"type": "list_committed_offsets", "keys": list(offsets)})

    def restart(self) -> None:
        """Starts the node again. What it still has of its logs is not known, but that there were such keys is.

        Raises `kafkasim.console.connection.NotStartedError`.
        """
        self.connection.restart()
        self.known.logs = {key: KnownLog() for key in self.known.logs}
        self.restarted = self.restarted or bool(self.exchanges)
        self.exchanges.clear()

    def speak_as(self, client: str) -> None:
        """From here on requests are this client's."""
        self.known.client = client
        if client not in self.known.clients:
            self.known.clients.append(client)
