from pathlib import Path

import pytest

from kafkasim.scenario import model
from kafkasim.scenario.load import load, loads
from kafkasim.scenario.problems import ScenarioError

HEAD = "name: n\nwhy: w\n"


def problems(text):
    with pytest.raises(ScenarioError) as caught:
        loads(text, "a.yaml")
    return str(caught.value).splitlines()


def steps(*lines):
    script = "".join(f"    {line}\n" for line in lines)
    return loads(f"{HEAD}clients:\n  alice:\n{script}").clients[0].steps


def test_a_scenario_with_every_field_is_read_whole():
    scenario = loads(
        """
name: all
why: >
  To see
  everything.
seed: 7
system: {nodes: 2, storage: durable, bug: own-order, max_poll_messages: 3}
network: {latency: {distribution: uniform, low: 1ms, high: 2ms}, loss: 0.1, duplicate: 0.2, duplicate_sends: 1,
          client_latency: {mean: 3ms}}
timeout: 1.5s
clock: real
clients:
  alice: [sleep: 1us, barrier: b]
  bob:
    node: n1
    steps: [barrier: b]
workload:
  {clients: 4, keys: 5, rate: 1000, duration: 20, mix: {send: 2, list: 1}, crash_clients: 0.01,
   probe: true, max_messages: 9}
faults:
  - {at: 2s, crash: n0, restart_after: 500ms}
  - {at: 4s, partition: [[n0], [c1, alice]], heal_after: 2s}
  - {at: 0, crash: n1}
  - {at: 5s, pause: n0, resume_after: 1s}
consistency: kafka
expect: {anomalies: [inconsistent-offsets, unseen]}
""",
        "all.yaml",
    )
    alice = (
        model.Step(model.Sleep(1_000), where="all.yaml:13:11"),
        model.Step(model.Barrier("b"), where="all.yaml:13:23"),
    )
    assert scenario == model.Scenario(
        name="all",
        why="To see everything.",
        seed=7,
        system=model.System(2, "durable", "own-order", 3),
        network=model.Network(
            model.Latency("uniform", low=1_000_000, high=2_000_000), 0.1, 0.2, 1.0, model.Latency("constant", 3_000_000)
        ),
        timeout=1_500_000_000,
        clock="real",
        clients=(
            model.Client("alice", alice),
            model.Client("bob", (model.Step(model.Barrier("b"), where="all.yaml:16:13"),), "n1"),
        ),
        workload=model.Workload(4, 5, 1000.0, 20_000_000_000, (("send", 2.0), ("list", 1.0)), 0.01, True, 9),
        faults=(
            model.NodeCrash(2_000_000_000, "n0", 500_000_000),
            model.Partition(4_000_000_000, (("n0",), ("c1", "alice")), 2_000_000_000),
            model.NodeCrash(0, "n1"),
            model.NodePause(5_000_000_000, "n0", 1_000_000_000),
        ),
        consistency="kafka",
        expected=("inconsistent-offsets", "unseen"),
        source="all.yaml",
    )


def test_nodes_can_be_programs_which_are_judged_as_any_such_log():
    scenario = loads(f"{HEAD}system: {{command: [./node, --fast], nodes: 3}}\nworkload: {{}}")

    assert scenario.system == model.System(
        3, command=("./node", "--fast"), command_place="scenario:3:19: `system.command`"
    )
    assert scenario.level == "kafka"
    assert not scenario.promises.atomic_keys


def test_nodes_of_our_own_are_judged_as_linearizable():
    assert loads(f"{HEAD}workload: {{}}").level == "linearizable"


@pytest.mark.parametrize(
    ("line", "action"),
    [
        ("send: {key: k1, msg: null}", model.Send("k1", None)),
        ("poll: {k1: 0}", model.Poll({"k1": 0})),
        ("poll:", model.Poll()),
        ("poll: {}", model.Poll({})),
        ("commit_offsets: {k1: 3}", model.CommitOffsets({"k1": 3})),
        ("list_committed_offsets: [k1, k2]", model.ListCommittedOffsets(("k1", "k2"))),
        ("list_committed_offsets: []", model.ListCommittedOffsets(())),
        ("assign: [k1]", model.Assign(("k1",))),
        ("assign: {keys: [k1], from: start}", model.Assign(("k1",), "start")),
        ("commit:", model.Commit()),
        ("raw: {type: frobnicate}", model.Raw({"type": "frobnicate"})),
        ("sleep: 10ms", model.Sleep(10_000_000)),
        ("crash:", model.Crash()),
    ],
)
def test_every_action_is_read(line, action):
    assert steps(f"- {line}")[0].action == action


def test_a_poll_may_have_a_limit():
    assert steps("- poll:", "  max_messages: 10")[0].action == model.Poll(None, 10)


def test_what_a_step_expects_is_kept_as_the_reply_would_have_it():
    found = steps("- {send: {key: k, msg: 1}, expect: {offset: 0}}", "- {poll: {k: 0}, expect: {k: [[0, 1]]}}")
    assert [(step.expect, step.expects) for step in found] == [({"offset": 0}, True), ({"k": [[0, 1]]}, True)]


def test_an_expected_error_is_known_by_its_name():
    assert (
        steps("- {commit_offsets: {k: 9}, expect_error: precondition-failed}")[0].expect_error == "precondition-failed"
    )
    assert steps("- {raw: {}, expect_error: error-1001}")[0].expect_error == "error-1001"


def test_the_one_script_says_who_does_each_step():
    scenario = loads(HEAD + "steps:\n  - {as: alice, send: {key: k1, msg: 1}, expect: {offset: 0}}\n")
    step = model.Step(model.Send("k1", 1), {"offset": 0}, True, where="scenario:4:5")
    assert scenario.steps == (model.ScriptStep("alice", step),)


def test_what_is_left_out_has_the_defaults_of_the_model():
    scenario = loads(HEAD + "workload: {}")
    assert scenario == model.Scenario("n", "w", workload=model.Workload(), source="scenario")


def test_a_file_is_read_as_utf_8_with_or_without_a_byte_order_mark(tmp_path: Path):
    path = tmp_path / "a.yaml"
    for mark in (b"", b"\xef\xbb\xbf"):
        path.write_bytes(mark + "name: é\nwhy: w\nworkload: {}\n".encode())
        assert load(str(path)).name == "é"


def test_all_problems_are_told_in_the_order_of_the_file():
    assert problems("name: 1\nwhy:\nseed: x\nworkload: {}\n") == [
        'a.yaml:1:7: `name`: expected text, got the number 1: put it in quotes: "1"',
        "a.yaml:2:1: `why`: expected text, got nothing",
        'a.yaml:3:7: `seed`: expected an integer from 0 to 9223372036854775807, got the text "x"',
    ]
