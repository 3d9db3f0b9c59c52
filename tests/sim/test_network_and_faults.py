"""The network and the faults: what becomes of messages, and what clients learn of it."""

from collections import Counter

from kafkasim.messages import Envelope
from kafkasim.scenario import model
from kafkasim.scenario.model import (
    MILLISECOND,
    SECOND,
    CommitOffsets,
    ListCommittedOffsets,
    NodeCrash,
    Partition,
    Poll,
    Send,
    Sleep,
)
from kafkasim.sim.choices import SeededChoices
from kafkasim.sim.clock import Clock
from kafkasim.sim.network import Network
from tests.sim.build import FIVE_MILLISECONDS, client, generated, operations, run, scripted, step

DURABLE = model.System(storage="durable")
TENTH = SECOND // 10


def test_the_traffic_adds_up():
    network = model.Network(FIVE_MILLISECONDS.latency, loss=0.1, duplicate=0.2)
    traffic = run(generated(network=network, faults=(Partition(SECOND, (("c1",),)),))).statistics.traffic
    assert traffic.sent + traffic.duplicated == traffic.delivered + traffic.lost + traffic.cut_off
    assert min(traffic.lost, traffic.duplicated, traffic.cut_off) > 0


def test_loss_is_as_frequent_as_asked_for():
    traffic = run(generated(network=model.Network(loss=0.2), timeout=TENTH)).statistics.traffic
    assert 0.1 < traffic.lost / traffic.sent < 0.3


def test_what_the_network_lost_explains_why_there_was_no_reply():
    result = run(generated(network=model.Network(loss=0.3), timeout=TENTH))
    unanswered = [op for op in operations(result) if op.type == "info"]
    assert unanswered
    assert all(op.lost for op in unanswered)
    assert all(not op.lost for op in operations(result) if op.type == "ok")


def test_an_answer_that_comes_too_late_explains_it_too():
    network = model.Network(model.Latency("constant", mean=2 * SECOND))
    result = run(scripted(client("alice", Send("k1", 1)), network=network))
    (send,) = operations(result)
    assert (send.type, send.lost, send.end) == ("info", True, None)
    assert result.history.operations[-1].final
    assert result.found == set()


def test_a_request_that_is_cut_off_after_its_client_gave_up_was_no_silence_of_the_server():
    result = run(
        scripted(
            client("alice", Send("k1", 1), Sleep(5 * SECOND)),
            network=model.Network(model.Latency("constant", mean=2 * SECOND)),
            faults=(Partition(TENTH, (("alice",),)),),
        )
    )
    assert [(op.type, op.lost) for op in operations(result)] == [("info", True)]
    assert result.found == set()


def test_nothing_explains_a_server_that_is_silent():
    result = run(generated(system=model.System(bug="silent")))
    assert any(not op.lost for op in operations(result) if op.type == "info")


def test_repeated_requests_and_replies_change_nothing():
    network = model.Network(FIVE_MILLISECONDS.latency, duplicate=1.0)
    result = run(generated(network=network))
    assert result.verdict == "valid"
    assert {op.type for op in operations(result)} == {"ok"}


def test_a_request_that_the_network_repeats_may_have_been_obeyed_although_it_was_refused():
    network = model.Network(model.Latency("uniform", low=0, high=TENTH), duplicate=1.0)
    alice = client(
        "alice",
        step(CommitOffsets({"k1": 0}), expect_error="precondition-failed"),
        Send("k1", 1),
        Sleep(2 * TENTH),
        ListCommittedOffsets(("k1",)),
    )
    results = [run(scripted(alice, network=network), seed) for seed in range(20)]
    assert {operations(result, "commit_offsets")[0].type for result in results} == {"info"}
    obeyed = [operations(result, "list_committed_offsets")[0].response == {"offsets": {"k1": 0}} for result in results]
    assert set(obeyed) == {True, False}
    assert all(result.verdict == "valid" and not result.unmet for result in results)


def test_a_repeated_send_is_appended_again():
    network = model.Network(duplicate_sends=1.0)
    actions = (Send("k1", "a"), Sleep(SECOND), step(Poll({"k1": 0}), expect={"k1": [[0, "a"], [1, "a"]]}))
    assert not run(scripted(client("alice", *actions), network=network)).unmet


class Listener:
    """Somebody who notes what arrives."""

    takes_requests = True

    def __init__(self):
        self.heard = []

    def hears(self, _, /):
        return True

    def receive(self, envelope):
        self.heard.append(envelope.body["type"])

    def excuse(self, msg_id):
        pass

    repeated = excuse


def delivered(bodies, **network):
    """How often each of these arrives that a node says to another."""
    clock, listener = Clock(), Listener()
    carrier = Network(model.Network(**network), clock, SeededChoices(1))
    carrier.join("n0", Listener())
    carrier.join("n1", listener)
    for body in bodies:
        carrier.send(Envelope("n0", "n1", body))
    while clock.events:
        clock.step()
    return Counter(listener.heard)


def test_what_would_change_something_again_is_not_repeated_whoever_says_it():
    bodies = [{"type": name, "msg_id": 1} for name in ("read", "ts", "gossip", "poll", "write", "cas", "send")]
    bodies.append({"type": "cas_ok", "in_reply_to": 1})
    twice = {"read", "ts", "gossip", "poll", "cas_ok"}

    assert delivered(bodies, duplicate=1.0) == {body["type"]: 2 if body["type"] in twice else 1 for body in bodies}


def test_a_send_that_a_node_hands_on_is_repeated_as_a_client_s_is():
    bodies = [{"type": name, "msg_id": 1} for name in ("send", "write", "gossip")]

    assert delivered(bodies, duplicate_sends=1.0) == {"send": 2, "write": 1, "gossip": 1}


def test_a_partition_separates_groups_until_it_heals():
    tries = (Send("k1", 1), Sleep(SECOND), Send("k1", 2), Sleep(2 * SECOND), Send("k1", 3))
    result = run(
        scripted(
            client("alice", *tries),
            client("bob", *tries),
            timeout=TENTH,
            faults=(Partition(SECOND // 2, (("alice",),), heal_after=2 * SECOND),),
        )
    )
    assert [op.type for op in operations(result) if op.client == "alice"] == ["ok", "info", "ok"]
    assert [op.type for op in operations(result) if op.client == "bob"] == ["ok", "ok", "ok"]
    assert [(fault.fault, fault.at, fault.groups) for fault in result.history.faults] == [
        ("partition", SECOND // 2, (("alice",), ("n0", "bob"))),
        ("heal", 5 * SECOND // 2, (("alice",), ("n0", "bob"))),
    ]


def test_who_hears_whom_is_what_all_partitions_that_are_in_force_allow():
    everybody = ("alice", "bob", "carol")
    result = run(
        scripted(
            *(client(name, Sleep(SECOND), Send("k1", 1), Sleep(4 * SECOND), Send("k1", 2)) for name in everybody),
            timeout=TENTH,
            faults=(
                Partition(0, (("alice",),), heal_after=3 * SECOND),
                Partition(SECOND // 2, (("bob",),), heal_after=20 * SECOND),
            ),
        )
    )
    outcomes = {name: [op.type for op in operations(result) if op.client == name] for name in everybody}
    assert outcomes == {"alice": ["info", "ok"], "bob": ["info", "info"], "carol": ["ok", "ok"]}
    heals = [(fault.at // SECOND, fault.groups[0]) for fault in result.history.faults if fault.fault == "heal"]
    assert heals == [(3, ("alice",)), (5, ("bob",))]


def test_faults_planned_for_after_the_last_operation_do_not_strike_the_final_polls():
    late = SECOND + 30 * MILLISECOND
    result = run(
        scripted(
            client("alice", Send("k1", 1), Sleep(SECOND)),
            network=model.Network(model.Latency("constant", mean=10 * MILLISECOND)),
            faults=(NodeCrash(late, "n0"), Partition(late, (("n0",),))),
        )
    )
    final = result.history.operations[-1]
    assert final.start < late < (final.end or 0)
    assert result.history.faults == []
    assert (final.type, result.verdict) == ("ok", "valid")


def test_the_faults_are_healed_before_the_final_polls():
    result = run(
        scripted(
            client("alice", Send("k1", 1), Sleep(SECOND), step(Send("k1", 2), expect_error="timeout")),
            network=model.Network(model.Latency("constant", mean=MILLISECOND)),
            system=DURABLE,
            faults=(NodeCrash(TENTH, "n0"), Partition(TENTH, (("alice",), ("n0",)))),
        )
    )
    assert [fault.fault for fault in result.history.faults] == ["crash", "partition", "heal", "restart"]
    assert result.history.end.final_polls == {"k1": "complete"}
    assert result.history.operations[-1].response == {"msgs": {"k1": [(0, 1)]}}
    assert not result.unmet


def test_a_fault_that_would_come_after_the_last_operation_never_comes():
    result = run(scripted(client("alice", Send("k1", 1)), faults=(NodeCrash(SECOND, "n0"),)))
    assert result.history.faults == []


def test_a_crashed_node_without_a_disk_has_forgotten_everything():
    actions = (Send("k1", 1), CommitOffsets({"k1": 0}), Sleep(SECOND), step(Poll({"k1": 0}), expect={}))
    result = run(
        scripted(
            client("alice", *actions, step(ListCommittedOffsets(("k1",)), expect={})),
            faults=(NodeCrash(TENTH, "n0", TENTH),),
        )
    )
    assert not result.unmet
    assert result.found >= {"unseen", "commit-lost"}


def test_a_durable_node_still_has_what_it_acknowledged():
    actions = (Send("k1", 1), CommitOffsets({"k1": 0}), Sleep(SECOND), step(Poll({"k1": 0}), expect={"k1": [[0, 1]]}))
    result = run(
        scripted(
            client("alice", *actions, step(ListCommittedOffsets(("k1",)), expect={"k1": 0})),
            system=DURABLE,
            faults=(NodeCrash(TENTH, "n0", TENTH),),
        )
    )
    assert not result.unmet
    assert result.verdict == "valid"


def test_a_durable_node_answers_once_the_write_is_safe_and_forgets_what_was_not():
    """The disk takes some time for each write, so a crash at once finds a write under way."""
    result = run(
        scripted(client("alice", Send("k1", 1)), system=DURABLE, faults=(NodeCrash(1, "n0", TENTH),), timeout=TENTH)
    )
    (send,) = operations(result)
    assert (send.type, send.lost) == ("info", True)
    assert result.history.operations[-1].response == {"msgs": {}}
    calm = run(scripted(client("alice", Send("k1", 1)), system=DURABLE))
    assert 0 < (operations(calm)[0].end or 0) < MILLISECOND


def test_the_disk_makes_writes_safe_in_the_order_in_which_they_came():
    result = run(scripted(*(client(f"c{number}", Send("k1", number)) for number in range(20)), system=DURABLE))
    assert [op.response for op in operations(result)] == [{"offset": number} for number in range(20)]


def test_a_write_that_a_crash_cut_off_never_becomes_safe_however_soon_the_node_is_up_again():
    result = run(
        scripted(client("alice", Send("k1", 1), Send("k1", 2)), system=DURABLE, faults=(NodeCrash(1, "n0", 1),))
    )
    assert [op.type for op in operations(result)] == ["info", "ok"]
    assert [(fault.fault, fault.planned) for fault in result.history.faults] == [("crash", True), ("restart", True)]
    assert result.history.operations[-1].response == {"msgs": {"k1": [(0, 2)]}}


def test_a_node_that_starts_again_does_not_wait_for_the_writes_of_its_former_life():
    rush = [client(f"a{number}", Send("k1", number)) for number in range(100)]
    late = client("late", Sleep(3 * MILLISECOND), Send("k1", "late"))
    faults = (NodeCrash(2 * MILLISECOND, "n0", 0),)
    result = run(scripted(*rush, late, system=DURABLE, timeout=TENTH, faults=faults))
    (asked,) = (op for op in operations(result, "send") if op.client == "late")
    assert asked.end is not None
    assert asked.end - asked.start <= MILLISECOND


def test_a_node_that_is_down_cannot_be_crashed_again():
    crashes = (NodeCrash(TENTH, "n0", 5 * TENTH), NodeCrash(2 * TENTH, "n0", TENTH))
    result = run(scripted(client("alice", Sleep(SECOND)), faults=crashes))
    assert [(fault.fault, fault.at) for fault in result.history.faults] == [("crash", TENTH), ("restart", 6 * TENTH)]


def test_replicas_hear_of_each_other_over_the_network():
    alice = client("alice", Send("k1", 1), node="n0")
    bob = client("bob", Sleep(SECOND), step(Poll({"k1": 0}), expect={"k1": [[0, 1]]}), node="n1")
    assert not run(scripted(alice, bob, system=model.System(nodes=2, bug="own-order"))).unmet


def test_a_later_crash_does_not_excuse_what_was_given_up_long_before():
    silent = generated(
        system=model.System(bug="silent"),
        workload={"duration": 2 * SECOND},
        timeout=100 * MILLISECOND,
        faults=(model.NodeCrash(1900 * MILLISECOND, "n0"),),
    )
    assert any("no-reply" in run(silent, seed).found for seed in range(5))


def test_a_node_cannot_speak_in_the_name_of_another():
    body = {"type": "init", "node_id": "zz", "node_ids": ["zz"]}
    result = run(scripted(client("alice", model.Raw(body), Send("k1", 1)), network=model.Network(duplicate=1.0)))
    assert (result.unmet, result.check.anomalies) == ([], [])
