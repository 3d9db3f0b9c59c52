"""The REPL speaks to a program; what the program does wrong is shown, and nothing is left of it."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from kafkasim.console import process_connection
from kafkasim.repl import main
from tests.processes.left_processes import processes_with, soon
from tests.processes.programs import CORRECT, REPLICATED, faulty

OBEDIENT = (sys.executable, str(Path(__file__).parent / "obedient_node.py"))
SENDS = [f"send k1 {number}" for number in range(20)]
"""The 19th of them is the 20th message that is answered, ``init`` being the first."""


@pytest.fixture
def run(capfd, monkeypatch):
    """Exit code, standard output and standard error of a session with a program; () is the node of ours."""

    def run_here(program, *commands, patience=30, **options):
        monkeypatch.setattr(process_connection, "PATIENCE_SECONDS", patience)
        code = main(commands, program=program, **options)
        return (code, *capfd.readouterr())

    return run_here


def command_line(*arguments, **options):
    return subprocess.run(
        [sys.executable, "-m", "kafkasim", "repl", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        **options,
    )


def test_a_program_answers_as_the_node_of_ours_does(run):
    lines = ("send k1 a", "send k1 b", "poll k1 k2", "commit k1:0", "list k1 k2", "show", "keys")
    code, out, err = run(CORRECT, *lines)
    assert (code, len(out.splitlines()) > 10, err) == (0, True, "")
    assert run((), *lines) == (code, out, err)


def test_a_program_is_named_on_the_command_line_as_a_shell_would():
    done = command_line("--bin", f"{sys.executable} '{CORRECT[1]}'", input="send k1 a\npoll k1\n")
    assert (done.returncode, done.stdout, done.stderr) == (0, 'k1[0]  "a"\nk1[0]  "a"\n', "")


@pytest.mark.parametrize("program", ["./no-such-program", "", "node 'x", str(Path(__file__).parent)])
def test_a_program_that_there_is_not_is_wrong_usage_in_one_line(program):
    done = command_line("--bin", program, "-c", "send k1 a")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert done.stderr.startswith("kafkasim: --bin: ")


def test_a_script_without_its_first_line_is_told_what_it_lacks(run, tmp_path):
    script = tmp_path / "node"
    script.write_text("print('hello')\n")
    script.chmod(0o755)
    code, out, err = run((str(script),), "send k1 a")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.startswith(f"error: --bin: {script}: it is no program for this machine; a script needs a first line")


REFUSAL = (
    '{"src": "n0", "dest": "c0", "body": '
    '{"type": "error", "code": 10, "text": "one node is not enough", "in_reply_to": 1}}'
)
NOT_IN_TIME = (
    "error: n0 could not start: it did not answer init within 10 s, and was ended: "
    "is each line that it writes flushed at once?\n"
)


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("exits-at-start", "n0 stderr | no configuration found\nerror: n0 could not start: it exited with status 3\n"),
        ("refuses-init", f"error: n0 could not start: it refused init: '{REFUSAL}'\n"),
        ("ignores-init", NOT_IN_TIME),
    ],
)
def test_a_program_that_does_not_start_is_wrong_usage(run, monkeypatch, fault, said):
    monkeypatch.setattr(process_connection, "START_LIMIT_SECONDS", 1)
    assert run(faulty(fault), "send k1 a") == (2, "", said)


STRAY = "stray-reply: request 19 of c1 has been answered already"
NO_ANSWER = "-c 19: no reply: n0 did not answer within 0.5 s"
NO_JSON = "malformed-message: expected one message a line, as JSON"
ENDED = "-c 19: no reply: n0 ended before it answered"


@pytest.mark.parametrize(
    ("fault", "code", "words"),
    [
        ("exits", 1, ["n0 stderr | Traceback: the index", "n0 has ended: it exited with status 1; `restart`", ENDED]),
        ("is-killed", 1, ["n0 has ended: it was ended by SIGABRT", ENDED]),
        ("hangs", 1, [NO_ANSWER]),
        ("falls-silent", 1, [NO_ANSWER]),
        ("closes-its-output", 1, ["n0 has ended: it closed its standard output, and so can say no more", ENDED]),
        ("floods", 1, ["n0 stdout | all work", NO_JSON, "... and more", "n0 has ended: it was ended, for it flooded"]),
        ("prints-for-people", 0, ["n0 stdout | stored {", NO_JSON]),
        ("answers-twice", 0, ['n0 stdout | {"src": "n0"', STRAY]),
        ("answers-another", 1, ["stray-reply: request 1019 of c1 was never asked of n0", NO_ANSWER]),
        ("names-no-request", 1, ["body: `in_reply_to` is missing", NO_ANSWER]),
        ("writes-to-nobody", 0, ['there is no node, client or service "n9"']),
        ("calls-itself-otherwise", 0, ['field `src`: expected "n0", its name, got "n7"']),
    ],
)
def test_what_a_program_does_wrong_is_shown_in_words(run, fault, code, words):
    exit_code, out, err = run(faulty(fault), *SENDS, patience=0.5 if NO_ANSWER in words else 30)
    assert exit_code == code
    assert len(out.splitlines()) == (18 if code else 20)
    places = [err.find(each) for each in words]
    assert -1 not in places
    assert places == sorted(places)


def test_floods_do_not_drown_the_rest(run):
    assert len(run(faulty("floods"), *SENDS)[2].splitlines()) < 30


def test_a_stray_reply_to_the_last_request_is_shown_too(run):
    assert STRAY in run(faulty("answers-twice"), *SENDS[:19])[2]


@pytest.mark.parametrize("fault", ["speaks-unprompted", "takes-its-time", "runs-another"])
def test_a_correct_program_is_not_accused_however_it_goes_about_it(run, fault):
    assert run(faulty(fault), "send k1 1", "poll k1") == (0, "k1[0]  1\nk1[0]  1\n", "")


@pytest.mark.parametrize(
    ("line", "reply", "fault"),
    [
        ("send", {"type": "send_ok", "offset": "0"}, 'send_ok: field `offset`: expected an integer >= 0, got "0"'),
        ("send", {"type": "send_ok", "offset": -1}, "send_ok: field `offset`: expected an integer >= 0, got -1"),
        ("send", {"type": "send_ok"}, "send_ok: field `offset` is missing (expected an integer >= 0)"),
        ("send", {"type": "poll_ok", "msgs": {}}, "expected send_ok or error, got poll_ok"),
        ("send", {"type": "error", "code": "no"}, 'error: field `code`: expected an integer >= 0, got "no"'),
        ("frobnicate", {"type": "error"}, "error: field `code` is missing (expected an integer >= 0)"),
    ],
)
def test_a_reply_that_is_not_of_the_form_is_shown_as_it_came_and_what_is_wrong(run, line, reply, fault):
    body = json.dumps({"type": line, "key": "k1", "msg": ["answer", reply]})
    code, out, err = run(OBEDIENT, body, "send k1 never")
    assert (code, out) == (1, "")
    shown = json.dumps(reply | {"in_reply_to": 1})
    assert err == f"-c 1: malformed reply: {fault}\n  {shown}\n"


def test_a_reply_that_is_not_of_the_form_is_json_all_the_same(run):
    code, out, err = run(faulty("writes-offsets-as-text"), "send k1 a", json=True)
    assert (code, json.loads(out)["offset"]) == (1, "0")
    assert err.startswith("-c 1: malformed reply: send_ok: ")


def test_the_longest_integers_do_no_harm(run):
    reply = json.dumps({"type": "send_ok", "offset": 10**30})
    code, _, err = run(OBEDIENT, f'send k1 ["answer", {reply}]')
    assert "bug" not in err
    assert code in (0, 1)


def test_with_json_all_but_replies_is_on_standard_error(run):
    line = 'send k1 ["write", "hello"]'
    code, out, err = run(OBEDIENT, line, 'send k1 ["complain", "one\\ntwo"]', json=True)
    assert (code, [json.loads(each)["type"] for each in out.splitlines()]) == (0, ["send_ok", "send_ok"])
    assert err.startswith('n0 stdout | "hello"\n  malformed-message: ')
    assert err.endswith("n0 stderr | one\nn0 stderr | two\n")


def test_a_node_that_asks_services_is_answered_and_they_keep_what_it_told_them(run):
    lines = ('send k1 "a"', "restart", 'send k1 "b"', "poll k1", "commit k1:1", "restart", "list k1")
    code, out, err = run(REPLICATED, *lines)
    assert (code, err) == (0, "")
    assert 'k1[1]  "b"' in out.splitlines()
    assert out.splitlines()[-1].split() == ["k1", "1", "2"]


def test_an_answer_that_is_too_late_is_not_waited_for(run, tmp_path):
    lines = tmp_path / "lines.txt"
    lines.write_text('send k1 ["sleep", 1]\n')
    done = run(OBEDIENT, f"source {lines}", patience=0.5)
    assert done[2].endswith(":1: no reply: n0 did not answer within 0.5 s\n")


def test_a_killed_program_has_lost_what_it_held_in_memory_and_is_started_again(run):
    lines = ("send k1 a", "kill", "restart", "show", "send k1 b", "restart", "poll k1")
    code, out, err = run(CORRECT, *lines)
    assert (code, err) == (0, "")
    assert out == (
        'k1[0]  "a"\nn0 was killed; `restart` starts it again\nn0 was started again\n'
        'k1  nothing: no messages yet\nk1[0]  "b"\nn0 was started again\nk1  nothing: no messages yet\n'
    )


def test_nothing_can_be_asked_of_a_node_that_is_down(run):
    code, _, err = run(OBEDIENT, 'send k1 ["exit", 3]')
    assert (code, err.splitlines()[0]) == (1, "n0 has ended: it exited with status 3; `restart` starts it again")
    code, _, err = run(CORRECT, "kill", "poll k1")
    assert (code, err) == (1, "-c 2: error: n0 is down: it was killed; `restart` starts it again\n")
    code, _, err = run(CORRECT, "kill", "kill")
    assert (code, err) == (1, "-c 2: error: n0 is down: it was killed; `restart` starts it again\n")


def test_a_request_without_a_number_is_not_waited_for(run):
    line = '{"type": "send", "key": "k1", "msg": 1, "msg_id": null}'
    code, out, err = run(CORRECT, line, "poll k1")
    assert (code, out) == (0, "no reply: without a usable msg_id the node does not answer\nk1[0]  1\n")
    assert "`in_reply_to` is missing" in err


def test_a_saved_session_names_the_program_and_passes_when_it_is_simulated(run, tmp_path):
    saved = tmp_path / "saved.yaml"
    lines = ("send k1 lost", "restart", "send k1 a", "poll k1", "commit k1:0", "list k1", f"save {saved}")
    code, out, _ = run(CORRECT, *lines)
    assert code == 0
    assert "saved 4 steps, what was asked since n0 was started again; run it with:" in out
    simulated = subprocess.run(
        [sys.executable, "-m", "kafkasim", "simulate", "--json", str(saved)],
        capture_output=True,
        timeout=60,
        check=False,
    )
    result = json.loads(simulated.stdout)
    assert (result["verdict"], result["unmet"]) == ("valid", [])


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="only Linux tells what is left")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_leaves_no_process_behind(number):
    mark = f"{3800 + number}.25"
    command = " ".join(faulty("leaves-a-child-behind", mark))
    running = subprocess.Popen(
        [sys.executable, "-m", "kafkasim", "repl", "--bin", command],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert running.stdin
    try:
        running.stdin.write(b"send k1 a\n")
        running.stdin.flush()
        assert soon(lambda: len(processes_with(mark)) == 2), "the node and its child"
        running.send_signal(number)
        said = running.communicate(timeout=20)[1]
    finally:
        running.kill()
    assert running.returncode == (130 if number == signal.SIGINT else 128 + number)
    assert b"Traceback" not in said
    assert soon(lambda: not processes_with(mark))


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="only Linux tells what is left")
@pytest.mark.parametrize("lines", [["send k1 a"], ["nonsense"], ["kill"], ["restart"]])
def test_the_end_of_the_lines_leaves_no_process_behind(run, lines):
    run(faulty("leaves-a-child-behind", "3850.25"), *lines)
    assert soon(lambda: not processes_with("3850.25"))


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="only Linux tells what is left")
def test_a_bug_of_ours_leaves_no_process_behind(monkeypatch):
    monkeypatch.setattr(process_connection.ProcessConnection, "ask", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        main(["send k1 a"], program=faulty("leaves-a-child-behind", "3851.25"))
    assert soon(lambda: not processes_with("3851.25"))
