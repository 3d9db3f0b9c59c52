"""What a program reads: JSON and JUnit XML."""

from __future__ import annotations

import json
from xml.etree import ElementTree as ET

import jsonschema
import pytest
from msgspec.structs import replace

from kafkasim.history import End, Header, History
from kafkasim.report.command import AS_WRITTEN
from kafkasim.report.conclusion import Runs
from kafkasim.report.document import (
    check_document,
    checks_document,
    encode_document,
    run_document,
    sweep_document,
)
from kafkasim.report.history import check_words
from kafkasim.report.junit import junit_xml
from tests.report.samples import LOST, NOTE, OPERATIONS, UNMET, result
from tests.report.schema import CHECK, RUN, SEVERAL


def through_json(document):
    def refuse(constant):
        raise AssertionError(f"{constant} is no JSON")

    text = encode_document(document)
    assert text.count("\n") == 1
    return json.loads(text, parse_constant=refuse)


@pytest.mark.parametrize(
    "run",
    [
        result(),
        result([LOST, NOTE], unmet=[UNMET]),
        result([LOST], expected=("lost-write",)),
        result(verdict="unknown", failed={"unseen": "KeyError"}, not_checked={"duplicate": "no reason"}),
    ],
)
def test_a_run_is_one_document_of_the_promised_shape(run):
    document = through_json(run_document(run, expected=run.as_expected))
    jsonschema.validate(document, RUN)
    assert (document["scenario"], document["seed"]) == ("demo", 7)
    assert document["verdict"] == run.verdict
    assert document["expected"] is run.as_expected


def test_an_anomaly_carries_all_its_examples_and_the_worst_by_itself():
    assert through_json(run_document(result([LOST]), expected=False))["anomalies"] == [
        {
            "kind": "lost-write",
            "severity": "error",
            "key": "k1",
            "count": 3,
            "explanation": LOST.examples[0].explanation,
            "operations": [0, 1],
            "examples": [
                {"explanation": example.explanation, "operations": list(example.operations)}
                for example in LOST.examples
            ],
            "maelstrom_passes": False,
        }
    ]


def test_operations_are_counted_by_outcome():
    counts = through_json(run_document(result(), expected=True))["operations"]
    assert counts == {"total": 19_966, "ok": 19_951, "fail": 0, "info": 15}


def test_infinity_is_never_written():
    run = result()
    run.statistics = replace(run.statistics, rate_achieved=float("inf"), rate_asked=float("nan"))
    assert through_json(run_document(run, expected=True))["stats"]["rate_achieved"] is None


def test_several_runs_are_one_document():
    bad, good = result([LOST], seed=3), result(seed=4)
    document = through_json(sweep_document([Runs(good.scenario, [bad, good])]))
    jsonschema.validate(document, SEVERAL)
    assert [run["seed"] for run in document["runs"]] == [3, 4]
    assert (document["verdict"], document["seeds_failed"]) == ("invalid", [3])


def test_a_run_of_a_sweep_is_as_expected_where_another_seed_found_the_anomaly():
    found, nothing = result([LOST], seed=3), result(seed=4)
    scenario = result(expected=("lost-write",)).scenario
    document = through_json(sweep_document([Runs(scenario, [found, nothing])]))
    assert [run["expected"] for run in document["runs"]] == [True, True]
    document = through_json(sweep_document([Runs(scenario, [nothing])]))
    assert ([run["expected"] for run in document["runs"]], document["seeds_failed"]) == ([False], [4])


def test_a_checked_file_is_named_instead_of_a_scenario():
    history = History(Header(seed=5), OPERATIONS, end=End("complete"))
    check = result([LOST]).check
    document = through_json(check_document("run.jsonl", history, check))
    jsonschema.validate(document, CHECK)
    assert document["operations"] == {"total": 2, "ok": 2, "fail": 0, "info": 0}
    both = through_json(checks_document([document, {**document, "verdict": "valid", "expected": True, "seed": 6}]))
    jsonschema.validate(both, SEVERAL)
    assert (both["verdict"], both["seeds_failed"]) == ("invalid", [5])


def test_final_polls_are_no_operations_of_the_clients():
    history = History(Header(), [*OPERATIONS, replace(OPERATIONS[1], index=2, final=True)], end=End("complete"))
    check = result().check
    assert check_document("run.jsonl", history, check)["operations"]["total"] == 2
    assert check_words("run.jsonl", history, check).plain == "VALID: nothing wrong in 2 operations (run.jsonl)"


def test_a_sweep_that_was_broken_off_is_said_to_be_interrupted():
    document = through_json(sweep_document([Runs(result().scenario, [result()])], interrupted=True))
    jsonschema.validate(document, SEVERAL)
    assert document["interrupted"] is True
    assert "interrupted" not in sweep_document([Runs(result().scenario, [result()])])


def test_a_cut_off_history_is_said_to_be_interrupted():
    history = History(Header(), OPERATIONS)
    assert check_document("run.jsonl", history, result().check)["interrupted"] is True


def suite_of(*results, expected=()):
    root = ET.fromstring(junit_xml([Runs(result(expected=expected).scenario, results)], AS_WRITTEN))
    (suite,) = root
    return suite


def test_junit_counts_and_names_what_went_wrong():
    unknown = result(verdict="unknown", failed={"unseen": "KeyError: 3"}, seed=4)
    suite = suite_of(result(seed=1), result([LOST], seed=2), result(unmet=[UNMET], seed=3), unknown)
    assert {name: suite.get(name) for name in ("name", "tests", "failures", "errors")} == {
        "name": "demo",
        "tests": "4",
        "failures": "2",
        "errors": "1",
    }
    fine, lost, unmet, failed = suite
    assert [case.get("name") for case in suite] == ["seed 1", "seed 2", "seed 3", "seed 4"]
    assert len(fine) == 0
    assert lost[0].get("type") == "lost-write"
    assert "nobody ever got 7" in (lost[0].text or "")
    assert "kafkasim simulate 'scenarios/my demo.yaml' --seed 2" in (lost[0].text or "")
    assert (unmet[0].tag, unmet[0].get("type")) == ("failure", "expectation")
    assert (failed[0].tag, failed[0].get("type")) == ("error", "unknown")


def test_junit_passes_an_expected_anomaly_and_tells_it():
    suite = suite_of(result([LOST], expected=("lost-write",)), expected=("lost-write",))
    assert suite.get("failures") == "0"
    assert suite[0][0].tag == "system-out"


def test_junit_never_passes_half_a_run():
    half, found = result(seed=1), result([LOST], seed=2)
    half.interrupted = found.interrupted = True
    suite = suite_of(half, found)
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("2", "0", "2")
    assert [(case[0].tag, case[0].get("type"), case[0].get("message")) for case in suite] == [
        ("error", "interrupted", "INTERRUPTED: nothing wrong found so far (seed 1)"),
        ("error", "interrupted", "INTERRUPTED: lost-write found so far (seed 2)"),
    ]


def test_junit_never_passes_a_sweep_that_was_broken_off():
    runs = Runs(result().scenario, [result(seed=1), result([LOST], seed=2)])
    demo, whole = ET.fromstring(junit_xml([runs], AS_WRITTEN, interrupted=True))
    assert (demo.get("tests"), demo.get("failures"), demo.get("errors")) == ("2", "1", "0")
    assert (whole.get("tests"), whole.get("failures"), whole.get("errors")) == ("1", "0", "1")
    assert whole[0][0].get("message") == "INTERRUPTED: 1 of 2 runs failed so far (seeds 1-2)"


def test_junit_survives_what_xml_cannot_hold():
    odd = "\x00\x1b\ud800 <&>"
    suite = suite_of(result(unmet=[replace(UNMET, got=odd)], failed={"unseen": odd}))
    text = suite[0][0].text or ""
    assert r'alice, step 2 (send): expected {"offset":0}, got \u0000\u001b\ud800 <&>' in text
    assert "\ufffd\ufffd\ufffd <&>" in text
