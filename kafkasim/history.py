"""Histories: what clients asked, what they were told, and when; as objects and as JSON lines.

A history is one header, then one line for each operation and each fault, in the order in which they began, then one
last line::

    {"kafkasim_history": 1, "version": "0.1.0", "scenario": "quickstart", "seed": 7, ...}
    {"index": 0, "process": 0, "client": "alice", "node": "n0", "f": "send", "request": {"key": "k1", "msg": 1}, ...}
    {"fault": "crash", "nodes": ["n0"], "at": 2000000000, "event": 17}
    {"end": "complete", "final_polls": {"k1": "complete"}}

An operation is *invoked* by a process and completes as ``ok`` (it happened), ``fail`` (it definitely did not)
or ``info`` (nobody knows). A process does one thing at a time; after an ``info`` its client goes on under a
new process number. Where a number was used otherwise, nothing is concluded that does not follow:

- After an ``info``, or a ``crash``, the number counts as another process's where it matters where a consumer stood:
  from one poll to the next, where the history does not record the offsets asked for.
- What is ``info`` may have happened at any time since it began, so it never comes before anything.
- Two operations at once are concurrent, also those of one process. Between two polls of one consumer at once nobody
  knows which read on first, so neither skips anything; what had ended before both, both come after.
- One operation is one line. Two lines with one ``index`` are an error: an operation ends once, and one whose client
  gave up on it stays ``info``, unless the recorder waited for the reply that came late, and wrote when. In a
  ``history.edn``, where beginnings and ends have lines of their own, a process must end what it began before it begins
  another thing, and end nothing else.

The vocabulary is Jepsen's: https://github.com/jepsen-io/jepsen

Real-time order follows from places in the run's one sequence of events, never from times, which tie:
operation *a* came before *b* when ``a.end_event < b.begin_event``. Histories that were recorded elsewhere may leave out
``begin_event`` and ``end_event``, of all operations. Then times decide, and what ends at the time at which something
else begins is concurrent with it. The lines of such a history may stand in any order, that of completion for
instance; reports call its operations by the ``index`` that they have in the file.

Payloads are any JSON, with these bounds: no more than some hundred lists and objects inside one another, and no
exponent of more than eighteen digits. A line beyond them is refused, and so is one that is no JSON (``NaN``) or not
in UTF-8. Half of a surrogate pair and integers of any length are read, more slowly than the rest. In a
``history.edn`` forms may be nested 200 deep.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from msgspec import Meta, Struct, field

Function = Literal["send", "poll", "commit_offsets", "list_committed_offsets", "assign", "crash"]
Outcome = Literal["ok", "fail", "info"]
Consistency = Literal["jepsen", "kafka", "linearizable"]

ASK_NOBODY: Final[tuple[Function, ...]] = ("assign", "crash")
"""What a client does by itself: no node is asked for it."""

BreachKind = Literal["malformed-message", "stray-reply", "unknown-destination"]
"""How a node can break the protocol otherwise than in its reply to a request."""

BREACH_KINDS: Final[tuple[BreachKind, ...]] = ("malformed-message", "stray-reply", "unknown-destination")

CONSISTENCY_LEVELS: Final[tuple[Consistency, ...]] = ("jepsen", "kafka", "linearizable")
"""From the one that asks least to the one that asks most."""

FORMAT: Final = 1
"""The version of the format that this program writes, and the newest it reads."""


class Promises(Struct, frozen=True, forbid_unknown_fields=True):
    """What the system under test promises; checkers hold it to that and to nothing else.

    The defaults are the promises of this project's own node.
    """

    offsets: Literal["dense", "sparse"] = "dense"
    """Whether the offsets of a key are 0, 1, 2, ... (``dense``) or may leave numbers out (``sparse``)."""
    poll_limit: Annotated[int, Meta(ge=1)] | None = None
    """The most messages that one poll returns of a key; None: a poll returns everything there is."""
    poll_limit_known: bool = True
    """False: polls may be cut short anywhere, so that nothing follows from what a poll did not return at its end."""
    atomic_keys: bool = True
    """Whether an operation on several keys happens at one instant."""
    commits: Literal["max", "last-write"] = "max"
    """Whether a commit below the committed offset changes nothing (``max``) or sets it back (Kafka's own way)."""
    refuses_commit_past_end: bool = True
    """Whether a commit at an offset where no message is yet gets an error."""


class Header(Struct):
    """The first line: which run this is, and by what it is to be judged."""

    kafkasim_history: int = FORMAT
    """The version of the format. It marks the file as a history, so the first line must have it."""
    version: str = ""
    """The version of the program that recorded it."""
    scenario: str = ""
    """The name of the scenario that was run."""
    seed: int = 0
    """The seed of the run."""
    consistency: Consistency = "linearizable"
    """The level by which it is judged, unless ``--consistency`` says otherwise."""
    promises: Promises = field(default_factory=Promises)
    """What the system promises, see below; what is left out is as with this project's own node."""
    starts_known: bool = True
    """Whether polls say from which offsets, and of which keys, they asked. Jepsen's histories do not."""
    commits_known: bool = True
    """Whether commits and lists are recorded. In Jepsen's histories they are not."""
    breaches_known: bool = False
    """Whether the lines are recorded that nodes wrote and must not write (`Breach`). Only programs write lines."""
    losses_known: bool = False
    """Whether operations say where the run itself lost a request or its answer (`Operation.lost`); only then is
    silence the system's fault."""


class Failure(Struct, frozen=True, gc=False):
    """Why an operation did not succeed: an error's code (0 where no reply came in time) and text."""

    code: int
    """One of the protocol's error codes; 0 where no reply came in time."""
    text: str
    """What was wrong, in words."""


class Operation(Struct, gc=False, omit_defaults=True, kw_only=True):
    """One operation of one process.

    ``request`` and ``response`` hold the RPC's own fields, without ``type``, ``msg_id`` and ``in_reply_to``:

    | ``f`` | request | response |
    | --- | --- | --- |
    | send | ``{"key", "msg"}`` | ``{"offset"}`` |
    | poll | ``{"offsets"}``, as really sent | ``{"msgs"}``: lists of ``[offset, msg]`` |
    | commit_offsets | ``{"offsets"}`` | ``{}`` |
    | list_committed_offsets | ``{"keys"}`` | ``{"offsets"}`` |
    | assign (asks nobody) | ``{"keys", "from"}`` | ``{"positions"}`` |
    | crash | ``{}`` | ``{}`` |

    ``response`` is None unless the operation is ``ok``. ``start`` and ``end`` are nanoseconds of the run's clock;
    ``end`` and ``end_event`` are None where no reply ever came.
    """

    index: int
    """Its place among the operations, from 0."""
    process: int
    """Who did it: a process does one operation at a time, and none after one that is ``info``."""
    client: str = ""
    """The client's name, for people to read. A client may be several processes, one after the other."""
    node: str = ""
    """The node that was asked."""
    f: Function
    """What was asked for."""
    request: dict[str, Any]
    """The fields of the request, see above."""
    type: Outcome
    """Whether it happened (``ok``), definitely did not (``fail``), or nobody knows (``info``)."""
    response: dict[str, Any] | None = None
    """The fields of the reply, see above, where the operation is ``ok``."""
    error: Failure | None = None
    """The error that came, or that nothing came in time, where the operation is not ``ok``; see below."""
    raw: Any = None
    """The body of a reply that was not of the RPC's form; the operation is ``info`` then."""
    max_messages: int | None = None
    """Where the client itself kept no more than so many messages of each key: how many."""
    start: int
    """When it began: nanoseconds of the run's clock."""
    end: int | None
    """When it ended; None where no reply ever came."""
    begin_event: int
    """Its beginning's place in the sequence of events. Histories that were recorded elsewhere may leave it out."""
    end_event: int | None
    """Its end's place there; None where no reply ever came. Left out where ``begin_event`` is."""
    lost: bool = False
    """Whether the run itself knows why there was no reply, or an error: the network lost or cut off the request, its
    answer, or something that nodes and services said to each other meanwhile, or a node it needed was down."""
    final: bool = False
    """Whether this is one of the polls by which a run learns, at its end, what is in the logs. Each client that makes
    some is a reader of its own, at each node that it asks."""
    transaction: int | None = None
    """Of a step of a transaction of several: its number, which all its steps share."""


class FaultEvent(Struct, omit_defaults=True, kw_only=True):
    """A fault that was injected, or healed: when, as time (ns) and as place in the sequence of events."""

    fault: str
    """``crash``, ``restart``, ``pause``, ``resume``, ``partition``, ``heal``, ..."""
    nodes: tuple[str, ...] = ()
    """The nodes that it concerns."""
    groups: tuple[tuple[str, ...], ...] = ()
    """Of a partition, and of its end: who can speak with whom while it lasts."""
    at: int
    """When: nanoseconds of the run's clock."""
    event: int
    """Its place in the sequence of events; any number where the operations have no places."""
    planned: bool = True
    """False: nobody asked for it; the node ended by itself."""
    text: str = ""
    """What more there is to say, for instance how a node ended."""


class Breach(Struct, omit_defaults=True, kw_only=True):
    """Something that a node wrote and the protocol does not allow, and that is no reply to any of the requests."""

    breach: BreachKind
    """``malformed-message``: a line that is no message; ``stray-reply``: a reply that nobody waits for;
    ``unknown-destination``: a message to nobody."""
    node: str
    """Who wrote it."""
    line: str
    """What it wrote. Of a long line the middle is left out; ``[...]`` marks the place."""
    text: str
    """What is wrong with it, what was expected, and which section of the protocol says so."""
    at: int
    """When: nanoseconds of the run's clock."""
    event: int
    """Its place in the sequence of events."""


class End(Struct):
    """The last line: whether the run came to its end, and for each key whether everything in it was read."""

    end: Literal["complete", "interrupted"] = "complete"
    """Whether the run came to its end, or was broken off. A history without a last line is ``interrupted``."""
    final_polls: dict[str, Literal["complete", "incomplete"]] = field(default_factory=dict)
    """For each key, whether the final polls read it to its end, every reader of them. A key that is left out was not
    read."""


class History(Struct):
    """A whole history; ``operations`` are in order of invocation and their ``index`` is their place."""

    header: Header
    operations: list[Operation] = field(default_factory=list)
    faults: list[FaultEvent] = field(default_factory=list)
    end: End = field(default_factory=lambda: End("interrupted"))
    numbers: list[int] = field(default_factory=list)
    """By place, what the file calls each operation, where times put them into another order. Empty: by its place."""
    breaches: list[Breach] = field(default_factory=list)

    def number(self, place: int) -> int:
        """What the history's reader finds the operation at that place by."""
        return self.numbers[place] if self.numbers else place

    def place(self, number: int) -> int:
        """Where among the operations the one is that the history's reader finds by that number."""
        return self.numbers.index(number) if self.numbers else number


class HistoryError(ValueError):
    """A history cannot be read; the text says where, what came and what was expected."""
