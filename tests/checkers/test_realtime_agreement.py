"""The sorting rules agree with exhaustive search: a history is accused exactly where no order explains it."""

from __future__ import annotations

import pytest

from kafkasim.checkers import CHECKERS, Anomaly, CheckResult, check
from kafkasim.checkers.indexing import build_index
from kafkasim.checkers.judging import judge
from kafkasim.checkers.witness import fits_one_order
from kafkasim.history import History
from kafkasim.history_lines import encode_history
from tests.checkers.exhaustive import linearizable
from tests.checkers.naive_runs import mutated, random_history

NOT_ABOUT_ORDER = {
    "unexpected-error",
    "no-reply",
    "node-crash",
    "poll-skip",
    "nonmonotonic-poll",
    "unrequested-key",
    "unseen",
}
"""Anomalies that a linearizable history may show: they are promises of their own."""


def history_of(seed: int) -> History:
    """By turns a correct history, one whose operations on several keys are torn, and two that are spoilt.

    Of some it is not recorded from where every other poll was asked.
    """
    history = random_history(seed, torn=seed % 4 == 3)
    if seed % 4 in (1, 2):
        history = mutated(history, seed)
    if seed % 7 == 0:
        for op in history.operations[::2]:
            if op.f == "poll":
                op.request = {}
    return history


def found_the_long_way(history: History) -> CheckResult:
    """What the checkers find where all of them look, even if an order of all operations is known."""
    index = build_index(history)
    index.derived["fits one order"] = False
    return judge(index, CHECKERS)


def errors_of_order(result: CheckResult) -> list[Anomaly]:
    return [each for each in result.anomalies if each.severity == "error" and each.kind not in NOT_ABOUT_ORDER]


def kinds_found(seed: int) -> set[str]:
    """What the checkers find in the history of the seed, once it is sure that they are right to."""
    history = history_of(seed)
    result = found_the_long_way(history)
    assert not result.failed, f"seed {seed}: {result.failed}"
    shortcut = judge(build_index(history), CHECKERS)
    assert (shortcut.anomalies, shortcut.checked) == (result.anomalies, result.checked), f"seed {seed}"
    found = errors_of_order(result)
    expected = linearizable(history.operations, history.header.promises)
    told = "\n".join(f"{each.kind}: {each.examples[0].explanation}" for each in found)
    assert expected == (not found), (
        f"seed {seed}: linearizable is {expected}, but found:\n{told}\n{encode_history(history).decode()}"
    )
    for each in found:
        if each.kind == "nonatomic-poll":
            assert all(
                any(history.operations[place].f == "poll" for place in proof.operations) for proof in each.examples
            )
    return {each.kind for each in found}


def test_the_checkers_accuse_exactly_what_no_order_explains():
    kinds = {kind for seed in range(2_500) for kind in kinds_found(seed)}
    assert kinds >= {
        "stale-poll",
        "nonmonotonic-offsets",
        "future-read",
        "offset-gap",
        "commit-lost",
        "commit-regression",
        "commit-phantom",
        "aborted-commit",
        "commit-past-end",
        "nonatomic-poll",
        "nonatomic-commit",
    }


@pytest.mark.sweep
@pytest.mark.parametrize("start", range(100_000, 200_000, 10_000))
def test_the_checkers_accuse_exactly_what_no_order_explains_over_many_seeds(start: int):
    assert len({kind for seed in range(start, start + 10_000) for kind in kinds_found(seed)}) > 10


def test_larger_correct_histories_are_not_accused():
    for seed in range(150):
        history = random_history(seed, most=60)
        result = found_the_long_way(history)
        assert not result.failed
        assert check(history).anomalies == result.anomalies
        wrong = errors_of_order(result)
        assert wrong == [], f"seed {seed}: {wrong}"


def test_an_order_is_found_for_nearly_all_correct_histories():
    histories = [random_history(seed) for seed in range(500)]
    plain = [each for each in histories if each.header.promises.commits == "max"]
    assert sum(fits_one_order(build_index(history)) for history in plain) > 0.95 * len(plain)
