"""The log service in its plainest form: what the engine must be indistinguishable from.

A dict of lists and a dict of integers, one operation after the other, no thread in sight. A `Call` is one
operation as a value, so that the same one can be put to the engine and to the reference.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from kafkasim.messages import CommitPastEndError

State = tuple[dict[str, list[Any]], dict[str, int]]


@dataclass
class ReferenceLog:
    """The operations of `kafkasim.core.LogEngine`, by their names."""

    logs: dict[str, list[Any]] = field(default_factory=dict)
    committed: dict[str, int] = field(default_factory=dict)

    def send(self, key: str, msg: Any) -> int:
        log = self.logs.setdefault(key, [])
        log.append(msg)
        return len(log) - 1

    def poll(self, offsets: Mapping[str, int], max_messages: int | None = None) -> dict[str, list[tuple[int, Any]]]:
        found = {}
        for key, start in offsets.items():
            everything = list(enumerate(self.logs.get(key, [])))
            pairs = [pair for pair in everything if pair[0] >= start][:max_messages]
            if pairs:
                found[key] = pairs
        return found

    def check_commit(self, offsets: Mapping[str, int]) -> None:
        for key, offset in offsets.items():
            end = len(self.logs.get(key, []))
            if offset >= end:
                raise CommitPastEndError(key, offset, end)

    def commit_offsets(self, offsets: Mapping[str, int]) -> None:
        self.check_commit(offsets)
        for key, offset in offsets.items():
            self.committed[key] = max(offset, self.committed.get(key, 0))

    def list_committed_offsets(self, keys: Iterable[str]) -> dict[str, int]:
        return {key: self.committed[key] for key in keys if key in self.committed}

    def end_offsets(self) -> dict[str, int]:
        return {key: len(log) for key, log in self.logs.items()}

    def __getstate__(self) -> State:
        return {key: log.copy() for key, log in self.logs.items()}, self.committed.copy()

    def copy(self) -> ReferenceLog:
        return ReferenceLog(*self.__getstate__())


@dataclass(frozen=True)
class Call:
    """One operation: the method's name and what it is given."""

    operation: str
    arguments: tuple[Any, ...] = ()

    def __str__(self) -> str:
        return f"{self.operation}({', '.join(map(repr, self.arguments))})"


@dataclass(frozen=True)
class Failed:
    """An operation that raised: what, and which words. A refusal of the protocol, or a bug."""

    error: str
    text: str


def put(call: Call, log: Any) -> Any:
    """What the engine, or the reference, answers to the call: what it returns, or what it raises, as `Failed`."""
    try:
        return getattr(log, call.operation)(*call.arguments)
    except Exception as error:  # noqa: BLE001 - a weakened engine may raise anything; that is an answer too
        return Failed(type(error).__name__, str(error))
