"""``kafkasim simulate --bin``: a program in the place of the nodes, from the arguments to the exit code."""

from __future__ import annotations

import json
import shlex
import shutil
import sys
from pathlib import Path

import jsonschema
import pytest

from kafkasim.cli.failures import UsageError
from kafkasim.cli.programs import command_of
from tests.processes.programs import CORRECT
from tests.report.schema import RUN

GOOD = shlex.join(CORRECT)
SOURCE = Path(CORRECT[1])


@pytest.fixture
def a_program_here(scenarios):
    """A node in the current directory, with a blank in its name."""
    program = scenarios / "my node"
    program.write_text(f"#!{sys.executable}\n" + SOURCE.read_text())
    program.chmod(0o755)
    return program


@pytest.fixture
def a_forgetful_program(scenarios):
    """The command of a node that acknowledges all and keeps nothing, and says so on its standard error."""
    (scenarios / "forgetful.py").write_text(f"""
import sys
sys.path.insert(0, {str(SOURCE.parent)!r})
from node import Node
class Forgetful(Node):
    def answer(self, body):
        if body["type"] == "send":
            print("forgot", body["msg"], "\\x1b[31m", file=sys.stderr)
        answer = super().answer(body)
        self.logs = {{key: [None] * len(log) for key, log in self.logs.items()}}
        return answer
Forgetful().run()
""")
    return shlex.join([sys.executable, "forgetful.py"])


def test_a_program_takes_the_place_of_the_nodes(kafkasim):
    ended = kafkasim("simulate", "busy.yaml", "--bin", GOOD, "--json")
    document = json.loads(ended.out)
    assert (ended.code, ended.err) == (0, "")
    assert (document["verdict"], document["consistency"]) == ("valid", "kafka")
    assert document["operations"]["total"] > 50


def test_a_file_with_a_blank_in_its_name_needs_no_quotes_and_no_dot(kafkasim, a_program_here):
    assert kafkasim("simulate", "valid.yaml", "--bin", "my node").code == 0
    assert kafkasim("simulate", "valid.yaml", "--bin", str(a_program_here)).code == 0
    assert kafkasim("simulate", "valid.yaml", "--bin", "'my node' --flag").code == 0


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_each_run_of_a_sweep_has_programs_of_its_own(kafkasim, jobs):
    ended = kafkasim("simulate", "busy.yaml", "valid.yaml", "--bin", GOOD, "--seeds", "2", "--jobs", jobs, "--json")
    document = json.loads(ended.out)
    assert (ended.code, document["verdict"], len(document["runs"])) == (0, "valid", 4)


@pytest.mark.parametrize(
    ("program", "problem"),
    [
        ("./nowhere --flag", "./nowhere: there is no such file, looked for in {here}"),
        ("nowhere --flag", "nowhere: there is no such program, neither on PATH nor in {here}"),
        ("valid.yaml", "./valid.yaml: this file cannot be run: try `chmod +x`"),
        (".", ".: expected a program, this is a directory"),
        ("", "expected a program and its arguments, got nothing"),
        ("'' --flag", "expected a program and its arguments, got nothing"),
        ("node 'half", "expected a command as a shell takes it, got node 'half: No closing quotation"),
    ],
)
def test_a_program_that_cannot_be_run_is_told_before_anything_is(kafkasim, scenarios, program, problem):
    ended = kafkasim("simulate", "valid.yaml", "--seeds", "2", "--bin", program)
    assert (ended.code, ended.out, ended.err) == (2, "", f"kafkasim: --bin: {problem.format(here=scenarios)}\n")


NAMES_ITS_PROGRAM = "name: own\nwhy: so\nsystem:\n  nodes: 1\n  command: [./node]\nworkload: {duration: 100ms}\n"
"""A scenario; in line 5, from column 12 on, stands its program."""


def test_a_program_that_a_scenario_names_is_told_with_its_place_before_anything_is_run(kafkasim, scenarios):
    (scenarios / "own.yaml").write_text(NAMES_ITS_PROGRAM)
    ended = kafkasim("simulate", "valid.yaml", "own.yaml", "--seeds", "2")
    problem = f"own.yaml:5:12: `system.command`: ./node: there is no such file, looked for in {scenarios}\n"
    assert (ended.code, ended.out, ended.err) == (2, "", problem)
    assert kafkasim("simulate", "own.yaml", "--bin", GOOD).code == 0


def test_a_program_is_looked_for_where_one_is_and_not_beside_the_scenario(kafkasim, scenarios):
    (scenarios / "sub").mkdir()
    (scenarios / "sub" / "own.yaml").write_text(NAMES_ITS_PROGRAM)
    node = scenarios / "sub" / "node"
    node.write_text(f"#!/bin/sh\nexec {GOOD}\n")
    node.chmod(0o755)
    ended = kafkasim("simulate", "sub/own.yaml")
    assert ended.code == 2
    assert ended.err.endswith("; there is one beside the scenario, sub/node\n")
    node.rename(scenarios / "node")
    assert kafkasim("simulate", "sub/own.yaml").code == 0


@pytest.mark.parametrize(
    ("arguments", "prefix"),
    [
        (("valid.yaml", "--bin", "./node"), "kafkasim: --bin: "),
        (("own.yaml",), "own.yaml:5:12: `system.command`: "),
    ],
)
def test_a_program_that_the_system_refuses_after_all_is_told_in_a_line(kafkasim, scenarios, arguments, prefix):
    (scenarios / "own.yaml").write_text(NAMES_ITS_PROGRAM)
    program = scenarios / "node"
    program.write_text("print('no first line')\n")
    program.chmod(0o755)
    ended = kafkasim("simulate", *arguments)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith(f"{prefix}./node: it is no program for this machine")
    assert ended.err.count("\n") == 1


def test_a_faulty_server_and_a_program_are_not_both_to_be_had(kafkasim):
    ended = kafkasim("simulate", "valid.yaml", "--bin", GOOD, "--bug", "silent")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == "kafkasim: --bug and --bin: expected one of them: the faulty servers are none of your program\n"


def test_of_a_program_nothing_is_expected_that_a_faulty_server_was_to_show(kafkasim):
    ended = kafkasim("simulate", "expected.yaml", "--bin", GOOD)
    assert ended.code == 0
    assert "VALID" in ended.out
    assert "forgets-commits" not in ended.out


def test_what_is_expected_of_any_node_is_expected_of_a_program(kafkasim):
    assert kafkasim("simulate", "missing.yaml", "--bin", GOOD).code == 1


def test_a_program_is_judged_as_the_command_line_says(kafkasim):
    ended = kafkasim("simulate", "busy.yaml", "--bin", GOOD, "--consistency", "linearizable", "--json")
    assert json.loads(ended.out)["consistency"] == "linearizable"


@pytest.mark.usefixtures("_no_timers")
def test_the_command_that_repeats_a_run_of_a_program_runs_the_same(kafkasim):
    first = kafkasim("simulate", "unmet.yaml", "--bin", GOOD, "--nodes", "2", "--clock", "virtual")
    command = first.out.splitlines()[-1]
    assert command == f"  kafkasim simulate unmet.yaml --seed 0 --bin {shlex.quote(GOOD)} --nodes 2 --clock virtual"
    assert kafkasim(*shlex.split(command)[1:]) == first


@pytest.mark.usefixtures("_no_timers")
def test_so_many_nodes_are_run_as_are_asked_for(kafkasim, scenarios):
    (scenarios / "two.yaml").write_text(
        "{name: two, why: two nodes, system: {command: [none], nodes: 2}, clients: {a: {node: n1, steps: [sleep: 0]}}}"
    )
    assert "system: 3 nodes" in kafkasim("simulate", "valid.yaml", "--bin", GOOD, "--nodes", "3").out
    ended = kafkasim("simulate", "two.yaml", "--bin", GOOD, "--nodes", "1")
    assert (ended.code, ended.err) == (
        2,
        "kafkasim: --nodes 1: two.yaml: clients: a: node: there is no node n1: expected n0\n",
    )


def test_so_many_nodes_of_ours_are_run_as_can_be(kafkasim):
    assert "system: 3 nodes" in kafkasim("simulate", "valid.yaml", "--nodes", "3").out
    assert kafkasim("simulate", "busy.yaml", "--nodes", "2", "--bug", "own-order").code == 1
    ended = kafkasim("simulate", "valid.yaml", "--nodes", "2", "--bug", "silent")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == "kafkasim: --nodes 2: valid.yaml: system: nodes: expected 1, got 2: silent runs alone\n"


def test_the_real_clock_is_for_programs_alone(kafkasim):
    assert kafkasim("simulate", "valid.yaml", "--bin", GOOD, "--clock", "real").code == 0
    ended = kafkasim("simulate", "valid.yaml", "--clock", "real")
    assert (ended.code, ended.err) == (
        2,
        "kafkasim: --clock: real is for nodes that are programs: expected --bin, or `command` in valid.yaml\n",
    )


@pytest.mark.parametrize(
    ("option", "value", "problem"),
    [
        ("--nodes", "0", "expected 1 to 100, got 0"),
        ("--nodes", "101", "expected 1 to 100, got 101"),
        ("--clock", "wall", "expected virtual or real, got wall"),
    ],
)
def test_values_that_are_none_are_told(kafkasim, option, value, problem):
    ended = kafkasim("simulate", "valid.yaml", "--bin", GOOD, option, value)
    assert ended.code == 2
    assert problem in ended.err


def test_a_program_is_looked_for_as_a_shell_does_before_the_files_that_are_here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("sh", "mine"):
        shutil.copy(shutil.which("sh") or "/bin/sh", tmp_path / name)
    assert command_of("sh -c true") == ("sh", "-c", "true")
    assert command_of("mine -c true") == ("./mine", "-c", "true")
    assert command_of("sh") == ("./sh",)  # the whole text is the name of a file
    with pytest.raises(UsageError, match="there is no such program"):
        command_of("theirs")


def test_a_command_may_be_longer_than_the_name_of_a_file():
    script = ": " + 5000 * "x"
    assert command_of(f"sh -c '{script}'") == ("sh", "-c", script)
    with pytest.raises(UsageError, match="file name too long"):
        command_of(5000 * "x")


def test_the_report_says_what_ran_and_whose_time_it_was(kafkasim):
    virtual = kafkasim("simulate", "valid.yaml", "--bin", GOOD).out
    assert f"system: 1 node, running {GOOD}" in " ".join(virtual.split())
    assert "clock: virtual (races inside a node are not exercised)" in virtual
    assert "of simulated time" in virtual
    real = kafkasim("simulate", "valid.yaml", "--bin", GOOD, "--clock", "real").out
    assert "clock: real\n" in real
    assert "of real time" in real
    assert "clock:" not in kafkasim("simulate", "valid.yaml").out


@pytest.mark.usefixtures("_no_timers")
def test_a_run_that_fails_shows_the_last_that_its_programs_said(kafkasim, a_forgetful_program):
    ended = kafkasim("simulate", "busy.yaml", "--bin", a_forgetful_program, "--nodes", "2")
    assert ended.code == 1
    lines = ended.out.splitlines()
    start = lines.index("the last that n0 wrote to standard error:")
    assert all(line.startswith("  forgot ") for line in lines[start + 1 : start + 6])
    assert lines[start + 6 : start + 8] == ["", "the last that n1 wrote to standard error:"]
    assert "\x1b" not in ended.out


def test_a_run_that_is_as_expected_shows_nothing_of_that(kafkasim, scenarios, a_forgetful_program):
    (scenarios / "doomed.yaml").write_text(
        "{name: doomed, why: nothing is kept, consistency: kafka, workload: {clients: 2}, "
        "expect: {anomalies: [phantom-read]}}"
    )
    ended = kafkasim("simulate", "doomed.yaml", "--bin", a_forgetful_program)
    assert (ended.code, "standard error" in ended.out) == (0, False)


def test_the_document_says_so_too(kafkasim, a_forgetful_program):
    good = json.loads(kafkasim("simulate", "valid.yaml", "--bin", GOOD, "--json").out)
    jsonschema.validate(good, RUN)
    assert good["program"] == shlex.split(GOOD)
    assert good["pacing"] == {"clock": "virtual", "real_from": None, "reason": "", "given_up": []}
    assert "node_logs" not in good
    bad = json.loads(kafkasim("simulate", "busy.yaml", "--bin", a_forgetful_program, "--json").out)
    jsonschema.validate(bad, RUN)
    assert len(bad["node_logs"]["n0"]) == 20
    assert not {"program", "pacing", "node_logs"} & json.loads(kafkasim("simulate", "valid.yaml", "--json").out).keys()


def test_a_program_gets_a_malformed_request_as_it_was_written(kafkasim, scenarios, a_forgetful_program):
    (scenarios / "raw.yaml").write_text(
        "{name: raw, why: to be refused, clients: {a: [raw: {type: frobnicate, colour: red}, send: {key: k, msg: 1}]}}"
    )
    (scenarios / "forgetful.py").write_text(
        (scenarios / "forgetful.py").read_text().replace("if body", "print(body, file=sys.stderr)\n        if body")
    )
    document = json.loads(kafkasim("simulate", "raw.yaml", "--bin", a_forgetful_program, "--json").out)
    assert "{'msg_id': 1, 'type': 'frobnicate', 'colour': 'red'}" in document["node_logs"]["n0"]


def test_a_finding_that_no_operation_proves_is_told_without_any_in_junit(kafkasim, scenarios):
    says_nothing = shlex.join([sys.executable, "-c", "pass"])
    assert kafkasim("simulate", "valid.yaml", "--bin", says_nothing, "--junit", "j.xml").code == 1
    told = (scenarios / "j.xml").read_text()
    assert "it exited with status 0" in told
    assert "(operations" not in told
