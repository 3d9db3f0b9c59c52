"""Committed offsets that fit no single order in real time, though nothing simpler says why.

The committed offset of a key is a register that keeps the greatest value committed. Whether reads and writes of such
a register fit one order is seen by sorting them by value (the idea of P. Gibbons and E. Korach, "Testing shared
memories", SIAM J. Comput. 1997, whose read-mapping is here the value itself; where several commits tried
the same offset, the one that began first can always be taken for the one that set it).

In ascending order of offset, with M the latest instant so far at which the register was still lower:

* an acknowledged commit of *c* must end at or after M, for it would have raised the register before;
* if a list returned *c*: m is the later of M and the earliest beginning of a commit of *c*; each list that returned
  *c* must end at or after m, and the latest of m and the beginnings of those lists is the next M.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from msgspec import Struct, field

from kafkasim.checkers.commits import NOTHING, find_lost, find_regressions, not_the_maximum, unfounded_lists
from kafkasim.checkers.ends import ended
from kafkasim.checkers.index import Index, KeyIndex
from kafkasim.checkers.registry import LINEARIZABLE, Checker, Finding
from kafkasim.checkers.verdict import Example
from kafkasim.checkers.words import ended_at, moment, who
from kafkasim.forms import show
from kafkasim.history import Operation


class _Value(Struct):
    """What happened to one committed offset of a key."""

    first_commit: Operation | None = None
    """The commit of it that began first and did not fail."""
    acknowledged: list[Operation] = field(default_factory=list)
    lists: list[Operation] = field(default_factory=list)


class _Contradiction(Struct, frozen=True):
    """``late`` set a lower offset, as ``witness`` saw, though ``early`` had shown a higher one before it began."""

    early: Operation
    early_offset: int
    late: Operation
    late_offset: int
    witness: Operation


def explained_otherwise(index: Index) -> dict[str, None]:
    """The keys whose lists are wrong for a simpler reason: what no order can mend need not be ordered."""
    known: dict[str, None] | None = index.derived.get("broken commits")
    if known is None:
        keys = [finding.key for find in (find_lost, find_regressions) for finding in find(index)]
        keys += [log.name for log in index.keys.values() if unfounded_lists(index, log)]
        known = index.derived["broken commits"] = dict.fromkeys(key for key in keys if key is not None)
    return known


def find_stale_commits(index: Index) -> Iterator[Finding]:
    """Lists and commits of a key that fit no single order in real time."""
    explained = explained_otherwise(index)
    for log in index.keys.values():
        if log.listings and log.commits and log.name not in explained:
            for contradiction in _contradictions(log):
                yield _stale(log, contradiction)


def _by_value(log: KeyIndex) -> dict[int, _Value]:
    values: dict[int, _Value] = {}
    for attempt in log.commits:
        if attempt.op.type == "fail":
            continue
        value = values.setdefault(attempt.offset, _Value())
        value.first_commit = value.first_commit or attempt.op
        if attempt.op.type == "ok":
            value.acknowledged.append(attempt.op)
    for listing in log.listings:
        values.setdefault(listing.offset, _Value()).lists.append(listing.op)
    return values


def _contradictions(log: KeyIndex) -> Iterator[_Contradiction]:
    """The sorting rule. Only a commit can be the latest instant that contradicts: a list would be explained already."""
    values = _by_value(log)
    latest = -1
    setter: tuple[Operation, int, Operation] | None = None
    for offset in sorted(values):
        value = values[offset]
        for op in value.acknowledged + value.lists:
            if setter is not None and ended(op) < latest:
                yield _Contradiction(op, offset, *setter)
                break
        if value.lists and offset != NOTHING:
            commit = value.first_commit
            if commit is not None and commit.begin_event > latest:
                latest, setter = commit.begin_event, (commit, offset, value.lists[0])
        for op in value.lists:
            if op.begin_event > latest:
                latest, setter = op.begin_event, None


def _stale(log: KeyIndex, found: _Contradiction) -> Finding:
    def explain() -> Example:
        early, late, witness = found.early, found.late, found.witness
        how = "had been acknowledged to" if early.f == "commit_offsets" else "had been reported to"
        text = (
            f"{show(log.name)}: the commit of offset {found.early_offset} {how} {who(early)} at {ended_at(early)}; "
            f"only later, at {moment(late.start)}, {who(late)} began to commit offset {found.late_offset}, which "
            f"changes nothing by then; and yet {who(witness)} was told that {found.late_offset} is the committed offset"
        )
        return Example(text, (early.index, late.index, witness.index))

    return Finding(log.name, explain, found.early_offset - found.late_offset)


CHECKERS: Final[tuple[Checker, ...]] = (
    Checker(
        kind="stale-commit",
        summary="The lists and commits of a key fit no single order in real time, and nothing simpler says why.",
        source="sorting by value, after P. Gibbons and E. Korach, Testing shared memories, 1997",
        levels=LINEARIZABLE,
        promise="a committed offset never goes back",
        unjudged=not_the_maximum,
        breaks_order=True,
        find=find_stale_commits,
        count=lambda index: sum(len(log.listings) for log in index.keys.values() if log.commits),
        counted="committed offsets queried",
    ),
)
