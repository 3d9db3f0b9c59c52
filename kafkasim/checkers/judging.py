"""Runs the checkers over one index and draws the verdict."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from msgspec import Struct, field

from kafkasim.checkers.index import Index
from kafkasim.checkers.registry import Checker, Finding
from kafkasim.checkers.verdict import (
    MOST_OPERATIONS,
    WORST_FEW,
    Anomaly,
    CheckResult,
    Example,
    Severity,
    Verdict,
)
from kafkasim.checkers.witness import fits_one_order
from kafkasim.history import ASK_NOBODY, History


class _Occurrences(Struct):
    """What was found so far of one kind at one key."""

    severity: Severity
    most: int | None
    """How many are kept; None: all."""
    count: int = 0
    all_aside: bool = True
    worst: list[tuple[bool, int, int, Finding]] = field(default_factory=list)
    """A heap: first what is told aside, then by weight, then latest found; so the mildest of the worst is on top."""

    def add(self, finding: Finding) -> None:
        self.count += 1
        self.all_aside = self.all_aside and finding.aside
        entry = (not finding.aside, finding.weight, -self.count, finding)
        if self.most is None or len(self.worst) < self.most:
            heapq.heappush(self.worst, entry)
        elif self.worst and entry[:3] > self.worst[0][:3]:
            heapq.heapreplace(self.worst, entry)


def judge(index: Index, checkers: Iterable[Checker], examples: int | None = WORST_FEW) -> CheckResult:
    """What the checkers say about the history: invalid beats unknown beats valid.

    Of each kind and key so many ``examples`` are told in words, the worst; None: all. The others are only counted.

    A checker that raises is listed in ``failed``, and its silence makes the verdict unknown, never valid. Unknown too
    is a history in which no poll returned a message, for then nothing was learned of the log, and one in which whatever
    a client has asked for came to nothing, though at the end, when nobody asks for much, the log could be read.
    """
    result = CheckResult("unknown", index.consistency)
    found: dict[str, dict[str | None, _Occurrences]] = {}
    for checker in checkers:
        of_kind = found.setdefault(checker.kind, {})
        with failure_noted(result, checker.kind):
            reason = _unjudged(index, checker)
            if reason is not None:
                if checker.kind not in result.not_checked or index.consistency in checker.levels:
                    result.not_checked[checker.kind] = reason  # that it is not asked for is the least of reasons
                continue
            for finding in _findings(index, checker):
                occurrences = of_kind.get(finding.key)
                if occurrences is None:
                    occurrences = of_kind[finding.key] = _Occurrences(checker.severity, examples)
                occurrences.add(finding)
            result.checked[checker.kind] = result.checked.get(checker.kind, 0) + checker.count(index)
    for kind in result.checked:
        result.not_checked.pop(kind, None)  # another checker of the same kind could judge
    result.anomalies = _worst_first(index, result, found)
    result.verdict = _verdict(index, result)
    return result


@contextmanager
def failure_noted(result: CheckResult, kind: str) -> Iterator[None]:
    """Within, whatever is raised is noted as a failure of the checker: what others have found must not be lost."""
    try:
        yield
    except Exception as error:  # noqa: BLE001 - whatever a checker raises is noted, and the others go on
        result.failed[kind] = f"{type(error).__name__}: {error}"


def _findings(index: Index, checker: Checker) -> Iterable[Finding]:
    if checker.breaks_order and index.consistency == "linearizable" and fits_one_order(index):
        return ()
    return checker.find(index)


def _unjudged(index: Index, checker: Checker) -> str | None:
    if index.consistency not in checker.levels:
        return f"not asked for at consistency {index.consistency}"
    return checker.unjudged(index)


def _worst_first(index: Index, result: CheckResult, found: dict[str, dict[str | None, _Occurrences]]) -> list[Anomaly]:
    """Errors before notes, then in the order of the table, then the more frequent first, what is told aside last."""
    anomalies = [
        Anomaly(kind, occurrences.severity, key, occurrences.count, _examples(index, result, kind, occurrences))
        for kind, of_kind in found.items()
        for key, occurrences in sorted(of_kind.items(), key=lambda entry: (entry[1].all_aside, -entry[1].count))
    ]
    anomalies.sort(key=lambda anomaly: anomaly.severity == "note")
    return anomalies


def _examples(index: Index, result: CheckResult, kind: str, occurrences: _Occurrences) -> tuple[Example, ...]:
    examples = []
    for *_, finding in sorted(occurrences.worst, key=lambda entry: entry[:3], reverse=True):
        with failure_noted(result, kind):  # what was found stays found, even where it cannot be told
            examples.append(_as_read(index, finding.explain()))
    return tuple(examples)


def _as_read(index: Index, example: Example) -> Example:
    """With few enough operations, called as in the history's file."""
    places = list(dict.fromkeys(example.operations))[:MOST_OPERATIONS]
    return Example(example.explanation, tuple(map(index.history.number, places)))


def _verdict(index: Index, result: CheckResult) -> Verdict:
    if any(anomaly.severity == "error" for anomaly in result.anomalies):
        return "invalid"
    return "valid" if index.messages and not result.failed and anybody_was_served(index.history) else "unknown"


def anybody_was_served(history: History) -> bool:
    """Whether some client has been given what it asked for, the final polls left aside; or nobody asked anything."""
    asked = False
    for op in history.operations:
        if not op.final and op.f not in ASK_NOBODY:
            if op.type == "ok":
                return True
            asked = True
    return not asked
