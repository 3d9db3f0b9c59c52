"""What one run, or many, come to."""

from __future__ import annotations

import pytest

from kafkasim.checkers.verdict import Anomaly, CheckResult
from kafkasim.report.conclusion import Runs, check_code, heaviest
from kafkasim.report.exit_codes import ExitCode
from kafkasim.sim.result import failed_run
from tests.report.samples import LOST, NOTE, UNMET, result

UNSEEN = Anomaly("unseen", "error", "k1", 1, ())


def code(*results, expected=()):
    return Runs(result(expected=expected).scenario, results).code


def unknown(**check):
    run = result(verdict="unknown", checked={}, **check)
    run.expectations = 0
    return run


def test_a_valid_run_is_zero():
    assert code(result()) == code(result([NOTE])) == 0


def test_an_anomaly_is_one():
    assert code(result([LOST])) == 1


def test_an_expectation_not_met_is_one_whatever_else_was_expected():
    assert code(result(unmet=[UNMET])) == 1
    assert code(result([LOST], unmet=[UNMET]), expected=("lost-write",)) == 1


def test_nothing_learned_is_three():
    assert code(unknown()) == 3
    assert code(unknown(), expected=("lost-write",)) == 3


def test_a_checker_that_failed_is_three_even_where_the_expected_anomaly_was_found():
    assert code(unknown(failed={"unseen": "KeyError"})) == 3
    assert code(result([LOST], failed={"unseen": "KeyError"}), expected=("lost-write",)) == 3
    assert code(result([LOST], failed={"unseen": "KeyError"})) == 1


def test_expectations_that_were_met_make_up_for_nothing_polled_but_not_for_a_check_that_gave_up():
    assert result(verdict="unknown").verdict == "valid"
    assert result(verdict="unknown", gave_up="Jepsen's checker gives up").verdict == "unknown"


def test_an_expected_anomaly_that_is_found_is_zero_with_others_beside_it():
    assert code(result([LOST, UNSEEN]), expected=("lost-write",)) == 0


def test_an_expected_anomaly_that_is_not_found_is_one():
    assert code(result(), expected=("lost-write",)) == 1
    assert code(result([UNSEEN]), expected=("lost-write",)) == 1
    assert code(result([LOST]), expected=("lost-write", "unseen")) == 1


def test_in_a_sweep_one_seed_must_find_the_expected_anomaly():
    found, nothing = result([LOST], seed=1), result(seed=2)
    assert code(found, nothing, expected=("lost-write",)) == 0
    assert code(nothing, nothing, expected=("lost-write",)) == 1


def test_in_a_sweep_different_seeds_may_find_different_expected_anomalies():
    assert code(result([LOST], seed=1), result([UNSEEN], seed=2), expected=("lost-write", "unseen")) == 0


def test_over_several_runs_one_outweighs_three_outweighs_zero():
    zero, one, three = ExitCode.AS_EXPECTED, ExitCode.ANOMALY, ExitCode.UNKNOWN
    assert heaviest([zero, three, one]) is one
    assert heaviest([zero, three]) is three
    assert heaviest([zero, zero]) is zero
    assert heaviest([]) is three


def test_only_the_runs_to_blame_are_failed():
    bad, good = result([LOST], seed=1), result(seed=2)
    assert Runs(good.scenario, [bad, good]).failed == [(bad, ExitCode.ANOMALY)]
    found, nothing = result([LOST], seed=1), result(seed=2)
    assert Runs(result(expected=("lost-write",)).scenario, [found, nothing]).failed == []


@pytest.mark.parametrize(
    "run",
    [
        result(),
        result([LOST]),
        result([LOST], expected=("lost-write",)),
        result(unmet=[UNMET]),
        unknown(),
        failed_run(result(expected=("lost-write",)).scenario, 7, "the simulator failed"),
    ],
)
def test_of_one_run_the_exit_code_agrees_with_what_the_result_itself_says(run):
    assert (Runs(run.scenario, [run]).code == 0) == run.as_expected


def test_the_exit_code_of_a_check():
    codes = [check_code(CheckResult(verdict, "kafka")) for verdict in ("valid", "invalid", "unknown")]
    assert codes == [0, 1, 3]
