"""What Jepsen's own checker fails, reckoned as it reckons: the level ``jepsen``.

It answers "would Jepsen, or Maelstrom, pass this?", which takes its ways along with its definitions:

- It orders messages, not offsets: a message that is at several offsets counts at the last of them, and of several
  messages at one offset one counts (there, by the order of a hash table; here, the first that was seen).
- Where a poll began does not matter. What a process has read, or sent, of a key is forgotten when it assigns itself
  keys without that one. Polls that ask for an offset by themselves, which Jepsen's clients do not do, forget likewise
  where they do not go on where the last one ended.
- Polls of unknown outcome, and failed ones, are compared with those before them, but move nothing.
- A poll that returned an empty list of a key counts as the last one of that key, which had no end to compare with.
- Messages that nobody has been told of as stored count as unseen, if the poll that returned them is the last operation
  and nothing had been known of their key.
- A message that a poll returned and nobody sent makes it give up: nothing is judged then.

Source: https://github.com/jepsen-io/jepsen/blob/main/jepsen/src/jepsen/tests/kafka.clj
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Final

from kafkasim.checkers.index import Index
from kafkasim.checkers.jepsen import circular_reads, contents, order
from kafkasim.checkers.jepsen.reckoning import has_transactions, reckon
from kafkasim.checkers.registry import AS_JEPSEN, EVERYWHERE, Checker, Finding
from kafkasim.checkers.verdict import Severity
from kafkasim.history import Consistency


def gives_up(index: Index) -> str | None:
    """Why nothing is judged at level ``jepsen``, where Jepsen's checker would not; None at other levels."""
    if index.consistency == "jepsen" and reckon(index).phantom is not None:
        return "Jepsen's checker gives up: a poll returned what nobody sent"
    return None


def _has_none(index: Index) -> str | None:
    return gives_up(index) if has_transactions(index) else "the history has no transactions of several steps"


def _sent(index: Index) -> int:
    return sum(len(sent) for transaction in reckon(index).transactions for sent in transaction.sends.values())


def _read(index: Index) -> int:
    return sum(len(read) for transaction in reckon(index).transactions for read in transaction.reads.values())


def _checker(
    kind: str,
    find: Callable[[Index], Iterable[Finding]],
    count: Callable[[Index], int],
    *,
    severity: Severity = "error",
    levels: tuple[Consistency, ...] = AS_JEPSEN,
    unjudged: Callable[[Index], str | None] = gives_up,
) -> Checker:
    return Checker(
        kind=kind,
        summary=" ".join((find.__doc__ or "").split()).partition(". ")[0].replace("``", "").removesuffix(".") + ".",
        source=f"Jepsen: {_ITS_NAME.get(kind, kind)}",
        levels=levels,
        severity=severity,
        unjudged=unjudged,
        find=find,
        count=count,
        counted="messages sent" if count is _sent else "messages polled",
    )


_ITS_NAME: Final = {
    "aborted-read": "G1a",
    "future-read": "G1c, G1c-process, G1c-realtime",
    "phantom-read": "no-writer-of-value",
}

CHECKERS: Final = (
    _checker("inconsistent-offsets", contents.find_inconsistent_offsets, _read),
    _checker("duplicate", contents.find_duplicates, _read),
    _checker("lost-write", contents.find_lost_writes, _sent),
    _checker("unseen", contents.find_unseen, _sent),
    _checker("aborted-read", contents.find_aborted_reads, _read),
    _checker("phantom-read", contents.find_phantom, _read, severity="note", unjudged=lambda _: None),
    _checker("future-read", circular_reads.find_circles, _read),
    _checker("int-poll-skip", order.find_skips_inside_polls, _read),
    _checker("int-nonmonotonic-poll", order.find_disorder_inside_polls, _read),
    _checker("poll-skip", order.find_skips_between_polls, _read),
    _checker("nonmonotonic-poll", order.find_disorder_between_polls, _read),
    _checker("nonmonotonic-send", order.find_disorder_between_sends, _sent),
)

_STEPS: Final = partial(_checker, count=_sent, levels=EVERYWHERE, unjudged=_has_none)

OF_TRANSACTIONS: Final = (
    _STEPS("int-send-skip", order.find_skips_inside_sends, severity="note"),
    _STEPS("int-nonmonotonic-send", order.find_disorder_inside_sends),
    _STEPS("precommitted-read", contents.find_reads_of_own_sends),
)
"""What only transactions of several steps can show; at any level, for nobody else has a definition of it."""

KINDS: Final = frozenset(checker.kind for checker in (*CHECKERS, *OF_TRANSACTIONS))
"""What Jepsen's checker has a definition of."""


def found_by_jepsen(index: Index) -> set[tuple[str, str | None]] | None:
    """The kinds of anomaly that fail a run at level ``jepsen``, each with its key; None where Jepsen gives up.

    The index may be of any level.
    """
    if reckon(index).phantom is not None:
        return None
    errors = [checker for checker in (*CHECKERS, *OF_TRANSACTIONS) if checker.severity == "error"]
    return {(checker.kind, finding.key) for checker in errors for finding in checker.find(index)}
