"""The same scenario and seed give the same history, byte for byte; and a world can be copied mid-run."""

import copy
import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from kafkasim import simulate
from kafkasim.history_lines import encode_history
from kafkasim.scenario import model
from kafkasim.scenario.model import MILLISECOND, SECOND
from kafkasim.sim.bugs import BUGS
from kafkasim.sim.choices import RecordedChoices, ReplayedChoices, SeededChoices
from kafkasim.sim.world import World

TROUBLED = model.Scenario(
    "troubled",
    "everything at once",
    network=model.Network(model.Latency("exponential", mean=5 * MILLISECOND), loss=0.02, duplicate=0.05),
    system=model.System(storage="durable", max_poll_messages=20),
    workload=model.Workload(
        clients=5,
        keys=3,
        rate=200,
        duration=3 * SECOND,
        mix=(("send", 3), ("poll", 3), ("list", 1)),
        crash_clients=0.01,
        probe=True,
    ),
    faults=(
        model.NodeCrash(700 * MILLISECOND, "n0", restart_after=300 * MILLISECOND),
        model.Partition(2 * SECOND, (("c1", "c2"),), heal_after=500 * MILLISECOND),
    ),
)


def history_bytes(scenario: model.Scenario, seed: int) -> bytes:
    return encode_history(simulate.run(scenario, seed).history)


def finish(world: World) -> bytes:
    while world.advance():
        pass
    return encode_history(world.history())


def test_a_seed_repeats_a_run_byte_for_byte():
    assert history_bytes(TROUBLED, 5) == history_bytes(TROUBLED, 5)


def test_another_seed_gives_another_run():
    assert len({history_bytes(TROUBLED, seed) for seed in range(5)}) == 5


def test_the_salt_of_hashes_changes_nothing():
    program = (
        "import hashlib, sys; sys.path.insert(0, sys.argv[1])\n"
        "from test_determinism import TROUBLED, history_bytes\n"
        "print(hashlib.sha256(history_bytes(TROUBLED, 5)).hexdigest())"
    )
    digests = {
        subprocess.run(
            [sys.executable, "-c", program, str(Path(__file__).parent)],
            env={**os.environ, "PYTHONHASHSEED": salt},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for salt in ("1", "4242")
    }
    assert digests == {hashlib.sha256(history_bytes(TROUBLED, 5)).hexdigest()}


@pytest.mark.parametrize("events", [1, 300, 700])
def test_a_copy_of_a_world_goes_on_as_the_world_does(events):
    world = World(TROUBLED, SeededChoices(5), 5)
    assert world.advance(events)
    twin = copy.deepcopy(world)
    assert finish(twin) == finish(world) == history_bytes(TROUBLED, 5)


@pytest.mark.parametrize("bug", BUGS)
def test_a_world_with_a_faulty_server_can_be_copied(bug):
    scenario = model.Scenario(
        "faulty",
        "a copy has its own server",
        system=model.System(nodes=2 if BUGS[bug].clusters else 1, bug=bug),
        network=model.Network(model.Latency("exponential", mean=5 * MILLISECOND)),
        workload=model.Workload(clients=3, rate=100, duration=SECOND, probe=True),
    )
    world = World(scenario, SeededChoices(2), 2)
    world.advance(150)
    twin = copy.deepcopy(world)
    assert finish(twin) == finish(world)


def test_a_recorded_list_of_choices_repeats_a_run():
    recorded = RecordedChoices(SeededChoices(5))
    original = World(TROUBLED, recorded, 5)
    history = finish(original)
    assert finish(World(TROUBLED, ReplayedChoices(recorded.taken), 5)) == history


def test_a_shortened_list_of_choices_still_decides_a_whole_run():
    recorded = RecordedChoices(SeededChoices(5))
    finish(World(TROUBLED, recorded, 5))
    world = World(TROUBLED, ReplayedChoices(recorded.taken[:500]), 5)
    finish(world)
    assert world.history().end.end == "complete"
