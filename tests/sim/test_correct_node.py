"""The correct node is never accused, whatever happens around it, as long as its promises hold."""

import random

import pytest

from kafkasim.scenario import model
from kafkasim.scenario.model import MILLISECOND, SECOND
from tests.sim.build import FIVE_MILLISECONDS, generated, run

EXPONENTIAL = model.Latency("exponential", mean=5 * MILLISECOND)
BUSY = {"mix": (("send", 3), ("poll", 3), ("list", 1)), "probe": True, "crash_clients": 0.01}
CRASHES = tuple(
    model.NodeCrash(at * MILLISECOND, "n0", restart * MILLISECOND)
    for at, restart in ((300, 100), (900, 400), (1700, 9000))
)
PARTITIONS = (
    model.Partition(300 * MILLISECOND, (("c1", "c2"), ("n0",)), heal_after=500 * MILLISECOND),
    model.Partition(600 * MILLISECOND, (("c3", "n0"),), heal_after=700 * MILLISECOND),
    model.Partition(1800 * MILLISECOND, (("c1",),)),
)
DURABLE = model.System(storage="durable")

MIXES = {
    "calm": generated(workload=BUSY),
    "no latency at all": generated(workload=BUSY, network=model.Network()),
    "short polls": generated(workload=BUSY | {"max_messages": 2}, system=model.System(max_poll_messages=3)),
    "loss": generated(workload=BUSY, network=model.Network(EXPONENTIAL, loss=0.1), timeout=SECOND // 10),
    "duplication": generated(workload=BUSY, network=model.Network(EXPONENTIAL, duplicate=0.3)),
    "slower than patience": generated(
        workload=BUSY, network=model.Network(model.Latency("uniform", low=0, high=600 * MILLISECOND))
    ),
    "crashes": generated(workload=BUSY, system=DURABLE, faults=CRASHES),
    "partitions": generated(workload=BUSY, faults=PARTITIONS),
    "everything": generated(
        workload=BUSY,
        network=model.Network(EXPONENTIAL, loss=0.03, duplicate=0.1),
        system=model.System(storage="durable", max_poll_messages=5),
        faults=CRASHES + PARTITIONS,
    ),
}


def assert_blameless(scenario: model.Scenario, seed: int) -> None:
    result = run(scenario, seed)
    assert (result.verdict, result.check.anomalies, result.unmet) == ("valid", [], [])
    assert set(result.history.end.final_polls.values()) == {"complete"}
    assert result.check.checked["lost-write"] > 0


@pytest.mark.parametrize("mix", MIXES)
def test_a_correct_node_is_not_accused(mix):
    for seed in range(12):
        assert_blameless(MIXES[mix], seed)


@pytest.mark.sweep
@pytest.mark.parametrize("mix", MIXES)
def test_a_correct_node_is_not_accused_over_hundreds_of_seeds(mix):
    for seed in range(300):
        assert_blameless(MIXES[mix], seed)


def swarm_scenario(seed: int) -> model.Scenario:
    """Some faults off altogether, the others weighted very differently.

    Where everything goes wrong all the time, little happens that goes wrong only after a while of calm.
    """
    rng = random.Random(seed)

    def now_and_then(chance: float, largest: float) -> float:
        return rng.random() ** 2 * largest if rng.random() < chance else 0.0

    durable = rng.random() < 0.5
    length = int(rng.random() * 4 * SECOND) + SECOND // 2
    clients = int(rng.random() * 8) + 1
    faults: list[model.Fault] = []
    while durable and rng.random() < 0.6:
        faults.append(model.NodeCrash(int(rng.random() * length), "n0", int(rng.random() * SECOND)))
    while rng.random() < 0.4:
        group = tuple(f"c{number}" for number in range(1, clients + 1) if rng.random() < 0.5)
        faults.append(model.Partition(int(rng.random() * length), (group,), int(rng.random() * SECOND)))
    return generated(
        network=model.Network(
            model.Latency("exponential", mean=int(now_and_then(0.9, 200.0) * MILLISECOND)),
            loss=now_and_then(0.5, 0.5),
            duplicate=now_and_then(0.5, 1.0),
        ),
        system=model.System(
            storage="durable" if durable else "memory",
            max_poll_messages=int(rng.random() * 10) + 1 if rng.random() < 0.3 else None,
        ),
        timeout=int(rng.random() * SECOND) + 10 * MILLISECOND,
        workload={
            "clients": clients,
            "keys": int(rng.random() * 6) + 1,
            "rate": 10 + rng.random() * 500,
            "duration": length,
            "mix": tuple((name, 0.01 + rng.random()) for name in ("send", "poll", "commit", "list", "assign")),
            "probe": rng.random() < 0.5,
            "crash_clients": now_and_then(0.5, 0.2),
            "max_messages": 3 if rng.random() < 0.2 else None,
        },
        faults=tuple(faults),
    )


def swarm(seeds: range) -> int:
    """Runs them; the result is how many messages were polled, so that nobody is praised for an empty history."""
    learned = 0
    for seed in seeds:
        result = run(swarm_scenario(seed), seed)
        assert (seed, result.check.anomalies, result.unmet, result.check.failed) == (seed, [], [], {})
        learned += result.verdict == "valid"
    return learned


def test_a_correct_node_is_not_accused_by_a_swarm():
    assert swarm(range(25)) >= 20


@pytest.mark.sweep
def test_a_correct_node_is_not_accused_by_a_great_swarm():
    assert swarm(range(1000, 2000)) >= 850


def test_repeated_sends_make_duplicates_even_at_a_correct_node():
    network = model.Network(FIVE_MILLISECONDS.latency, duplicate_sends=0.2)
    assert run(generated(network=network)).found >= {"duplicate"}


def test_a_crash_loses_what_was_only_in_memory():
    found = run(generated(faults=(model.NodeCrash(SECOND, "n0", MILLISECOND),))).found
    assert found >= {"unseen", "inconsistent-offsets"}
