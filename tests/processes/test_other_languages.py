"""The correct nodes in several languages are never accused, and all of them give the same history."""

from typing import Any

import pytest
from msgspec.structs import replace

from kafkasim.history_lines import encode_history
from kafkasim.scenario import model
from kafkasim.scenario.load import load
from kafkasim.scenario.model import MILLISECOND, SECOND
from kafkasim.simulate import run
from tests.processes.programs import NODES, result_of
from tools.example_nodes import LANGUAGES, MissingToolError, make_ready

RESTART: dict[str, Any] = {
    "faults": (model.NodeCrash(500 * MILLISECOND, "n0", restart_after=50 * MILLISECOND),),
    "workload": model.Workload(3, 3, 200.0, SECOND, tuple((what, 1.0) for what in ("send", "poll", "commit", "list"))),
    "timeout": 100 * MILLISECOND,
}
SURROUNDINGS: dict[str, dict[str, Any]] = {
    "a-partition": {
        "faults": (model.Partition(300 * MILLISECOND, (("n0", "c2"), ("c1", "c3")), heal_after=400 * MILLISECOND),),
        "timeout": 100 * MILLISECOND,
    },
    "loss": {
        "network": model.Network(model.Latency("exponential", 2 * MILLISECOND), loss=0.05),
        "timeout": 100 * MILLISECOND,
    },
    "duplication": {"network": model.Network(model.Latency("exponential", 2 * MILLISECOND), duplicate=0.2)},
    "lost-clients": {"workload": model.Workload(3, 3, 200.0, SECOND, crash_clients=0.05)},
    "slow": {"network": model.Network(model.Latency("uniform", low=20 * MILLISECOND, high=200 * MILLISECOND))},
}
"""What a node may meet with, and must stand."""

LOST_WITH_THE_MEMORY = {"unseen", "inconsistent-offsets", "lost-write", "commit-lost", "commit-regression"}


@pytest.fixture(scope="session")
def ready(tmp_path_factory):
    """The command of the node of a language, built once."""
    folder, commands = tmp_path_factory.mktemp("nodes"), {}

    def command(language):
        if language not in commands:
            try:
                commands[language] = make_ready(language, folder)
            except MissingToolError as missing:
                pytest.skip(f"the node in {language} cannot be built: {missing}")
        return commands[language]

    return command


each_language = pytest.mark.parametrize("language", LANGUAGES)


@each_language
@pytest.mark.parametrize("clock", ["virtual", "real"])
def test_a_correct_program_is_valid(ready, language, clock):
    result = result_of(ready(language), clock=clock)

    assert (result.verdict, result.check.anomalies) == ("valid", [])
    assert (result.pacing.clock, result.pacing.real_from, result.pacing.given_up) == (clock, None, ())
    assert sum(result.statistics.outcomes["send"].values()) > 30


@each_language
def test_the_same_seed_gives_the_same_history(ready, language):
    first, second, other = (encode_history(result_of(ready(language), seed).history) for seed in (1, 1, 2))

    assert first == second
    assert first != other


@each_language
@pytest.mark.parametrize("surroundings", SURROUNDINGS)
def test_a_correct_program_stands_what_may_happen_and_does_the_same_as_in_python(ready, language, surroundings):
    result = result_of(ready(language), seed=3, **SURROUNDINGS[surroundings])
    in_python = result_of(ready("Python"), seed=3, **SURROUNDINGS[surroundings])

    assert (result.verdict, result.check.anomalies) == ("valid", [])
    assert result.history == in_python.history, "the order apart in which a reply names its keys, which says nothing"


@each_language
def test_a_program_that_is_restarted_has_lost_its_memory(ready, language):
    result = result_of(ready(language), seed=3, **RESTART)

    found = {anomaly.kind for anomaly in result.check.anomalies if anomaly.severity == "error"}
    assert {"unseen", "commit-lost"} <= found <= LOST_WITH_THE_MEMORY
    assert [fault.fault for fault in result.history.faults] == ["crash", "restart"]
    assert result.history == result_of(ready("Python"), seed=3, **RESTART).history


SCENARIOS = sorted(path.stem for path in (NODES.parent / "scenarios").glob("*5a*.yaml"))
"""The tests for a node of one's own, as many as there are."""

TRIED_EVERY_TIME = {"5a-malformed-requests"}
"""What nothing else here tries; the others take minutes."""


@each_language
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name in TRIED_EVERY_TIME else pytest.mark.sweep) for name in SCENARIOS]
)
def test_a_correct_program_passes_each_of_the_scenarios_for_one(ready, language, name):
    asked = load(str(NODES.parent / "scenarios" / f"{name}.yaml"))
    result = run(replace(asked, system=model.System(command=ready(language))))

    assert (result.verdict, result.found, result.unmet) == ("valid", set(), [])


def test_two_histories_that_differ_in_one_offset_are_not_taken_for_the_same(ready):
    history = result_of(ready("Python")).history
    other = result_of(ready("Python")).history
    sent = next(operation for operation in other.operations if operation.f == "send")
    sent.response = {"offset": sent.response["offset"] + 1}

    assert history != other


def test_a_language_whose_compiler_is_missing_is_left_out_and_named(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(MissingToolError, match=r"^there is no rustc on this machine$"):
        make_ready("Rust", tmp_path)
