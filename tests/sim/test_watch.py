"""Who watches a run is told what happens to every message, and changes nothing."""

from __future__ import annotations

import io
import json

import msgspec
import pytest

from kafkasim import simulate
from kafkasim.history_lines import encode_history
from kafkasim.scenario import model
from kafkasim.scenario.model import MILLISECOND, SECOND
from kafkasim.sim.journal import Arrived, Lost, MessageEvent, Sent
from kafkasim.sim.watch import Watch
from tests.processes.programs import ASKING, CORRECT
from tests.sim.build import client, generated, scripted

WORSE = model.Network(model.Latency("exponential", 5_000_000), loss=0.1, duplicate=0.2, duplicate_sends=0.2)
FAULTS = (
    model.Partition(SECOND // 2, (("n0",), ("c1",)), SECOND // 2),
    model.NodeCrash(SECOND, "n0", SECOND // 5),
)
CLUSTER = model.System(nodes=3)
PROGRAM = model.System(command=tuple(CORRECT))


def watched(scenario, seed=0):
    events: list[MessageEvent] = []
    return simulate.run(scenario, seed, watch=Watch(events.append)), events


def of_kind(kind, events):
    return [event for event in events if isinstance(event, kind)]


@pytest.mark.parametrize("system", [model.System(), CLUSTER, PROGRAM])
@pytest.mark.parametrize("network", [model.Network(), WORSE])
def test_every_message_is_told_with_what_became_of_it(network, system):
    result, events = watched(generated(network=network, faults=FAULTS, system=system))
    traffic = result.statistics.traffic
    sent, arrived, lost = (of_kind(kind, events) for kind in (Sent, Arrived, Lost))
    assert [event.id for event in sent] == list(range(traffic.sent + traffic.duplicated))
    assert sum(event.copy_of is not None for event in sent) == traffic.duplicated
    assert len(arrived) == traffic.delivered
    assert sum(event.why == "loss" for event in lost) == traffic.lost
    assert sum(event.why != "loss" for event in lost) == traffic.cut_off > 0
    assert len({event.id for event in (*arrived, *lost)}) == len(arrived) + len(lost)


@pytest.mark.parametrize("system", [model.System(), CLUSTER, PROGRAM])
def test_events_are_told_in_their_order_and_joined_by_number(system):
    _, events = watched(generated(network=WORSE, faults=FAULTS, system=system))
    assert [event.at for event in events] == sorted(event.at for event in events)
    sent: dict[int, Sent] = {}
    for event in events:
        if not isinstance(event, Sent):
            first = sent[event.id]
            assert (event.src, event.dest, event.sent_at) == (first.src, first.dest, first.at)
            continue
        sent[event.id] = event
        if event.copy_of is not None:
            original = sent[event.copy_of]
            assert msgspec.structs.replace(original, id=event.id, copy_of=event.copy_of) == event


@pytest.mark.parametrize("system", [model.System(), CLUSTER, PROGRAM])
def test_nobody_answers_before_the_question_has_arrived_though_times_tie(system):
    _, events = watched(generated(network=model.Network(), system=system))
    asked = {(e.src, e.dest, number_of(e, "msg_id")): e.id for e in of_kind(Sent, events)}
    heard = set()
    answers = 0
    for event in events:
        if isinstance(event, Arrived):
            heard.add(event.id)
        elif isinstance(event, Sent) and number_of(event, "in_reply_to") is not None:
            answers += 1
            assert asked[event.dest, event.src, number_of(event, "in_reply_to")] in heard
    assert answers


def number_of(event: Sent, field: str) -> object:
    return json.loads(msgspec.json.encode(event.body)).get(field)


def test_what_a_message_is_lost_to_is_told():
    network = model.Network(model.Latency(mean=10 * MILLISECOND), loss=0.01)
    clients = ("c1", "c2", "c3")
    partition = model.Partition(SECOND // 2, (("n0", "c4"), clients), SECOND // 4)
    crash = model.NodeCrash(SECOND, "n0", SECOND // 5)
    scenario = generated(network=network, faults=(partition, crash))
    lost = [event for seed in range(5) for event in of_kind(Lost, watched(scenario, seed)[1])]
    assert {event.why for event in lost} == {"loss", "partition", "node-down"}
    for event in lost:
        match event.why:
            case "loss":
                assert event.at == event.sent_at
            case "partition":
                assert event.at == event.sent_at + 10 * MILLISECOND
                assert event.src in clients or event.dest in clients
                assert SECOND // 2 <= event.at <= SECOND // 2 + SECOND // 4
            case "node-down":
                assert event.dest == "n0"
                assert SECOND <= event.at <= SECOND + SECOND // 5


def test_an_answer_that_nobody_waits_for_any_more_has_arrived_too_late():
    scenario = scripted(
        client("a", model.Send("k", 1), model.Sleep(SECOND)),
        network=model.Network(model.Latency(mean=60 * MILLISECOND)),
        timeout=100 * MILLISECOND,
    )
    _, events = watched(scenario)
    (late,) = (event for event in of_kind(Arrived, events) if event.too_late and event.dest == "a")
    assert (late.src, late.sent_at, late.at) == ("n0", 60 * MILLISECOND, 120 * MILLISECOND)


def test_a_message_arrives_at_a_node_that_stands_still_when_it_goes_on_or_never():
    def run(*faults):
        scenario = scripted(client("a", model.Sleep(2 * MILLISECOND), model.Send("k", 1)), faults=faults)
        _, events = watched(scenario)
        return [event for event in events if event.src == "a" and not isinstance(event, Sent)]

    pause = model.NodePause(MILLISECOND, "n0", 9 * MILLISECOND)
    (arrived,) = run(pause)
    assert isinstance(arrived, Arrived)
    assert (arrived.sent_at, arrived.at) == (2 * MILLISECOND, 10 * MILLISECOND)
    (lost,) = run(pause, model.NodeCrash(5 * MILLISECOND, "n0"))
    assert isinstance(lost, Lost)
    assert (lost.sent_at, lost.at, lost.why) == (2 * MILLISECOND, 5 * MILLISECOND, "node-down")


@pytest.mark.parametrize("system", [model.System(), CLUSTER])
def test_a_run_that_is_watched_is_the_same_run(system):
    pause = model.NodePause(3 * SECOND // 2, "n0", SECOND // 10)
    scenario = generated(network=WORSE, faults=(*FAULTS, pause), system=system)
    result, _ = watched(scenario, 3)
    alone = simulate.run(scenario, 3)
    assert encode_history(result.history) == encode_history(alone.history)
    assert result.statistics == alone.statistics


def test_a_body_is_told_as_it_is_on_the_wire():
    bodies = [{"type": "sned", "msg_id": 1, "x": [1]}, {"type": "send_ok", "msg_id": 2, "in_reply_to": 1, "offset": -1}]
    step = model.Send("k1", "hello")
    _, events = watched(scripted(client("a", step, *map(model.Raw, bodies), node="n0")))
    told = [json.loads(msgspec.json.encode(event.body)) for event in of_kind(Sent, events) if event.src == "a"]
    assert told == [{"type": "send", "msg_id": 1, "key": "k1", "msg": "hello"}, *bodies]


def program(script: str) -> tuple[str, ...]:
    """A correct node that does this first."""
    return ("sh", "-c", f'{script}; exec "$@"', "sh", *CORRECT)


def test_an_answer_that_reaches_a_node_before_it_has_started_is_told_to_have_arrived():
    _, events = watched(scripted(client("a", model.Send("k", 1)), system=model.System(command=ASKING)))
    asked, answered, *_ = (event for event in of_kind(Sent, events) if "lin-kv" in (event.src, event.dest))

    assert [event.id for event in of_kind(Arrived, events)][:2] == [asked.id, answered.id]


def logged(scenario) -> dict[str, bytes]:
    """What each node's log holds after a run."""
    logs: dict[str, io.BytesIO] = {}
    simulate.run(scenario, watch=Watch(node_log=lambda name: logs.setdefault(name, io.BytesIO())))
    return {name: log.getvalue() for name, log in logs.items()}


@pytest.mark.usefixtures("_no_timers")
def test_what_programs_write_for_people_goes_to_their_logs():
    command = program('echo "started" >&2; echo "and \033[1mwell\377" >&2')
    scenario = scripted(client("a", model.Send("k", 1)), system=model.System(2, command=command))
    logs = logged(scenario)
    assert logs.keys() == {"n0", "n1"}
    for name, log in logs.items():
        first, started, *_, last = log.decode(errors="replace").splitlines()
        assert first == f"==== kafkasim: {name} begins its life 1 at 0.000000 s ===="
        assert started == "started"
        assert last.startswith(f"==== kafkasim: {name} ends its life 1 at ")
        assert last.endswith(" s: the run is over, and it was killed ====")


def test_a_log_tells_where_a_life_was_killed_and_the_next_began():
    fault = model.NodeCrash(SECOND, "n0", SECOND // 2)
    system = model.System(command=program("printf 'no newline' >&2"))
    (log,) = logged(scripted(client("a", model.Sleep(2 * SECOND)), system=system, faults=(fault,))).values()
    assert log.decode().splitlines() == [
        "==== kafkasim: n0 begins its life 1 at 0.000000 s ====",
        "no newline",
        "==== kafkasim: n0 ends its life 1 at 1.000000 s: killed by a fault of the scenario ====",
        "==== kafkasim: n0 begins its life 2 at 1.500000 s ====",
        "no newline",
        "==== kafkasim: n0 ends its life 2 at 2.000000 s: the run is over, and it was killed ====",
    ]


def test_a_log_tells_how_a_life_ended_by_itself_after_all_that_was_written_in_it():
    dies = ("sh", "-c", '(read init; echo "$init"; read send; echo "$send") | "$@"; echo "good bye" >&2; exit 3')
    actions = (model.Send("k", 1), model.Sleep(3 * SECOND), model.Send("k", 2), model.Sleep(SECOND))
    scenario = scripted(client("a", *actions), system=model.System(command=(*dies, "sh", *CORRECT)))
    (log,) = logged(scenario).values()
    lines = log.decode().splitlines()
    ends = [place for place, line in enumerate(lines) if line.endswith(" s: it exited with status 3 ====")]
    assert len(ends) >= 2
    assert {lines[place - 1] for place in ends} == {"good bye"}
    assert all(" begins its life " in lines[place + 1] for place in ends[:-1])
