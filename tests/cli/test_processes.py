"""What only a process of its own can show: signals, pipes, environments, and who is left running."""

from __future__ import annotations

import errno
import io
import json
import os
import pty
import random
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import jsonschema
import pytest

from kafkasim.history_files import read_history
from tests.cli.command_line import Ended, ended, run, start
from tests.report.schema import SEVERAL

TELLS_WHEN_THE_RUN_HAS_BEGUN = """
from kafkasim.sim.world import World
advance = World.advance
def told(world, *arguments):
    World.advance = advance
    print("begun", file=sys.stderr, flush=True)
    return advance(world, *arguments)
World.advance = told
"""

TELLS_WHEN_A_RUN_HAS_ENDED = """
from kafkasim.cli.progress import ProgressBar
def told(bar, number):
    if number == 1:
        print("begun", file=sys.stderr, flush=True)
ProgressBar.at = told
"""

TELLS_WHEN_PROCESSES_START = """
from multiprocessing.context import SpawnProcess
start = SpawnProcess.start
def told(process):
    SpawnProcess.start = start
    start(process)
    print("begun", file=sys.stderr, flush=True)
SpawnProcess.start = told
"""

TELLS_WHEN_SIGNALS_ARE_HEEDED = """
from kafkasim import cli
run_app = cli._run_app
def told():
    print("begun", file=sys.stderr, flush=True)
    return run_app()
cli._run_app = told
"""


def test_ctrl_c_ends_a_run_with_what_is_known_so_far(scenarios):
    arguments = ["simulate", "endless.yaml", "--history", "part.jsonl"]
    process = start(*arguments, cwd=scenarios, program=TELLS_WHEN_THE_RUN_HAS_BEGUN)
    assert process.stderr is not None
    assert process.stderr.readline() == "begun\n"
    process.send_signal(signal.SIGINT)
    done = ended(process)
    assert (done.code, done.err) == (130, "")
    assert "INTERRUPTED" in done.out
    assert read_history(str(scenarios / "part.jsonl")).end.end == "interrupted"


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_ctrl_c_ends_a_sweep_and_all_its_processes(scenarios, jobs):
    arguments = ["simulate", "busy.yaml", "--seeds", "100000", "--jobs", jobs, "--json"]
    process = start(*arguments, cwd=scenarios, program=TELLS_WHEN_A_RUN_HAS_ENDED)
    assert process.stderr is not None
    assert process.stderr.readline() == "begun\n"
    process.send_signal(signal.SIGINT)
    # This returns once nobody holds the other end of the pipes: neither the program nor any process that it started.
    done = ended(process)
    assert (done.code, done.err) == (130, "")
    assert json.loads(done.out)["runs"]


def test_ctrl_c_on_a_terminal_reaches_all_processes_and_is_the_business_of_one(scenarios):
    """Also while they start: then a process that heard of it would end in a traceback."""
    arguments = ["simulate", "busy.yaml", "--seeds", "100000", "--jobs", "2"]
    for wait in (0.03, 0.06, 0.1, 0.2):
        process = start(*arguments, cwd=scenarios, program=TELLS_WHEN_PROCESSES_START, start_new_session=True)
        assert process.stderr is not None
        assert process.stderr.readline() == "begun\n"
        time.sleep(wait)
        os.killpg(process.pid, signal.SIGINT)
        done = ended(process)
        assert (done.code, done.err) == (130, "")


@pytest.mark.parametrize("told", [signal.SIGTERM, signal.SIGHUP])
def test_a_program_that_is_told_to_end_does_so_quietly_and_leaves_nothing(scenarios, told):
    arguments = ["simulate", "busy.yaml", "--seeds", "100000", "--jobs", "2"]
    process = start(*arguments, cwd=scenarios, program=TELLS_WHEN_A_RUN_HAS_ENDED)
    assert process.stderr is not None
    assert process.stderr.readline() == "begun\n"
    process.send_signal(told)
    assert ended(process) == Ended(128 + told, "", "")


def test_a_hangup_that_is_ignored_stays_so(scenarios):
    arguments = ["simulate", "busy.yaml", "--seeds", "20", "--jobs", "2"]
    process = start(*arguments, cwd=scenarios, program=TELLS_WHEN_A_RUN_HAS_ENDED, hangup=signal.SIG_IGN)
    assert process.stderr is not None
    assert process.stderr.readline() == "begun\n"
    process.send_signal(signal.SIGHUP)
    assert ended(process).code == 0


def test_a_hangup_that_has_ended_the_tracker_of_resources_first_is_not_spoken_of(scenarios):
    program = """
import os, signal
from multiprocessing import resource_tracker
from kafkasim.cli import workers
start = workers._Worker
def after_the_tracker(performance):
    resource_tracker.ensure_running()
    os.kill(resource_tracker._resource_tracker._pid, signal.SIGKILL)
    os.waitid(os.P_PID, resource_tracker._resource_tracker._pid, os.WEXITED | os.WNOWAIT)
    return start(performance)
workers._Worker = after_the_tracker
"""
    done = run("simulate", "busy.yaml", "--seeds", "2", "--jobs", "2", cwd=scenarios, program=program)
    assert (done.code, done.err) == (0, "")


def tell_to_end_at_random_moments(scenarios: Path, moments: int) -> None:
    """Each time a sweep must end quietly, with the exit code of the signal, and leave neither process nor half file."""
    rng = random.Random(moments)
    arguments = ["simulate", "busy.yaml", "--seeds", "2000", "--jobs", "3", "--history", "h-{seed}.jsonl"]
    for _ in range(moments):
        process = start(*arguments, cwd=scenarios, program=TELLS_WHEN_SIGNALS_ARE_HEEDED, start_new_session=True)
        assert process.stderr is not None
        assert process.stderr.readline() == "begun\n"
        time.sleep(rng.uniform(0, 1.5))
        told = rng.choice([signal.SIGTERM, signal.SIGHUP])
        tell = rng.choice([os.kill, os.killpg])
        tell(process.pid, told)
        assert ended(process) == Ended(128 + told, "", "")
        assert not list(scenarios.glob(".kafkasim-*"))


def test_a_sweep_can_be_ended_at_any_moment(scenarios):
    tell_to_end_at_random_moments(scenarios, 4)


@pytest.mark.sweep
def test_a_sweep_can_be_ended_at_any_of_many_moments(scenarios):
    tell_to_end_at_random_moments(scenarios, 100)


def test_a_process_that_is_ended_in_the_middle_of_a_file_leaves_no_half_of_it(scenarios):
    slow = """
import time
import kafkasim.files as files
mode = files._mode_for
def slowly(path):
    print("begun", file=sys.stderr, flush=True)
    time.sleep(0.5)
    return mode(path)
files._mode_for = slowly
"""
    arguments = ["simulate", "valid.yaml", "--seeds", "2", "--jobs", "2", "--history", "h-{seed}.jsonl"]
    process = start(*arguments, cwd=scenarios, program=slow)
    assert process.stderr is not None
    assert process.stderr.readline().startswith("begun")  # both may be there
    process.send_signal(signal.SIGTERM)
    assert ended(process).code == 128 + signal.SIGTERM
    assert not list(scenarios.glob(".kafkasim-*"))
    for path in scenarios.glob("h-*.jsonl"):
        assert read_history(str(path)).end.end == "complete"


def test_ctrl_c_while_the_program_is_still_loading_is_quiet(scenarios):
    loading = """
import builtins, _thread
import kafkasim.__main__
imported = builtins.__import__
def interrupted(name, *rest):
    if name == "kafkasim.cli.failures" or name == "kafkasim":
        raise KeyboardInterrupt
    return imported(name, *rest)
from kafkasim.__main__ import main
builtins.__import__ = interrupted
sys.exit(main())
"""
    ended = run("simulate", "valid.yaml", cwd=scenarios, program=loading)
    assert (ended.code, ended.out, ended.err) == (130, "", "")


@pytest.mark.parametrize("told", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_that_comes_where_nothing_can_be_raised_is_not_lost(scenarios, told):
    finalizer = f"""
import signal, time
from kafkasim.cli import simulating
class Ended:
    def __del__(self):
        signal.raise_signal({int(told)})  # whose handler raises here, where Python drops it
load = simulating.load_file_or_shipped
def slowly(*arguments):
    Ended()
    time.sleep(5)
    return load(*arguments)
simulating.load_file_or_shipped = slowly
"""
    process = start("simulate", "valid.yaml", cwd=scenarios, program=finalizer)
    assert ended(process) == Ended(128 + told, "", "")


def test_workers_end_when_the_main_process_is_killed(scenarios):
    arguments = ["simulate", "busy.yaml", "--seeds", "100000", "--jobs", "2"]
    process = start(*arguments, cwd=scenarios, program=TELLS_WHEN_A_RUN_HAS_ENDED)
    assert process.stderr is not None
    assert process.stderr.readline() == "begun\n"
    process.kill()
    ended(process)
    assert process.returncode == -signal.SIGKILL


def test_jobs_change_nothing_but_the_time(scenarios):
    arguments = ["simulate", "busy.yaml", "expected.yaml", "--seeds", "4", "--seed", "3", "--bug", "forgets-commits"]
    one, two = (run(*arguments, "--jobs", jobs, "--json", cwd=scenarios) for jobs in ("1", "2"))
    assert one == two


@pytest.mark.parametrize(
    ("fails", "words"),
    [
        ('raise KeyError("n7")', "the simulator failed, a bug of kafkasim"),
        ("os.kill(os.getpid(), 9)", "was ended from outside (SIGKILL), perhaps for want of memory: try fewer --jobs"),
        ("os._exit(7)", "ended before its time (exit code 7)"),
    ],
)
def test_a_run_that_fails_in_another_process_leaves_the_others_their_results(scenarios, fails, words):
    program = f"""
import os
from kafkasim.sim.world import World
advance = World.advance
def fail(world, *arguments):
    if world.seed == 5:
        {fails}
    return advance(world, *arguments)
World.advance = fail
"""
    arguments = ["simulate", "busy.yaml", "--seed", "3", "--seeds", "6", "--jobs", "2", "--json", "--junit", "j.xml"]
    ended = run(*arguments, cwd=scenarios, program=program)
    assert (ended.code, ended.err) == (3, "")
    document = json.loads(ended.out)
    jsonschema.validate(document, SEVERAL)
    verdicts = {run["seed"]: run["verdict"] for run in document["runs"]}
    assert verdicts == {3: "valid", 4: "valid", 5: "unknown", 6: "valid", 7: "valid", 8: "valid"}
    assert document["seeds_failed"] == [5]
    assert words in document["runs"][2]["failure"]
    assert words in (scenarios / "j.xml").read_text()


@pytest.mark.parametrize(
    ("arguments", "code"),
    [(["simulate", "unmet.yaml"], 1), (["simulate", "expected.yaml"], 0), (["simulate", "--schema"], 0)],
)
def test_a_reader_that_leaves_changes_nothing_but_the_output(scenarios, arguments, code):
    reading, writing = os.pipe()
    os.close(reading)
    process = start(*arguments, cwd=scenarios, stdout=writing)
    os.close(writing)
    err = ended(process).err
    assert (process.returncode, err) == (code, "")


def test_closed_standard_streams_change_nothing_but_the_output(scenarios):
    closed = "import os\nsys.stdout = sys.stderr = None"
    assert run("simulate", "unmet.yaml", cwd=scenarios, program=closed).code == 1
    assert run("simulate", "nowhere.yaml", cwd=scenarios, program=closed).code == 2


def test_a_full_disk_is_one_line(kafkasim, monkeypatch):
    class Full(io.StringIO):
        def write(self, text: str) -> int:
            if text:
                raise OSError(errno.ENOSPC, "No space left on device")
            return 0

    monkeypatch.setattr("sys.stdout", Full())
    ended = kafkasim("simulate", "valid.yaml")
    assert (ended.code, ended.err) == (2, "kafkasim: standard output: no space left on device\n")


def test_the_salt_of_hashes_and_the_terminal_change_no_byte(scenarios):
    arguments = ["simulate", "busy.yaml", "--bug", "drops-acknowledged", "--history", "h.jsonl", "--junit", "j.xml"]
    outputs = []
    for extra in ({"PYTHONHASHSEED": "1"}, {"PYTHONHASHSEED": "2", "TERM": "dumb", "LINES": "7"}):
        ended = run(*arguments, cwd=scenarios, env=extra)
        assert ended.code == 1
        outputs.append((ended.out, (scenarios / "h.jsonl").read_bytes(), (scenarios / "j.xml").read_bytes()))
    assert outputs[0] == outputs[1]


def test_a_terminal_that_cannot_show_arrows_gets_plain_ones(scenarios):
    ended = run("simulate", "expected.yaml", cwd=scenarios, env={"PYTHONIOENCODING": "ascii"})
    assert (ended.code, ended.err) == (0, "")
    assert "alice -> n0  commit k1:0" in ended.out


def test_on_a_terminal_there_are_colours_unless_they_are_not_wanted(scenarios):
    def seen(**environment: str) -> str:
        leader, follower = pty.openpty()
        process = start(
            "simulate", "expected.yaml", cwd=scenarios, stdout=follower, env={"TERM": "xterm-256color", **environment}
        )
        os.close(follower)
        shown = b""
        try:
            while part := os.read(leader, 65536):
                shown += part
        except OSError:  # how Linux says that the other end is closed
            pass
        os.close(leader)
        ended(process)
        assert process.returncode == 0
        return shown.decode()

    colours = re.compile(r"\x1b\[[\d;]*3\dm")
    assert colours.search(seen())
    assert not colours.search(seen(NO_COLOR="1"))


def test_help_and_version_load_neither_simulator_nor_checkers():
    code = (
        "import sys; from kafkasim.__main__ import main; sys.argv = ['kafkasim', 'simulate', '--help']\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print([name for name in sys.modules if name.startswith(('kafkasim.sim', 'kafkasim.checkers', 'ruamel'))])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_a_shell_can_be_taught_the_commands(scenarios):
    ended = run("--show-completion", "bash", cwd=scenarios, env={"_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"})
    assert ended.code == 0
    assert "_KAFKASIM_COMPLETE" in ended.out


def test_bugs_and_levels_are_completed(scenarios):
    def completed(words: str) -> set[str]:
        environment = {
            "_KAFKASIM_COMPLETE": "complete_bash",
            "COMP_WORDS": words,
            "COMP_CWORD": str(len(words.split(" ")) - 1),
        }
        return set(run(cwd=scenarios, env=environment).out.split())

    assert completed("kafkasim simulate --bug s") == {"stores-refused", "skips-message", "stale-reads", "silent"}
    assert completed("kafkasim check --consistency k") == {"kafka"}
