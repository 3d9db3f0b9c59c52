"""Commits past the end of the log, which a careful system refuses.

A commit of an offset at which no message is yet would make the next consumer skip whatever comes to stand there.
Where a system promises to refuse it, each commit that took effect proves that the log had come that far, which
``log_order.py`` and ``atomicity.py`` make use of. The definition is this project's own.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from functools import cached_property
from itertools import accumulate
from typing import Final

from msgspec import Struct

from kafkasim.checkers.columns import LATEST
from kafkasim.checkers.commits import NOTHING, unfounded_lists
from kafkasim.checkers.ends import NEVER
from kafkasim.checkers.index import Index, KeyIndex
from kafkasim.checkers.placement import earliest_placement, missing_count
from kafkasim.checkers.recorded import no_commits
from kafkasim.checkers.registry import KAFKA_AND_UP, Checker, Finding
from kafkasim.checkers.trees import FirstBelow
from kafkasim.checkers.verdict import MOST_OPERATIONS, Example
from kafkasim.checkers.words import ended_at, who
from kafkasim.forms import show
from kafkasim.history import Operation


class Proof(Struct, frozen=True, gc=False):
    """That a commit had taken effect by the time ``end``: it was acknowledged, or a list showed it."""

    op: Operation
    offset: int
    end: float


class PastEnd:
    """What a refusal of commits past the end implies for one key: for the commits that took effect.

    That one did is proven by its acknowledgement, and by a list that showed it, unless what that says is unfounded.
    (Of a register that can be set back as well: the offset was committed at some time before.)
    """

    broken: list[Proof]
    """Commits that took effect though no message can have been at their offset or above."""

    def __init__(self, index: Index, log: KeyIndex) -> None:
        self.broken = []
        # Not the index itself, which keeps this object: only the garbage collector could free the two.
        self._ends, self._operations, self._columns = index.ends, index.operations, log.columns
        self._unfounded = {each.listing.op.index for each in unfounded_lists(index, log)}
        self._reached: dict[tuple[int, int], int | None] = {}
        """By place and offset of the commits where no message is known to have been: what the log had reached by then;
        None: not even what was committed."""
        given = log.given
        for place, offset, end in self._in_effect():
            if offset in given and given[offset] < end:
                continue  # nearly all: the very message had been sent
            log_reach = reach(index, log)
            if log_reach.earliest(offset)[0] < end:
                self._reached[place, offset] = log_reach.least(offset, end)
            else:
                self._reached[place, offset] = None
                self.broken.append(Proof(index.operations[place], offset, end))

    def _in_effect(self) -> Iterator[tuple[int, int, int]]:
        """The place of each operation that proves a commit, what was committed, and where the operation ended."""
        ends, commits, lists = self._ends, self._columns.commits, self._columns.lists
        for place, offset in zip(commits.places, commits.offsets, strict=True):
            if ends[place] != LATEST or self._operations[place].type == "ok":
                yield place, offset, ends[place]
        for place, offset in zip(lists.places, lists.offsets, strict=True):
            if offset != NOTHING and place not in self._unfounded:
                yield place, offset, ends[place]

    @cached_property
    def sound(self) -> list[Proof]:
        """All others, each with what the log had reached by its end, which may be higher than what was committed."""
        operations, reached = self._operations, self._reached
        proofs = []
        for place, committed, end in self._in_effect():
            offset = reached.get((place, committed), committed) if reached else committed
            if offset is not None:
                proofs.append(Proof(operations[place], offset, end))
        return proofs


def past_end(index: Index, log: KeyIndex) -> PastEnd:
    """The commits that took effect, parted by whether the log can have reached them; worked out once."""
    known: dict[str, PastEnd] = index.derived.setdefault("past end", {})
    if log.name not in known:
        known[log.name] = PastEnd(index, log)
    return known[log.name]


Begins = tuple[float, int]
"""Where in the sequence of events an operation began, and its index in the history; -1: there is none."""

_NO_SEND: Final[Begins] = (NEVER, -1)


class Reach:
    """From when on a key's log may have reached an offset, as far as the sends in the history allow."""

    def __init__(self, index: Index, log: KeyIndex) -> None:
        placement = earliest_placement(index, log)
        self._log = log
        self._dense = index.promises.offsets == "dense"
        self._unplaced: list[Begins] = [(op.begin_event, op.index) for op in placement.unplaced]
        self._spare = placement.spare
        sends = [(each.offset, each.op.begin_event, each.op.index) for each in log.acknowledged]
        sends += [(each.offset, each.op.begin_event, each.op.index) for each in placement.placed]
        # A message that a poll found where no send was told of is there all the same: a request that the network
        # repeated, a refusal that was none. It came with a send of that message, at the earliest with the first.
        told = {offset for offset, _, _ in sends}
        found = ((offset, log.sent.get(message)) for offset, message in log.polled.items() if offset not in told)
        sends += [(offset, op.begin_event, op.index) for offset, op in found if op is not None]
        sends.sort()
        self._offsets = [offset for offset, _, _ in sends]
        self._spans: list[tuple[int, int]] | None = None
        self._begun: FirstBelow | None = None
        self._highest: tuple[list[float], list[tuple[int, int]]] | None = None
        """By beginning, the highest offset so far, and the index of its send."""
        self._begins: list[Begins] = [(begin, number) for _, begin, number in sends]
        self._earliest: list[Begins] = [*self._begins, _NO_SEND]
        """For each send, the earliest of it and all those at higher offsets."""
        for place in range(len(sends) - 1, -1, -1):
            self._earliest[place] = min(self._earliest[place], self._earliest[place + 1])

    def earliest(self, offset: int) -> Begins:
        """The beginning of the send before which no message was at the offset or above; `NEVER`: there is none.

        Where offsets are dense, as many sends of unknown offset are needed as there are offsets up to this one
        which no known message has.
        """
        known = self._earliest[bisect_left(self._offsets, offset)]
        needed = max(1, missing_count(self._log, offset)) if self._dense else 1
        return min(known, self._unplaced[needed - 1]) if needed <= self._spare else known

    def highest(self, end: float) -> tuple[int, int] | None:
        """The highest known offset of a send begun before ``end``, and the index of that send."""
        if self._highest is None:
            by_begin = sorted(zip(self._begins, self._offsets, strict=True))
            highest = accumulate(((offset, index) for (_, index), offset in by_begin), max)
            self._highest = [begin for (begin, _), _ in by_begin], list(highest)
        begins, offsets = self._highest
        count = bisect_left(begins, end)
        return offsets[count - 1] if count else None

    def of_unknown_offset(self, end: float) -> tuple[int, list[int]]:
        """How many sends begun before ``end`` may at once be at offsets not known; so many that an example shows."""
        count = bisect_left(self._unplaced, (end, -1), hi=min(self._spare, len(self._unplaced)))
        return count, [index for _, index in self._unplaced[: min(count, MOST_OPERATIONS)]]

    def least(self, offset: int, end: float) -> int:
        """The least offset at or above the given one that a message can have had before ``end``.

        Where offsets are sparse, that is one of a known send, or one that no poll went past, for a send of
        unknown offset cannot be there.
        """
        if self._dense:
            return offset
        if self._spare and self._unplaced[0][0] < end:
            return self._unpolled(offset, end)
        return self._known(offset, end, offset)

    def _known(self, offset: int, end: float, otherwise: int) -> int:
        if self._begun is None:
            self._begun = FirstBelow([begin for begin, _ in self._begins])
        place = self._begun.find(bisect_left(self._offsets, offset), end)
        return otherwise if place is None else self._offsets[place]

    def _unpolled(self, offset: int, end: float) -> int:
        if self._spans is None:
            self._spans = _polled_spans(self._log)
        place = bisect_right(self._spans, (offset, NEVER)) - 1
        covered = place >= 0 and self._spans[place][1] >= offset
        free = self._spans[place][1] + 1 if covered else offset
        return min(free, self._known(offset, end, free))


def reach(index: Index, log: KeyIndex) -> Reach:
    """From when on the key's log may have reached an offset; worked out once."""
    known: Reach | None = log.derived.get("reach")
    if known is None:
        known = log.derived["reach"] = Reach(index, log)
    return known


def _polled_spans(log: KeyIndex) -> list[tuple[int, int]]:
    """The offsets from where to where polls read, joined where they touch, ascending."""
    spans: list[tuple[int, int]] = []
    readings = (reading for reading in log.readings if reading.pairs)
    for low, high in sorted((each.first if each.start is None else each.start, each.last) for each in readings):
        if spans and low <= spans[-1][1] + 1:
            spans[-1] = (spans[-1][0], max(spans[-1][1], high))
        else:
            spans.append((low, high))
    return spans


def find_past_end(index: Index) -> Iterator[Finding]:
    """Commits of an offset at which, and above which, there can have been no message yet.

    One finding a commit. Lists show the same commits once more, except of one that was never acknowledged.
    """
    for log in index.keys.values():
        broken = past_end(index, log).broken
        told = {proof.offset for proof in broken if proof.op.f == "commit_offsets"}
        for proof in broken:
            if proof.op.f == "commit_offsets":
                yield _committed_past_end(index, log, proof)
            elif proof.offset not in told:
                told.add(proof.offset)
                yield _committed_past_end(index, log, proof)


def _committed_past_end(index: Index, log: KeyIndex, proof: Proof) -> Finding:
    def explain() -> Example:
        sends = reach(index, log)
        highest = sends.highest(proof.end)
        count, unknown = sends.of_unknown_offset(proof.end)
        until = f"no message {'is known to have' if count else 'had'} been sent there"
        if highest is not None:
            until = f"the highest message known to have been sent there was at offset {highest[0]}"
        if count:
            until += f", and there were too few sends of unknown offset ({count}) to fill the log up to it"
        was = "was acknowledged" if proof.op.f == "commit_offsets" else "was reported as done"
        text = (
            f"a commit of {show(log.name)} up to offset {proof.offset} {was} to {who(proof.op)} at "
            f"{ended_at(proof.op)}, when {until}: whatever comes to stand there will be skipped"
        )
        return Example(text, (proof.op.index, *(() if highest is None else highest[1:]), *unknown))

    return Finding(log.name, explain, proof.offset)


def _not_refused(index: Index) -> str | None:
    if not index.promises.refuses_commit_past_end:
        return "the system does not promise to refuse commits past the end of the log"
    return no_commits(index)


def _acknowledged_commits(index: Index) -> int:
    return sum([attempt.op.type for attempt in log.commits].count("ok") for log in index.keys.values())


CHECKERS: Final[tuple[Checker, ...]] = (
    Checker(
        kind="commit-past-end",
        summary="A commit took effect at an offset at or above which no message can have been yet.",
        levels=KAFKA_AND_UP,
        promise="a commit past the end of the log is refused",
        unjudged=_not_refused,
        breaks_order=True,
        find=find_past_end,
        count=_acknowledged_commits,
        counted="acknowledged commits of a key",
    ),
)
