"""Histories as JSON lines, written and read: `kafkasim.history` says what is in them."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any, Final

import msgspec
from msgspec import Struct

from kafkasim import odd_json
from kafkasim.forms import mismatch, shorten
from kafkasim.garbage_collection import collector_at_rest
from kafkasim.history import FORMAT, Breach, End, FaultEvent, Header, History, HistoryError, Operation

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


def _exact(text: str) -> float | Decimal:
    try:
        return odd_json.exact_number(text)
    except ArithmeticError:
        raise ValueError(f"the number {shorten(text)} is out of range") from None


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
