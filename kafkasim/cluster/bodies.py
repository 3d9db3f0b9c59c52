"""What the nodes of a cluster say to ``lin-kv`` and to each other, and how the log is written down there.

In ``lin-kv``, at ``kafkasim/log``, is the *head*: the last batches of the log. The batches before it are in
*chapters* of `CHAPTER` batches each, at ``kafkasim/log/0``, ``kafkasim/log/1``, ... Both are a `Stretch`::

    {"first": 16, "batches": [[["send", "n0.7", "k1", "hello"], ["commit", "n1.9", {"k1": 0}]], ...]}

At ``kafkasim/log/wishes/n1`` is what ``n1`` wants in the log and cannot append itself, as a `Stretch` of one batch.

Nodes say two things to each other: ``append`` with ``entries``, which asks another node to get them into the log, and
``append_ok`` with ``log``, a head that has them all. An ``append`` without entries asks for a head that is not older
than the question.
"""

from __future__ import annotations

from typing import Any, Final, Generic

import msgspec
from msgspec import Raw, Struct, field

from kafkasim.codec import request_from_body
from kafkasim.messages import (
    CommitOffsets,
    Envelope,
    Error,
    Init,
    ListCommittedOffsets,
    Payload,
    Poll,
    Reply,
    Request,
    Send,
)

STORE: Final = "lin-kv"
"""Whom a cluster keeps its log with."""

HEAD: Final = "kafkasim/log"
"""The key of the head."""

CHAPTER: Final = 16
"""How many batches a chapter has. The head has twice as many at most, unless chapters cannot be written, so a node
that has missed no more than these learns all it needs from one answer."""


def chapter_key(number: int) -> str:
    """The key of a chapter.

    >>> chapter_key(0)
    'kafkasim/log/0'
    """
    return f"{HEAD}/{number}"


def wishes_key(node: str) -> str:
    """The key of what a node wishes others to append.

    >>> wishes_key("n1")
    'kafkasim/log/wishes/n1'
    """
    return f"{HEAD}/wishes/{node}"


class SendEntry(Struct, Generic[Payload], array_like=True, tag="send", frozen=True, gc=False):
    """A message to be appended."""

    id: str
    """No two entries have the same."""
    key: str
    msg: Payload


class CommitEntry(Struct, array_like=True, tag="commit", frozen=True, gc=False):
    """Offsets to be committed, all or, where one is past the end by then, none."""

    id: str
    offsets: dict[str, int]


Entry = SendEntry[Any] | CommitEntry


class Stretch(Struct, Generic[Payload], frozen=True):
    """Some batches of the log, one after the other; ``first`` is how many there are before them."""

    first: int
    batches: list[list[SendEntry[Payload] | CommitEntry]]

    @property
    def end(self) -> int:
        """How many batches there are up to its last."""
        return self.first + len(self.batches)


NOTHING: Final[Stretch[Any]] = Stretch(0, [])
"""The head of a log in which there is nothing, which is not written down."""


class Read(Request, tag="read", kw_only=True):
    """Asks ``lin-kv`` for a value."""

    key: str


class Write(Request, tag="write", kw_only=True):
    """Has ``lin-kv`` store a chapter, or what a node wishes for."""

    key: str
    value: Stretch[Any]


class Cas(Request, tag="cas", kw_only=True):
    """Has ``lin-kv`` swap the head for another one, if it is still what this node takes it for."""

    key: str
    expected: Stretch[Any] = field(name="from")
    to: Stretch[Any]
    create_if_not_exists: bool = False


class ReadOk(Reply, Generic[Payload], tag="read_ok", kw_only=True):
    """The value: a head, a chapter, or what a node wishes for."""

    value: Stretch[Payload]


class WriteOk(Reply, tag="write_ok", kw_only=True):
    """It is stored."""


class CasOk(Reply, tag="cas_ok", kw_only=True):
    """The head is the new one, or was for a while."""


class Append(Request, Generic[Payload], tag="append", kw_only=True):
    """Asks another node to get entries into the log; without entries, for a head that is not older than this."""

    entries: list[SendEntry[Payload] | CommitEntry]


class AppendOk(Reply, Generic[Payload], tag="append_ok", kw_only=True):
    """A head of the log, in or before which all the entries are."""

    log: Stretch[Payload]


Answer = ReadOk[Any] | WriteOk | CasOk | AppendOk[Any] | Error
"""What a node may be answered by ``lin-kv`` and by other nodes."""

DECODER: Final[msgspec.json.Decoder[Envelope[Any]]] = msgspec.json.Decoder(
    Envelope[
        Init
        | Send[Raw]
        | Poll
        | CommitOffsets
        | ListCommittedOffsets
        | Append[Raw]
        | AppendOk[Raw]
        | ReadOk[Raw]
        | WriteOk
        | CasOk
        | Error
    ]
)
"""Decodes all that a node of a cluster may be told, for `kafkasim.codec.decode_lines`."""


def typed(envelope: Envelope[Any]) -> Envelope[Any]:
    """The same envelope; a body that is a dict, as one of the classes that it stands for.

    >>> typed(Envelope("n1", "n0", {"type": "append_ok", "in_reply_to": 1, "log": {"first": 0, "batches": []}})).body
    AppendOk(in_reply_to=1, log=Stretch(first=0, batches=[]))
    """
    body = envelope.body
    if type(body) is not dict:
        return envelope
    try:
        body = msgspec.convert(body, Append[Any] | ReadOk[Any] | WriteOk | CasOk | AppendOk[Any] | Error)
    except msgspec.ValidationError:
        body = request_from_body(body)
    return Envelope(envelope.src, envelope.dest, body)


def kept(entry: Entry) -> Entry:
    """The entry, for keeps: a payload as it came off the wire is a view, and would keep all that came with it."""
    if isinstance(entry, SendEntry) and type(entry.msg) is Raw:
        return SendEntry(entry.id, entry.key, entry.msg.copy())
    return entry


def to_plain(body: Any) -> Any:
    """The body as a dict, as it is on the wire; one of the log's own RPCs stays what it is.

    >>> to_plain(Read(msg_id=1, key="k")), to_plain(Poll(offsets={}))
    ({'type': 'read', 'msg_id': 1, 'key': 'k'}, Poll(offsets={}))
    """
    return msgspec.to_builtins(body) if isinstance(body, _OURS) else body


_OURS: Final = (Read, Write, Cas, Append, AppendOk)
