"""A person speaks to a program: what it writes is shown as it comes, and Ctrl-C ends a wait and nothing else."""

import shlex
import signal
import sys
from pathlib import Path

import pytest

from tests.processes.left_processes import processes_with, soon
from tests.processes.programs import faulty
from tests.repl.on_a_terminal import CTRL_D, ENTER, started

OBEDIENT = shlex.join([sys.executable, str(Path(__file__).parent / "obedient_node.py")])


def test_ctrl_c_ends_the_wait_and_the_late_answer_is_shown_as_such(tmp_path):
    with started(tmp_path, "--bin", OBEDIENT) as (terminal, process):
        terminal.wait_for(b"obedient_node.py is n0, and ends when you leave.")
        terminal.wait_for(b"| 0 keys, 0 messages")
        terminal.type(b'send k1 ["sleep", 2]' + ENTER)
        terminal.wait_for(b"n0 stderr | asleep")
        process.send_signal(signal.SIGINT)
        terminal.wait_for(b"no reply: interrupted, n0 has not answered yet")
        terminal.wait_for(b"| 0 keys, 0 messages")
        terminal.type(b"send k1 second" + ENTER)
        terminal.wait_for(b"late: this answers request 1 of c1, which nobody waits for any more")
        terminal.wait_for(b'k1[1]  "second"')
        terminal.wait_for(b"| 1 key, 2 messages")
        terminal.type(CTRL_D)
        assert process.wait(timeout=30) == 0


def test_what_a_node_writes_while_a_line_is_typed_is_shown_above_the_line(tmp_path):
    with started(tmp_path, "--bin", OBEDIENT) as (terminal, process):
        terminal.wait_for(b"| 0 keys, 0 messages")
        terminal.type(b'send k1 ["write late", 1, "hello"]' + ENTER)
        terminal.wait_for(b"k1[0]")
        terminal.wait_for(b"| 1 key, 1 message")
        terminal.type(b"poll k1:1")
        terminal.wait_for(b'n0 stdout | "hello"')
        terminal.wait_for(b"poll k1:1")
        terminal.type(ENTER)
        terminal.wait_for(b"nothing at or above offset 1")
        terminal.wait_for(b"| 1 key, 1 message")
        terminal.type(CTRL_D)
        assert process.wait(timeout=30) == 0


def test_a_node_that_ends_while_a_line_is_typed_is_noticed_and_can_be_started_again(tmp_path):
    with started(tmp_path, "--bin", OBEDIENT) as (terminal, process):
        terminal.wait_for(b"| 0 keys, 0 messages")
        terminal.type(b'send k1 ["exit late", 1]' + ENTER)
        terminal.wait_for(b"n0 has ended: it was ended by SIGKILL; `restart` starts it again")
        terminal.type(b"restart" + ENTER)
        terminal.wait_for(b"n0 was started again")
        terminal.type(b"poll k1" + ENTER)
        terminal.wait_for(b"nothing: no messages yet")
        terminal.wait_for(b"| 1 key, 0 messages")
        terminal.type(CTRL_D)
        assert process.wait(timeout=30) == 0


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="only Linux tells what is left")
@pytest.mark.parametrize(("leave", "mark"), [(CTRL_D, "3852.25"), (b"quit" + ENTER, "3853.25"), (None, "3854.25")])
def test_however_a_person_leaves_no_process_is_left_behind(tmp_path, leave, mark):
    with started(tmp_path, "--bin", shlex.join(faulty("leaves-a-child-behind", mark))) as (terminal, process):
        terminal.wait_for(b"| 0 keys, 0 messages")
        assert soon(lambda: len(processes_with(mark)) == 2)
        if leave is None:
            process.terminate()
        else:
            terminal.type(leave)
        assert process.wait(timeout=30) == (143 if leave is None else 0)
    assert soon(lambda: not processes_with(mark))
