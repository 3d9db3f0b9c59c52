"""``lin-kv``: a linearizable key-value store."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

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


class LinearStore:
    """One copy of everything: each request takes effect at the instant at which it arrives.

    So it seems to happen at one instant between its being asked and its being answered, for all clients and keys:
    linearizability. That is no promise about copies that the network makes: a ``write`` that arrives twice is obeyed
    twice, the second time perhaps after other clients' writes.

    >>> from kafkasim.sim.services.requests import Cas
    >>> store = LinearStore()
    >>> store.handle("n0", Cas("k", expected=None, to=1, create_if_not_exists=True)), store.handle("n1", Read("k"))
    ({'type': 'cas_ok'}, {'type': 'read_ok', 'value': 1})
    """

    known = KEY_VALUE

    def __init__(self, stream: Stream | None = None) -> None:  # noqa: ARG002 - nothing is left to chance
        self._values: dict[Hashable, Any] = {}

    def handle(self, client: str, request: KeyValueRequest) -> dict[str, Any]:  # noqa: ARG002 - all are treated alike
        """See `kafkasim.sim.services.party.Handler.handle`."""
        place = place_of(request.key)
        exists, value = place in self._values, self._values.get(place)
        if isinstance(request, Read):
            return value_read(request, exists=exists, value=value)
        self._values[place] = change(request, exists=exists, value=value)
        return done(request)
