"""Every choice of a run goes through here: which latency, lost or not, what a client does next.

A run asks for a *stream* of choices by name, once for each concern ("latency", "workload/c1"), and draws
from it. Streams know nothing of each other, so one more draw in one place shifts nothing elsewhere.
Where choices come from is exchangeable:

* `SeededChoices`: from a seed, the same on every machine and under every hash seed;
* `RecordedChoices`: as another source makes them, each written down;
* `ReplayedChoices`: from such a list, which may have been shortened or changed by hand.

Each choice is one of a finite number of options, numbered from 0, and option 0 is the plainest (not lost, the
shortest latency, the first key), so that a walk through all of them, or a search for a simpler run, is another
source of the same kind.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterable
from itertools import repeat, starmap
from operator import mul
from typing import Final, Protocol

from msgspec import Struct


class Stream(Protocol):
    """A sequence of choices for one concern."""

    def pick(self, options: int) -> int:
        """One of so many options (1 or more): an integer from 0 to ``options - 1``, each as likely."""

    def chance(self, probability: float) -> bool:
        """True with this probability (0 to 1)."""

    def ahead(self, options: int) -> list[int]:
        """The next picks among so many options, the very next one last: to be popped, one after the other.

        They are one or more: as many as come cheaper together, or only one where a choice is not to be made before
        its time. For a stream of which nothing is asked but picks among as many options.
        """


class Choices(Protocol):
    """A source of choices."""

    def stream(self, name: str) -> Stream:
        """The stream of this name; asked again, the same one, where it stands."""


class Choice(Struct, frozen=True):
    """One choice that was made: in which stream, among how many options, and which was taken."""

    stream: str
    options: int
    taken: int


_AHEAD: Final = 256
"""So many picks of a seeded stream are made together, where that is asked for."""


class SeededStream(random.Random):
    """Draws from a generator seeded with the run's seed and the stream's name.

    Only ``random()`` is drawn: of all that Python's generator offers it alone is promised to stay the same
    from version to version. The stream is the generator, which spares every draw a step.
    """

    def pick(self, options: int) -> int:
        """See `Stream.pick`."""
        return int(self.random() * options)

    def chance(self, probability: float) -> bool:
        """See `Stream.chance`."""
        return self.random() < probability

    def ahead(self, options: int) -> list[int]:
        """See `Stream.ahead`."""
        draws = starmap(self.random, repeat((), _AHEAD))
        picks = list(map(int, map(mul, draws, repeat(options))))  # as `pick`, without a step of Python for each
        picks.reverse()
        return picks


def seeded_stream(seed: int, name: str) -> SeededStream:
    """The stream of this name that follows from the seed."""
    digest = hashlib.sha256(f"{seed}/{name}".encode()).digest()
    return SeededStream(int.from_bytes(digest))


class SeededChoices:
    """Choices that follow from a seed.

    >>> [SeededChoices(7).stream("latency").pick(1000) for _ in range(2)]
    [15, 15]
    >>> SeededChoices(7).stream("loss").pick(1000)
    51
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._streams: dict[str, SeededStream] = {}

    def stream(self, name: str) -> Stream:
        """See `Choices.stream`."""
        if name not in self._streams:
            self._streams[name] = seeded_stream(self._seed, name)
        return self._streams[name]


class RecordedChoices:
    """Choices as another source makes them; ``taken`` is the list of all that were made so far, in order.

    >>> recorded = RecordedChoices(SeededChoices(7))
    >>> recorded.stream("loss").chance(0.5), recorded.stream("workload").pick(3)
    (True, 2)
    >>> recorded.taken
    [Choice(stream='loss', options=2, taken=1), Choice(stream='workload', options=3, taken=2)]
    """

    def __init__(self, source: Choices) -> None:
        self._source = source
        self.taken: list[Choice] = []

    def stream(self, name: str) -> Stream:
        """See `Choices.stream`."""
        return _RecordedStream(name, self._source.stream(name), self.taken)


class _RecordedStream:
    __slots__ = ("_name", "_source", "_taken")

    def __init__(self, name: str, source: Stream, taken: list[Choice]) -> None:
        self._name, self._source, self._taken = name, source, taken

    def pick(self, options: int) -> int:
        taken = self._source.pick(options)
        self._taken.append(Choice(self._name, options, taken))
        return taken

    def chance(self, probability: float) -> bool:
        taken = self._source.chance(probability)
        self._taken.append(Choice(self._name, 2, int(taken)))
        return taken

    def ahead(self, options: int) -> list[int]:
        return [self.pick(options)]


class ReplayedChoices:
    """Choices from a list, in which each stream finds its own in order.

    Where the list has no more for a stream, option 0 is taken; where what was taken is no longer among the
    options, the last one is. So a list that was shortened still decides a whole run.

    >>> replayed = ReplayedChoices([Choice("loss", 2, 1), Choice("workload", 3, 2)])
    >>> stream = replayed.stream("workload")
    >>> stream.pick(3), stream.pick(3), replayed.stream("loss").chance(0.5)
    (2, 0, True)
    """

    def __init__(self, choices: Iterable[Choice]) -> None:
        taken: dict[str, list[int]] = {}
        for choice in choices:
            taken.setdefault(choice.stream, []).append(choice.taken)
        self._streams = {name: _ReplayedStream(numbers) for name, numbers in taken.items()}

    def stream(self, name: str) -> Stream:
        """See `Choices.stream`."""
        return self._streams.setdefault(name, _ReplayedStream([]))


class _ReplayedStream:
    __slots__ = ("_place", "_taken")

    def __init__(self, taken: list[int]) -> None:
        self._taken = taken
        self._place = 0

    def pick(self, options: int) -> int:
        if self._place == len(self._taken):
            return 0
        self._place += 1
        return min(self._taken[self._place - 1], options - 1)

    def chance(self, probability: float) -> bool:
        """A chance that the run leaves none at all is never taken, whatever the list says."""
        taken = self.pick(2)
        return taken == 1 and probability > 0

    def ahead(self, options: int) -> list[int]:
        return [self.pick(options)]
