"""Every finding can be told, however many there are: the work follows their number, and each takes bounded space.

The work is counted in lines of Python, so that the same machine gives the same figure; a step that hides a walk over a
whole list (a slice, a sort) is seen where very many are told, by the time that no test takes.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from types import FrameType
from typing import Any

import pytest

from kafkasim.checkers import CheckResult, check
from kafkasim.checkers.verdict import MOST_OPERATIONS, WORST_FEW
from kafkasim.history import CONSISTENCY_LEVELS, Consistency
from tests.checkers.many_findings import MANY, Writer, lost_in_one_poll

EACH = [(kind, make) for kind, makers in MANY.items() for make in makers]
LONGEST = 3000
"""Characters of an explanation: that of a circle of several keys, which is told step by step, is the longest."""


def lines_executed(act: Callable[[], object]) -> int:
    lines = 0

    def on_event(frame: FrameType, event: str, argument: Any) -> Any:
        nonlocal lines
        lines += event == "line"
        return on_event

    before = sys.gettrace()
    sys.settrace(on_event)
    try:
        act()
    finally:
        sys.settrace(before)
    return lines


def told(result: CheckResult, kind: str) -> int:
    return sum(len(anomaly.examples) for anomaly in result.anomalies if anomaly.kind == kind)


@pytest.mark.parametrize(("kind", "make"), EACH)
def test_all_findings_are_told_where_all_are_asked_for(kind: str, make: Callable[[int], Writer]):
    history = make(30).history
    result = check(history, examples=None)
    assert result.failed == {}
    assert told(result, kind) >= 29
    for anomaly in result.anomalies:
        assert len(anomaly.examples) == anomaly.count
        for example in anomaly.examples:
            assert 0 < len(example.explanation) <= LONGEST
            assert len(example.operations) <= MOST_OPERATIONS


@pytest.mark.parametrize(("kind", "make"), EACH)
def test_the_few_that_are_told_unless_more_are_asked_for_are_the_worst_of_all(kind: str, make: Callable[[int], Writer]):
    history = make(30).history
    few, everything = check(history), check(history, examples=None)
    for some, each in zip(few.anomalies, everything.anomalies, strict=True):
        assert some.count == each.count
        assert some.examples == each.examples[:WORST_FEW]
    assert all(anomaly.examples == () for anomaly in check(history, examples=0).anomalies)


@pytest.mark.parametrize("level", CONSISTENCY_LEVELS)
@pytest.mark.parametrize(("kind", "make"), EACH)
def test_the_work_follows_the_number_of_findings(kind: str, make: Callable[[int], Writer], level: Consistency):
    few, many = make(60).history, make(240).history
    work = [lines_executed(partial(check, history, level, examples=None)) for history in (few, many)]
    assert work[1] < 6 * work[0], work


def test_a_client_with_an_endless_name_makes_no_explanation_endless():
    history = lost_in_one_poll(3).history
    for op in history.operations:
        op.client = "x" * 100_000
    for anomaly in check(history, examples=None).anomalies:
        assert all(len(example.explanation) < LONGEST for example in anomaly.examples)


@pytest.mark.sweep
@pytest.mark.parametrize(("kind", "make"), EACH)
def test_ten_thousand_findings_are_told(kind: str, make: Callable[[int], Writer]):
    assert told(check(make(10_000).history, examples=None), kind) >= 9_999
