"""The plain numbers of the index, side by side.

What nearly every check goes through (where operations began and ended, what offsets they speak of) is kept here once
more, apart from the objects that say it. These lie all over the memory: to go from one to the next takes far longer
than what is then done with them.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, MutableSequence
from typing import Final

from msgspec import Struct

Column = MutableSequence[int]
"""Numbers one after the other: an ``array`` of machine words, or a list where one does not fit into a word."""

LATEST: Final = 2**63 - 1
"""The end of an operation that has none: no other is later."""


def words() -> Column:
    """A column of machine words. It raises `OverflowError` where it is given more than fits into one."""
    return array("q")


class Columns(Struct, frozen=True):
    """Some operations on one key, in order of invocation, each with an offset."""

    places: Column
    """For each its ``Operation.index``."""
    offsets: Column


class KeyColumns(Struct, frozen=True):
    """What operations said about one key."""

    polls: Columns
    """The ``ok`` polls that returned something, in whatever order, and the last offset in the reply."""
    polled_from: Column
    """The first offset in the reply of each of these polls."""
    commits: Columns
    """Those that did not fail, and what they commit."""
    lists: Columns
    """Those that were answered ``ok``, as ``KeyIndex.listings``; -1: the key was left out."""

    @classmethod
    def made(cls, new: Callable[[], Column] = words) -> KeyColumns:
        """Empty ones, each made by ``new``."""
        return cls(Columns(new(), new()), new(), Columns(new(), new()), Columns(new(), new()))
