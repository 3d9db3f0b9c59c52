"""What a faulty server is: a log service that draws its misdeeds through the run's choices."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from kafkasim.core import LogEngine
from kafkasim.service import LogService
from kafkasim.sim.choices import ReplayedChoices, Stream

NOT_WAITED_FOR: Final = -1
"""The token of writes whose completion means nothing. Those of a durable log count upwards from 1."""


class ServerDiedError(BaseException):
    """The server's process is to end here and now, without a word.

    Not an `Exception`: a service answers those, and goes on.
    """


class FaultyService(LogService):
    """A log service with something wrong; ``chances`` decides when."""

    def __init__(
        self, engine: LogEngine, *, max_poll_messages: int | None = None, durable: bool = False, chances: Stream
    ) -> None:
        super().__init__(engine, max_poll_messages=max_poll_messages, durable=durable)
        self.chances = chances

    def recover(self, records: Iterable[Any]) -> None:
        """As `LogService.recover`. The disk is read back as it is: the fault is in serving."""
        self.chances, chances = ReplayedChoices([]).stream("none"), self.chances
        super().recover(records)
        self.chances = chances
