"""Reads the histories of Jepsen's and Maelstrom's Kafka workload: ``history.edn``.

Such a file holds a map for each invocation and one for each completion, in the order in which they happened (so places
are exact, and times are for people)::

    {:index 4, :time 10, :type :invoke, :process 0, :f :send, :value [[:send "k1" 7]]}
    {:index 5, :time 30, :type :ok, :process 0, :f :send, :value [[:send "k1" [0 7]]]}

What its operations become here:

- ``:send``, ``:poll``, and ``:txn`` of several of both: a ``send`` or ``poll`` for each step; the field ``transaction``
  joins the steps of one operation;
- ``:assign``: ``assign``; with ``:seek-to-beginning? true`` from the start;
- ``:subscribe``: ``assign`` of nothing, for which keys it gets, and from where on, nobody says;
- ``:crash``: ``crash``; what the ``:nemesis`` does: faults;
- anything else (``:debug-topic-partitions``): nothing, for it says nothing of a log.

Where a poll began is not recorded, nor are commits; what would need them is not judged. The workload is described in
https://github.com/jepsen-io/jepsen/blob/main/jepsen/src/jepsen/tests/kafka.clj
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any, Final, Literal, NamedTuple

from kafkasim.forms import shorten
from kafkasim.garbage_collection import collector_at_rest
from kafkasim.history import End, Failure, FaultEvent, Header, History, HistoryError, Operation, Promises
from kafkasim.jepsen.edn import EdnError, EdnSet, Keyword, Symbol, Tagged, stream_forms, to_edn

PROMISES: Final = Promises(offsets="sparse", poll_limit_known=False, atomic_keys=False, refuses_commit_past_end=False)
"""What such a history's system is held to: no more than any Kafka promises."""

_STEPS: Final = ("send", "poll", "txn")
_ASSIGNMENTS: Final = ("assign", "subscribe")
_OUTCOMES: Final = ("ok", "fail", "info")


def history_from_forms(forms: Iterable[Any]) -> History:
    """The history that the forms of a ``history.edn`` are: a map for each event, or lists of such maps.

    Takes the forms one by one and keeps none of them. Raises `HistoryError` where one is no event of such a history, or
    completes what was not begun.

    >>> from kafkasim.jepsen.edn import read_forms
    >>> history = history_from_forms(read_forms('''
    ...     {:type :invoke, :process 0, :f :send, :value [[:send "k1" 7]], :time 10}
    ...     {:type :ok,     :process 0, :f :send, :value [[:send "k1" [0 7]]], :time 30}'''))
    >>> op = history.operations[0]
    >>> op.f, op.request, op.type, op.response, op.start, op.end
    ('send', {'key': 'k1', 'msg': 7}, 'ok', {'offset': 0}, 10, 30)
    """
    reading = _Reading()
    for event in _events(forms):
        reading.take(event)
    return reading.concluded()


def decode_from_jepsen(pieces: Iterable[bytes], name: str = "history") -> History:
    """The history that the pieces of a ``history.edn`` hold, cut anywhere; ``name`` is what errors call it.

    Raises `HistoryError` where they are no EDN, with line and column, or no history of that workload.
    """
    with collector_at_rest():
        try:
            return history_from_forms(chain.from_iterable(stream_forms(pieces)))
        except EdnError as error:
            raise HistoryError(f"{name}:{error}") from None
        except HistoryError as error:
            raise HistoryError(f"{name}: {error}") from None


def _events(forms: Iterable[Any]) -> Iterator[dict[Any, Any]]:
    """The maps among the forms, also those in lists and behind tags."""
    for form in forms:
        event = form.form if isinstance(form, Tagged) else form
        if isinstance(event, dict):
            yield event
        elif isinstance(event, list):
            yield from _events(event)
        else:
            raise HistoryError(f"expected a map for each event of a history, got {shorten(to_edn(form))}")


class _Begun(NamedTuple):
    """An invocation that has not been completed yet."""

    place: int
    time: int
    event: dict[Any, Any]
    operations: list[Operation]


class _Reading:
    """A history being read."""

    def __init__(self) -> None:
        self._history = History(
            Header(consistency="kafka", promises=PROMISES, starts_known=False, commits_known=False), end=End("complete")
        )
        self._begun: dict[int, _Begun] = {}
        self._place = -1
        self._names = _Names()
        self._transactions = 0

    def take(self, event: dict[Any, Any]) -> None:
        """Enters an event."""
        self._place += 1
        process, outcome = event.get("process"), event.get("type")
        if outcome != "invoke" and outcome not in _OUTCOMES:
            raise self._error(event, "field :type", ":invoke, :ok, :fail or :info", outcome)
        if type(event.get("time", 0)) is not int:
            raise self._error(event, "field :time", "an integer, nanoseconds", event.get("time"))
        if type(process) is not int:
            self._take_fault(event)
        elif outcome == "invoke":
            self._begin(process, event)
        else:
            self._complete(process, event)

    def _take_fault(self, event: dict[Any, Any]) -> None:
        """Enters what is not a client's: the nemesis, which tells both when it begins and when it is done."""
        value = event.get("value")
        text = "" if value is None else to_edn(value)
        fault = FaultEvent(fault=str(event.get("f")), at=event.get("time", 0), event=self._place, text=text)
        self._history.faults.append(fault)

    def _begin(self, process: int, event: dict[Any, Any]) -> None:
        if process in self._begun:
            raise self._error(event, f"process {process}", "an end of its operation", "another beginning")
        begun = _Begun(self._place, event.get("time", self._place), event, [])
        self._begun[process] = begun
        for f, request in self._requests(event):
            operation = Operation(
                index=len(self._history.operations),
                process=process,
                f=f,
                request=request,
                type="info",
                start=begun.time,
                end=None,
                begin_event=begun.place,
                end_event=None,
            )
            begun.operations.append(operation)
            self._history.operations.append(operation)
        if len(begun.operations) > 1:
            self._transactions += 1
            for operation in begun.operations:
                operation.transaction = self._transactions

    def _requests(self, event: dict[Any, Any]) -> Iterator[tuple[Any, dict[str, Any]]]:
        """What an invocation asks for: the function and the request of each operation that it becomes."""
        f = event.get("f")
        if f in _STEPS:
            for step in self._steps(event):
                if step[0] == "send":
                    yield "send", {"key": self._names.name(step[1]), "msg": payload(step[2])}
                else:
                    yield "poll", {}
        elif f in _ASSIGNMENTS:
            keys = event.get("value") if f == "assign" else []
            if not isinstance(keys, list | tuple):
                raise self._error(event, "field :value", "a list of keys", keys)
            start = "start" if event.get("seek-to-beginning?") is True else "committed"
            yield "assign", {"keys": [self._names.name(key) for key in keys], "from": start}
        elif f == "crash":
            yield "crash", {}

    def _steps(self, event: dict[Any, Any]) -> list[list[Any]]:
        """The steps of a ``:send``, ``:poll`` or ``:txn``."""
        steps = event.get("value")
        if not isinstance(steps, list):
            raise self._error(event, "field :value", "a list of [:send key message] and [:poll]", steps)
        for step in steps:
            match step:
                case ["send", _, _] | ["poll"] | ["poll", _]:
                    pass
                case _:
                    raise self._error(event, "field :value", "steps [:send key message] and [:poll]", step)
        return steps

    def _complete(self, process: int, event: dict[Any, Any]) -> None:
        begun = self._begun.pop(process, None)
        if begun is None:
            raise self._error(
                event, f"process {process}", "an operation to begin before it ends, and to end once", "its end"
            )
        if event.get("f") != begun.event.get("f"):
            raise self._error(event, "field :f", f"{to_edn(begun.event.get('f'))}, as it began", event.get("f"))
        outcome = event["type"]
        steps = self._steps(event) if begun.event.get("f") in _STEPS and event.get("value") is not None else []
        count = len(begun.operations)
        if steps and len(steps) != count:
            raise self._error(event, "field :value", f"{count} step{'s' * (count > 1)}, as it began", event["value"])
        for place, operation in enumerate(begun.operations):
            operation.type = str(outcome)  # type: ignore[assignment]  # one of the three
            if outcome != "info":  # else nobody knows, and it may still be going on
                operation.end, operation.end_event = event.get("time", self._place), self._place
            if outcome != "ok":
                operation.error = Failure(0, _told(event.get("error")))
            if steps:
                operation.response = self._response(operation, steps[place])
            elif outcome == "ok":
                operation.response = {}

    def _response(self, operation: Operation, step: list[Any]) -> dict[str, Any] | None:
        """What a completed step says: of a send the offset, of a poll the messages; None: nothing."""
        if step[0] == "send":
            answer = step[2]
            if isinstance(answer, list) and payload(answer) != operation.request["msg"] and len(answer) == 2:
                return {} if answer[0] is None else {"offset": payload(answer[0])}
            return {} if operation.type == "ok" else None
        if len(step) < 2 or step[1] is None:
            return {"msgs": {}} if operation.type == "ok" else None
        # whatever the messages are: where they are not of the form, the checkers say so
        if not isinstance(step[1], dict):
            return {"msgs": payload(step[1])}
        return {"msgs": {self._names.name(key): payload(pairs) for key, pairs in step[1].items()}}

    def concluded(self) -> History:
        """The history, once all events have been taken."""
        self._history.end.final_polls.update(_final_polls(self._history.operations))
        return self._history

    def _error(self, event: dict[Any, Any], where: str, expected: str, got: Any) -> HistoryError:
        number = event.get("index", self._place)
        shown = shorten(got if isinstance(got, str) and not isinstance(got, Keyword) else to_edn(got))
        return HistoryError(f"event {to_edn(number)}: {where}: expected {expected}, got {shown}")


def _final_polls(operations: list[Operation]) -> dict[str, Literal["complete"]]:
    """The keys that the workload's final polls read, as far as they went.

    At its end every client assigns itself all keys from the start, and polls until it has seen the highest offsets that
    anybody was told of, or has had its time. So a key was read to its end where a process began it anew after the last
    send to it had ended, and has polled since.
    """
    last_sent: dict[str, int] = {}
    for op in operations:
        if op.f == "send" and op.type != "fail":
            key = op.request["key"]
            last_sent[key] = max(last_sent.get(key, 0), op.begin_event if op.end_event is None else op.end_event)
    begun: dict[int, list[str]] = {}
    read: dict[str, Literal["complete"]] = {}
    for op in operations:
        if op.f == "assign" and op.type == "ok":
            anew = op.request["keys"] if op.request["from"] == "start" else []
            begun[op.process] = [key for key in anew if op.begin_event > last_sent.get(key, -1)]
        elif op.type == "info" or op.f == "crash":
            begun.pop(op.process, None)  # whoever goes on under that number need not stand there
        elif op.f == "poll" and op.type == "ok":
            read.update(dict.fromkeys(begun.pop(op.process, ()), "complete"))
    return read


def _told(error: Any) -> str:
    return "" if error is None else to_edn(error)


class _Names:
    """Names for keys, which may be any form in Jepsen and are text here: text stays, the rest is called as written.

    Two keys never share a name: where text reads like the form of an earlier key, or the other way round, the later one
    is quoted.
    """

    def __init__(self) -> None:
        self._names: dict[Any, str] = {}
        self._taken: set[str] = set()

    def name(self, key: Any) -> str:
        """The key's name."""
        written = to_edn(key)
        known = self._names.get(written)
        if known is None:
            known = key if type(key) is str else written
            while known in self._taken:
                known = f"`{known}`"
            self._taken.add(known)
            self._names[written] = known
        return known


def payload(form: Any) -> Any:
    """The JSON that stands for a form: for one that JSON has no like of, an object with its text under ``edn``.

    >>> from kafkasim.jepsen.edn import read_forms
    >>> [payload(form) for form in read_forms('7 "a" nil [1 [2]] {"k" :v} :v')]
    [7, 'a', None, [1, [2]], {'k': {'edn': ':v'}}, {'edn': ':v'}]
    """
    if type(form) in (int, str, float, bool) or form is None:
        return form
    if isinstance(form, Keyword | Symbol | EdnSet | Tagged):
        return {"edn": to_edn(form)}
    if isinstance(form, list):
        return [payload(part) for part in form]
    if isinstance(form, dict) and all(type(name) is str for name in form):
        return {name: payload(part) for name, part in form.items()}
    return {"edn": to_edn(form)}
