"""Every example runs through the command line and says what it said when somebody last read it.

`pytest tests/examples --rewrite-golden` writes tests/examples/golden anew; read what has changed before you commit it.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
from ruamel.yaml import YAML

from kafkasim import cli
from kafkasim.scenario.anomaly_kinds import ANOMALY_KINDS
from kafkasim.scenario.bug_names import BUG_NAMES
from kafkasim.scenario.load import load
from kafkasim.scenario.schema import json_schema

ROOT = Path(__file__).resolve().parents[2]
FOLDER = Path("examples", "scenarios")
GOLDEN = Path(__file__).with_name("golden")
EXAMPLES = sorted(path.relative_to(ROOT) for path in (ROOT / FOLDER).rglob("*.yaml"))

every_example = pytest.mark.parametrize(
    "path", EXAMPLES, ids=lambda path: str(path.relative_to(FOLDER).with_suffix(""))
)
VALIDATOR = jsonschema.Draft202012Validator(json_schema())

NOT_SHOWN = {
    "phantom-read": "no faulty server makes messages up",
    "int-nonmonotonic-poll": "no faulty server returns the messages of one poll out of order",
}
"""Kinds of anomaly that no example shows, each with the reason."""


@pytest.fixture
def simulate(monkeypatch, capsys):
    """Runs the command from the project's own folder, as a reader of the examples would."""
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("COLUMNS", "80")

    def run(*arguments):
        monkeypatch.setattr("sys.argv", ["kafkasim", "simulate", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        return ended.value.code, capsys.readouterr()

    return run


@every_example
def test_an_example_ends_as_it_says(path, simulate, golden):
    code, said = simulate(str(path))
    golden(GOLDEN / path.relative_to(FOLDER).with_suffix(".txt"), said.out)
    assert (code, said.err) == (0, "")


@every_example
def test_an_example_fits_the_schema(path):
    VALIDATOR.validate(YAML(typ="safe", pure=True).load(ROOT / path))


@every_example
def test_an_example_is_called_like_its_file_and_teaches_something(path):
    scenario = load(str(ROOT / path))
    assert scenario.name == path.stem
    assert 100 < len(scenario.why) < 600


def test_every_anomaly_that_can_be_caused_has_an_example_of_its_name():
    shown = {path.stem for path in EXAMPLES if path.parent.name == "anomalies" and path.stem in ANOMALY_KINDS}
    assert shown | NOT_SHOWN.keys() == set(ANOMALY_KINDS)
    assert not shown & NOT_SHOWN.keys()
    for kind in sorted(shown):
        assert kind in load(str(ROOT / FOLDER / "anomalies" / f"{kind}.yaml")).expected


def test_a_note_which_no_scenario_can_expect_is_shown_all_the_same():
    said = (GOLDEN / "anomalies" / "commit-skip.txt").read_text(encoding="utf-8")
    assert re.search(r"^commit-skip  .*\(a note, no failure\)$", said, re.MULTILINE)


def test_every_faulty_server_has_an_example():
    asked_for = {load(str(ROOT / path)).system.bug for path in EXAMPLES}
    assert asked_for >= set(BUG_NAMES)


def test_the_demo_says_the_same_in_a_process_of_its_own_whatever_the_hash_seed():
    environment = os.environ | {"COLUMNS": "80", "PYTHONHASHSEED": "12345", "PYTHONIOENCODING": "utf-8"}
    command = [sys.executable, "-m", "kafkasim", "simulate", str(FOLDER / "demo.yaml")]
    ended = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, check=True)
    assert ended.stdout.decode() == (GOLDEN / "demo.txt").read_text(encoding="utf-8")


def test_the_list_of_examples_has_each_of_them_once():
    listed = re.findall(r"\(([a-z0-9/-]+\.yaml)\)", (ROOT / FOLDER / "README.md").read_text(encoding="utf-8"))
    assert sorted(listed) == sorted(str(path.relative_to(FOLDER)) for path in EXAMPLES)
