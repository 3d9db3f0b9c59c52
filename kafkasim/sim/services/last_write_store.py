"""``lww-kv``: a key-value store of several replicas, in which the last write wins."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, Final

import msgspec
from msgspec import Struct

from kafkasim.sim.choices import Stream
from kafkasim.sim.services.requests import (
    KEY_VALUE,
    KeyValueRequest,
    Read,
    change,
    done,
    place_of,
    value_read,
)

_REPLICAS: Final = 5


class _Stamped(Struct, frozen=True):
    """A value, and the time that the replica's clock showed when it was written."""

    time: int
    value: Any

    def beats(self, other: _Stamped) -> bool:
        """Whether this value is the one that stays; where the times are equal, the one whose JSON sorts later."""
        if self.time != other.time:
            return self.time > other.time
        return _text(self.value) > _text(other.value)


class _Replica:
    __slots__ = ("clock", "values")

    def __init__(self) -> None:
        self.clock = 0
        """A Lamport clock: one tick a change, and set forward to that of a replica that it hears from."""
        self.values: dict[Hashable, _Stamped] = {}


class LastWriteStore:
    """Five replicas, of which any answers a request, and which tell each other later.

    It promises little: once nobody writes any more, all replicas will have the same value of each key. Before that a
    read may miss any write, the client's own too; two clients may both succeed at the same ``cas``; and of two writes
    the one with the higher stamp stays, which need not be the later one, since the replicas' clocks are only set when
    they hear of each other. So an acknowledged write may be lost as if it had never been.

    With every request, first one replica tells another all it has, then one obeys: which three, chance decides.

    >>> from kafkasim.sim.services.requests import Write
    >>> from kafkasim.sim.choices import Choice, ReplayedChoices
    >>> replicas = [0, 0, 1, 0, 0, 2]  # told by, told, obeys; twice
    >>> store = LastWriteStore(ReplayedChoices([Choice("s", 5, replica) for replica in replicas]).stream("s"))
    >>> store.handle("n0", Write("k", 1))
    {'type': 'write_ok'}
    >>> store.handle("n0", Read("k"))
    Traceback (most recent call last):
    kafkasim.sim.services.requests.KeyDoesNotExistError: key "k" does not exist
    """

    known = KEY_VALUE

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._replicas = [_Replica() for _ in range(_REPLICAS)]

    def handle(self, client: str, request: KeyValueRequest) -> dict[str, Any]:  # noqa: ARG002 - all are treated alike
        """See `kafkasim.sim.services.party.Handler.handle`."""
        source, told, replica = self._some_replica(), self._some_replica(), self._some_replica()
        if source is not told:
            _tell(source, told)
        place = place_of(request.key)
        held = replica.values.get(place)
        exists, value = held is not None, None if held is None else held.value
        if isinstance(request, Read):
            return value_read(request, exists=exists, value=value)
        replica.values[place] = _Stamped(replica.clock, change(request, exists=exists, value=value))
        replica.clock += 1
        return done(request)

    def _some_replica(self) -> _Replica:
        return self._replicas[self._stream.pick(_REPLICAS)]


def _tell(source: _Replica, told: _Replica) -> None:
    """Of each key the winning value is at ``told`` from now on."""
    told.clock = max(told.clock, source.clock)
    for place, stamped in source.values.items():
        held = told.values.get(place)
        if held is None or (held is not stamped and stamped.beats(held)):
            told.values[place] = stamped


def _text(value: Any) -> bytes:
    return msgspec.json.encode(value, order="sorted")
