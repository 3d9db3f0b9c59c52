"""The final polls: by which a run learns, once all is quiet, what is in the logs.

One fresh process for each node reads every key from offset 0. A key is *read completely* when the reader is past
the highest offset that anybody was told of, or when answers bring nothing new; the second is how a log that lost its
end is told from one that is slow. A node that is alone knows all that there is: a second without news will do. One of
several may still have to learn of it from the others, in its own time: it is asked until the time is up.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from kafkasim.history import Operation
from kafkasim.scenario.model import MILLISECOND, SECOND
from kafkasim.sim.client import Client
from kafkasim.sim.surroundings import Surroundings

TIME_LIMIT: Final = 10 * SECOND
"""A key that is not read completely by then is incomplete. Maelstrom's final polls have as long."""

PATIENCE: Final = 5 * SECOND
"""How long a reader waits for an answer at least: a node that is slower than its clients' patience is not silent."""

_QUIET: Final = 1 * SECOND
"""How long answers must bring nothing new before that means that nothing more is there, or that it takes its time."""

_PAUSE: Final = 100 * MILLISECOND
"""How long a reader that learned nothing new waits before it asks again."""


class FinalReader:
    """Reads every key through one client, and so at one node.

    ``highest`` is by key the highest offset that anybody was told of, -1 where there is none.
    ``falls_behind`` is None where the node is alone; of one of several it is called when answers bring nothing new
    although there is more, and may be called again.
    ``incomplete`` has the keys that are not read completely yet.
    """

    def __init__(
        self,
        client: Client,
        highest: dict[str, int],
        surroundings: Surroundings,
        falls_behind: Callable[[], None] | None = None,
    ) -> None:
        self.client = client
        self._falls_behind = falls_behind
        self._clock, self._activity = surroundings.clock, surroundings.activity
        self._highest = highest
        self.incomplete = dict.fromkeys(highest, 0)
        """With the position of each."""
        self._newest: dict[str, int] = {}
        """By key, when an answer last brought something new, or was the first one (ns)."""
        self._quiet: dict[str, None] = {}
        """The incomplete keys of which the last request was answered, and nothing new had come for a while."""
        self._asked_at = self._clock.now
        self._gives_up_at = self._clock.now + TIME_LIMIT
        self._activity.begin()
        self._ask()
        self._clock.after(TIME_LIMIT, self._time_is_up)

    def _ask(self, _: None = None) -> None:
        if not self.incomplete:
            self._end()
        elif self._clock.now < self._gives_up_at:
            self._asked_at = self._clock.now
            self.client.poll(dict(self.incomplete), None, self._answered)

    def _answered(self) -> None:
        self._quiet.clear()
        if self.client.response is None:
            self._clock.after(_PAUSE, self._ask)
            return
        now, brought_news = self._clock.now, False
        for key, position in list(self.incomplete.items()):
            pairs = self.client.response["msgs"].get(key)
            reached = max(pairs[-1][0] + 1, position) if pairs else position
            if reached > position or key not in self._newest:
                self._newest[key] = now
                brought_news = True
            self.incomplete[key] = reached
            if reached > self._highest[key]:
                del self.incomplete[key]
            elif now - self._newest[key] >= _QUIET:
                self._quiet[key] = None
        if self._quiet:
            self._take_quiet_keys()
        if brought_news:
            self._ask()
        else:
            self._clock.after(_PAUSE, self._ask)

    def _take_quiet_keys(self) -> None:
        if self._falls_behind is None:
            self._conclude()
        else:
            self._falls_behind()

    def _conclude(self) -> None:
        """Nothing more will come of the quiet keys: they are read completely."""
        for key in self._quiet:
            del self.incomplete[key]
        self._quiet.clear()

    def _time_is_up(self, _: None) -> None:
        if self.incomplete:
            if self._clock.now - self._asked_at <= _QUIET:  # otherwise answers stay out
                self._conclude()
            self._end()

    def _end(self) -> None:
        if self._gives_up_at:
            self._gives_up_at = 0
            self._activity.end()


def highest_offsets(operations: list[Operation]) -> dict[str, int]:
    """Every key that a history speaks of, with the highest offset that anybody was told of; -1: none.

    >>> highest_offsets([Operation(index=0, process=0, f="send", request={"key": "k", "msg": 1}, type="ok",
    ...     response={"offset": 4}, start=0, end=1, begin_event=0, end_event=1)])
    {'k': 4}
    """
    highest: dict[str, int] = {}
    for op in operations:
        function, response = op.f, op.response
        if function == "send":
            key = op.request["key"]
            known = highest.setdefault(key, -1)
            if response is not None and response["offset"] > known:
                highest[key] = response["offset"]
        elif function == "poll" or function == "commit_offsets":  # noqa: PLR1714 - asked for every operation of a run
            for key in op.request["offsets"]:
                highest.setdefault(key, -1)
            if function == "poll" and response is not None:
                for key, pairs in response["msgs"].items():
                    if pairs and pairs[-1][0] > highest.setdefault(key, -1):
                        highest[key] = pairs[-1][0]
    return highest
