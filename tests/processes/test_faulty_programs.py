"""A node that is wrong, whichever way, is found out, in words that name the fault; and no run hangs."""

import sys

import pytest

from kafkasim.processes import child
from kafkasim.scenario import model
from kafkasim.scenario.model import SECOND
from kafkasim.sim import pace, process_nodes
from kafkasim.simulate import ImpossibleScenarioError
from tests.processes.programs import NODES, explanations, faulty, result_of

FOUND = {
    "exits-at-start": (
        {"node-crash"},
        'could not start: it exited with status 3; the last it wrote to standard error: "no configuration found"',
    ),
    "refuses-init": ({"node-crash"}, '"text": "one node is not enough"'),
    "ignores-init": ({"node-crash"}, "it could not start: it did not answer init within"),
    "exits": ({"node-crash"}, 'it exited with status 1; the last it wrote to standard error: "Traceback: the index'),
    "is-killed": ({"node-crash"}, "it was ended by SIGABRT"),
    "hangs": ({"no-reply"}, "n0 never answered"),
    "falls-silent": ({"no-reply"}, "n0 never answered"),
    "skips-an-answer": ({"no-reply"}, "n0 never answered"),
    "closes-its-output": ({"node-crash"}, "it closed its standard output"),
    "floods": ({"node-crash", "malformed-message"}, "it was ended, for it flooded: more than 100,000 lines"),
    "writes-a-line-without-end": ({"node-crash"}, "it was ended, for it flooded: a line without an end"),
    "prints-for-people": ({"malformed-message"}, "what is meant for people belongs on standard error"),
    "answers-twice": ({"stray-reply"}, "has been answered already"),
    "answers-another": ({"stray-reply", "no-reply"}, "what it wrote then (see stray-reply) may be meant for one"),
    "names-no-request": ({"malformed-message", "no-reply"}, "`in_reply_to` is missing: a client takes replies alone"),
    "writes-to-nobody": ({"unknown-destination"}, 'there is no node, client or service "n9"'),
    "calls-itself-otherwise": ({"malformed-message"}, 'field `src`: expected "n0", its name, got "n7"'),
    "writes-offsets-as-text": ({"malformed-reply"}, 'field `offset`: expected an integer >= 0, got "'),
    "adds-a-field": ({"malformed-reply"}, "field `ok` is not known"),
    "loses-writes": ({"lost-write"}, "nobody ever got"),
    "forgets-commits": ({"commit-lost"}, "and was told nothing"),
}
FOUND_WHEN_PROBED = {"trusts-its-clients"}
CORRECT = {"correct", "speaks-unprompted", "takes-its-time", "leaves-a-child-behind", "runs-another"}
COMES_WITH_IT = {"unseen", "int-poll-skip", "wrong-start", "poll-skip", "commit-lost", "inconsistent-offsets"}
"""What may be found beside it: a node that ended has lost its memory."""


SILENT = f"""
import sys
sys.path.insert(0, {str(NODES / "python")!r})
from node import Node
class Silent(Node):
    def say(self, message):
        if message["body"]["type"] == "init_ok":
            super().say(message)
Silent().run()
"""
"""A node that starts, and answers nothing."""


@pytest.fixture(autouse=True)
def _little_patience(monkeypatch):
    monkeypatch.setattr(process_nodes, "START_LIMIT_SECONDS", 2)


def errors(result):
    return {anomaly.kind for anomaly in result.check.anomalies if anomaly.severity == "error"}


def answering_after(seconds):
    """The command of a correct node that waits before it answers a client, and takes in requests meanwhile."""
    code = f"""
import json, os, sys, threading
sys.path.insert(0, {str(NODES / "python")!r})
from node import Node
class Patient(Node):
    def say(self, message):
        after = 0 if message["body"]["type"] == "init_ok" else {seconds}
        threading.Timer(after, os.write, [1, json.dumps(message).encode() + b"\\n"]).start()
Patient().run()
"""
    return (sys.executable, "-c", code)


IN_REAL_TIME = {"exits", "floods", "prints-for-people", "answers-twice"}
"""The faults that are tried with the real clock every time; with the others it takes minutes."""


@pytest.mark.parametrize(
    ("fault", "clock"),
    [
        *((fault, "virtual") for fault in FOUND),
        *(pytest.param(fault, "real", marks=() if fault in IN_REAL_TIME else pytest.mark.sweep) for fault in FOUND),
    ],
)
def test_a_faulty_program_is_found_out(fault, clock, monkeypatch):
    monkeypatch.setattr(child, "LONGEST_LINE", 2**20)  # all of it might keep a busy machine busy for too long
    if fault == "hangs":
        monkeypatch.setattr(pace, "_PATIENCE", SECOND)
    kinds, words = FOUND[fault]
    result = result_of(faulty(fault), clock=clock)

    assert result.verdict == "invalid"
    assert kinds <= errors(result) <= kinds | COMES_WITH_IT
    assert words in explanations(result)
    assert not result.check.failed


def test_every_fault_of_the_examples_is_tried():
    source = (NODES / "python" / "faulty.py").read_text(encoding="utf-8")
    named = source[source.index("FAULTS = {") :]
    assert all(f'    "{fault}": ' in named for fault in FOUND.keys() | FOUND_WHEN_PROBED | CORRECT)
    assert named.count('": ') == len(FOUND) + len(FOUND_WHEN_PROBED) + len(CORRECT)


def test_a_program_that_ends_at_a_malformed_request_is_found_out_where_some_are_sent():
    workload = model.Workload(clients=3, keys=3, rate=200.0, duration=2 * SECOND, probe=True)
    result = result_of(faulty("trusts-its-clients"), workload=workload)

    assert "node-crash" in errors(result)
    assert "MalformedRequest" in explanations(result)


@pytest.mark.parametrize("fault", ["takes-its-time", "leaves-a-child-behind", "runs-another"])
def test_a_correct_program_is_not_accused_however_it_goes_about_it(fault):
    result = result_of(faulty(fault, "3600"))

    assert (result.verdict, errors(result)) == ("valid", set())
    assert result.pacing.real_from is None


def test_a_program_that_takes_its_time_says_what_it_says_at_the_instant_at_which_it_was_asked():
    assert result_of(faulty("takes-its-time")).history == result_of(faulty("correct")).history


def test_a_program_that_speaks_unprompted_is_given_the_real_clock():
    workload = model.Workload(clients=3, keys=3, rate=200.0, duration=4 * SECOND)
    result = result_of(faulty("speaks-unprompted"), workload=workload)

    assert (result.verdict, errors(result)) == ("valid", set())
    assert 0 <= result.pacing.real_from < 4 * SECOND
    assert result.pacing.reason == "n0 spoke unprompted, as a node does that waits for time to pass"


@pytest.mark.parametrize(
    ("numbers", "kinds", "words"),
    [
        ((1, 1), {"stray-reply"}, "init, request 1 of c0, has been answered already"),
        ((7,), {"stray-reply", "node-crash"}, "request 7 of c0 was never asked of n0: init was request 1"),
    ],
)
def test_an_answer_to_init_that_is_one_too_many_or_to_another_request_is_stray(numbers, kinds, words):
    reply = '{"src": "n0", "dest": "c0", "body": {"type": "init_ok", "in_reply_to": %d}}'
    code = f"import sys\nfor number in {numbers}:\n    print({reply!r} % number, flush=True)\nsys.stdin.read()"
    result = result_of((sys.executable, "-c", code), workload=None)

    assert errors(result) == kinds
    assert words in explanations(result)


def test_init_ok_may_have_fields_of_its_own():
    code = f"""
import sys
sys.path.insert(0, {str(NODES / "python")!r})
from node import Node
class Copying(Node):
    def answer(self, body):
        answer = super().answer(body)
        return body | answer if body["type"] == "init" else answer
Copying().run()
"""
    assert result_of((sys.executable, "-c", code)).verdict == "valid"


def test_of_a_program_that_does_not_answer_init_it_is_told_what_it_says_instead():
    line = '{"src": "n0", "dest": "n0", "body": {"type": "init_ok", "in_reply_to": 1}}'
    code = f"import sys\nprint({line!r}, flush=True)\nsys.stdin.read()"

    assert f"the last line that it wrote is no answer to it: '{line}'" in explanations(
        result_of((sys.executable, "-c", code), workload=None)
    )


def test_marks_below_a_line_of_code_are_not_told_among_the_last_words():
    code = "import sys\nsys.stderr.write('Traceback\\n    a + b\\n    ~~^~~\\nTypeError\\n')\nsys.exit(1)"
    told = explanations(result_of((sys.executable, "-c", code), workload=None))

    assert 'the last it wrote to standard error: "Traceback / a + b / TypeError"' in told


def test_what_a_program_wrote_stands_in_quotes_and_where_it_was_cut_is_seen():
    code = "import sys\nprint('ready', flush=True)\nprint('[' + 'x' * 10_000 + ']', flush=True)\nsys.stdin.read()"
    told = explanations(result_of((sys.executable, "-c", code), workload=None))

    assert "node n0 wrote this line: 'ready' -- expected one message a line" in told
    assert f"wrote this line: '[{'x' * 119} [...] {'x' * 119}]' -- " in told


def cutting_an_answer(then):
    """The command of a node that ends its twentieth line in the middle, and then does so."""
    code = f"""
import os, sys
sys.path.insert(0, {str(NODES / "python")!r})
from node import Node
class Cutting(Node):
    said = 0
    def say(self, message):
        self.said += 1
        if self.said == 20:
            sys.stdout.write('{{"src": "n0"')
            sys.stdout.flush()
            {then}
        else:
            super().say(message)
Cutting().run()
"""
    return (sys.executable, "-c", code)


QUOTED = """n0 wrote this line: '{"src": "n0"' -- """


@pytest.mark.parametrize(
    ("then", "what"),
    [
        ("print(flush=True)", "JSON (protocol: Messages): the line ends before the message does"),
        (
            "import threading; threading.Event().wait()",
            "it has no end: expected one message a line (protocol: Messages); is each flushed whole?",
        ),
    ],
)
def test_of_a_line_that_may_have_been_meant_for_an_answer_both_are_told_as_one_another(then, what):
    result = result_of(cutting_an_answer(then))
    told = explanations(result)

    assert errors(result) - COMES_WITH_IT == {"malformed-message", "no-reply"}
    assert QUOTED in told
    assert what in told
    assert "and the node was up; what it wrote then (see malformed-message) may be meant for one" in told
    assert not any(anomaly.maelstrom_passes for anomaly in result.check.anomalies)


def test_a_program_that_ends_in_the_middle_of_a_line_is_told_to_have():
    result = result_of(cutting_an_answer("os._exit(3)"))

    assert errors(result) - COMES_WITH_IT == {"node-crash"}
    assert 'it exited with status 3, in the middle of a line: "{"src": "n0""' in explanations(result)


def test_what_was_heard_before_a_malformed_line_is_nothing_that_maelstrom_would_pass_either():
    """It ends the run on that line."""
    result = result_of(faulty("skips-an-answer"))
    assert any(anomaly.maelstrom_passes for anomaly in result.check.anomalies)

    result = result_of(faulty("names-no-request"))
    assert not any(anomaly.maelstrom_passes for anomaly in result.check.anomalies)


def test_a_program_that_takes_messages_for_offsets_is_found_out_where_clients_send_one_after_the_other():
    """Did messages count as offsets do, each would be its own offset."""
    swap = "{key: [[msg, offset] for offset, msg in pairs] for key, pairs in body['msgs'].items()}"
    code = f"""
import sys
sys.path.insert(0, {str(NODES / "python")!r})
from node import Node
class Swapping(Node):
    def say(self, message):
        body = message["body"]
        if body["type"] == "poll_ok":
            body["msgs"] = {swap}
        super().say(message)
Swapping().run()
"""
    workload = model.Workload(clients=1, keys=3, rate=200.0, duration=SECOND)
    result = result_of((sys.executable, "-c", code), workload=workload, network=model.Network())

    assert "inconsistent-offsets" in errors(result)


def test_of_long_last_words_the_end_is_told():
    code = "import sys\nsys.stderr.write('x' * 10_000 + ' the reason')\nsys.exit(1)"
    told = explanations(result_of((sys.executable, "-c", code), workload=None))

    assert 'it exited with status 1; the last it wrote to standard error: "[...] xxx' in told
    assert 'xxx the reason"' in told


def test_a_client_s_own_request_without_a_reply_is_told_before_the_final_polls():
    """There are more of these, and of other keys."""
    alice = model.Client("alice", (model.Step(model.Send("k1", 1)), model.Step(model.Send("k2", 2))))
    result = result_of((sys.executable, "-c", SILENT), workload=None, clients=(alice,))
    told = [anomaly for anomaly in result.check.anomalies if anomaly.kind == "no-reply"]

    assert [anomaly.key for anomaly in told] == ["k1", "k2", None]
    assert told[-1].count > told[0].count
    assert "alice's send" in told[0].examples[0].explanation


@pytest.mark.parametrize("seconds", [0.1, 0.6])
def test_a_program_that_answers_when_time_has_passed_is_given_it_and_not_accused(seconds):
    result = result_of(answering_after(seconds))

    assert (result.verdict, errors(result)) == ("valid", set())
    assert result.pacing.reason == "n0 spoke unprompted, as a node does that waits for time to pass"
    assert result.statistics.latencies["send"].p50 > seconds * SECOND


def test_a_program_that_skips_an_answer_now_and_then_is_given_time_for_it_once():
    """With two seconds for each of the thousands of instants that follow, this would not come to an end."""
    workload = model.Workload(clients=3, keys=3, rate=200.0, duration=20 * SECOND)
    result = result_of(faulty("skips-an-answer"), workload=workload)

    assert errors(result) == {"no-reply"}
    assert (result.pacing.real_from, result.pacing.given_up) == (None, ("n0",))


def test_a_program_that_hangs_is_not_waited_for_again_and_again():
    result = result_of(faulty("falls-silent"))

    assert result.pacing.given_up == ("n0",)


def test_a_program_that_there_is_not_makes_the_scenario_impossible():
    with pytest.raises(ImpossibleScenarioError, match=r"^system: command: ./no-such-program: there is no such file"):
        result_of(("./no-such-program",))
