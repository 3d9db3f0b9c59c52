"""The malformed requests that a workload sends."""

from collections.abc import Sequence

import pytest

from kafkasim.codec import request_from_body
from kafkasim.messages import AnyRequest, BadRequest, Envelope
from kafkasim.scenario import model
from kafkasim.scenario.model import MILLISECOND, SECOND
from kafkasim.service import Effect
from kafkasim.sim.bugs import BUGS, Bug
from kafkasim.sim.faulty import FaultyService
from kafkasim.sim.workload import PROBES
from tests.sim.build import generated, run

PROBING = {"probe": True, "duration": 5 * SECOND}


class IgnoresGarbage(FaultyService):
    """Does not answer what is not of an RPC's form."""

    def receive(self, envelope: Envelope[AnyRequest]) -> Sequence[Effect]:
        return [] if isinstance(envelope.body, BadRequest) else super().receive(envelope)


@pytest.fixture
def ignoring(monkeypatch):
    monkeypatch.setitem(BUGS, "ignores-garbage", Bug("ignores-garbage", "", (), IgnoresGarbage))
    return model.System(bug="ignores-garbage")


@pytest.mark.parametrize("body", PROBES)
def test_every_probe_is_a_request_that_must_be_refused(body):
    assert isinstance(request_from_body({"msg_id": 1} | body), BadRequest)


def test_a_node_that_never_answers_malformed_requests_is_found_out(ignoring):
    result = run(generated(system=ignoring, workload=PROBING))
    assert {(unmet.step, unmet.action, unmet.expected) for unmet in result.unmet} == {(0, "raw", "an error")}
    assert len(result.unmet) == len({unmet.got for unmet in result.unmet})  # each kind of request once
    assert all(unmet.got.startswith("no answer to {") for unmet in result.unmet)
    assert not result.as_expected


@pytest.mark.parametrize("seed", range(5))
def test_a_node_is_not_blamed_for_a_slow_network(seed):
    slow = model.Network(model.Latency("exponential", mean=3 * SECOND))
    assert run(generated(network=slow, timeout=100 * MILLISECOND, workload=PROBING), seed).unmet == []


@pytest.mark.parametrize("seed", range(5))
def test_a_node_is_not_blamed_for_what_the_network_loses_or_a_crash_forgets(seed):
    faults = tuple(model.NodeCrash(second * SECOND, "n0", restart_after=SECOND // 2) for second in range(1, 5))
    network = model.Network(model.Latency("exponential", mean=200 * MILLISECOND), loss=0.5)
    assert run(generated(network=network, faults=faults, workload=PROBING), seed).unmet == []


def test_asking_again_changes_no_history(ignoring, monkeypatch):
    asked_again = run(generated(system=ignoring, workload=PROBING))
    monkeypatch.setattr("kafkasim.sim.world.World._remind", lambda world: None)
    not_asked = run(generated(system=ignoring, workload=PROBING))
    assert asked_again.unmet
    assert not not_asked.unmet
    assert asked_again.history == not_asked.history
