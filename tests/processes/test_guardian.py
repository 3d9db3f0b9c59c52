"""Of a kafkasim that is killed, and so can do nothing any more, no process is left either."""

import os
import shlex
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from tests.cli.command_line import end_all, ended, start
from tests.processes.left_processes import processes_with, soon
from tests.processes.programs import CORRECT

pytestmark = pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="only Linux tells what is left")

STAYS = """
trap '' HUP INT TERM
echo $$ $PPID >> started
setsid sleep "$0" &
setsid sh -c 'kill -STOP $$' "$0" &
"$@"
exec sleep "$0"
"""
"""A node that heeds neither signals nor the end of its input, with two children in sessions of their own."""
OF_EACH = 3
"""So many processes it is."""

RUNS_ON = '"$@"; exec sleep "$0"'

SCENARIO = """\
name: long
why: To be killed.
clock: real
workload: {clients: 2, rate: 100, duration: 1000s}
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "long.yaml").write_text(SCENARIO)
    return tmp_path


@pytest.fixture
def name(request):
    """What is among the words of all processes of this test, and of no others; they do not outlive it."""
    name = f"{4000 + os.getpid()}.{abs(hash(request.node.nodeid)) % 10**9:09}"
    yield name
    for pid in processes_with(name):
        os.kill(pid, signal.SIGKILL)


@pytest.fixture
def kafkasim(folder):
    """Starts kafkasim in a process of its own, which does not outlive the test."""
    yield partial(start, cwd=folder)
    end_all()


@pytest.fixture
def simulate(kafkasim):
    """Has it run the scenario with this command as its nodes."""

    def simulate_with(command, *options, **others):
        return kafkasim("simulate", "long.yaml", "--bin", shlex.join(command), *options, **others)

    return simulate_with


def stays(name, *node):
    return ["sh", "-c", STAYS, name, *node]


def kill(process):
    """Ends it without a word, and waits until nobody holds its pipes any more."""
    process.kill()
    ended(process)


def guardians(pid):
    """The guardians of a process."""
    return [one for one in processes_with("guardian_process.py") if f"\0{pid}-" in words(one)]


def words(pid):
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return ""


@pytest.mark.parametrize("moment", [1, OF_EACH + 1, 2 * OF_EACH])
def test_what_ignores_all_and_what_has_left_is_ended_when_kafkasim_is_killed_as_they_start(simulate, name, moment):
    process = simulate(stays(name), "--nodes", "2")
    assert soon(lambda: len(processes_with(name)) >= moment)
    kill(process)
    assert soon(lambda: not processes_with(name))


@pytest.mark.parametrize("marked", [True, False], ids=["marked", "without-its-environment"])
def test_what_runs_on_is_ended_when_kafkasim_is_killed_in_the_middle_of_a_run(simulate, name, marked):
    """Without its environment a program bears no mark; then it is known by its group."""
    command = stays(name, *CORRECT) if marked else ["env", "-i", "sh", "-c", RUNS_ON, name, *CORRECT]
    process = simulate(command, "--log-net")
    assert process.stderr is not None
    assert "send" in "".join(process.stderr.readline() for _ in range(100))
    assert processes_with(name)
    kill(process)
    assert soon(lambda: not processes_with(name))


def test_a_repl_that_is_killed_leaves_nothing(kafkasim, name):
    process = kafkasim("repl", "--bin", shlex.join(stays(name, *CORRECT)), stdin=subprocess.PIPE)
    assert process.stdin is not None
    process.stdin.write("send k1 1\n")
    process.stdin.flush()
    assert soon(lambda: len(processes_with(name)) == OF_EACH)
    kill(process)
    assert soon(lambda: not processes_with(name))


def test_of_a_process_of_a_sweep_that_is_killed_nothing_is_left_while_the_others_go_on(simulate, folder, name):
    process = simulate(stays(name, *CORRECT), "--seeds", "2", "--jobs", "2")
    assert soon(lambda: len(processes_with(name)) == 2 * OF_EACH)
    (mine, worker), (others, _) = (map(int, line.split()) for line in (folder / "started").read_text().splitlines())
    os.kill(worker, signal.SIGKILL)
    assert soon(lambda: len(processes_with(name)) == OF_EACH)
    assert mine not in processes_with(name)
    assert others in processes_with(name)
    process.terminate()
    ended(process)
    assert not processes_with(name)


@pytest.mark.parametrize("whom", [os.kill, os.killpg], ids=["the-main-process", "all-its-processes"])
def test_a_sweep_that_is_killed_leaves_nothing(simulate, name, whom):
    process = simulate(stays(name, *CORRECT), "--seeds", "2", "--jobs", "2", start_new_session=True)
    assert soon(lambda: len(processes_with(name)) == 2 * OF_EACH)
    whom(process.pid, signal.SIGKILL)
    ended(process)
    assert soon(lambda: not processes_with(name))


def test_a_run_inside_a_node_is_ended_with_what_it_has_started(simulate, name):
    inner = [sys.executable, "-m", "kafkasim", "simulate", "long.yaml", "--bin", shlex.join(stays(name))]
    process = simulate(inner)
    assert soon(lambda: len(processes_with(name)) == OF_EACH)
    kill(process)
    assert soon(lambda: not processes_with(name))


def test_the_guardian_keeps_nobody_waiting_and_heeds_no_terminal(simulate, name):
    process = simulate(["sleep", name], start_new_session=True)
    assert soon(lambda: processes_with(name))
    (guardian,) = guardians(process.pid)
    assert os.getsid(guardian) == guardian
    os.kill(guardian, signal.SIGSTOP)
    kill(process)
    os.kill(guardian, signal.SIGCONT)
    assert soon(lambda: not processes_with(name))
    assert soon(lambda: not guardians(process.pid))


def test_a_run_without_its_guardian_ends_as_with_it(simulate, name):
    process = simulate(stays(name, *CORRECT))
    assert soon(lambda: len(processes_with(name)) == OF_EACH)
    (guardian,) = guardians(process.pid)
    os.kill(guardian, signal.SIGKILL)
    process.send_signal(signal.SIGINT)
    done = ended(process)
    assert (done.code, done.err) == (130, "")
    assert not processes_with(name)


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_where_all_goes_well_no_guardian_is_left(kafkasim, folder, jobs):
    (folder / "short.yaml").write_text(SCENARIO.replace("real", "virtual").replace("1000s", "1s"))
    noted = """
from kafkasim.processes.guardian import Guardian
begin = Guardian.begin
def told(guardian):
    begin(guardian)
    with open("guardians", "a") as file:
        print(guardian._process.pid, file=file)
Guardian.begin = told
"""
    arguments = ["simulate", "short.yaml", "--bin", shlex.join(CORRECT), "--seeds", "2", "--jobs", jobs]
    done = ended(kafkasim(*arguments, program=noted))
    assert (done.code, done.err) == (0, "")
    started = [int(line) for line in (folder / "guardians").read_text().splitlines()]
    assert len(started) == 2
    assert len(set(started)) <= int(jobs)
    assert not [pid for pid in started if pid in processes_with("guardian_process.py")]


def test_what_an_error_of_ours_leaves_is_ended(simulate, name):
    fails = """
from kafkasim.sim.process_nodes import ProcessNode
def leave(node):
    raise KeyError("a bug")
ProcessNode.leave = leave
"""
    process = simulate(stays(name, *CORRECT), program=fails)
    assert soon(lambda: len(processes_with(name)) == OF_EACH)
    process.send_signal(signal.SIGINT)
    assert ended(process).code == 3
    assert soon(lambda: not processes_with(name))


LOSES_ITS_GUARDIAN = """
import os, sys
from kafkasim.processes.child import Child
from kafkasim.processes.guardian import GUARDIAN
from kafkasim.processes.remains import new_mark
first = Child(["env", "-i", "sleep", sys.argv[1]], new_mark())
GUARDIAN._process.kill()
GUARDIAN._process.wait()
second = Child(["sleep", sys.argv[1]], new_mark())
print("started", flush=True)
os.read(0, 1)
"""


def test_where_a_guardian_has_ended_another_takes_its_place(name):
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", LOSES_ITS_GUARDIAN, name], stdin=pipe, stdout=pipe) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"started\n"
        process.kill()
    assert soon(lambda: not processes_with(name))


FORKS = """
import os, sys, time
from kafkasim.processes.child import Child
from kafkasim.processes.remains import new_mark
Child(["sleep", sys.argv[1]], new_mark())
if os.fork() == 0:
    Child(["sleep", sys.argv[1]], new_mark()).kill()
    print("forked", flush=True)
    time.sleep(1000)
os.wait()
"""


def test_a_fork_of_the_process_does_not_keep_it_alive_for_its_guardian(name):
    command = [sys.executable, "-c", FORKS, name]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True)
    try:
        with process:
            assert process.stdout is not None
            assert process.stdout.readline() == b"forked\n"
            assert len(processes_with(name)) == 3
            process.kill()
            process.wait()
            assert soon(lambda: len(processes_with(name)) == 1), "the fork, which still has the same words"
    finally:
        os.killpg(process.pid, signal.SIGKILL)
