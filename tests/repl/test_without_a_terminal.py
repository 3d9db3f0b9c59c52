"""Commands from a pipe, a file or ``-c``: no prompt, in order, up to the first that fails."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from kafkasim.repl import main

RUN = "import json, sys; from kafkasim.repl import main; sys.exit(main(*json.loads(sys.argv[1])))"


BUFFERED = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
"""As a user's: what is only there because nothing is buffered is not there for them."""


def command(*arguments):
    return [sys.executable, "-c", RUN, json.dumps(arguments)]


def piped(typed, *arguments, **options):
    """Exit code, standard output and standard error of a process of its own into which this is piped."""
    data = typed if isinstance(typed, bytes) else typed.encode()
    options.setdefault("env", BUFFERED)
    done = subprocess.run(command(*arguments), input=data, capture_output=True, timeout=60, check=False, **options)
    assert b"Traceback" not in done.stderr
    return done.returncode, done.stdout.decode(), done.stderr.decode()


@pytest.fixture
def run(capsys):
    """Exit code, standard output and standard error of a run in this process."""

    def run_here(*arguments, **options):
        code = main(*arguments, **options)
        return (code, *capsys.readouterr())

    return run_here


def test_a_pipe_is_run_without_a_prompt():
    assert piped("# a lesson\n\nsend k1 hello\npoll k1") == (0, 'k1[0]  "hello"\nk1[0]  "hello"\n', "")


def test_an_empty_pipe_is_nothing_to_do():
    assert piped("") == (0, "", "")


def test_a_pipe_stops_at_the_first_line_that_is_no_command():
    code, out, err = piped("send k1 a\nsnd k1 b\nsend k1 c\n")
    assert (code, out) == (1, 'k1[0]  "a"\n')
    assert err == (
        'standard input:2:1: error: unknown command "snd"\n'
        "  snd k1 b\n"
        "  ^\n"
        "  did you mean `send`?\n"
    )  # fmt: skip


def test_a_pipe_stops_at_the_first_error_reply():
    code, out, err = piped("send k1 a\ncommit k1:7\nsend k1 c\n")
    assert (code, out) == (1, 'k1[0]  "a"\n')
    assert err.startswith("standard input:2: precondition-failed (22): commit_offsets: ")


def test_commands_of_the_command_line_are_run_in_order(run):
    assert run(["send k1 a", "send k1 b\nsend k1 c", "poll k1:1"])[1].splitlines()[3:] == ['k1[1]  "b"', 'k1[2]  "c"']


def test_an_error_in_a_command_says_which_one(run):
    code, _, err = run(["send k1 a", "poll k1:"])
    assert code == 1
    assert err.startswith("-c 2:9: error: expected an offset")


@pytest.mark.parametrize(
    ("command", "place"),
    [
        ('send k1 {\n  "a": x\n}', "-c 1, line 2:8"),
        ('send k1 a\nsend k1 {\n  "a": x\n}', "-c 1, line 3:8"),
        ('send k1 {\r\n  "a": 1\r\n} x', "-c 1, line 3:3"),
        ("send k1 a\n snd", "-c 1, line 2:2"),
    ],
)
def test_an_error_in_a_command_of_several_lines_says_in_which_and_shows_that(run, command, place):
    code, _, err = run([command])
    assert (code, err.partition(": error")[0]) == (1, place)
    line, mark = err.splitlines()[1:3]
    assert line.strip() in command.splitlines()[int(place[-3]) - 1]
    assert mark.index("^") == 2 + int(place[-1]) - 1


def test_a_file_is_run_before_the_commands(run, tmp_path):
    path = tmp_path / "setup.txt"
    path.write_text("send k1 from the file\n")
    assert run(["send k1 from -c"], str(path)) == (0, 'k1[0]  "from the file"\nk1[1]  "from -c"\n', "")


def test_an_error_in_the_file_names_it_and_nothing_more_is_run(run, tmp_path):
    path = tmp_path / "setup.txt"
    path.write_text("send k1 a\nlist\n")
    code, out, err = run(["send k1 never"], str(path))
    assert (code, out) == (1, 'k1[0]  "a"\n')
    assert err.startswith(f"{path}:2:5: error: expected a key\n")


def test_quit_in_a_file_ends_everything_well(run, tmp_path):
    path = tmp_path / "setup.txt"
    path.write_text("send k1 a\nquit\nsend k1 never\n")
    assert run(["send k1 never"], str(path)) == (0, 'k1[0]  "a"\n', "")


def test_a_dash_is_standard_input():
    assert piped("send k1 a\n", ["send k1 b"], "-") == (0, 'k1[0]  "a"\nk1[1]  "b"\n', "")


def test_a_file_that_cannot_be_read_is_wrong_usage(run, tmp_path):
    missing = tmp_path / "nope.txt"
    assert run(file=str(missing)) == (2, "", f"error: cannot read {missing}: No such file or directory\n")


def test_bytes_that_are_no_text_are_an_error_at_their_place():
    code, out, err = piped(b"send k1 a\nsend k1 \xff\n")
    assert (code, out) == (1, 'k1[0]  "a"\n')
    assert err.startswith("standard input:2:9: error: this is not UTF-8 text\n")


def test_a_closed_standard_input_is_told_of():
    closed = f"import sys; sys.stdin.close(); sys.stdin = None; {RUN}"
    done = subprocess.run([sys.executable, "-c", closed, "[]"], capture_output=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (2, b"error: cannot read standard input: it is closed\n")


def test_json_prints_the_body_of_one_reply_a_line(run):
    code, out, err = run(['send k1 {"a": 1.50}', "keys", "poll k1", "list k1"], json=True)
    assert code == 0
    assert out == (
        '{"type":"send_ok","in_reply_to":1,"offset":0}\n'
        '{"type":"poll_ok","in_reply_to":2,"msgs":{"k1":[[0,{"a": 1.50}]]}}\n'
        '{"type":"list_committed_offsets_ok","in_reply_to":3,"offsets":{}}\n'
    )
    assert err.startswith("key  messages")


def test_json_prints_an_error_reply_too_and_stops(run):
    code, out, err = run(["commit k1:0", "send k1 never"], json=True)
    assert code == 1
    assert [json.loads(line)["code"] for line in out.splitlines()] == [22]
    assert err.startswith("-c 1: precondition-failed")


def test_no_escape_codes_without_a_terminal(run):
    code, out, err = run(["send k1 a", "show k1", "help", "help send", "nope"])
    assert "\x1b" not in out + err
    assert code == 1


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_what_standard_output_cannot_say_is_escaped(encoding):
    code, out, _ = piped("", ["send k1 日本"], env={**BUFFERED, "PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"})
    assert (code, out) == (0, 'k1[0]  "\\u65e5\\u672c"\n')


def test_json_stays_json_whatever_standard_output_can_say():
    environment = {**BUFFERED, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    code, out, _ = piped("", ["send k1 é日😀", "poll k1"], None, True, env=environment)
    assert code == 0
    assert json.loads(out.splitlines()[1])["msgs"] == {"k1": [[0, "é日😀"]]}


def test_each_reply_is_there_before_the_next_line_is_typed():
    with subprocess.Popen(command(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=BUFFERED) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for number in range(3):
            process.stdin.write(b"send k1 x\n")
            process.stdin.flush()
            assert process.stdout.readline() == b'k1[%d]  "x"\n' % number
        process.stdin.close()
        assert process.wait(timeout=60) == 0


@pytest.mark.parametrize("colours", [{}, {"FORCE_COLOR": "1"}])
def test_a_reader_that_has_had_enough_is_no_error(colours):
    with subprocess.Popen(
        command(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**BUFFERED, **colours},
    ) as process:
        assert process.stdout is not None
        process.stdout.close()
        _, err = process.communicate(b"send k1 x\n" * 100, timeout=60)
    assert (process.returncode, err) == (0, b"")


def test_an_output_that_cannot_be_written_is_told_of():
    with Path(os.devnull).open("rb") as unwritable:
        done = subprocess.run(
            command(["send k1 x"]), stdout=unwritable, stderr=subprocess.PIPE, check=False, timeout=60, env=BUFFERED
        )
    assert done.returncode == 1
    assert done.stderr == b"error: cannot write to standard output: Bad file descriptor\n"


def test_ctrl_c_ends_quietly():
    with subprocess.Popen(command(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(b"send k1 x\n")
        process.stdin.flush()
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (130, b"")


def test_the_line_editor_is_not_loaded_where_nobody_types(run):
    script = f"{RUN.replace('sys.exit(', '(')}; sys.exit('prompt_toolkit' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script, '[["send k1 a"]]'], check=False, capture_output=True, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no device that is always full")
@pytest.mark.parametrize(
    ("line", "stream", "told"),
    [
        ("nope", "stderr", b""),
        ("send k1 a", "stdout", b"error: cannot write to standard output: No space left on device\n"),
    ],
)
def test_a_full_disk_is_an_error_whichever_stream_it_is(line, stream, told):
    with Path("/dev/full").open("wb") as full:
        out, err = (full, subprocess.PIPE) if stream == "stdout" else (subprocess.PIPE, full)
        done = subprocess.run(command([line]), stdout=out, stderr=err, check=False, timeout=60, env=BUFFERED)
        both = subprocess.run(command([line]), stdout=full, stderr=full, check=False, timeout=60, env=BUFFERED)
    assert (done.returncode, both.returncode) == (1, 1)
    assert (done.stderr or b"") == told


def test_a_file_without_a_name_is_wrong_usage(run):
    assert run(file="") == (2, "", "error: expected the name of a file, got an empty text\n")
