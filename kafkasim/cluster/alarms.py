"""The timers of a node on a real clock."""

from __future__ import annotations

from heapq import heappop, heappush

from kafkasim.service import Timer


class Alarms:
    """Timers that are set, and when they run out. What time it is (ns, of any clock that only goes on) it is told.

    >>> alarms = Alarms()
    >>> alarms.set(Timer(300, "later"), now=1000)
    >>> alarms.set(Timer(200, "sooner"), now=1000)
    >>> alarms.wait(now=1050), alarms.due(now=1250), alarms.wait(now=1400)
    (150, [Timer(delay=200, name='sooner')], 0)
    """

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, Timer]] = []
        self._set = 0

    def set(self, timer: Timer, now: int) -> None:
        """Has the timer run out after its delay."""
        self._set += 1
        heappush(self._heap, (now + timer.delay, self._set, timer))

    def wait(self, now: int) -> int | None:
        """How long (ns) it is until the next one runs out; None where none is set."""
        return max(0, self._heap[0][0] - now) if self._heap else None

    def due(self, now: int) -> list[Timer]:
        """The timers that have run out, in their order; they are told once."""
        timers = []
        while self._heap and self._heap[0][0] <= now:
            timers.append(heappop(self._heap)[2])
        return timers
