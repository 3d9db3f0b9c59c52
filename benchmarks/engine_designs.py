"""The ways to lock a log that ``benchmarks/engine.py`` compares, each as short as it can be.

All do the same work on the same lists and check no arguments, so that what differs between them is the locking.
``poll`` takes one key or several; what it promises for several is said at each design.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import Condition, Lock
from typing import Any, Final, Protocol, cast

from kafkasim import LogEngine, core

Found = dict[str, list[tuple[int, Any]]]


class Log(Protocol):
    """What the benchmark asks of a design."""

    def send(self, key: str, msg: Any) -> int:
        """Appends; returns the offset."""
        ...

    def poll(self, offsets: Mapping[str, int], max_messages: int | None = None) -> Found:
        """Reads from the offsets on."""
        ...


class Unlocked:
    """No lock at all, and wrong: the yardstick that no correct design can beat."""

    def __init__(self) -> None:
        self.logs: dict[str, list[Any]] = {}

    def send(self, key: str, msg: Any) -> int:
        """Appends; two threads may be given one offset."""
        log = self.logs.get(key)
        if log is None:
            log = self.logs[key] = []
        offset = len(log)
        log.append(msg)
        return offset

    def poll(self, offsets: Mapping[str, int], max_messages: int | None = None) -> Found:
        """Reads each key at an instant of its own."""
        found = {}
        for key, offset in offsets.items():
            log = self.logs.get(key)
            if log is not None:
                messages = log[offset:] if max_messages is None else log[offset : offset + max_messages]
                if messages:
                    found[key] = list(enumerate(messages, offset))
        return found


class OneLock(Unlocked):
    """One lock around everything. Correct, polls of several keys too."""

    def __init__(self) -> None:
        super().__init__()
        self.lock = Lock()

    def send(self, key: str, msg: Any) -> int:
        """Appends under the lock."""
        with self.lock:
            return super().send(key, msg)

    def poll(self, offsets: Mapping[str, int], max_messages: int | None = None) -> Found:
        """Reads everything under the lock."""
        with self.lock:
            return super().poll(offsets, max_messages)


class ReadersWriterLock:
    """Many readers or one writer; a writer that waits keeps new readers out. In plain Python: there is no other."""

    def __init__(self) -> None:
        self._changed = Condition(Lock())
        self._readers = 0
        self._writing = False
        self._writers_waiting = 0

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Within it nobody writes."""
        with self._changed:
            while self._writing or self._writers_waiting:
                self._changed.wait()
            self._readers += 1
        try:
            yield
        finally:
            with self._changed:
                self._readers -= 1
                if not self._readers:
                    self._changed.notify_all()

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Within it nobody else reads or writes."""
        with self._changed:
            self._writers_waiting += 1
            while self._writing or self._readers:
                self._changed.wait()
            self._writers_waiting -= 1
            self._writing = True
        try:
            yield
        finally:
            with self._changed:
                self._writing = False
                self._changed.notify_all()


class ReadersAndWriters(Unlocked):
    """A readers-writer lock around everything. Correct, polls of several keys too."""

    def __init__(self) -> None:
        super().__init__()
        self.lock = ReadersWriterLock()

    def send(self, key: str, msg: Any) -> int:
        """Appends while nobody reads."""
        with self.lock.writing():
            return super().send(key, msg)

    def poll(self, offsets: Mapping[str, int], max_messages: int | None = None) -> Found:
        """Reads while nobody appends."""
        with self.lock.reading():
            return super().poll(offsets, max_messages)


class LockPerKey(Unlocked):
    """A lock for each key; a poll of several takes theirs one after the other, in order of the keys, and holds all."""

    def __init__(self) -> None:
        super().__init__()
        self.locks: dict[str, Lock] = {}

    def send(self, key: str, msg: Any) -> int:
        """Appends under the key's lock."""
        with self._lock_of(key):
            return super().send(key, msg)

    def poll(self, offsets: Mapping[str, int], max_messages: int | None = None) -> Found:
        """Reads under the locks of all its keys."""
        if len(offsets) == 1:
            [key] = offsets
            with self._lock_of(key):
                return super().poll(offsets, max_messages)
        locks = [self._lock_of(key) for key in sorted(offsets)]
        for lock in locks:
            lock.acquire()
        try:
            return super().poll(offsets, max_messages)
        finally:
            for lock in locks:
                lock.release()

    def _lock_of(self, key: str) -> Lock:
        lock = self.locks.get(key)
        return lock if lock is not None else self.locks.setdefault(key, Lock())


class LockedAppends(Unlocked):
    """Appends under a lock, readers take none. Correct for one key; several are not read at one instant."""

    def __init__(self) -> None:
        super().__init__()
        self.lock = Lock()

    def send(self, key: str, msg: Any) -> int:
        """Appends under the lock."""
        with self.lock:
            return super().send(key, msg)


class NotedEnds(LockedAppends):
    """Appends under a lock; every poll notes the ends of its logs under it and reads outside. Correct."""

    def poll(self, offsets: Mapping[str, int], max_messages: int | None = None) -> Found:
        """Reads up to ends that were noted at one instant."""
        spans = []
        with self.lock:
            for key, offset in offsets.items():
                log = self.logs.get(key)
                if log is not None:
                    spans.append((key, offset, len(log), log))
        return read_spans(spans, max_messages)


class EndsSeenTwice(LockedAppends):
    """Appends under a lock; a poll looks twice where its logs end, and under the lock where they moved. Correct."""

    def poll(self, offsets: Mapping[str, int], max_messages: int | None = None) -> Found:
        """Reads up to ends that all stood there at one instant, since ends only grow."""
        ends = self._ends(offsets)
        if self._ends(offsets) != ends:
            with self.lock:
                ends = self._ends(offsets)
        spans = [
            (key, offset, end, self.logs[key])
            for (key, offset), end in zip(offsets.items(), ends, strict=True)
            if offset < end
        ]
        return read_spans(spans, max_messages)

    def _ends(self, offsets: Mapping[str, int]) -> list[int]:
        log_of = self.logs.get
        return [len(log_of(key, ())) for key in offsets]


def read_spans(spans: list[tuple[str, int, int, list[Any]]], max_messages: int | None) -> Found:
    """The messages of each log from an offset up to an end (exclusive), which needs no lock."""
    found = {}
    for key, offset, end, log in spans:
        if offset < end:
            limit = end if max_messages is None else min(end, offset + max_messages)
            found[key] = list(enumerate(log[offset:limit], offset))
    return found


def engine_without_lock() -> Callable[[], Log]:
    """The engine's own class, with every ``with self._lock`` taken out of its source: its own yardstick."""
    source = Path(core.__file__).read_text(encoding="utf-8")
    section = "with self._lock:"
    assert section in source, f"the engine has no {section!r} to take out"
    copy = types.ModuleType("kafkasim.core_without_lock")
    exec(compile(source.replace(section, "if True:"), "core_without_lock", "exec"), vars(copy))
    return cast("Callable[[], Log]", copy.LogEngine)


SHIPPED: Final = "kafkasim.LogEngine"
SHIPPED_UNLOCKED: Final = "kafkasim.LogEngine, lock removed"
UNLOCKED: Final = "no lock (wrong)"
ONE_LOCK: Final = "one lock around everything"

DESIGNS: Final[dict[str, Callable[[], Log]]] = {
    UNLOCKED: Unlocked,
    ONE_LOCK: OneLock,
    "readers-writer lock": ReadersAndWriters,
    "a lock for each key": LockPerKey,
    "appends locked, readers free": LockedAppends,
    "appends and noted ends locked": NotedEnds,
    "appends locked, ends seen twice": EndsSeenTwice,
    SHIPPED_UNLOCKED: engine_without_lock(),
    SHIPPED: LogEngine,
}
"""In the order in which they are shown."""
