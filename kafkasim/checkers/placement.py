"""Where the sends stand that were never acknowledged.

An ``info`` send may have happened. Where a poll shows its message at an offset that no acknowledged send has,
it did, and stands there. What no poll shows may stand wherever an offset is unexplained, or nowhere.
With several equal messages it is open which send stands where; what follows from that is said at each function.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable

from msgspec import Struct

from kafkasim.checkers.identity import Identity, identity
from kafkasim.checkers.index import Index, KeyIndex
from kafkasim.history import Operation


class Placed(Struct, frozen=True, gc=False):
    """An offset at which some unacknowledged send stands, and that send."""

    offset: int
    op: Operation


class Placement(Struct, frozen=True):
    """Which unacknowledged send stands where, as far as it is known."""

    placed: list[Placed]
    unplaced: list[Operation]
    """Sends that no poll shows, in order of invocation: of unknown offset, or never done."""
    spare: int
    """How many of those can be elsewhere at once; fewer than all where some are as well ``placed``."""


class _Same(Struct):
    """The unacknowledged sends of one message, in order of invocation, and the offsets where they may stand."""

    sends: list[Operation]
    offsets: list[int]


def place_by_deadline(log: KeyIndex, deadline: Callable[[int], float]) -> Placement:
    """Places the sends so that, if any placement does, each begins no later than its offset's deadline.

    ``deadline`` says for an offset the place in the sequence of events by which it must have been given away; it never
    falls as offsets grow. Of several sends of one message each offset, ascending, gets the last that
    is in time, so that the earliest are left for the offsets that no poll shows (an exchange argument:
    the offsets a send is in time for are always all those from one on).
    """
    return _place(log, deadline)


def place_earliest(log: KeyIndex) -> Placement:
    """Places the sends as if each offset could have the best: nothing that is possible contradicts it.

    Where a message was sent several times its sends also stay ``unplaced``, for any of them may be the one elsewhere.
    """
    return _place(log, None)


def _place(log: KeyIndex, deadline: Callable[[int], float] | None) -> Placement:
    if not log.unknown_sends:
        return Placement([], [], 0)
    placed: list[Placed] = []
    unplaced: list[Operation] = []
    spare = 0
    for same in _by_message(log).values():
        offsets = same.offsets[: len(same.sends)]  # more offsets than sends: a duplicate, which is told elsewhere
        if deadline is None or len(same.sends) == 1:
            taken = same.sends[: len(offsets)]
            left = same.sends if len(same.sends) > 1 else same.sends[len(offsets) :]
        else:
            taken, left = _latest_in_time(same.sends, [deadline(offset) for offset in offsets])
        spare += len(same.sends) - len(offsets)
        placed += map(Placed, offsets, taken)
        unplaced += left
    unplaced.sort(key=lambda op: op.begin_event)
    return Placement(placed, unplaced, spare)


def _by_message(log: KeyIndex) -> dict[Identity, _Same]:
    by_message: dict[Identity, _Same] = {}
    for op in log.unknown_sends:
        message = identity(op.request["msg"])
        same = by_message.get(message)
        if same is None:
            by_message[message] = _Same([op], [])
        else:
            same.sends.append(op)
    acknowledged = {acknowledgement.offset for acknowledgement in log.acknowledged}
    for offset in log.offsets:
        if offset not in acknowledged and (same := by_message.get(log.at[offset])) is not None:
            same.offsets.append(offset)
    return by_message


def _latest_in_time(sends: list[Operation], deadlines: list[float]) -> tuple[list[Operation], list[Operation]]:
    """For each deadline, ascending, the last send left that begins by it, or else the first left; then the others."""
    early: list[Operation] = []
    taken: list[Operation] = []
    coming = 0
    for deadline in deadlines:
        while coming < len(sends) and sends[coming].begin_event <= deadline:
            early.append(sends[coming])
            coming += 1
        if not early:  # none is in time: the first one to come is the least wrong
            early.append(sends[coming])
            coming += 1
        taken.append(early.pop())
    return taken, early + sends[coming:]


def missing_offsets(log: KeyIndex, most: int) -> list[int]:
    """The first ``most`` offsets below the highest known one that are not known themselves, ascending.

    >>> missing_offsets(KeyIndex("k", offsets=[2, 10**9]), 3)
    [0, 1, 3]
    """
    found: list[int] = []
    expected = 0
    if not log.offsets or len(log.offsets) > log.offsets[-1]:
        return found  # dense
    for offset in log.offsets:
        while expected < offset:
            if len(found) == most:
                return found
            found.append(expected)
            expected += 1
        expected = offset + 1
    return found


def missing_count(log: KeyIndex, offset: int) -> int:
    """How many of the offsets up to and including this one are not known to exist."""
    return offset + 1 - bisect_right(log.offsets, offset)


def earliest_placement(index: Index, log: KeyIndex) -> Placement:
    """`place_earliest` of the key, worked out once."""
    known: dict[str, Placement] = index.derived.setdefault("earliest placement", {})
    if log.name not in known:
        known[log.name] = place_earliest(log)
    return known[log.name]
