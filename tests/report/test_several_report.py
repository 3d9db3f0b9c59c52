"""What a person reads about many runs."""

from __future__ import annotations

import io

from msgspec.structs import replace

from kafkasim.report.command import AS_WRITTEN, Overrides
from kafkasim.report.conclusion import Runs
from kafkasim.report.screen import make_screen
from kafkasim.report.several import several_report
from kafkasim.scenario.model import System
from kafkasim.sim.result import Pacing
from tests.report.samples import LOST, UNMET, printed, result


def report(*sweep: Runs, interrupted: bool = False, overrides: Overrides = AS_WRITTEN) -> str:
    return printed(several_report(make_screen(io.StringIO()), sweep, overrides, interrupted=interrupted))


def seeds(count: int, *failing: int, expected: tuple[str, ...] = ()) -> Runs:
    results = [result([LOST] if seed in failing else [], seed=seed, expected=expected) for seed in range(count)]
    return Runs(results[0].scenario, results)


def test_first_and_last_line_name_the_seeds():
    lines = report(seeds(100)).splitlines()
    assert lines[0] == "demo, seeds 0-99  scenarios/my demo.yaml"
    assert lines[-1] == "VALID: nothing wrong in 100 runs (seeds 0-99)"


def test_each_failing_seed_is_told_with_its_command():
    text = report(seeds(10, 3, 8), overrides=Overrides(bug="silent"))
    for seed in (3, 8):
        assert f"INVALID: lost-write found (seed {seed})" in text
        assert f"  kafkasim simulate 'scenarios/my demo.yaml' --seed {seed} --bug silent\n" in text
    assert text.splitlines()[-1] == "FAILED: 2 of 10 runs (seeds 3, 8)"


def test_anomalies_are_summed_by_kind():
    rows = [line.split() for line in report(seeds(10, 3, 8)).splitlines()]
    assert ["lost-write", "6", "2", "seeds", "3,", "8"] in rows


def test_seeds_of_any_size_are_named():
    huge = 10**50
    runs = Runs(result().scenario, [result(seed=huge), result(seed=huge + 1)])
    assert f"{huge}-{huge + 1}" in report(runs).replace("\n", "")


def test_failing_seeds_beyond_the_first_are_named_together():
    text = report(seeds(100, *range(100)))
    assert text.count("  kafkasim simulate") == 20
    assert "... and 80 more: demo, seeds 20-99" in text


def test_a_failed_run_says_in_words_what_failed_and_nothing_else():
    run = result([LOST], expected=("lost-write",), unmet=[UNMET])
    text = report(Runs(run.scenario, [run, run]))
    assert 'demo.yaml:12:9: alice, step 2 (send): expected {"offset":0}, got {"offset":1}' in " ".join(text.split())
    assert "nobody ever got 7" not in text
    assert "nobody ever got 7" in " ".join(report(seeds(2, 1)).split())


def test_an_expected_anomaly_is_found_by_some_seeds():
    text = report(seeds(10, 3, expected=("lost-write",)))
    assert text.splitlines()[-1] == "AS EXPECTED: lost-write found by 1 of 10 runs (seeds 0-9)"
    assert "kafkasim simulate" not in text


def test_an_expected_anomaly_that_no_seed_finds():
    last = report(seeds(10, expected=("lost-write",))).splitlines()[-1]
    assert last == "NOT AS EXPECTED: lost-write expected, and no run of 10 found it (seeds 0-9)"


def test_several_scenarios_have_a_line_each():
    good, bad, fails = result(), result([LOST]), result(unmet=[UNMET])
    sweep = [
        Runs(replace(run.scenario, name=name), [run]) for name, run in (("good", good), ("bad", bad), ("odd", fails))
    ]
    text = report(*sweep)
    assert "3 runs of 3 scenarios" in text.splitlines()[0]
    rows = [line.split() for line in text.splitlines()]
    assert ["good", "7", "19,966", "valid"] in rows
    assert ["bad", "7", "19,966", "failed:", "lost-write"] in rows
    assert ["odd", "7", "19,966", "failed:", "expectations", "not", "met"] in rows
    assert text.splitlines()[-1] == "FAILED: 2 of 3 runs (seed 7)"


def test_an_interrupted_sweep_says_how_far_it_came():
    text = report(seeds(4, 2), interrupted=True)
    assert text.splitlines()[-1] == "INTERRUPTED: 1 of 4 runs failed so far (seeds 0-3)"
    nothing = Runs(result().scenario, [])
    assert report(nothing, interrupted=True).splitlines()[-1] == "INTERRUPTED: no run had ended"


def test_runs_of_programs_say_what_ran_and_in_whose_time():
    runs = seeds(5)
    scenario = replace(runs.scenario, system=System(2, command=("./node", "--fast")))
    for run in runs.results:
        run.scenario, run.pacing = scenario, Pacing("virtual")
    same = Runs(scenario, runs.results)
    assert "\nsystem: 2 nodes, running ./node --fast\nclock: virtual (races inside a node are not" in report(same)
    runs.results[3].pacing = Pacing("virtual", 1_200_000_000, "n0 spoke unprompted")
    assert "\nclock: virtual in 4 runs, virtual and then real in 1 run\n" in report(same)
    assert "system: 2 nodes" not in report(same, seeds(2))
    assert "clock: virtual in 4 runs" in report(same, seeds(2))
    assert "clock" not in report(seeds(5))
