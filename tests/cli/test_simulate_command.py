"""``kafkasim simulate``, from its arguments to its exit code."""

from __future__ import annotations

import errno
import gzip
import json
import signal
from multiprocessing.context import SpawnProcess
from pathlib import Path
from xml.etree import ElementTree as ET

import jsonschema
import pytest

from kafkasim.checkers import WORST_FEW
from kafkasim.history_files import read_history
from kafkasim.sim.bugs import BUGS
from tests.report.schema import RUN, SEVERAL


@pytest.mark.parametrize(
    ("files", "code"),
    [
        (["valid.yaml"], 0),
        (["busy.yaml"], 0),
        (["expected.yaml"], 0),
        (["missing.yaml"], 1),
        (["unmet.yaml"], 1),
        (["broken.yaml"], 2),
        (["nowhere.yaml"], 2),
        ([], 2),
        (["unknown.yaml"], 3),
        (["valid.yaml", "expected.yaml"], 0),
        (["valid.yaml", "unknown.yaml"], 3),
        (["unknown.yaml", "unmet.yaml", "valid.yaml"], 1),
        (["valid.yaml", "broken.yaml"], 2),
    ],
)
def test_exit_codes(kafkasim, files, code):
    ended = kafkasim("simulate", *files)
    assert ended.code == code
    assert "Traceback" not in ended.out + ended.err


def test_a_bug_from_the_command_line_is_caught(kafkasim):
    ended = kafkasim("simulate", "busy.yaml", "--bug", "stores-refused", "--seed", "3")
    assert ended.code == 1
    assert "aborted-read" in ended.out
    assert ended.out.splitlines()[-1] == "  kafkasim simulate busy.yaml --seed 3 --bug stores-refused"


def test_the_command_at_the_end_repeats_the_run(kafkasim):
    first = kafkasim("simulate", "busy.yaml", "--bug", "skips-message", "--seed", "5", "--consistency", "kafka")
    again = kafkasim(*first.out.splitlines()[-1].split()[1:])
    assert again == first


def test_the_seed_wins_over_the_files(kafkasim):
    ended = kafkasim("simulate", "valid.yaml", "--seed", "42")
    assert "seed 42" in ended.out.splitlines()[0]
    assert "seed 42" in ended.out.splitlines()[-1]


def test_an_expectation_not_met_is_told_with_its_place(kafkasim):
    out = kafkasim("simulate", "unmet.yaml").out
    assert "unmet.yaml:5:7: alice, step 1 (send)" in out
    assert 'expected {"offset":7}' in out
    assert 'got {"offset":0}' in out


def test_everything_wrong_with_the_files_is_told_at_once_and_nothing_is_run(kafkasim):
    ended = kafkasim("simulate", "valid.yaml", "broken.yaml", "nowhere.yaml")
    assert ended.out == ""
    lines = ended.err.splitlines()
    assert any(line.startswith("broken.yaml:2:1: ") and "`workload`" in line for line in lines)
    assert any(line.startswith("broken.yaml:3:") and "snd" in line for line in lines)
    assert lines[-1] == "kafkasim: nowhere.yaml: no such file or directory"


def test_json_is_one_document_of_the_promised_shape(kafkasim):
    ended = kafkasim("simulate", "expected.yaml", "--json")
    document = json.loads(ended.out)
    jsonschema.validate(document, RUN)
    assert (document["verdict"], document["expected"], ended.err) == ("invalid", True, "")
    assert document["anomalies"][0]["kind"] == "commit-lost"
    assert ended.code == 0


@pytest.mark.parametrize("more", [[], ["--seeds", "2"], ["--seeds", "2", "--jobs", "2"]])
def test_json_has_every_finding_of_every_run(kafkasim, scenarios, more):
    (scenarios / "busy.yaml").write_text(
        "{name: busy, why: Much is lost., system: {bug: drops-acknowledged}, expect: {anomalies: [lost-write]}, "
        "workload: {clients: 4, keys: 1, rate: 500, duration: 4s}}"
    )
    document = json.loads(kafkasim("simulate", "busy.yaml", *more, "--json").out)
    for run in document.get("runs", [document]):
        assert max(anomaly["count"] for anomaly in run["anomalies"]) > WORST_FEW
        for anomaly in run["anomalies"]:
            assert len(anomaly["examples"]) == anomaly["count"]


def test_json_of_several_runs_is_one_document(kafkasim):
    ended = kafkasim("simulate", "valid.yaml", "unmet.yaml", "--seed", "4", "--seeds", "2", "--json")
    document = json.loads(ended.out)
    jsonschema.validate(document, SEVERAL)
    runs = [(run["scenario"], run["seed"], run["expected"]) for run in document["runs"]]
    assert runs == [("hello", 4, True), ("hello", 5, True), ("unmet", 4, False), ("unmet", 5, False)]
    assert document["seeds_failed"] == [4, 5]
    assert ended.code == 1


def test_seeds_count_up_from_the_first(kafkasim):
    out = kafkasim("simulate", "valid.yaml", "--seeds", "3", "--seed", "10").out
    assert out.splitlines()[0] == "hello, seeds 10-12  valid.yaml"


def test_in_a_sweep_one_seed_must_find_the_expected_anomaly(kafkasim):
    assert kafkasim("simulate", "expected.yaml", "--seeds", "2").code == 0
    ended = kafkasim("simulate", "missing.yaml", "--seeds", "2")
    assert ended.code == 1
    assert "lost-write expected, and no run of 2 found it" in ended.out


def test_failing_seeds_are_told_with_their_commands(kafkasim):
    ended = kafkasim("simulate", "busy.yaml", "--bug", "stores-refused", "--seeds", "3", "--seed", "3")
    assert ended.code == 1
    for seed in (3, 4, 5):
        assert f"kafkasim simulate busy.yaml --seed {seed} --bug stores-refused" in ended.out


def test_a_history_is_written_and_can_be_checked(kafkasim):
    assert kafkasim("simulate", "expected.yaml", "--history", "run.jsonl").code == 0
    assert read_history("run.jsonl").header.scenario == "forgotten commits"
    ended = kafkasim("check", "run.jsonl")
    assert ended.code == 1
    assert "commit-lost" in ended.out


def test_histories_of_several_runs_are_named_by_seed_and_scenario(kafkasim, scenarios):
    pattern = "{scenario}-{seed}.jsonl.gz"
    assert kafkasim("simulate", "valid.yaml", "expected.yaml", "--seeds", "2", "--history", pattern).code == 0
    names = sorted(path.name for path in scenarios.glob("*.gz"))
    assert names == [
        "forgotten-commits-0.jsonl.gz",
        "forgotten-commits-1.jsonl.gz",
        "hello-0.jsonl.gz",
        "hello-1.jsonl.gz",
    ]
    assert gzip.decompress((scenarios / names[1]).read_bytes()).startswith(b'{"kafkasim_history":1')


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--seeds", "2", "--history", "h.jsonl"], "expected {seed} in the name, got h.jsonl"),
        (["busy.yaml", "--history", "{seed}.jsonl"], "expected {scenario} in the name"),
        (["--history", "nowhere/h.jsonl"], "nowhere/h.jsonl: there is no directory nowhere"),
        (["--history", "-"], "expected the name of a file"),
        (["--history", "."], "expected a file, this is a directory"),
        (["--history", ""], "expected the name of a file, got nothing"),
        (["--history", "/dev/stdout"], "expected the name of a file: standard output has the report"),
        (["--junit", ""], "expected the name of a file, got nothing"),
        (["--junit", "/dev/stdout"], "expected the name of a file: standard output has the report"),
        (["--seed", "9223372036854775808"], "--seed: expected seeds from 0 to 9223372036854775807, got 92233"),
        (["--seed", "-1"], "--seed: expected seeds from 0 to 9223372036854775807, got -1"),
        (
            ["--seed", "9223372036854775807", "--seeds", "2"],
            "--seeds: expected seeds from 0 to 9223372036854775807, got 9223372036854775808",
        ),
        (["--junit", "nowhere/j.xml"], "nowhere/j.xml: there is no directory nowhere"),
        (["--junit", "valid.yaml/j.xml"], "valid.yaml is not a directory"),
        (["--history", "./valid.yaml"], "expected a file of its own, this is that of the scenario"),
        (["--junit", "valid.yaml"], "expected a file of its own, this is that of the scenario"),
        (["--history", "out", "--junit", "out"], "--junit: out: expected a file of its own, this is that of --history"),
        (["--bug", "silnt"], "unknown bug silnt: did you mean `silent`?"),
        (["--bug", "own-order"], "expected more than one node, got 1 in valid.yaml"),
    ],
)
def test_what_cannot_be_done_is_said_before_anything_is_run(kafkasim, arguments, words, monkeypatch):
    monkeypatch.setattr("kafkasim.simulate.run", lambda *_: pytest.fail("it was run"))
    ended = kafkasim("simulate", "valid.yaml", *arguments)
    assert ended.code == 2
    assert words in ended.err
    assert ended.out == ""


def test_scenarios_of_one_name_cannot_write_to_one_folder(kafkasim, scenarios):
    (scenarios / "again.yaml").write_text((scenarios / "valid.yaml").read_text())
    arguments = ["valid.yaml", "busy.yaml", "again.yaml", "--history", "{scenario}-{seed}.jsonl", "--seeds", "2"]
    ended = kafkasim("simulate", *arguments)
    assert (ended.code, ended.out) == (2, "")
    assert "expected scenarios with names of their own, got hello as the `name` of valid.yaml and again" in ended.err


def test_a_file_that_cannot_be_written_after_all_is_named_after_the_report(kafkasim, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device", ".h.jsonl.tmp")

    monkeypatch.setattr("kafkasim.cli.performing.write_history", full)
    ended = kafkasim("simulate", "valid.yaml", "--history", "h.jsonl")
    assert ended.code == 2
    assert ended.out.splitlines()[-1].startswith("VALID")
    assert ended.err == "kafkasim: --history: h.jsonl: no space left on device\n"


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_file_that_cannot_be_written_costs_nothing_that_was_learned(kafkasim, scenarios, jobs, monkeypatch):
    (scenarios / "2.jsonl").mkdir()
    monkeypatch.setattr("kafkasim.cli.outputs.check_writable", lambda *_: None)  # as if it had come there later
    ended = kafkasim("simulate", "valid.yaml", "--seeds", "4", "--jobs", jobs, "--history", "{seed}.jsonl", "--json")
    assert ended.code == 2
    assert "kafkasim: --history: 2.jsonl: " in ended.err
    document = json.loads(ended.out)
    assert document["interrupted"] is True
    assert document["runs"]


def test_a_process_that_cannot_be_started_is_told_and_costs_nothing_that_was_learned(kafkasim, monkeypatch):
    start = SpawnProcess.start
    started: list[SpawnProcess] = []

    def refused(process):
        if started:
            raise OSError(errno.EAGAIN, "Resource temporarily unavailable")
        started.append(process)
        start(process)

    monkeypatch.setattr(SpawnProcess, "start", refused)
    ended = kafkasim("simulate", "valid.yaml", "--seeds", "4", "--jobs", "2", "--json")
    assert ended.code == 2
    assert ended.err == "kafkasim: --jobs: another process cannot be started: resource temporarily unavailable\n"
    assert json.loads(ended.out)["interrupted"] is True


def test_junit_is_written_for_all_runs(kafkasim, scenarios):
    assert kafkasim("simulate", "valid.yaml", "unmet.yaml", "--junit", "j.xml").code == 1
    root = ET.fromstring((scenarios / "j.xml").read_bytes())
    assert [(suite.get("name"), suite.get("failures")) for suite in root] == [("hello", "0"), ("unmet", "1")]


def test_consistency_replaces_the_files_own(kafkasim):
    document = json.loads(kafkasim("simulate", "valid.yaml", "--json", "--consistency", "kafka").out)
    assert document["consistency"] == "kafka"


def test_the_simulators_own_failure_is_said_to_be_our_bug(kafkasim, monkeypatch):
    def fail(*_, **__):
        raise KeyError("n7")

    monkeypatch.setattr("kafkasim.simulate.run", fail)
    ended = kafkasim("simulate", "valid.yaml", "--seed", "9", "--bug", "silent", "--history", "h.jsonl")
    assert (ended.code, ended.err) == (3, "")
    words = " ".join(ended.out.split())
    assert "UNKNOWN: the simulator failed, a bug of kafkasim" in words
    assert "KeyError: 'n7'" in words
    assert ended.out.splitlines()[-1] == "  kafkasim simulate valid.yaml --seed 9 --bug silent"
    assert not Path("h.jsonl").exists()


def test_an_interrupted_run_tells_what_is_known_so_far(kafkasim, monkeypatch):
    from kafkasim.sim.world import World

    advance = World.advance
    calls = []

    def interrupted(world, *arguments):
        calls.append(world)
        if len(calls) == 3:
            signal.raise_signal(signal.SIGINT)
        return advance(world, *arguments)

    monkeypatch.setattr(World, "advance", interrupted)
    ended = kafkasim("simulate", "endless.yaml", "--history", "part.jsonl", "--junit", "j.xml", "--json")
    assert ended.code == 130
    assert [suite.get("errors") for suite in ET.fromstring(Path("j.xml").read_bytes())] == ["1"]
    document = json.loads(ended.out)
    assert (document["verdict"], document["interrupted"], document["expected"]) == ("valid", True, False)
    history = read_history("part.jsonl")
    assert history.end.end == "interrupted"
    assert history.operations


def test_an_interrupted_sweep_tells_what_is_known_so_far(kafkasim, monkeypatch):
    from kafkasim import simulate

    run = simulate.run

    def interrupted(scenario, seed, **_):
        if seed == 2:
            raise KeyboardInterrupt
        return run(scenario, seed)

    monkeypatch.setattr("kafkasim.simulate.run", interrupted)
    ended = kafkasim("simulate", "valid.yaml", "--seeds", "5", "--json", "--junit", "j.xml")
    assert ended.code == 130
    document = json.loads(ended.out)
    assert [run["seed"] for run in document["runs"]] == [0, 1]
    assert document["interrupted"] is True
    assert [suite.get("errors") for suite in ET.fromstring(Path("j.xml").read_bytes())] == ["0", "1"]


def test_list_bugs_names_each_with_what_catches_it(kafkasim):
    ended = kafkasim("simulate", "--list-bugs")
    assert ended.code == 0
    words = set(ended.out.replace(",", " ").split())
    assert all(bug.name in words and words.issuperset(bug.caught_by) for bug in BUGS.values())


def test_schema_is_a_json_schema_that_accepts_a_scenario(kafkasim):
    schema = json.loads(kafkasim("simulate", "--schema").out)
    jsonschema.validate({"name": "s", "why": "w", "clients": {"a": [{"send": {"key": "k", "msg": 1}}]}}, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"name": "s"}, schema)
