"""The pages of docs/reference that the program writes are what it would write now."""

import json
import re

import pytest

from kafkasim.scenario.format import FAULT
from tools import doc_examples, reference


@pytest.mark.parametrize("name", reference.PAGES)
def test_a_page_of_the_reference_is_what_the_program_would_write(name):
    written = (reference.FOLDER / name).read_text()
    assert written == reference.written(name), "run `make reference`"


def test_every_page_of_the_reference_is_linked_from_the_index():
    index = (reference.FOLDER.parent / "README.md").read_text()
    for page in sorted(reference.FOLDER.glob("*.md")):
        assert f"(reference/{page.name})" in index


@pytest.mark.parametrize("name", reference.PAGES)
def test_no_field_is_without_a_meaning(name):
    lines = reference.written(name).splitlines()
    tables = "\n".join(line if line.startswith("|") else "" for line in lines).split("\n\n")
    of_meanings = [table.split("\n") for table in tables if table.strip().partition("\n")[0].endswith("| meaning |")]
    assert [line for table in of_meanings for line in table if line.endswith("|  |")] == []


def test_there_are_meanings_to_look_at():
    assert "| meaning |" in reference.written("history-format.md")


def test_every_field_of_the_json_has_its_line():
    scenario = "examples/scenarios/demo.yaml"
    commands = [f"kafkasim simulate {scenario} --json --history run.jsonl", "kafkasim check run.jsonl --json"]
    page = (reference.FOLDER / "command-line.md").read_text()
    described = set(re.findall(r"^\| `(\w+)`", page, re.MULTILINE)) | {"file"}
    for printed in doc_examples.run([doc_examples.Example(command, "") for command in commands]):
        document = json.loads(printed.splitlines()[0])
        assert document.keys() <= described
        assert document["stats"].keys() <= described


def test_each_kind_of_fault_has_its_fields_on_the_page():
    page = reference.written("scenario-format.md")
    for kind, record in FAULT.records.items():
        assert f"| `{kind}` (required) |" in page
        assert all(f"| `{name}`" in page for name in record.fields)
