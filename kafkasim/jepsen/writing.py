"""Writes histories as Jepsen's ``history.edn``, for Jepsen's tools to read.

An operation becomes two maps, where it began and where it ended; one that never ended is ``:info`` after all others.
The steps of a transaction are one operation. No process of Jepsen's does two things at once, or anything after an
``:info``: where one of ours did, it goes on under a new number.
Commits and lists, for which Jepsen has no name, keep ours; its checker passes over them.

Jepsen's clients poll on from where they stand, and its checker takes a poll from anywhere else for an error. Ours may
ask for any offset. So where a poll does not go on from where the process's last one ended, an ``:assign`` is written
before it that lets go of the key, as a client of Jepsen's would have had to do.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Any, Final

from msgspec.structs import replace

from kafkasim.history import FaultEvent, History, Operation
from kafkasim.jepsen.edn import Keyword, to_edn

_NEVER: Final = float("inf")
_POLL: Final = Keyword("poll")
_SEND: Final = Keyword("send")


def encode_for_jepsen(history: History) -> bytes:
    """The history as the bytes of a ``history.edn``, a map a line. The same history gives the same bytes.

    >>> from kafkasim.history import Header
    >>> send = Operation(index=0, process=0, f="send", request={"key": "k", "msg": 7}, type="ok",
    ...     response={"offset": 0}, start=10, end=30, begin_event=0, end_event=1)
    >>> print(encode_for_jepsen(History(Header(), [send])).decode(), end="")
    {:index 0, :time 10, :type :invoke, :process 0, :f :send, :value [[:send "k" 7]]}
    {:index 1, :time 30, :type :ok, :process 0, :f :send, :value [[:send "k" [0 7]]]}
    """
    lines = (
        to_edn({Keyword(name): value for name, value in ({"index": index} | event).items()})
        for index, event in enumerate(_events(history))
    )
    return "".join(f"{line}\n" for line in lines).encode()


def _events(history: History) -> Iterator[dict[str, Any]]:
    """What is written on each line, in order, without the index."""
    places: list[tuple[float, int, list[Operation] | FaultEvent]] = [
        (fault.event, 1, fault) for fault in history.faults
    ]
    for steps in _of_proper_processes(_transactions(history.operations)):
        op = steps[0]
        places.append((_NEVER if op.end_event is None else op.end_event, 2, steps))
        places.append((op.begin_event, 0, steps))
    places.sort(key=lambda place: place[:2])
    last = 0
    positions = _Positions()
    for _, what, item in places:
        if isinstance(item, FaultEvent):
            last = item.at
            yield _fault(item)
        elif what == 0:
            last = item[0].start
            for step in item:
                yield from positions.before(step)
            yield _event(item, "invoke", last)
        else:
            last = last if item[0].end is None else max(last, item[0].end)
            for step in item:
                positions.after(step)
            yield _event(item, item[0].type, last)


def _transactions(operations: list[Operation]) -> list[list[Operation]]:
    """The operations, the steps of one transaction together; only sends and polls can be such."""
    joined: dict[tuple[str, int | None], list[Operation]] = {}
    for place, op in enumerate(operations):
        is_step = op.transaction is not None and op.f in ("send", "poll")
        name = ("transaction", op.transaction) if is_step else ("alone", place)
        joined.setdefault(name, []).append(op)
    return list(joined.values())


def _of_proper_processes(transactions: list[list[Operation]]) -> Iterator[list[Operation]]:
    """The same, with a new process number where the own one is not done with something else, or nobody knows."""
    known_as: dict[int, int] = {}
    done: dict[int, float] = {}
    fresh = count(max((steps[0].process for steps in transactions), default=0) + 1)
    for steps in transactions:
        op = steps[0]
        process = known_as.get(op.process, op.process)
        if done.get(process, -1) >= op.begin_event:
            process = known_as[op.process] = next(fresh)
        done[process] = _NEVER if op.type == "info" or op.end_event is None else op.end_event
        yield steps if process == op.process else [replace(step, process=process) for step in steps]


def _event(steps: list[Operation], kind: str, time: int) -> dict[str, Any]:
    op = steps[0]
    event = {
        "time": time,
        "type": Keyword(kind),
        "process": op.process,
        "f": Keyword("txn" if len(steps) > 1 else op.f),
        "value": [part for step in steps for part in _value(step, kind)] if len(steps) > 1 else _value(op, kind),
    }
    if op.f == "assign" and op.request.get("from") == "start":
        event["seek-to-beginning?"] = True
    if op.error is not None and kind != "invoke":
        event["error"] = [op.error.code, op.error.text]
    return event


def _value(op: Operation, kind: str) -> Any:
    request, response = op.request, (op.response or {}) if kind == "ok" else {}
    if op.f == "send":
        msg = request.get("msg")
        return [[_SEND, request.get("key"), [response.get("offset"), msg] if kind == "ok" else msg]]
    if op.f == "poll":
        return [[_POLL, response.get("msgs")]] if kind == "ok" else [[_POLL]]
    if op.f == "commit_offsets":
        return request.get("offsets")
    if op.f == "list_committed_offsets":
        return response.get("offsets") if kind == "ok" else request.get("keys")
    return _keys(request) if op.f == "assign" else None


def _fault(fault: FaultEvent) -> dict[str, Any]:
    return {
        "time": fault.at,
        "type": Keyword("info"),
        "process": Keyword("nemesis"),
        "f": Keyword(fault.fault),
        "value": fault.groups or fault.nodes or None,
    }


class _Positions:
    """Where each process stands in each key, as Jepsen's checker would have it."""

    def __init__(self) -> None:
        self._of: dict[int, dict[str, int]] = {}

    def before(self, op: Operation) -> Iterator[dict[str, Any]]:
        """The assignment without which an operation would look like a step to another place; nothing where none is."""
        position = self._of.setdefault(op.process, {})
        moved: list[str] = []
        if op.f == "poll":
            asked = _as_dict(op.request.get("offsets"))
            moved = [key for key, start in asked.items() if key in position and start != position[key] + 1]
        elif op.f == "assign":
            keys = _keys(op.request)
            moved = [key for key in position if key not in keys or op.request.get("from") == "start"]
        for key in moved:
            del position[key]
        if moved and not (op.f == "assign" and op.request.get("from") != "start"):
            for kind in ("invoke", "ok"):
                yield {
                    "time": op.start,
                    "type": Keyword(kind),
                    "process": op.process,
                    "f": Keyword("assign"),
                    "value": list(position),
                }

    def after(self, op: Operation) -> None:
        """Notes how far a poll has read."""
        if op.f == "poll" and op.type == "ok":
            for key, pairs in _as_dict((op.response or {}).get("msgs")).items():
                match pairs:
                    case [*_, [int(offset), _]]:
                        self._of.setdefault(op.process, {})[key] = offset


def _keys(request: dict[str, Any]) -> list[Any]:
    """The keys of an assignment; none where a foreign history has something else there."""
    keys = request.get("keys")
    return list(keys) if isinstance(keys, list | tuple) else []


def _as_dict(part: Any) -> dict[str, Any]:
    """The part of a request or reply, which in a foreign history may be anything."""
    return part if isinstance(part, dict) else {}
