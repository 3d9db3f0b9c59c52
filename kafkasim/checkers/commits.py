"""The committed offsets: anomalies of commits and lists.

A committed offset says that everything up to and including it has been processed, so a consumer that resumes from it
skips what lies below. Where it is forgotten, work is done twice; where it is too high, work is never done.

The model is a register that keeps the greatest value committed. *Before* is real time: *a* came before *b* when
*a* ended before *b* began. Nothing counts as -1, less than any offset. The definitions are this project's own
(Jepsen's Kafka workload checks no committed offsets); each is a direct consequence of linearizability
(M. Herlihy, J. Wing, TOPLAS 1990) of that register, none needs the operations to be put into one order.
What only an order of all of them shows is in ``commit_order.py``.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from kafkasim.checkers.columns import Columns
from kafkasim.checkers.counts import committed_offsets_listed
from kafkasim.checkers.ends import ended
from kafkasim.checkers.index import Index, KeyIndex, Listing
from kafkasim.checkers.recorded import no_commits
from kafkasim.checkers.registry import KAFKA_AND_UP, Checker, Finding
from kafkasim.checkers.verdict import Example
from kafkasim.checkers.words import FEW, after, ended_at, listed, moment, who
from kafkasim.forms import show
from kafkasim.history import Operation

NOTHING: Final = -1
"""What a list says of a key that it leaves out."""


def said(offset: int) -> str:
    """What a list said of a key, in words.

    >>> said(3), said(NOTHING)
    ('3', 'nothing')
    """
    return "nothing" if offset == NOTHING else str(offset)


def not_the_maximum(index: Index) -> str | None:
    """Why this history cannot be judged by the greatest commit, if so."""
    if index.promises.commits == "last-write":
        return "the system lets a later commit set the committed offset back (commits: last-write)"
    return no_commits(index)


class _Past(Struct, frozen=True):
    """The greatest offset that operations ended with, as it grew."""

    ends: list[int]
    offsets: list[int]
    """What it was before each of these ends, and after the last."""
    holders: list[int]
    """By whom it was raised at each of these ends: the places of operations."""


def _past(index: Index, entries: Columns) -> _Past:
    past = _Past([], [NOTHING], [])
    highest = NOTHING
    ends = index.ends
    every = [ends[place] for place in entries.places]
    for entry in sorted(range(len(every)), key=every.__getitem__):
        offset = entries.offsets[entry]
        if offset > highest:
            highest = offset
            past.ends.append(every[entry])
            past.offsets.append(offset)
            past.holders.append(entries.places[entry])
    return past


def _told_less(index: Index, log: KeyIndex, past: _Past) -> Iterator[tuple[Listing, int, Operation]]:
    """The lists that know less than the greatest offset before they began; that offset, and who had it."""
    begins, (ends, offsets) = index.begins, (past.ends, past.offsets)
    lists = log.columns.lists
    for entry, (place, offset) in enumerate(zip(lists.places, lists.offsets, strict=True)):
        raised = bisect_left(ends, begins[place])
        if offsets[raised] > offset:
            yield log.listings[entry], offsets[raised], index.operations[past.holders[raised - 1]]


# --------------------------------------------------------------------------------------
# commit-lost, commit-regression
# --------------------------------------------------------------------------------------


def find_lost(index: Index) -> Iterator[Finding]:
    """Lists that know less than a commit which had been acknowledged before they began."""
    for log in index.keys.values():
        if not log.listings or not log.commits:
            continue
        for listing, offset, commit in _told_less(index, log, _past(index, log.columns.commits)):
            yield _lost(log, listing, offset, commit)


def _lost(log: KeyIndex, listing: Listing, offset: int, commit: Operation) -> Finding:
    def explain() -> Example:
        text = (
            f"{who(commit)} committed {show(log.name)} up to offset {offset}, acknowledged at {ended_at(commit)}; "
            f"{who(listing.op)} asked {after(commit, listing.op)}, and was told {said(listing.offset)}: "
            "a consumer that resumes there repeats finished work"
        )
        return Example(text, (commit.index, listing.op.index))

    return Finding(log.name, explain, offset - listing.offset)


def find_regressions(index: Index) -> Iterator[Finding]:
    """Lists that know less than a list which had ended before they began."""
    for log in index.keys.values():
        if len(log.listings) < 2:
            continue
        for listing, offset, earlier in _told_less(index, log, _past(index, log.columns.lists)):
            yield _regression(log, listing, offset, earlier)


def _regression(log: KeyIndex, listing: Listing, offset: int, earlier: Operation) -> Finding:
    def explain() -> Example:
        text = (
            f"{who(earlier)} was told at {ended_at(earlier)} that {show(log.name)} is committed up to offset {offset}"
            f"; {who(listing.op)} asked {after(earlier, listing.op)}, and was told {said(listing.offset)}: "
            "a committed offset never goes back"
        )
        return Example(text, (earlier.index, listing.op.index))

    return Finding(log.name, explain, offset - listing.offset)


# --------------------------------------------------------------------------------------
# commit-phantom, aborted-commit
# --------------------------------------------------------------------------------------


class Unfounded(Struct, frozen=True):
    """A list that returned what no commit can have set; ``refused`` is the first that tried and definitely failed."""

    listing: Listing
    refused: Operation | None


def unfounded_lists(index: Index, log: KeyIndex) -> list[Unfounded]:
    """The lists of the key that returned an offset which no commit begun before they ended can have set."""
    known: dict[str, list[Unfounded]] = index.derived.setdefault("unfounded lists", {})
    if log.name not in known:
        known[log.name] = list(_unfounded(index, log))
    return known[log.name]


def _unfounded(index: Index, log: KeyIndex) -> Iterator[Unfounded]:
    commits, lists = log.columns.commits, log.columns.lists
    first = dict(zip(reversed(commits.offsets), reversed(commits.places), strict=True))
    begins, ends = index.begins, index.ends
    refused: dict[int, Operation] | None = None
    for entry, (place, offset) in enumerate(zip(lists.places, lists.offsets, strict=True)):
        if offset == NOTHING or (offset in first and begins[first[offset]] < ends[place]):
            continue
        listing = log.listings[entry]
        if refused is None:
            refused = {each.offset: each.op for each in reversed(log.commits) if each.op.type == "fail"}
        tried = refused.get(offset)
        yield Unfounded(listing, tried if tried is not None and tried.begin_event < ended(listing.op) else None)


def find_phantoms(index: Index) -> Iterator[Finding]:
    """Lists of an offset that nobody had tried to commit."""
    for log in index.keys.values():
        for unfounded in unfounded_lists(index, log):
            if unfounded.refused is None:
                yield _phantom(log, unfounded.listing)


def _phantom(log: KeyIndex, listing: Listing) -> Finding:
    def explain() -> Example:
        attempts = _attempts(log)
        later = attempts.first.get(listing.offset)
        count, least = attempts.begun_before(ended(listing.op))
        if later is not None:
            why = f"the first commit of it, by {who(later)}, began only at {moment(later.start)}"
        elif count:
            why = f"until then only {listed(least, count=count)} had been committed, or tried"
        else:
            why = "nobody had ever committed that key"
        text = (
            f"{who(listing.op)} was told at {ended_at(listing.op)} that {show(log.name)} is committed up to offset "
            f"{listing.offset}, but {why}"
        )
        return Example(text, (listing.op.index,) if later is None else (listing.op.index, later.index))

    return Finding(log.name, explain, listing.offset)


class _Attempts:
    """Which offsets of a key somebody had tried to commit by when."""

    def __init__(self, log: KeyIndex) -> None:
        self.first: dict[int, Operation] = {}
        """For each offset, the first commit of it, whatever became of it."""
        for attempt in log.commits:  # in order of invocation
            self.first.setdefault(attempt.offset, attempt.op)
        begins = sorted((op.begin_event, offset) for offset, op in self.first.items())
        self._begins = [begin for begin, _ in begins]
        self._least: list[list[int]] = [[]]
        for _, offset in begins:
            self._least.append(sorted([*self._least[-1], offset])[:FEW])

    def begun_before(self, event: float) -> tuple[int, list[int]]:
        """How many offsets, and the least few of them."""
        count = bisect_left(self._begins, event)
        return count, self._least[count]


def _attempts(log: KeyIndex) -> _Attempts:
    known: _Attempts | None = log.derived.get("commit attempts")
    if known is None:
        known = log.derived["commit attempts"] = _Attempts(log)
    return known


def find_aborted(index: Index) -> Iterator[Finding]:
    """Lists of an offset that only refused commits had tried to set."""
    for log in index.keys.values():
        for unfounded in unfounded_lists(index, log):
            if unfounded.refused is not None:
                yield _aborted(log, unfounded.listing, unfounded.refused)


def _aborted(log: KeyIndex, listing: Listing, commit: Operation) -> Finding:
    def explain() -> Example:
        offsets = commit.request["offsets"]
        reason = f": {show(commit.error.text)}" if commit.error is not None and commit.error.text else ""
        many = " A commit of several keys that is refused must leave none of them behind." if len(offsets) > 1 else ""
        text = (
            f"{who(commit)}'s commit of {show(log.name)} up to offset {listing.offset} was refused{reason}; yet "
            f"{who(listing.op)} was told at {ended_at(listing.op)} that it is committed up to {listing.offset}.{many}"
        )
        return Example(text, (commit.index, listing.op.index))

    return Finding(log.name, explain, listing.offset)


# --------------------------------------------------------------------------------------
# The table
# --------------------------------------------------------------------------------------


CHECKERS: Final[tuple[Checker, ...]] = (
    Checker(
        kind="commit-lost",
        summary="A list began after an acknowledged commit had ended, and returned less.",
        levels=KAFKA_AND_UP,
        promise="a committed offset never goes back",
        unjudged=not_the_maximum,
        breaks_order=True,
        find=find_lost,
        count=committed_offsets_listed,
        counted="committed offsets queried",
    ),
    Checker(
        kind="commit-regression",
        summary="A list returned less than a list that ended before this one began.",
        levels=KAFKA_AND_UP,
        promise="a committed offset never goes back",
        unjudged=not_the_maximum,
        breaks_order=True,
        find=find_regressions,
        count=committed_offsets_listed,
        counted="committed offsets queried",
    ),
    Checker(
        kind="commit-phantom",
        summary="A list returned an offset that no commit begun before the list ended tried for that key.",
        levels=KAFKA_AND_UP,
        unjudged=no_commits,
        breaks_order=True,
        find=find_phantoms,
        count=committed_offsets_listed,
        counted="committed offsets queried",
    ),
    Checker(
        kind="aborted-commit",
        summary="A list returned an offset that only definitely failed commits tried.",
        levels=KAFKA_AND_UP,
        unjudged=no_commits,
        breaks_order=True,
        find=find_aborted,
        count=committed_offsets_listed,
        counted="committed offsets queried",
    ),
)
