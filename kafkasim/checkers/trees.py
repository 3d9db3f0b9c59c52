"""Questions to long rows of numbers, each answered in the logarithm of their length: two trees in flat lists."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable


class FirstBelow:
    """Many numbers, to be asked for the first from a place on that is below a bound: a tree of least numbers.

    >>> FirstBelow([3, 1, 2]).find(0, 3), FirstBelow([3, 1, 2]).find(2, 2)
    (1, None)
    """

    def __init__(self, numbers: list[float]) -> None:
        self._levels = [numbers]
        while len(below := self._levels[-1]) > 1:
            self._levels.append([min(below[place : place + 2]) for place in range(0, len(below), 2)])

    def find(self, place: int, bound: float) -> int | None:
        """Climbs over whole subtrees without such a number, then down to the first one in the subtree that has it."""
        levels, level = self._levels, 0
        while place < len(levels[level]) and levels[level][place] >= bound:
            place += 1
            while place % 2 == 0 and level + 1 < len(levels):
                place, level = place // 2, level + 1
        if place >= len(levels[level]):
            return None
        while level:
            place, level = place * 2, level - 1
            place += levels[level][place] >= bound
        return place


class Cover:
    """Points on a line that intervals cover, to be asked for the least number of those that cover one.

    Numbers must be given in descending order, so that a later interval hides what it covers of earlier ones.

    >>> cover = Cover([10, 20, 30])
    >>> cover.add(15, 40, number=7)
    >>> cover.add(0, 21, number=3)
    >>> cover.least(10), cover.least(20), cover.least(30)
    (3, 3, 7)
    """

    def __init__(self, points: Iterable[int]) -> None:
        self._points = sorted(set(points))
        self._marks: list[int | None] = [None] * (2 * len(self._points))
        """A tree: the parent of the node at *i* is at *i* // 2, and the points are its leaves."""

    def add(self, low: int, high: int, number: int) -> None:
        """Covers the points from ``low`` up to, and without, ``high``."""
        size = len(self._points)
        left, right = bisect_left(self._points, low) + size, bisect_left(self._points, high) + size
        while left < right:
            if left % 2:
                self._marks[left] = number
                left += 1
            if right % 2:
                right -= 1
                self._marks[right] = number
            left, right = left // 2, right // 2

    def least(self, point: int) -> int | None:
        """The least number of an interval that covers the point; None: no interval does."""
        node = bisect_left(self._points, point) + len(self._points)
        found: list[int] = []
        while node:
            mark = self._marks[node]
            if mark is not None:
                found.append(mark)
            node //= 2
        return min(found, default=None)
