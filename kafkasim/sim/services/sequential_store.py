"""``seq-kv``: a sequentially consistent key-value store, which shows its clients the past."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Hashable
from typing import Any, Final

from kafkasim.messages import RpcError
from kafkasim.sim.choices import Stream
from kafkasim.sim.services.requests import (
    KEY_VALUE,
    KeyValueRequest,
    Read,
    change,
    done,
    place_of,
    same,
    value_read,
)

_WINDOW: Final = 32
"""So many changes back the past goes that a client may still be shown."""

_Version = tuple[int, Any]
"""After which change of the store a key has had a value, and the value."""


class SequentialStore:
    """One sequence of states, in which each client has its place, and only moves on.

    All operations seem to happen one after the other, in an order in which each client's own are in the order in
    which it asked them: sequential consistency. Real time counts for nothing: a request is obeyed on some state
    between the newest that its client has seen and the newest there is, at most 32 changes old, as chance will have
    it. Where it would change that state it is obeyed on the newest one instead, so that there is one order of
    changes; what changes nothing (a read, a ``write`` of the value that was there, a refused ``cas``) stays in the
    past. Who changes the store has seen everything up to there.

    A client is whoever asks under one name, also after it was started again.

    >>> from kafkasim.sim.services.requests import Write
    >>> from kafkasim.sim.choices import Choice, ReplayedChoices
    >>> oldest = ReplayedChoices([Choice("past", 32, 31)] * 9).stream("past")
    >>> store = SequentialStore(oldest)
    >>> written = [store.handle("n0", Write("k", value)) for value in (1, 2)]
    >>> store.handle("n0", Read("k"))
    {'type': 'read_ok', 'value': 2}
    >>> store.handle("n1", Read("k"))
    Traceback (most recent call last):
    kafkasim.sim.services.requests.KeyDoesNotExistError: key "k" does not exist
    """

    known = KEY_VALUE

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._newest = 0
        """How many changes were made."""
        self._versions: dict[Hashable, list[_Version]] = {}
        """By key, its values, oldest first; of those that nobody can be shown any more, only the last."""
        self._seen: dict[str, int] = {}
        """By client, after how many changes the newest state is that it has seen."""

    def handle(self, client: str, request: KeyValueRequest) -> dict[str, Any]:
        """See `kafkasim.sim.services.party.Handler.handle`."""
        place, newest = place_of(request.key), self._newest
        oldest = max(self._seen.get(client, 0), newest - _WINDOW)
        at = newest - self._stream.pick(newest - oldest + 1)
        exists, value = self._look(place, at)
        if isinstance(request, Read):
            self._seen[client] = at
            return value_read(request, exists=exists, value=value)
        try:
            after = change(request, exists=exists, value=value)
        except RpcError:
            self._seen[client] = at
            raise
        if exists and same(after, value):
            self._seen[client] = at
            return done(request)
        self._seen[client] = newest
        exists, value = self._look(place, newest)
        self._change(client, place, change(request, exists=exists, value=value))
        return done(request)

    def _look(self, place: Hashable, at: int) -> tuple[bool, Any]:
        """Whether the key had a value after so many changes, and which."""
        versions = self._versions.get(place, [])
        number = bisect_right(versions, at, key=_since)
        return (True, versions[number - 1][1]) if number else (False, None)

    def _change(self, client: str, place: Hashable, value: Any) -> None:
        self._newest += 1
        versions = self._versions.setdefault(place, [])
        versions.append((self._newest, value))
        out_of_sight = bisect_right(versions, self._newest - _WINDOW, key=_since) - 1
        if out_of_sight > 0:
            del versions[:out_of_sight]
        self._seen[client] = self._newest


def _since(version: _Version) -> int:
    return version[0]
