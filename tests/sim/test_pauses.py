"""A node that stands still for a while, and two kinds of latency."""

import pytest

from kafkasim.simulate import loads, run
from tests.processes.programs import CORRECT

PAUSED = """\
name: paused
why: to see it
network: {{latency: {{mean: 1ms}}}}
timeout: {timeout}
steps:
  - {{as: alice, send: {{key: k1, msg: 1}}, expect: {{offset: 0}}}}
  - {{as: alice, sleep: 100ms}}
  - {{as: alice, send: {{key: k1, msg: 2}}{expected}}}
  - {{as: alice, sleep: 1s}}
  - {{as: alice, poll: {{k1: 0}}, expect: {{k1: [[0, 1], [1, 2]]}}}}
faults: [{{at: 50ms, pause: n0, resume_after: {length}}}{more}]
system: {system}
"""
PROGRAM = f"{{command: {[*CORRECT]}}}"


def result_of(timeout="1s", expected="", length="500ms", more="", system="{}", **changes):
    text = PAUSED.format(timeout=timeout, expected=expected, length=length, more=more, system=system)
    return run(loads(text))


def times(result):
    return [(fault.fault, fault.at) for fault in result.history.faults]


@pytest.mark.parametrize("system", ["{}", "{storage: durable}", PROGRAM])
def test_what_a_paused_node_is_asked_it_answers_once_it_goes_on(system):
    result = result_of(system=system)
    late = result.history.operations[1]

    assert (result.verdict, result.unmet) == ("valid", [])
    assert late.type == "ok"
    assert late.end is not None
    assert 551_000_000 <= late.end < 554_000_000
    assert times(result) == [("pause", 50_000_000), ("resume", 550_000_000)]


@pytest.mark.parametrize("system", ["{}", PROGRAM])
def test_an_answer_that_comes_too_late_because_of_a_pause_is_no_silence(system):
    result = result_of(timeout="200ms", expected=", expect_error: timeout", system=system)

    assert (result.verdict, result.unmet) == ("valid", [])
    assert result.history.operations[1].type == "info"


@pytest.mark.parametrize("system", ["{}", PROGRAM])
def test_a_pause_without_an_end_ends_when_faults_are_healed(system):
    text = PAUSED.format(
        timeout="200ms", expected=", expect_error: timeout", length="1h", more="", system=system
    ).replace("expect: {k1: [[0, 1], [1, 2]]}", "expect_error: timeout")
    result = run(loads(text))

    assert (result.verdict, result.unmet) == ("valid", [])
    assert times(result)[0] == ("pause", 50_000_000)
    assert times(result)[-1][0] == "resume"
    final = result.history.operations[-1]
    assert final.response is not None
    assert [message for _, message in final.response["msgs"]["k1"]] == [1, 2]


@pytest.mark.parametrize("system", ["{}", PROGRAM])
def test_what_a_paused_node_was_asked_is_lost_when_it_crashes(system):
    result = result_of(
        timeout="200ms",
        expected=", expect_error: timeout",
        length="2s",
        more=", {at: 300ms, crash: n0, restart_after: 10ms}",
        system=system,
    )

    assert times(result) == [("pause", 50_000_000), ("crash", 300_000_000), ("restart", 310_000_000)]
    assert result.history.operations[1].type == "info"
    assert not {"no-reply", "node-crash"} & result.found


def test_clients_may_be_nearer_than_nodes_are_to_each_other():
    result = run(
        loads("""
name: near
why: to see it
network: {latency: {mean: 50ms}, client_latency: {mean: 1ms}}
steps: [{as: alice, send: {key: k, msg: 1}}]
""")
    )
    (sent, *_) = result.history.operations
    assert sent.end is not None
    assert sent.end - sent.start == 2_000_000
