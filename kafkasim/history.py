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

from collections.abc import Iterable
from decimal import Decimal
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta, Struct, field

from kafkasim import odd_json
from kafkasim.forms import mismatch, shorten
from kafkasim.garbage_collection import collector_at_rest

Function = Literal["send", "poll", "commit_offsets", "list_committed_offsets", "assign", "crash"]
Outcome = Literal["ok", "fail", "info"]
Consistency = Literal["jepsen", "kafka", "linearizable"]

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
    """Whether the run itself knows why there was no reply: the network lost or cut off the request or its answer,
    or a node it needed was down."""
    final: bool = False
    """Whether this is one of the polls by which a run learns, at its end, what is in the logs."""
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
    """What it wrote, cut short where it is long."""
    text: str
    """What is wrong with it, and what was expected."""
    at: int
    """When: nanoseconds of the run's clock."""
    event: int
    """Its place in the sequence of events."""


class End(Struct):
    """The last line: whether the run came to its end, and for each key whether everything in it was read."""

    end: Literal["complete", "interrupted"] = "complete"
    """Whether the run came to its end, or was broken off. A history without a last line is ``interrupted``."""
    final_polls: dict[str, Literal["complete", "incomplete"]] = field(default_factory=dict)
    """For each key, whether the final polls read it to its end. A key that is left out was not read."""


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


# --------------------------------------------------------------------------------------
# Writing
# --------------------------------------------------------------------------------------

_ENCODER: Final = msgspec.json.Encoder(decimal_format="number")


def encode_history(history: History) -> bytes:
    """The history as JSON lines. The same history gives the same bytes.

    >>> operation = Operation(index=0, process=0, f="send", request={"key": "k", "msg": 1}, type="ok",
    ...     response={"offset": 0}, start=0, end=5, begin_event=0, end_event=1)
    >>> history = History(Header(scenario="s"), [operation], end=End("complete", {"k": "complete"}))
    >>> print(encode_history(history).decode().splitlines()[1])
    {"index":0,"process":0,"f":"send","request":{"key":"k","msg":1},"type":"ok","response":{"offset":0},\
"start":0,"end":5,"begin_event":0,"end_event":1}
    >>> decode_history(encode_history(history)) == history
    True
    """
    events: list[tuple[int, int, Any]] = [(op.begin_event, 0, op) for op in history.operations]
    events += [(fault.event, 1, fault) for fault in history.faults]
    events += [(breach.event, 1, breach) for breach in history.breaches]
    events.sort(key=lambda event: event[:2])
    lines = [history.header, *(line for _, _, line in events), history.end]
    try:
        return _ENCODER.encode_lines(lines)
    except UnicodeEncodeError:
        return b"".join(odd_json.written(line, _ENCODER) + b"\n" for line in lines)


# --------------------------------------------------------------------------------------
# Reading
# --------------------------------------------------------------------------------------


def _exact(text: str) -> float | Decimal:
    """A number with a fraction or an exponent: a float where that is it exactly, as its shortest text tells."""
    value = float(text)
    try:
        exact = Decimal(text)
    except ArithmeticError:
        raise ValueError(f"the number {shorten(text)} is out of range") from None
    return value if Decimal(repr(value)) == exact else exact


_OPERATION: Final = msgspec.json.Decoder(Operation, float_hook=_exact)
_ANYTHING: Final = msgspec.json.Decoder(float_hook=_exact)
_FIELDS: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])

_UNDECODABLE: Final = (msgspec.DecodeError, ValueError, RecursionError)
"""What the decoders raise on bytes that are no JSON, no UTF-8, not of the form, out of range, or nested without end."""


_PIECE: Final = 256 * 1024
"""How many bytes of a history are decoded at once: no more than what processors keep at hand."""


def _value_of(line: bytes) -> Any:
    """What a line says, as plain values. Raises what the decoders raise."""
    try:
        return _ANYTHING.decode(line)
    except _UNDECODABLE:
        return odd_json.read(line, _exact)


def decode_history(data: bytes, name: str = "history") -> History:
    """The history that the JSON lines hold; ``name`` is what errors call them.

    A history without a last line is one that was cut off, perhaps in the middle of a line: its end is ``interrupted``.
    Operations without places in the sequence of events (some other program recorded them) are given places by their
    times; what ends when something else begins is concurrent with it, for such times do not tell.

    >>> decode_history(b'{"index": 0}')
    Traceback (most recent call last):
    kafkasim.history.HistoryError: history:1: expected a header (a line with "kafkasim_history"), got {"index": 0}
    """
    return decode_pieces((data[place : place + _PIECE] for place in range(0, len(data), _PIECE)), name)


def decode_pieces(pieces: Iterable[bytes], name: str = "history") -> History:
    r"""As `decode_history`, of JSON lines that come piece by piece, cut anywhere.

    It takes the memory of the history and not that of its lines, if the pieces do not stay.

    >>> decode_pieces([b'{"kafkasim_his', b'tory": 1}\n{"end": "comp', b'lete"}\n']).end.end
    'complete'
    """
    with collector_at_rest():
        reading = _Reading(name)
        begun: list[bytes] = []
        for piece in pieces:
            first, *lines = piece.split(b"\n")
            begun.append(first)
            if lines:
                lines.insert(0, b"".join(begun))
                begun = [lines.pop()]
                if not reading.take_operations(lines):
                    reading.take_one_by_one(lines)
        reading.take_unfinished(b"".join(begun))
        return reading.concluded()


class _Reading:
    """A history being read. ``number`` is a line's, from 1."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._history = History(Header())
        self._lines = 0
        """How many lines have been taken."""
        self._unfinished = 0
        """Which line has no end; 0: none so far."""
        self._headed = False
        self._last_place = -1
        self._ended_at = 0
        self._numbered_in: dict[int, int] = {}
        """Of operations without places: by index, the line."""

    def take_operations(self, lines: list[bytes]) -> bool:
        """Enters lines of which each is an operation in its place, as nearly all are; False: there is another."""
        if not self._headed or self._ended_at:
            return False
        try:
            operations = list(map(_OPERATION.decode, lines))
        except _UNDECODABLE:
            return False
        place, last = len(self._history.operations), self._last_place
        for op in operations:
            begin, end = op.begin_event, op.end_event
            if op.index != place or begin < last or (op.type != "info" if end is None else end <= begin):
                return False
            place, last = place + 1, begin
        self._history.operations += operations
        self._lines += len(lines)
        self._last_place = last
        return True

    def take_one_by_one(self, lines: list[bytes]) -> None:
        """Enters lines of any kind, and says of the first that is wrong what is wrong."""
        for line in lines:
            self._lines += 1
            if not line or line.isspace():
                continue
            if self._headed:
                self._take(self._lines, line)
            else:
                self._history.header = self._header(self._lines, line)
                self._headed = True

    def take_unfinished(self, line: bytes) -> None:
        """Enters what follows the last line's end: nothing, or a line that may have been cut off."""
        self._unfinished = self._lines + 1
        self.take_one_by_one([line])

    def _header(self, number: int, line: bytes) -> Header:
        if b'"kafkasim_history"' not in line:
            got = shorten(line.decode(errors="backslashreplace")) or "an empty file"
            raise self._error(number, f'expected a header (a line with "kafkasim_history"), got {got}')
        try:
            header = msgspec.convert(_value_of(line), Header)
        except _UNDECODABLE as error:
            raise self._broken(number, line, error, Header) from None
        if header.kafkasim_history != FORMAT:
            newer = ": it was written by a newer version" if header.kafkasim_history > FORMAT else ""
            got = f"got {header.kafkasim_history}"
            raise self._error(number, f"field `kafkasim_history`: expected {FORMAT}, {got}{newer}")
        return header

    def _take(self, number: int, line: bytes) -> None:
        if self._ended_at:
            raise self._error(
                number, f"expected nothing after the last line of the history, which is line {self._ended_at}"
            )
        try:
            op = _OPERATION.decode(line)
        except _UNDECODABLE as error:
            self._take_other(number, line, error)
            return
        self._take_placed(number, op)

    def _take_placed(self, number: int, op: Operation) -> None:
        """Enters an operation that has its places in the sequence of events."""
        operations = self._history.operations
        begin, end = op.begin_event, op.end_event
        if op.index != len(operations):
            raise self._error(number, f"field `index`: expected {len(operations)}, its place, got {op.index}")
        if begin < self._last_place:
            raise self._error(number, f"field `begin_event`: expected at least {self._last_place}, got {begin}")
        if end is None:
            if op.type != "info":
                raise self._error(number, f"field `end_event`: expected an integer for an operation that is {op.type}")
        elif end <= begin:
            raise self._error(number, f"field `end_event`: expected more than {begin}, where it began, got {end}")
        self._last_place = begin
        operations.append(op)

    def _take_other(self, number: int, line: bytes, error: Exception) -> None:
        """Enters a line that is no operation, or one without places in the sequence of events."""
        try:
            value = _value_of(line)
        except _UNDECODABLE:
            if number == self._unfinished:
                return  # the history was cut off here
            value = None
        form: type[Struct] = Operation
        try:
            match value:
                case {"fault": _}:
                    form = FaultEvent
                    self._history.faults.append(msgspec.convert(value, FaultEvent))
                    return
                case {"breach": _}:
                    form = Breach
                    self._history.breaches.append(msgspec.convert(value, Breach))
                    return
                case {"end": _, **others} if "f" not in others:
                    form = End
                    self._history.end = msgspec.convert(value, End)
                    self._ended_at = number
                    return
                case {"kafkasim_history": _}:
                    raise self._error(number, "a second header: one file holds one history")
                case {"f": _, **others} if "begin_event" not in others:
                    self._take_timed(number, msgspec.convert(value | {"begin_event": 0, "end_event": None}, Operation))
                    return
                case {"f": _}:
                    self._take_placed(number, msgspec.convert(value, Operation))
                    return
        except _UNDECODABLE as problem:
            if isinstance(problem, HistoryError):
                raise
            error = problem
        raise self._broken(number, line, error, form)

    def _take_timed(self, number: int, op: Operation) -> None:
        if op.type != "info" and op.end is None:
            raise self._error(number, f"field `end`: expected a time for an operation that is {op.type}")
        if op.end is not None and op.end < op.start:
            raise self._error(number, f"field `end`: expected at least {op.start}, when it began, got {op.end}")
        if self._last_place >= 0:
            raise self._error(number, "field `begin_event` is missing, though earlier operations have it")
        first = self._numbered_in.setdefault(op.index, number)
        if first != number:
            raise self._error(
                number, f"field `index`: expected a number of its own, got {op.index}, as in line {first}"
            )
        self._history.operations.append(op)

    def concluded(self) -> History:
        """The history, once all lines have been taken."""
        if not self._headed:
            self._header(1, b"")
        if self._numbered_in:
            if self._last_place >= 0:
                raise HistoryError(f"{self._name}: some operations have the field `begin_event` and others do not")
            _place_by_time(self._history)
        return self._history

    def _error(self, number: int, problem: str) -> HistoryError:
        return HistoryError(f"{self._name}:{number}: {problem}")

    def _broken(self, number: int, line: bytes, error: Exception, form: type[Struct]) -> HistoryError:
        got = shorten(line.decode(errors="backslashreplace"))
        try:
            value = _value_of(line)
        except _UNDECODABLE:
            return self._error(number, _unreadable(line) or f"expected one JSON object, got {got}: {error}")
        if not isinstance(value, dict):
            return self._error(number, f"expected one JSON object, got {got}")
        return self._error(number, mismatch(value, form) or str(error))


def _unreadable(data: bytes, path: str = "") -> str | None:
    """Which field of the object holds a value that cannot be read, and why; None where it cannot even be skipped."""
    try:
        fields = _FIELDS.decode(data)
    except _UNDECODABLE:
        return None
    for name, value in fields.items():
        try:
            _ANYTHING.decode(value)
        except _UNDECODABLE as error:
            return _unreadable(bytes(value), f"{path}{name}.") or f"field `{path}{name}` cannot be read: {error}"
    return None


def _place_by_time(history: History) -> None:
    """Gives everything places in the sequence of events by its times; at one time, beginnings before ends."""
    history.operations.sort(key=lambda op: op.start)
    numbers = [op.index for op in history.operations]
    if numbers != list(range(len(numbers))):
        history.numbers = numbers
    ends = [(op.end, 2, op) for op in history.operations if op.end is not None]
    begins = [(op.start, 0, op) for op in history.operations]
    events: list[tuple[int, int, Any]] = [*begins, *((fault.at, 1, fault) for fault in history.faults), *ends]
    events += [(breach.at, 1, breach) for breach in history.breaches]
    events.sort(key=lambda event: event[:2])
    for place, (_, what, item) in enumerate(events):
        if what == 0:
            item.begin_event = place
        elif what == 1:
            item.event = place
        else:
            item.end_event = place
    for index, op in enumerate(history.operations):
        op.index = index
