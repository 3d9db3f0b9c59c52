"""``lin-tso``: an oracle of timestamps."""

from __future__ import annotations

from typing import Any

from kafkasim.sim.choices import Stream
from kafkasim.sim.services.requests import Timestamp


class TimestampOracle:
    """Hands out the integers from 0 on, each once.

    A number that was asked for after another had been given is higher. Some may never arrive anywhere.

    >>> oracle = TimestampOracle()
    >>> oracle.handle("n0", Timestamp()), oracle.handle("n1", Timestamp())
    ({'type': 'ts_ok', 'ts': 0}, {'type': 'ts_ok', 'ts': 1})
    """

    known = (Timestamp,)

    def __init__(self, stream: Stream | None = None) -> None:  # noqa: ARG002 - nothing is left to chance
        self._next = 0

    def handle(self, client: str, request: Timestamp) -> dict[str, Any]:  # noqa: ARG002 - all are treated alike
        """See `kafkasim.sim.services.party.Handler.handle`."""
        self._next += 1
        return {"type": "ts_ok", "ts": self._next - 1}
