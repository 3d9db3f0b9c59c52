"""The command as a person starts it: a process of its own on a terminal of its own."""

import signal
import subprocess

from tests.repl.on_a_terminal import CTRL_C, CTRL_D, ENTER, started


def test_a_session_from_the_first_prompt_to_ctrl_d(tmp_path):
    with started(tmp_path) as (terminal, process):
        terminal.wait_for(b"| 0 keys, 0 messages")
        terminal.type(b"send k1 hello" + ENTER)
        terminal.wait_for(b'k1[0]  "hello"')
        terminal.wait_for(b"| 1 key, 1 message")
        terminal.type(b"never sent" + CTRL_C)
        terminal.wait_for(b"| 1 key, 1 message")
        terminal.type(b"pol k1" + ENTER)
        terminal.wait_for(b"did you mean `poll`?")
        terminal.type(CTRL_C)
        terminal.wait_for(b"| 1 key, 1 message")
        terminal.type(CTRL_D)
        assert process.wait(timeout=30) == 0
    typed = (tmp_path / "kafkasim" / "history").read_text().splitlines()
    assert [line for line in typed if line.startswith("+")] == ["+send k1 hello"]


def test_a_low_terminal_shows_what_is_typed_and_why_it_is_refused(tmp_path):
    with started(tmp_path, rows=4) as (terminal, process):
        terminal.wait_for(b"| 0 keys, 0 messages")
        terminal.type(b"pol k1" + ENTER)
        terminal.wait_for(b'unknown command "pol"')
        terminal.type(CTRL_C + CTRL_D)
        assert process.wait(timeout=30) == 0


def test_replies_that_go_elsewhere_leave_the_prompt_on_the_terminal(tmp_path):
    with started(tmp_path, "--json", stdout=subprocess.PIPE) as (terminal, process):
        terminal.wait_for(b"| 0 keys, 0 messages")
        terminal.type(b"send k1 hello" + ENTER)
        assert process.stdout.readline() == b'{"type":"send_ok","in_reply_to":1,"offset":0}\n'
        terminal.wait_for(b"| 1 key, 1 message")
        terminal.type(CTRL_D)
        assert process.wait(timeout=30) == 0
        assert process.stdout.read() == b""


def test_the_greeting_is_where_the_prompt_is(tmp_path):
    with started(tmp_path, stdout=subprocess.PIPE) as (terminal, process):
        terminal.wait_for(b"Try `send k1 hello`, then `poll k1`.")
        terminal.wait_for(b"| 0 keys, 0 messages")
        terminal.type(CTRL_D)
        assert process.wait(timeout=30) == 0
        assert process.stdout.read() == b""


def test_ctrl_c_stops_a_file_between_two_lines_however_often_it_is_pressed(tmp_path):
    path = tmp_path / "big.txt"
    path.write_text("send k1 x\n" * 100_000)
    with started(tmp_path) as (terminal, process):
        terminal.wait_for(b"| 0 keys, 0 messages")
        terminal.type(f"source {path}".encode() + ENTER)
        terminal.wait_for(b"k1[20]")
        for _ in range(3):
            process.send_signal(signal.SIGINT)
        terminal.wait_for(f"interrupted at {path}:".encode())
        terminal.wait_for(b"messages")
        terminal.type(b"send k2 whole" + ENTER)
        terminal.wait_for(b'k2[0]  "whole"')
        terminal.wait_for(b"| 2 keys")
        terminal.type(CTRL_D)
        assert process.wait(timeout=30) == 0
