"""Each anomaly is found in the smallest histories that show it, and not in those that come close."""

from __future__ import annotations

import pytest

from kafkasim.anomalies.cases import DEFINITIONS
from kafkasim.anomalies.definitions import Case
from kafkasim.checkers import CHECKERS, CheckResult, check
from kafkasim.history_lines import decode_history, encode_history

OF_NODES = {"node-crash", "malformed-message", "stray-reply", "unknown-destination"}
"""What is about a node, and no operation of a client's."""
NOTES = {checker.kind for checker in CHECKERS if checker.severity == "note" and "kafka" in checker.levels}
REJECTED = [
    pytest.param(definition.kind, case, id=f"{definition.kind}: {case.name}")
    for definition in DEFINITIONS
    for case in definition.rejects
]
ACCEPTED = [
    pytest.param(case, id=f"{definition.kind}: {case.name}")
    for definition in DEFINITIONS
    for case in definition.accepts
]


def kinds(result: CheckResult) -> set[str]:
    assert not result.failed
    return {anomaly.kind for anomaly in result.anomalies}


@pytest.mark.parametrize(("kind", "case"), REJECTED)
def test_rejects_invalid_histories(kind: str, case: Case):
    result = check(case.history)
    assert kinds(result) == {kind, *case.also}
    assert result.verdict == ("valid" if kind in NOTES else "invalid")


@pytest.mark.parametrize("case", ACCEPTED)
def test_accepts_valid_histories(case: Case):
    assert kinds(check(case.history)) == set()


@pytest.mark.parametrize(("kind", "case"), REJECTED)
def test_what_was_found_is_told_with_the_operations_that_prove_it(kind: str, case: Case):
    operations = case.history.operations
    for anomaly in check(case.history).anomalies:
        assert anomaly.examples
        for example in anomaly.examples:
            assert set(example.operations) <= {op.index for op in operations}
            told_of = [operations[index].client for index in example.operations]
            assert any(client in example.explanation for client in told_of) or anomaly.kind in OF_NODES


@pytest.mark.parametrize(("kind", "case"), REJECTED)
def test_a_history_that_was_written_down_says_the_same(kind: str, case: Case):
    history = case.history
    assert check(decode_history(encode_history(history))) == check(history)


def test_every_checker_has_examples_of_both_sides():
    kinds = {each.kind for each in DEFINITIONS if each.rejects and each.accepts}
    assert kinds == {checker.kind for checker in CHECKERS}
