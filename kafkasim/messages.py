"""Every RPC of the log service, once: its fields, its errors, its documentation.

The service, the REPL, the scenario format, the checkers and the reference all
feed on this page. What it says, and in which order:

1. **Error codes** as Maelstrom's protocol numbers them, and the exceptions that carry them.
2. **Bodies**: one class a message body. A request has a ``msg_id`` when it wants an answer;
   a reply says with ``in_reply_to`` which request it answers.
3. **RPCs**: which reply belongs to which request, with the words that help and docs show.

How they are written as lines of JSON, and read again, is in `kafkasim.codec`.

Payloads (the ``msg`` of a send) are any JSON value. Nobody here looks inside: decoded from
bytes they stay `msgspec.Raw`, built in Python they stay the object given.

The protocol is that of Maelstrom's ``kafka`` workload, see
https://github.com/jepsen-io/maelstrom/blob/main/doc/protocol.md
"""

from __future__ import annotations

from enum import IntEnum
from typing import Annotated, Any, Final, Generic, TypeVar

from msgspec import Meta, Raw, Struct

from kafkasim.forms import show

# --------------------------------------------------------------------------------------
# 1. Error codes
# --------------------------------------------------------------------------------------


class ErrorCode(IntEnum):
    """The error codes of Maelstrom's protocol.

    A *definite* error says that the operation did not happen and never will;
    after an *indefinite* one it may have happened.

    >>> ErrorCode.PRECONDITION_FAILED.title, ErrorCode.PRECONDITION_FAILED.definite
    ('precondition-failed', True)
    >>> [code.title for code in ErrorCode if not code.definite]
    ['timeout', 'crash']
    """

    TIMEOUT = 0
    NODE_NOT_FOUND = 1
    NOT_SUPPORTED = 10
    TEMPORARILY_UNAVAILABLE = 11
    MALFORMED_REQUEST = 12
    CRASH = 13
    ABORT = 14
    KEY_DOES_NOT_EXIST = 20
    KEY_ALREADY_EXISTS = 21
    PRECONDITION_FAILED = 22
    TXN_CONFLICT = 30

    @property
    def title(self) -> str:
        """The name as the protocol writes it: ``precondition-failed``."""
        return self.name.lower().replace("_", "-")

    @property
    def definite(self) -> bool:
        """Whether the operation certainly did not happen."""
        return self not in (ErrorCode.TIMEOUT, ErrorCode.CRASH)


_TITLES: Final = {int(code): code.title for code in ErrorCode}


def error_title(code: int) -> str:
    """The protocol's name of an error code; a code it does not name is named by its number.

    >>> error_title(22), error_title(1001)
    ('precondition-failed', 'error-1001')
    """
    return _TITLES.get(code, f"error-{code}")


def is_definite(code: int) -> bool:
    """Whether an error with this code says that the operation certainly did not happen.

    Codes that the protocol does not define promise nothing, so they are indefinite.

    >>> is_definite(22), is_definite(13), is_definite(1001)
    (True, False, False)
    """
    return code in _TITLES and ErrorCode(code).definite


class RpcError(Exception):
    """An operation was refused. ``code`` is the protocol's error code, ``str()`` the reason.

    >>> try:
    ...     raise MalformedRequestError("send: field `key`: expected text, got 7")
    ... except RpcError as error:
    ...     int(error.code), str(error)
    (12, 'send: field `key`: expected text, got 7')
    """

    code: ErrorCode = ErrorCode.CRASH


class NotSupportedError(RpcError):
    """A request of a type that the node does not know."""

    code = ErrorCode.NOT_SUPPORTED


class TemporarilyUnavailableError(RpcError):
    """A request that the node cannot serve yet: it came before ``init``."""

    code = ErrorCode.TEMPORARILY_UNAVAILABLE


class MalformedRequestError(RpcError, ValueError):
    """A request that is not of the RPC's form; the text names the field, what came, what was expected."""

    code = ErrorCode.MALFORMED_REQUEST


class CommitPastEndError(RpcError):
    """A commit of an offset at which no message exists yet.

    Obeying it would make the next consumer skip whatever is appended there later.
    """

    code = ErrorCode.PRECONDITION_FAILED

    def __init__(self, key: str, offset: int, end: int) -> None:
        """``end`` is the key's end offset: its number of messages, the next offset to be given."""
        self.key, self.offset, self.end = key, offset, end
        last = f"its last message is at offset {end - 1}" if end else "it has no messages"
        super().__init__(f"commit_offsets: key {show(key)} cannot be committed at offset {show(offset)}: {last}")


# --------------------------------------------------------------------------------------
# 2. Bodies
# --------------------------------------------------------------------------------------

Key = Annotated[str, Meta(min_length=1, description="the name of a log: non-empty text")]
Offset = Annotated[int, Meta(ge=0, description="a place in a log: an integer from 0 on")]

Payload = TypeVar("Payload")
"""What a message says: `msgspec.Raw` when it came off the wire, any Python object otherwise."""


class Request(Struct, tag_field="type", omit_defaults=True, gc=False, kw_only=True, repr_omit_defaults=True):
    """What a client asks. Without ``msg_id`` it is obeyed and not answered."""

    msg_id: int | None = None


class Reply(
    Struct,
    tag_field="type",
    omit_defaults=True,
    gc=False,
    kw_only=True,
    forbid_unknown_fields=True,
    repr_omit_defaults=True,
):
    """What a node answers. Maelstrom's schemas are closed: an unknown field is a malformed reply."""

    msg_id: int | None = None
    in_reply_to: int | None = None


class Init(Request, tag="init", kw_only=True):
    """Tells a node its name and the names of all nodes."""

    node_id: Annotated[str, Meta(min_length=1, description="the name of the node that is spoken to")]
    node_ids: Annotated[list[str], Meta(description="the names of all nodes, its own included")]


class Send(Request, Generic[Payload], tag="send", kw_only=True):
    """Appends a message to a key's log."""

    key: Annotated[Key, Meta(description="the log to append to; it need not exist yet")]
    msg: Annotated[Payload, Meta(description="the message: any JSON value, null too")]


class Poll(Request, tag="poll", kw_only=True):
    """Reads messages of each key, from the given offset on, at one instant."""

    offsets: Annotated[dict[Key, Offset], Meta(description="for each key, the offset to read from")]


class CommitOffsets(Request, tag="commit_offsets", kw_only=True):
    """Says that everything up to and including the given offsets has been processed."""

    offsets: Annotated[dict[Key, Offset], Meta(description="for each key, the last offset that has been processed")]


class ListCommittedOffsets(Request, tag="list_committed_offsets", kw_only=True):
    """Asks up to which offset each key has been processed."""

    keys: Annotated[list[Key], Meta(description="the keys asked for")]


class InitOk(Reply, tag="init_ok", kw_only=True):
    """The node knows its name."""


class SendOk(Reply, tag="send_ok", kw_only=True):
    """The message is in the log."""

    offset: Annotated[Offset, Meta(description="where it is: unique in its key and above every earlier one")]


class PollOk(Reply, tag="poll_ok", kw_only=True):
    """The messages of each key that has any; a key with none is left out."""

    msgs: Annotated[
        dict[str, list[tuple[Offset, Any]]],
        Meta(description="for each key, pairs of offset and message, in the order of the log"),
    ]


class CommitOffsetsOk(Reply, tag="commit_offsets_ok", kw_only=True):
    """The committed offsets are at least those of the request."""


class ListCommittedOffsetsOk(Reply, tag="list_committed_offsets_ok", kw_only=True):
    """The committed offset of each key that has one; a key with none is left out."""

    offsets: Annotated[dict[str, Offset], Meta(description="for each key, the last offset that has been processed")]


class Error(Reply, tag="error", kw_only=True):
    """The operation was refused, or failed."""

    code: Annotated[int, Meta(ge=0, description="one of the protocol's error codes")]
    text: Annotated[str, Meta(description="the reason, for people")] = ""


class BadRequest(Request, tag="?", kw_only=True):
    """Stands for a request body that cannot be obeyed; never on the wire.

    ``code`` and ``text`` are what to answer, if the request has a usable ``msg_id``. ``body`` is what was written,
    where somebody wants to know.
    """

    code: ErrorCode
    text: str
    body: dict[str, Any] | None = None


class UnexpectedReply(Request, tag="!", kw_only=True):
    """Stands for a reply that nobody here asked for; never on the wire, and never answered.

    Answering a reply with an error could set two nodes talking for ever.
    """

    body: dict[str, Any]


WireRequest = Init | Send[Raw] | Poll | CommitOffsets | ListCommittedOffsets
AnyRequest = Init | Send[Any] | Poll | CommitOffsets | ListCommittedOffsets | BadRequest | UnexpectedReply
AnyReply = InitOk | SendOk | PollOk | CommitOffsetsOk | ListCommittedOffsetsOk | Error

Body = TypeVar("Body")


class Envelope(Struct, Generic[Body], gc=False):
    """The frame around a body: who speaks to whom.

    >>> Envelope("n0", "c1", SendOk(in_reply_to=1, offset=0))
    Envelope(src='n0', dest='c1', body=SendOk(in_reply_to=1, offset=0))
    """

    src: str
    dest: str
    body: Body


# --------------------------------------------------------------------------------------
# 3. RPCs
# --------------------------------------------------------------------------------------


class Rpc(Struct, frozen=True):
    """One RPC: its request, its reply, an example of both, and the codes of the errors it may be refused with.

    What may come of any RPC is not among them: 13 where the node itself fails, 10 where its ``init`` was refused.
    """

    name: str
    request: type[Request]
    reply: type[Reply]
    example: tuple[dict[str, Any], dict[str, Any]]
    errors: tuple[ErrorCode, ...] = (ErrorCode.MALFORMED_REQUEST, ErrorCode.TEMPORARILY_UNAVAILABLE)


INIT: Final = Rpc(
    "init",
    Init,
    InitOk,
    ({"type": "init", "node_id": "n0", "node_ids": ["n0"]}, {"type": "init_ok"}),
    (ErrorCode.MALFORMED_REQUEST, ErrorCode.NOT_SUPPORTED),
)
SEND: Final = Rpc(
    "send",
    Send,
    SendOk,
    ({"type": "send", "key": "k1", "msg": "hello"}, {"type": "send_ok", "offset": 0}),
)
POLL: Final = Rpc(
    "poll",
    Poll,
    PollOk,
    ({"type": "poll", "offsets": {"k1": 0}}, {"type": "poll_ok", "msgs": {"k1": [[0, "hello"]]}}),
)
COMMIT_OFFSETS: Final = Rpc(
    "commit_offsets",
    CommitOffsets,
    CommitOffsetsOk,
    ({"type": "commit_offsets", "offsets": {"k1": 0}}, {"type": "commit_offsets_ok"}),
    (ErrorCode.MALFORMED_REQUEST, ErrorCode.TEMPORARILY_UNAVAILABLE, ErrorCode.PRECONDITION_FAILED),
)
LIST_COMMITTED_OFFSETS: Final = Rpc(
    "list_committed_offsets",
    ListCommittedOffsets,
    ListCommittedOffsetsOk,
    (
        {"type": "list_committed_offsets", "keys": ["k1"]},
        {"type": "list_committed_offsets_ok", "offsets": {"k1": 0}},
    ),
)

RPCS: Final[dict[str, Rpc]] = {rpc.name: rpc for rpc in (INIT, SEND, POLL, COMMIT_OFFSETS, LIST_COMMITTED_OFFSETS)}
"""Every RPC by its name, in the order in which a session uses them."""

LOG_RPCS: Final[tuple[str, ...]] = tuple(name for name in RPCS if name != "init")
"""The names of the four operations on the log."""
