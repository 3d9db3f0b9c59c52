"""The log engine: append-only logs by key, and how far each has been processed.

The rules of this file:

* An operation happens at one instant between its call and its return, whoever else is calling:
  the engine is linearizable, over all the keys of a request at once.
* A log only grows. What lies before its end never changes, so it can be read without a lock; what
  was once before the end always will be, so a commit can be checked without one; and where two looks
  at several ends agree, all of them stood there at every instant between the two looks.
* The lock guards what takes more than one step: an append, the raising of committed offsets, and
  the looking at several committed offsets, or at several ends that keep moving, at one instant.
  Nothing slow happens under it.
* Under the lock no loop has an ``if`` at its end: from the jump back CPython 3.13 lets an interrupt out of the ``with``
  without releasing the lock.
* The arguments are copied before they are looked at: the caller's other threads may change them.
* It knows nothing but itself: no clock, no randomness, no file, no wire, no user interface.

How that works, in one picture. A key's log is a list; a message's offset is its place in it::

    send          lock ── offset = len(log) ── log.append(msg) ── unlock
    poll, 1 key            log[offset:limit]                       one slice is one instant
    poll, n keys           look where each log ends, twice; the same? else a third time under the lock;
                           then slice up to there
    commit        check all, then lock ── raise all ── unlock      all of the request or nothing
    list, 1 key            committed.get(key)                      one look is one instant
    list, n keys  lock ── look each up ── unlock

Taking a slice of a list, reading its length, looking up a key in a dict and updating a dict from another
are each one step where the keys are plain text (whose hashing and comparing run no Python code): under the
global interpreter lock nothing comes in between. In free-threaded builds each is safe beside any other, which is
all that a poll of one key needs. Two looks at ends, and lists of one key after the other, need an order that is not
promised there, so there they are under the lock. The measurements, the ways not taken and, for each rule, the
interleaving that forces it: ``docs/decisions/0002-locking.md``.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from typing import Any, Final

from kafkasim.forms import show
from kafkasim.messages import CommitPastEndError, MalformedRequestError

_LOOKS_ARE_ORDERED: Final[bool] = getattr(sys, "_is_gil_enabled", lambda: True)()
"""Whether a thread that looks at two things, one after the other, sees them as they were one after the other.

The global interpreter lock sees to it. Free-threaded builds promise it only for what a lock guards.
"""


class LogEngine:
    """A thread-safe, in-memory log service for any number of keys.

    Messages are any objects; the engine keeps the object it is given and never looks inside.
    Offsets are dense from 0. A **committed offset** here is the last message that *has been*
    processed; Kafka's own committed offset is the *next* one to read, one more.

    >>> engine = LogEngine()
    >>> engine.send("k1", "hello"), engine.send("k1", {"a": 1})
    (0, 1)
    >>> engine.poll({"k1": 1, "never-written": 0})
    {'k1': [(1, {'a': 1})]}
    >>> engine.commit_offsets({"k1": 0})
    >>> engine.list_committed_offsets(["k1", "k2"])
    {'k1': 0}

    Any number of threads may call it, and nobody waits for messages to be read: appends, commits and lists of
    several keys wait for each other's few steps, and so does a poll of several keys whose ends move while it looks.
    Do not call it from a signal handler or a finalizer (``__del__``): they run in the middle of whatever their
    thread is doing, which may be holding the lock. A send that is interrupted from outside (``KeyboardInterrupt``)
    may have appended its message or not; a commit has then raised all or nothing.

    An engine can be copied and pickled. The copy has what was in it at one instant, and a lock of its own.

    ``lock`` is what gives exclusive access; tests pass one that decides who runs next.
    """

    __slots__ = ("_committed", "_lock", "_logs")

    def __init__(self, lock: AbstractContextManager[Any] | None = None) -> None:
        self._lock = threading.Lock() if lock is None else lock
        self._logs: dict[str, list[Any]] = {}
        """Never holds an empty log: a key is created together with its first message."""
        self._committed: dict[str, int] = {}

    def send(self, key: str, msg: Any) -> int:
        """Appends the message to the key's log and returns its offset.

        The offset is the number of messages that were in the log before. Raises
        `MalformedRequestError` where the key is not non-empty text; nothing is appended then.

        >>> LogEngine().send("", "hello")
        Traceback (most recent call last):
        kafkasim.messages.MalformedRequestError: send: expected non-empty text as key, got ""
        """
        if type(key) is not str or not key:
            key = _plain_key("send", key)
        with self._lock:
            log = self._logs.get(key)
            if log is None:
                self._logs[key] = [msg]
                return 0
            offset = len(log)
            log.append(msg)
        return offset

    def poll(self, offsets: Mapping[str, int], max_messages: int | None = None) -> dict[str, list[tuple[int, Any]]]:
        """For each key, its messages from the given offset to the end, as ``(offset, message)`` pairs.

        All keys are read at one instant. ``max_messages`` (1 or more) caps what is returned of each key.
        A key with nothing at or after the offset is left out, and is not created by being asked for.
        The cost is that of the messages returned. Raises `MalformedRequestError` where a key is not
        non-empty text, an offset not an integer from 0 on, or ``max_messages`` not an integer from 1 on;
        what only derives from `int`, such as ``True`` or an enum's member, is none.

        >>> engine = LogEngine()
        >>> [engine.send("k", letter) for letter in "abc"]
        [0, 1, 2]
        >>> engine.poll({"k": 1}), engine.poll({"k": 0}, max_messages=1), engine.poll({"k": 3})
        ({'k': [(1, 'b'), (2, 'c')]}, {'k': [(0, 'a')]}, {})
        """
        wanted = offsets.copy() if type(offsets) is dict else _as_dict("poll", offsets)
        for key, offset in wanted.items():  # looked at here: a function of its own would take a sixth of the poll
            if type(key) is not str or not key or type(offset) is not int or offset < 0:
                return LogEngine.poll(self, _plain("poll", wanted), max_messages)
        if max_messages is not None and (type(max_messages) is not int or max_messages < 1):
            raise MalformedRequestError(f"poll: expected an integer >= 1 as max_messages, got {show(max_messages)}")
        if len(wanted) == 1:  # key and offset are still those of the one item
            log = self._logs.get(key)
            if log is None:
                return {}
            messages = log[offset:] if max_messages is None else log[offset : offset + max_messages]
            return {key: list(enumerate(messages, offset))} if messages else {}
        ends = self._ends(wanted)
        if self._ends(wanted) != ends or not _LOOKS_ARE_ORDERED:
            with self._lock:
                ends = self._ends(wanted)
        found: dict[str, list[tuple[int, Any]]] = {}
        for (key, offset), end in zip(wanted.items(), ends, strict=True):
            if offset < end:
                limit = end if max_messages is None else min(end, offset + max_messages)
                found[key] = list(enumerate(self._logs[key][offset:limit], offset))
        return found

    def commit_offsets(self, offsets: Mapping[str, int]) -> None:
        """Says that each key has been processed up to **and including** the given offset.

        All keys are committed, or, where one is refused, none. A committed offset never goes back: a lower
        one is accepted and changes nothing. Raises `CommitPastEndError` where no message has that offset yet,
        `MalformedRequestError` where a key or an offset is not one.

        >>> engine = LogEngine()
        >>> engine.send("k", "a")
        0
        >>> engine.commit_offsets({"k": 1})
        Traceback (most recent call last):
        kafkasim.messages.CommitPastEndError: commit_offsets: key "k" cannot be committed at offset 1: \
its last message is at offset 0
        """
        wanted = offsets.copy() if type(offsets) is dict else _as_dict("commit_offsets", offsets)
        for key, offset in wanted.items():  # as in `poll`
            if type(key) is not str or not key or type(offset) is not int or offset < 0:
                return LogEngine.commit_offsets(self, _plain("commit_offsets", wanted))
        self._refuse_past_end(wanted)
        with self._lock:
            committed = self._committed
            for key, offset in wanted.items():
                before = committed.get(key, -1)
                wanted[key] = offset if offset > before else before  # noqa: FURB136 - `max` takes twice the time
            committed.update(wanted)  # one step, so that no interrupt can leave half of it
        return None

    def check_commit(self, offsets: Mapping[str, int]) -> None:
        """Raises what `commit_offsets` would raise, and changes nothing.

        What passes here passes for ever, since logs only grow: a durable service asks before it writes
        the commit down, and applies it after.

        >>> LogEngine().check_commit({"k": 0})
        Traceback (most recent call last):
        kafkasim.messages.CommitPastEndError: commit_offsets: key "k" cannot be committed at offset 0: \
it has no messages
        """
        self._refuse_past_end(_plain("commit_offsets", _as_dict("commit_offsets", offsets)))

    def list_committed_offsets(self, keys: Iterable[str]) -> dict[str, int]:
        """For each of the keys that has one, its committed offset: the last that has been processed.

        All keys are read at one instant; a key never committed is left out (0 would mean that message 0 is
        done). Raises `MalformedRequestError` where a key is not non-empty text, or where ``keys`` is one text
        itself, which would otherwise be taken for its letters.

        >>> LogEngine().list_committed_offsets(["k"])
        {}
        >>> LogEngine().list_committed_offsets("k")
        Traceback (most recent call last):
        kafkasim.messages.MalformedRequestError: list_committed_offsets: expected a list of keys, got "k"
        """
        if type(keys) is not list and (isinstance(keys, str) or not isinstance(keys, Iterable)):
            raise MalformedRequestError(f"list_committed_offsets: expected a list of keys, got {show(keys)}")
        wanted = list(keys)
        for key in wanted:
            if type(key) is not str or not key:
                wanted = [_plain_key("list_committed_offsets", each) for each in wanted]
                break
        if len(wanted) == 1 and _LOOKS_ARE_ORDERED:  # commits of several keys are one step, and so is one look
            offset = self._committed.get(wanted[0])
            return {} if offset is None else {wanted[0]: offset}
        with self._lock:
            committed = self._committed
            found = [committed.get(key) for key in wanted]
        return {key: offset for key, offset in zip(wanted, found, strict=True) if offset is not None}

    def end_offsets(self) -> dict[str, int]:
        """For each key that was ever written to, its end offset: the next one to be given. In order of creation.

        All keys are read at one instant.

        >>> engine = LogEngine()
        >>> engine.send("k", "a")
        0
        >>> engine.end_offsets()
        {'k': 1}
        """
        with self._lock:
            return {key: len(log) for key, log in self._logs.items()}

    def __getstate__(self) -> tuple[dict[str, list[Any]], dict[str, int]]:
        """What a copy gets: logs and committed offsets of one instant, in lists and dicts of its own."""
        with self._lock:
            ends = [(key, log, len(log)) for key, log in self._logs.items()]
            committed = self._committed.copy()
        return {key: log[:end] for key, log, end in ends}, committed

    def __setstate__(self, state: tuple[dict[str, list[Any]], dict[str, int]]) -> None:
        self._lock = threading.Lock()
        self._logs, self._committed = state

    def _ends(self, keys: Iterable[str]) -> list[int]:
        """Where each key's log ends, looked at one after the other: one instant only for who holds the lock."""
        log_of = self._logs.get
        return [len(log_of(key, ())) for key in keys]

    def _refuse_past_end(self, offsets: dict[str, int]) -> None:
        """Needs no lock: what passes goes on passing, and what is refused was refusable at the instant it was seen."""
        for key, offset in offsets.items():
            end = len(self._logs.get(key, ()))
            if offset >= end:
                raise CommitPastEndError(key, offset, end)


def _as_dict(operation: str, offsets: object) -> dict[Any, Any]:
    """A copy of the caller's mapping, whatever it maps."""
    if not isinstance(offsets, Mapping):
        raise MalformedRequestError(f"{operation}: expected a mapping of keys to offsets, got {show(offsets)}")
    return dict(offsets)


def _plain(operation: str, offsets: dict[Any, Any]) -> dict[str, int]:
    """The same, its keys of the built-in type; raises where a key or an offset is not one."""
    return {_plain_key(operation, key): _plain_offset(operation, key, offset) for key, offset in offsets.items()}


def _plain_offset(operation: str, key: str, offset: object) -> int:
    if type(offset) is int and offset >= 0:
        return offset
    raise MalformedRequestError(f"{operation}: key {show(key)}: expected an integer >= 0 as offset, got {show(offset)}")


def _plain_key(operation: str, key: object) -> str:
    """The key as text of the built-in type; a subclass (an enum's member) may compare and hash by code of its own."""
    if isinstance(key, str):
        plain = str.__str__(key)
        if plain:
            return plain
    raise MalformedRequestError(f"{operation}: expected non-empty text as key, got {show(key)}")
