"""Long random histories: correct ones are never accused, and what is spoilt in them is found."""

from __future__ import annotations

import pytest

from kafkasim.checkers import check
from kafkasim.checkers.verdict import Anomaly, CheckResult
from kafkasim.history import CONSISTENCY_LEVELS
from tests.checkers.consumer_runs import SPOILERS, Run, spoilt


def accusations(anomalies: list[Anomaly]) -> list[str]:
    return [f"{anomaly.kind}: {anomaly.examples[0].explanation}" for anomaly in anomalies]


def unjust(result: CheckResult) -> list[str]:
    """What a correct log is accused of, but for what Jepsen's own checker is known to accuse it of."""
    return [told for told in accusations(result.anomalies) if "Jepsen's checker takes it for unseen" not in told]


@pytest.mark.parametrize("level", CONSISTENCY_LEVELS)
def test_a_correct_log_is_never_accused(level):
    verdicts = set()
    for seed in range(60):
        result = check(Run(seed, level=level).history)
        assert not result.failed, seed
        assert not unjust(result), seed
        verdicts.add(result.verdict)
    assert verdicts == {"valid"}


@pytest.mark.sweep
@pytest.mark.parametrize("level", CONSISTENCY_LEVELS)
def test_a_correct_log_is_never_accused_over_many_seeds(level):
    for seed in range(1_000, 6_000):
        result = check(Run(seed, level=level).history)
        assert not unjust(result), seed


@pytest.mark.parametrize("kind", SPOILERS)
def test_what_is_spoilt_is_found(kind):
    tried = 0
    for seed in range(30):
        history = spoilt(Run(seed).history, kind, seed)
        if history is not None:
            tried += 1
            result = check(history)
            assert result.verdict == "invalid", seed
            assert kind in {anomaly.kind for anomaly in result.anomalies}, seed
            assert not result.failed, (seed, result.failed)
    assert tried >= 5
