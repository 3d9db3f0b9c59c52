"""What is told of a scenario that cannot be run: the place, what came, what was expected, the nearest known name."""

import re
from pathlib import Path

import pytest

from kafkasim.scenario.load import loads
from kafkasim.scenario.problems import ScenarioError

GOLDEN = Path(__file__).with_name("problems.txt")


def told(text):
    with pytest.raises(ScenarioError) as caught:
        loads(text, "a.yaml")
    return str(caught.value)


def told_of_block(text):
    runs = re.search(r"^(workload|clients|steps):", text, re.MULTILINE)
    return told(f"name: n\nwhy: w\n{text}" + ("" if runs else "workload: {clients: 2}\n"))


def test_each_scenario_that_cannot_be_run_is_told_why(golden):
    head, *blocks = GOLDEN.read_text(encoding="utf-8").split("----\n")
    scenarios = [block.split("====\n")[0] for block in blocks]
    assert len(scenarios) > 90
    told_now = [f"{text}====\n{told_of_block(text).replace('a.yaml:', '')}\n" for text in scenarios]
    golden(GOLDEN, "----\n".join([head, *told_now]))


def test_a_scenario_says_what_it_is_called_and_why_it_is_there():
    assert told("workload: {}").splitlines() == [
        "a.yaml:1:1: `name` is missing: what the scenario is called",
        "a.yaml:1:1: `why` is missing: what one learns from it",
    ]


def test_a_reason_of_blanks_is_none():
    assert told("name: n\nwhy: ' '\nworkload: {}") == "a.yaml:2:6: `why`: expected text, got only blanks"


def test_there_must_be_something_to_run():
    assert told("name: n\nwhy: w\n") == (
        "a.yaml:1:1: there is nothing to run: expected `clients`, `steps` or `workload`"
    )


def test_a_file_whose_name_has_several_lines_is_named_in_one():
    with pytest.raises(ScenarioError) as caught:
        loads("name: n\nwhy: w\n", "a\nb.yaml")
    assert str(caught.value).startswith(r"a\nb.yaml:1:1: there is nothing to run")
