"""Writes down what your own clients ask and are told, so that it can be judged.

>>> from kafkasim import LogEngine
>>> log, recorder = LogEngine(), Recorder("my log")
>>> alice, bob = recorder.client("alice"), recorder.client("bob")
>>> with alice.send("k1", "hello") as operation:
...     operation.ok(log.send("k1", "hello"))
>>> with bob.poll({"k1": 0}) as operation:
...     operation.ok(log.poll({"k1": 0}))
>>> recorder.check().verdict
'valid'
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from threading import Lock
from typing import Any

from msgspec.structs import replace

from kafkasim.checkers import WORST_FEW, CheckResult, check
from kafkasim.forms import show
from kafkasim.history import Consistency, End, Failure, Function, Header, History, Operation, Outcome, Promises
from kafkasim.history_files import write_history
from kafkasim.messages import is_definite
from kafkasim.sim.recorder import Recorder as EventRecorder


class Recorder:
    """One run of your system, as its clients saw it. Safe to be used by many threads.

    ``name`` is what reports call the run. ``promises`` are what the system promises and is held to; without them, what
    this project's own node does (`Promises`). ``consistency`` is the level by which it is judged.
    """

    def __init__(self, name: str = "", *, promises: Promises | None = None, consistency: Consistency = "kafka") -> None:
        self._header = Header(scenario=name, promises=promises or Promises(), consistency=consistency)
        self._events = EventRecorder(_SinceBegun())
        self._end = End("complete")
        self._lock = Lock()

    def client(self, name: str) -> Client:
        """A client of that name, which does one thing at a time: take one for each thread, or task."""
        return Client(self, name)

    def read_whole(self, *keys: str) -> None:
        """Says that polls at the end of the run (``final=True``) have read all that there is of these keys.

        Then an acknowledged message that no poll returned is `unseen`; without it nobody knows. Where several clients
        have made such polls of a key from its start on, each of them is to have read all of it; where one began above
        the first message, all of them together.
        """
        self._end.final_polls.update(dict.fromkeys(keys, "complete"))

    def history(self) -> History:
        """What was recorded so far, as a copy. Operations that are still under way are `info`: nobody knows yet."""
        with self._lock:
            operations = [replace(operation) for operation in self._events.operations]
            end = End("complete", dict(self._end.final_polls))
        return History(self._header, operations, end=end)

    def check(self, consistency: Consistency | None = None, examples: int | None = WORST_FEW) -> CheckResult:
        """What the record proves, at the level given or else at its own; see `kafkasim.checkers.check`."""
        return check(self.history(), consistency, examples)

    def write(self, path: str | Path) -> None:
        """Writes the record to a file, for ``kafkasim check``; see `kafkasim.history_files.write_history`."""
        write_history(self.history(), Path(path))

    def new_process(self) -> int:
        """A process number that nobody had; for `Client`."""
        with self._lock:
            return self._events.new_process()

    def begin(self, client: Client, f: Function, request: dict[str, Any], *, final: bool) -> Operation:
        """Enters an operation that begins now; for `Client`."""
        with self._lock:
            operation = self._events.begin(client.process, client.name, "", f, request)
            operation.final, operation.error = final, Failure(0, "no answer was recorded")
        return operation

    def conclude(
        self, operation: Operation, outcome: Outcome, response: dict[str, Any] | None, error: Failure | None
    ) -> None:
        """Enters how an operation ended, now; for `Answer`."""
        with self._lock:
            operation.type, operation.response, operation.error = outcome, response, error
            self._events.end(operation)


class _SinceBegun:
    """The machine's own clock, from 0."""

    def __init__(self) -> None:
        self._began = time.monotonic_ns()

    @property
    def now(self) -> int:
        """Nanoseconds since this was made."""
        return time.monotonic_ns() - self._began


class Client:
    """One client of the system, which does one thing at a time.

    Each method is to be used with ``with``, around the call that it records, and gives an `Answer` to be told what came
    of the call. A block that tells it nothing, or raises, leaves an operation of which nobody knows whether it
    happened; the client then goes on under a new process number, as every client must.
    """

    def __init__(self, recorder: Recorder, name: str) -> None:
        self.name = name
        self.process = recorder.new_process()
        """Its process number for now."""
        self._recorder = recorder
        self._busy = False

    def send(self, key: str, msg: Any) -> AbstractContextManager[Answer]:
        """Records a send; its ``ok`` takes the offset."""
        return self._recorded("send", {"key": key, "msg": msg})

    def poll(self, offsets: Mapping[str, int], *, final: bool = False) -> AbstractContextManager[Answer]:
        """Records a poll from these offsets on; its ``ok`` takes for each key the pairs of offset and message.

        ``final``: it is one of those that read everything at the end of the run, see `Recorder.read_whole`.
        """
        return self._recorded("poll", {"offsets": dict(offsets)}, final=final)

    def commit_offsets(self, offsets: Mapping[str, int]) -> AbstractContextManager[Answer]:
        """Records a commit: everything up to and including these offsets is processed. Its ``ok`` takes nothing."""
        return self._recorded("commit_offsets", {"offsets": dict(offsets)})

    def list_committed_offsets(self, keys: Sequence[str]) -> AbstractContextManager[Answer]:
        """Records a list; its ``ok`` takes the committed offset of each key that has one."""
        return self._recorded("list_committed_offsets", {"keys": list(keys)})

    @contextmanager
    def _recorded(self, f: Function, request: dict[str, Any], *, final: bool = False) -> Iterator[Answer]:
        if self._busy:
            raise RuntimeError(
                f"client {show(self.name)} does one thing at a time: expected {f} after it, not during it"
            )
        operation = self._recorder.begin(self, f, request, final=final)
        answer = Answer(self._recorder, operation)
        self._busy = True
        try:
            yield answer
        except BaseException as error:
            if not answer.told:
                operation.error = Failure(0, f"{type(error).__name__}: {error}")
            raise
        finally:
            self._busy = False
            if operation.type == "info":
                self.process = self._recorder.new_process()


class Answer:
    """Is told what came of one operation, as soon as it is known, and once."""

    def __init__(self, recorder: Recorder, operation: Operation) -> None:
        self.told = False
        """Whether it was told anything."""
        self._recorder = recorder
        self._operation = operation

    def ok(self, answer: Any = None) -> None:
        """It happened, and this is what the system said: see the methods of `Client`.

        What is said is written down as it is. Whether it is of the right form the checkers say (``malformed-reply``).
        """
        match self._operation.f:
            case "send":
                self._tell("ok", {"offset": answer})
            case "poll":
                self._tell("ok", {"msgs": _copied(answer)})
            case "list_committed_offsets":
                self._tell("ok", {"offsets": _copied(answer)})
            case _:
                self._tell("ok", {})

    def error(self, code: int, text: str = "") -> None:
        """The system answered with an error of the protocol: it did not happen where the code says so, see `ErrorCode`.

        After any other it may have happened.
        """
        self._tell("fail" if is_definite(code) else "info", None, Failure(code, text))

    def _tell(self, outcome: Outcome, response: dict[str, Any] | None, error: Failure | None = None) -> None:
        if self.told:
            raise RuntimeError("this operation has its answer already: expected one")
        self.told = True
        self._recorder.conclude(self._operation, outcome, response, error)


def _copied(answer: Any) -> Any:
    """What was said, so that nobody changes it afterwards."""
    if not isinstance(answer, Mapping):
        return answer
    return {key: list(item) if isinstance(item, list | tuple) else item for key, item in answer.items()}
