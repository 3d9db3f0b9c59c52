"""Real threads at work on one engine, and the history of what they asked and were told."""

from __future__ import annotations

import itertools
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from kafkasim import LogEngine
from kafkasim.history import End, Failure, Function, Header, History, Operation
from kafkasim.messages import RpcError


class Recorder:
    """Puts operations to an engine and keeps them as a history. Any number of threads may use it."""

    def __init__(self, engine: LogEngine) -> None:
        self._engine = engine
        self._events = itertools.count()
        self._operations: list[Operation] = []

    def client(self, process: int) -> Client:
        return Client(process, self._engine, self._events, self._operations)

    def history(self) -> History:
        """The history of everything so far; final polls of every key end it."""
        self.client(1_000_000).poll(dict.fromkeys(self._engine.end_offsets(), 0), final=True)
        operations = sorted(self._operations, key=lambda op: op.begin_event)
        for index, op in enumerate(operations):
            op.index = index
        return History(Header(), operations, end=End("complete", dict.fromkeys(self._engine.end_offsets(), "complete")))


class Client:
    """One process of the history: the engine's operations, recorded."""

    def __init__(self, process: int, engine: LogEngine, events: Iterator[int], operations: list[Operation]) -> None:
        self._process = process
        self._engine = engine
        self._events = events
        self._operations = operations

    def send(self, key: str, msg: Any) -> int:
        request = {"key": key, "msg": msg}
        return int(self._do("send", request, lambda: {"offset": self._engine.send(key, msg)})["offset"])

    def poll(
        self, offsets: dict[str, int], max_messages: int | None = None, *, final: bool = False
    ) -> dict[str, list[tuple[int, Any]]]:
        def response() -> dict[str, Any]:
            return {"msgs": self._engine.poll(offsets, max_messages)}

        found = self._do("poll", {"offsets": offsets}, response, max_messages, final=final)
        return dict(found["msgs"])

    def commit_offsets(self, offsets: dict[str, int]) -> bool:
        """Whether the commit was accepted."""

        def response() -> dict[str, Any]:
            self._engine.commit_offsets(offsets)
            return {}

        answer = self._do("commit_offsets", {"offsets": offsets}, response)
        return "refused" not in answer

    def list_committed_offsets(self, keys: list[str]) -> dict[str, int]:
        def response() -> dict[str, Any]:
            return {"offsets": self._engine.list_committed_offsets(keys)}

        return dict(self._do("list_committed_offsets", {"keys": keys}, response)["offsets"])

    def _do(
        self,
        function: Function,
        request: dict[str, Any],
        ask: Callable[[], dict[str, Any]],
        max_messages: int | None = None,
        *,
        final: bool = False,
    ) -> dict[str, Any]:
        begin = next(self._events)
        response: dict[str, Any] | None
        failure = None
        try:
            response = ask()
        except RpcError as error:
            response, failure = None, Failure(int(error.code), str(error))
        end = next(self._events)
        op = Operation(
            index=0,
            process=self._process,
            client=f"c{self._process}",
            f=function,
            request=request,
            type="ok" if failure is None else "fail",
            response=response,
            error=failure,
            max_messages=max_messages,
            start=begin,
            end=end,
            begin_event=begin,
            end_event=end,
            final=final,
        )
        self._operations.append(op)
        return {"refused": failure} if response is None else response


@contextmanager
def eager_switching() -> Iterator[None]:
    """Within it the interpreter switches threads as often as it can (every microsecond, instead of every 5000)."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        yield
    finally:
        sys.setswitchinterval(usual)


def run_together(bodies: Sequence[Callable[[], object]]) -> None:
    """Runs the bodies in threads that start at once and switch eagerly; raises the first error that left one."""
    errors: list[BaseException] = []
    start = threading.Barrier(len(bodies))

    def live(body: Callable[[], object]) -> None:
        start.wait()
        try:
            body()
        except BaseException as error:  # noqa: BLE001 - handed to the caller
            errors.append(error)

    # Daemons: should one never end, the test times out, and pytest can end.
    threads = [threading.Thread(target=live, args=(body,), daemon=True) for body in bodies]
    with eager_switching():
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    if errors:
        raise errors[0]
