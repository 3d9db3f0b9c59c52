"""Who watches a run is told of every message, and changes nothing."""

from __future__ import annotations

import json

import msgspec
import pytest

from kafkasim import simulate
from kafkasim.history_lines import encode_history
from kafkasim.scenario import model
from kafkasim.scenario.model import SECOND
from kafkasim.sim.watch import Passage, Watch
from tests.processes.programs import CORRECT
from tests.sim.build import client, generated, scripted

WORSE = model.Network(model.Latency("exponential", 5_000_000), loss=0.1, duplicate=0.2, duplicate_sends=0.2)
FAULTS = (
    model.Partition(SECOND // 2, (("n0",), ("c1",)), SECOND // 2),
    model.NodeCrash(SECOND, "n0", SECOND // 5),
)


def watched(scenario, seed=0):
    passages: list[Passage] = []
    return simulate.run(scenario, seed, watch=Watch(passages.append)), passages


@pytest.mark.parametrize("network", [model.Network(), WORSE])
def test_every_message_is_told_with_what_became_of_it(network):
    result, passages = watched(generated(network=network, faults=FAULTS))
    traffic = result.statistics.traffic
    sent = [passage for passage in passages if not passage.cut_off]
    assert len(sent) == traffic.sent
    assert sum(passage.copies - 1 for passage in sent) == traffic.duplicated
    assert sum(passage.lost for passage in sent) == traffic.lost
    assert len(passages) - len(sent) == traffic.cut_off > 0
    assert [passage.at for passage in passages] == sorted(passage.at for passage in passages)


def test_a_run_that_is_watched_is_the_same_run():
    scenario = generated(network=WORSE, faults=FAULTS)
    result, _ = watched(scenario, 3)
    alone = simulate.run(scenario, 3)
    assert encode_history(result.history) == encode_history(alone.history)
    assert result.statistics == alone.statistics


def test_a_body_is_told_as_it_is_on_the_wire():
    bodies = [{"type": "sned", "msg_id": 1, "x": [1]}, {"type": "send_ok", "msg_id": 2, "in_reply_to": 1, "offset": -1}]
    step = model.Send("k1", "hello")
    _, passages = watched(scripted(client("a", step, *map(model.Raw, bodies), node="n0")))
    told = [json.loads(msgspec.json.encode(passage.body)) for passage in passages if passage.src == "a"]
    assert told == [{"type": "send", "msg_id": 1, "key": "k1", "msg": "hello"}, *bodies]


def test_what_programs_write_for_people_goes_to_their_logs(tmp_path):
    program = ("sh", "-c", 'echo "started" >&2; echo "and \033[1mwell\377" >&2; exec "$@"', "sh", *CORRECT)
    scenario = scripted(client("a", model.Send("k", 1)), system=model.System(2, command=program))
    for name in ("n0", "n1"):
        (tmp_path / name).touch()
    logs = {name: (tmp_path / name).open("wb", buffering=0) for name in ("n0", "n1")}
    result = simulate.run(scenario, watch=Watch(node_log=logs.__getitem__))
    for log in logs.values():
        log.close()
    assert result.verdict == "valid"
    for name in logs:
        assert (tmp_path / name).read_bytes().splitlines()[0] == b"started"
    assert result.node_logs.keys() == {"n0", "n1"}
