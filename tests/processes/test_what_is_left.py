"""However a run ends, no process is left of it."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from kafkasim.processes.remains import MARK, end_marked, new_mark
from tests.processes.left_processes import processes_with, soon
from tests.processes.programs import faulty, result_of

SPINS = (
    sys.executable,
    "-c",
    """
print('{"src": "n0", "dest": "c0", "body": {"type": "init_ok", "in_reply_to": 1}}', flush=True)
while True:
    pass
""",
)

SCENARIO = """\
name: long
why: to be interrupted
system: {{command: {command}, nodes: 2}}
clock: real
workload: {{clients: 2, rate: 100, duration: 60s}}
"""


pytestmark = pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="only Linux tells what is left")


def test_a_child_that_went_its_own_way_is_ended_with_the_run():
    result_of(faulty("leaves-a-child-behind", "3601.5"))

    assert soon(lambda: not processes_with("3601.5"))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_leaves_no_process_behind(tmp_path, number):
    mark = f"{3700 + number}.25"
    path = tmp_path / "long.yaml"
    path.write_text(SCENARIO.format(command=[*faulty("leaves-a-child-behind", mark)]))
    running = subprocess.Popen(
        [sys.executable, "-m", "kafkasim", "simulate", str(path)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    try:
        assert soon(lambda: len(processes_with(mark)) == 4), "two nodes, each with a child"
        os.kill(running.pid, number)
        _, said = running.communicate(timeout=20)
    finally:
        running.kill()
    assert running.returncode == (130 if number == signal.SIGINT else 128 + number)
    assert b"Traceback" not in said
    assert soon(lambda: not processes_with(mark))


FORKS = """
import os
for _ in range(3):
    if os.fork() == 0:
        os.setsid()
        os.close(1)
        os.execvp("sleep", ["sleep", "3915.75"])
print(flush=True)
os.read(0, 1)
"""


def test_a_child_that_is_just_becoming_another_program_is_not_overlooked():
    """Then, for a moment, it shows no environment."""
    for _ in range(40):
        mark = new_mark()
        process = subprocess.Popen(
            [sys.executable, "-S", "-E", "-c", FORKS],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=os.environ | {MARK: mark},
        )
        with process:
            assert process.stdout is not None
            process.stdout.read(1)
            process.kill()
        end_marked(mark)

    assert soon(lambda: not processes_with("3915.75"))


@pytest.mark.parametrize("command", [faulty("ignores-init"), SPINS], ids=["never-starts", "never-at-rest"])
def test_ctrl_c_is_heeded_while_a_program_is_waited_for(command):
    began = time.monotonic()
    ctrl_c = threading.Timer(1, os.kill, [os.getpid(), signal.SIGINT])
    ctrl_c.start()
    try:
        result = result_of(command)
    finally:
        ctrl_c.join()

    assert result.interrupted
    assert time.monotonic() - began < 4, "a program has 10 s to start, and 5 s to be at rest"
