"""The node as Maelstrom runs it: a process, three pipes, and whatever comes in."""

import json
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from tests.node.conftest import INIT, NODE, PATIENCE, line

SEND = {"type": "send", "msg_id": 2, "key": "k1", "msg": "hello"}


def run(data: bytes, *options: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([*NODE, *options], input=data, capture_output=True, timeout=PATIENCE, check=False)


def bodies(out: bytes):
    return [json.loads(answer)["body"] for answer in out.splitlines()]


def test_a_session_of_every_rpc(node):
    assert node.ask(SEND) == {"type": "send_ok", "in_reply_to": 2, "offset": 0}
    assert node.ask({"type": "poll", "msg_id": 3, "offsets": {"k1": 0, "k2": 0}}) == {
        "type": "poll_ok",
        "in_reply_to": 3,
        "msgs": {"k1": [[0, "hello"]]},
    }
    assert node.ask({"type": "commit_offsets", "msg_id": 4, "offsets": {"k1": 0}}) == {
        "type": "commit_offsets_ok",
        "in_reply_to": 4,
    }
    assert node.ask({"type": "list_committed_offsets", "msg_id": 5, "keys": ["k1", "k2"]}) == {
        "type": "list_committed_offsets_ok",
        "in_reply_to": 5,
        "offsets": {"k1": 0},
    }
    assert node.end() == (0, b"", b"")


def test_a_lone_request_is_answered_while_the_input_stays_open(node):
    for msg_id in range(2, 20):
        assert node.ask(SEND | {"msg_id": msg_id})["in_reply_to"] == msg_id


def test_a_request_in_two_halves_is_answered_once_it_is_whole(node):
    request = line(SEND)
    node.send(request[:20])
    node.send(request[20:])
    assert node.reply()["body"]["offset"] == 0


def test_all_that_arrives_together_is_answered_in_order(node):
    node.send(b"".join(line(SEND | {"msg_id": msg_id}) for msg_id in range(2, 402)))
    assert [node.reply()["body"]["offset"] for _ in range(400)] == list(range(400))


def test_a_line_of_ten_megabytes_is_a_message_like_any_other(node):
    msg = "x" * 10_000_000
    assert node.ask(SEND | {"msg": msg})["offset"] == 0
    assert node.ask({"type": "poll", "msg_id": 3, "offsets": {"k1": 0}})["msgs"] == {"k1": [[0, msg]]}


@pytest.mark.parametrize(
    "garbage",
    [
        b"\xff\xfe not UTF-8\n",
        b'{"src": "c1", "dest": "n0", "body": {"type": "send", "key": "k1", "msg": "\xff", "msg_id": 9}}\n',
        b"half a mess\n",
        b'{"src": "c1", "dest":\n "n0"}\n',
        b"[" * 100_000 + b"\n",
        b"[" * 500 + b"]" * 500 + b"\n",
        b"null\n7\n[]\n{}\n",
        line(SEND, src=7),  # type: ignore[arg-type]  # a strange sender
        b'{"src": "c1", "body": {"type": "send"}}\n',
        b'{"src": "c1", "dest": "n0", "body": []}\n',
        b"\x00" * 1000 + b"\n",
    ],
    ids=lambda garbage: garbage[:24].decode(errors="backslashreplace"),
)
def test_what_is_no_message_is_logged_and_skipped_and_the_node_goes_on(node, garbage):
    node.send(line(SEND) + garbage + line(SEND | {"msg_id": 3}))
    assert [node.reply()["body"]["offset"], node.reply()["body"]["offset"]] == [0, 1]
    code, out, err = node.end()
    assert (code, out) == (0, b"")
    assert err.startswith(b"kafkasim node: WARNING: skipped a line that is no message: expected ")
    assert b"Traceback" not in err


def test_blank_lines_mean_nothing(node):
    node.send(b"\n \n\r\n" + line(SEND))
    assert node.reply()["body"]["offset"] == 0
    assert node.end() == (0, b"", b"")


def test_lines_may_end_as_on_windows(node):
    node.send(line(SEND).replace(b"\n", b"\r\n") * 2)
    assert [node.reply()["body"]["offset"] for _ in range(2)] == [0, 1]


def test_requests_before_init_are_put_off():
    done = run(line(SEND) + INIT + line(SEND))
    assert [(body["type"], body.get("code")) for body in bodies(done.stdout)] == [
        ("error", 11),
        ("init_ok", None),
        ("send_ok", None),
    ]


def test_a_second_init_is_answered_again_and_loses_nothing():
    done = run(INIT + line(SEND) + INIT + line(SEND))
    assert [body.get("offset") for body in bodies(done.stdout)] == [None, 0, None, 1]


def test_the_last_line_needs_no_newline():
    assert bodies(run(INIT + line(SEND).rstrip()).stdout)[1:] == [{"type": "send_ok", "in_reply_to": 2, "offset": 0}]


def test_half_a_line_at_the_end_is_skipped():
    done = run(INIT + line(SEND)[:30])
    assert (done.returncode, len(bodies(done.stdout))) == (0, 1)
    assert b"skipped" in done.stderr


def test_an_empty_input_is_no_error():
    done = run(b"")
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_ends_the_node_quietly(node, number, code):
    assert node.ask(SEND)["offset"] == 0
    node.process.send_signal(number)
    assert node.wait() == (code, b"")


INTERRUPTED_IMPORT = """
import signal, sys
from kafkasim.__main__ import main

class Interrupting:
    def find_spec(self, name, path=None, target=None):
        if name == "datetime":  # which the decoder's library, written in C, imports
            signal.raise_signal(signal.SIGINT)

sys.meta_path.insert(0, Interrupting())
sys.exit(main())
"""


@pytest.mark.parametrize("arguments", [["node"], ["--version"]])
def test_ctrl_c_while_the_program_starts_ends_it_quietly(arguments):
    command = [sys.executable, "-c", INTERRUPTED_IMPORT, *arguments]
    ended = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr) == (130, b"", b"")


def test_a_signal_that_the_node_was_started_to_ignore_stays_ignored():
    command = ["sh", "-c", 'trap "" INT; exec "$@"', "sh", *NODE]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(INIT)
        assert json.loads(process.stdout.readline())["body"]["type"] == "init_ok"
        process.send_signal(signal.SIGINT)
        process.stdin.write(line(SEND))
        assert json.loads(process.stdout.readline())["body"]["offset"] == 0
        process.stdin.close()
        assert process.wait(timeout=PATIENCE) == 0


LIMITED = """
import os, resource, sys
resource.setrlimit(resource.RLIMIT_AS, (300 << 20, 300 << 20))
os.execv(sys.argv[1], sys.argv[1:])
"""


def test_many_polls_of_a_long_log_that_arrive_together_need_the_memory_of_a_few():
    log = b"".join(line(SEND | {"msg": "x" * 20_000}) for _ in range(100))
    polls = b"".join(line({"type": "poll", "msg_id": 3, "offsets": {"k1": 0}}) for _ in range(300))
    command = [sys.executable, "-c", LIMITED, *NODE]
    ended = subprocess.run(command, input=INIT + log + polls, capture_output=True, timeout=PATIENCE, check=False)
    assert (ended.returncode, ended.stderr) == (0, b"")
    assert ended.stdout.count(b'"poll_ok"') == 300


def test_a_signal_lets_the_answers_be_finished(node):
    node.ask(SEND | {"msg": "x" * 1_000_000})
    node.send(line({"type": "poll", "msg_id": 3, "offsets": {"k1": 0}}))
    first = node.process.stdout.read(1)  # it is writing, and cannot go on: a pipe holds far less than a megabyte
    node.process.send_signal(signal.SIGTERM)
    rest = node.process.stdout.read()
    assert len(json.loads(first + rest)["body"]["msgs"]["k1"][0][1]) == 1_000_000
    assert node.wait() == (143, b"")


def test_a_second_signal_ends_a_node_whose_answers_nobody_takes(node):
    node.ask(SEND | {"msg": "x" * 1_000_000})
    node.send(line({"type": "poll", "msg_id": 3, "offsets": {"k1": 0}}))
    assert node.process.stdout.read(1) == b"{"
    node.process.send_signal(signal.SIGTERM)
    while node.process.poll() is None:  # a signal that comes before the last one was taken is that same signal
        node.process.send_signal(signal.SIGTERM)
    assert node.wait() == (-signal.SIGTERM, b"")


def test_a_closed_stdout_ends_the_node_quietly(node):
    node.process.stdout.close()
    node.send(line(SEND))
    assert node.wait() == (0, b"")


def test_an_output_that_cannot_be_written_is_named():
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(NODE, input=INIT, stdout=full, stderr=subprocess.PIPE, timeout=PATIENCE, check=False)
    assert done.returncode == 2
    assert done.stderr == b"kafkasim node: ERROR: cannot go on: [Errno 28] No space left on device\n"


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_streams_that_are_closed_from_the_start_are_survived(closed):
    done = subprocess.run(
        ["sh", "-c", f"{' '.join(NODE)} {closed}"],
        input=INIT + b"garbage\n",
        capture_output=True,
        timeout=PATIENCE,
        check=False,
    )
    assert (done.returncode, b"Traceback" in done.stderr) == (0, False)


def test_max_poll_messages_caps_what_one_poll_returns(start):
    node = start("--max-poll-messages", "2")
    node.send(INIT + line(SEND) * 3)
    for _ in range(4):
        node.reply()
    assert node.ask({"type": "poll", "msg_id": 3, "offsets": {"k1": 0}})["msgs"] == {"k1": [[0, "hello"], [1, "hello"]]}


def test_log_level_decides_what_is_worth_a_line():
    assert run(INIT + b"garbage\n", "--log-level", "error").stderr == b""


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (["--max-poll-messages", "0"], "argument --max-poll-messages: expected an integer >= 1, got 0"),
        (["--max-poll-messages", "many"], "argument --max-poll-messages: expected an integer >= 1, got many"),
        (["--log-level", "loud"], "invalid choice: 'loud'"),
        (["--no-such"], "unrecognized arguments: --no-such"),
    ],
)
def test_wrong_options_are_usage_errors(options, problem):
    done = run(b"", *options)
    assert (done.returncode, done.stdout) == (2, b"")
    assert problem in done.stderr.decode()


def test_help_has_an_example():
    assert b"--bin ./bin/kafkasim-node" in run(b"", "--help").stdout


def test_the_launcher_is_a_node_in_a_checkout_without_a_venv_too(request, tmp_path):
    launcher = tmp_path / "bin" / "kafkasim-node"
    launcher.parent.mkdir()
    shutil.copy(request.config.rootpath / "bin" / "kafkasim-node", launcher)
    path = sysconfig.get_path("scripts") + os.pathsep + os.environ["PATH"]
    done = subprocess.run(
        [launcher], input=INIT, capture_output=True, timeout=PATIENCE, check=False, env=os.environ | {"PATH": path}
    )
    assert [body["type"] for body in bodies(done.stdout)] == ["init_ok"]


def test_the_launcher_takes_the_venv_of_its_checkout_where_there_is_one(request, tmp_path):
    launcher = tmp_path / "bin" / "kafkasim-node"
    launcher.parent.mkdir()
    shutil.copy(request.config.rootpath / "bin" / "kafkasim-node", launcher)
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\necho "$@"\n')
    python.chmod(0o755)
    done = subprocess.run([launcher, "--max"], input=b"", capture_output=True, timeout=PATIENCE, check=False)
    assert done.stdout == b"-P -m kafkasim node --max\n", "-P: nothing is imported from where it was called"


def test_a_node_imports_nothing_that_would_make_it_start_slowly():
    code = (
        "import sys; sys.argv = ['kafkasim', 'node']; from kafkasim.__main__ import main; main()\n"
        "slow = {'typer', 'rich', 'click', 'prompt_toolkit', 'ruamel', 'argparse', 'json', 'asyncio'}\n"
        "slow |= {'inspect', 'typing_extensions'}\n"
        "print(sorted(slow & set(sys.modules)))"
    )
    done = subprocess.run([NODE[0], "-c", code], input=b"", capture_output=True, timeout=PATIENCE, check=True)
    assert done.stdout == b"[]\n"
