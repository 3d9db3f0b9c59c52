"""How far polls lag in time behind the log: Jepsen's `realtime-lag`, in our terms.

A poll of a key reads up to some *position*, the first offset that the consumer has not seen after it: one more than the
highest that came, or the offset asked for, where nothing came at or above it. From the moment at which a message at or
above the position was known to be in the log (a send of it was acknowledged, or some poll had returned it), a poll
could have returned more. How long before the poll began that moment lay is the lag of the poll at that key; it is a
lower bound (the message may have been there earlier, and the poll may have been served later), and 0 where the poll
read all that was known when it began.

It is no anomaly: a consumer that reads a few messages at a time lags, and so does one that was away. Jepsen defines it
at https://github.com/jepsen-io/jepsen/blob/main/jepsen/src/jepsen/tests/kafka.clj (`realtime-lag`); it goes by what the
process had seen before, since its polls do not say where they begin, and it counts the final polls, which here are left
out, for they read old messages again.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any, Final

from kafkasim.history import Operation
from kafkasim.sim.result import RealtimeLag

_WHEN: Final[Callable[[Any], int]] = itemgetter(0)
_OFFSET: Final[Callable[[Any], int]] = itemgetter(0)


def worst_realtime_lag(operations: Sequence[Operation]) -> RealtimeLag | None:
    """The greatest lag of any poll at any key, the first of equals; None where no poll lagged.

    Takes the operations of a run, in order of invocation; their polls say from where they asked. The time is n log n
    in the number of operations and of messages polled.

    >>> def operation(index, f, request, response, start, end):
    ...     return Operation(index=index, process=index, f=f, request=request, type="ok", response=response,
    ...         start=start, end=end, begin_event=2 * index, end_event=2 * index + 1)
    >>> worst_realtime_lag([
    ...     operation(0, "send", {"key": "k", "msg": "a"}, {"offset": 0}, 0, 10),
    ...     operation(1, "poll", {"offsets": {"k": 0}}, {"msgs": {}}, 25, 30)])
    RealtimeLag(lag=15, key='k', operation=1, at=25)
    """
    rises = _rises(operations)
    ends: dict[str, int] = {}
    """The highest offset that each key was known to have so far."""
    growth: dict[str, tuple[list[int], list[int]]] = {}
    """For each key, that, each time that it rose, and since when."""
    worst: RealtimeLag | None = None
    least, place = 0, 0
    for op in operations:
        if op.f != "poll" or op.type != "ok" or op.final or op.response is None:
            continue
        begun, msgs = op.start, op.response["msgs"]
        # Only what was known for longer than the worst lag so far can make a worse one. That is seldom anything, so
        # that most keys of most polls take no more than a look.
        while place < len(rises) and rises[place][0] < begun - least:
            when, key, offset = rises[place]
            place += 1
            if offset > ends.get(key, -1):
                ends[key] = offset
                highest, since = growth.setdefault(key, ([], []))
                highest.append(offset)
                since.append(when)
        for key, asked in op.request["offsets"].items():
            end = ends.get(key, -1)
            if end < asked:
                continue
            pairs = msgs.get(key)
            position = max(asked, _highest(pairs) + 1) if pairs else asked
            if position <= end:
                highest, since = growth[key]
                lag = begun - since[bisect_left(highest, position)]
                if lag > least:
                    worst, least = RealtimeLag(lag, key, op.index, begun), lag
    return worst


def _rises(operations: Sequence[Operation]) -> list[tuple[int, str, int]]:
    """When (ns) which key was known to hold a message at which offset, in order of time."""
    rises: list[tuple[int, str, int]] = []
    for op in operations:
        if op.type != "ok" or op.end is None or op.response is None:
            continue
        if op.f == "send":
            rises.append((op.end, op.request["key"], op.response["offset"]))
        elif op.f == "poll" and not op.final:
            rises += [(op.end, key, _highest(pairs)) for key, pairs in op.response["msgs"].items() if pairs]
    rises.sort(key=_WHEN)
    return rises


def _highest(pairs: Sequence[tuple[int, object]]) -> int:
    return max(map(_OFFSET, pairs))
