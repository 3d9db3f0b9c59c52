"""The real clock is for programs that stand still, where that saves time or is but fair; not for those that work."""

import os
import sys

import pytest

from kafkasim.processes.rest import Rest
from kafkasim.scenario import model
from kafkasim.scenario.model import MILLISECOND, SECOND
from kafkasim.sim import pace, sleep
from tests.processes.programs import CORRECT, NODES, result_of

pytestmark = pytest.mark.skipif(
    not Rest(os.getpid()).known or os.uname().machine not in ("x86_64", "aarch64"),
    reason="this system does not tell what a program waits for",
)


def sleeping(seconds, how="time.sleep({})"):
    """The command of a correct node that does so over each request."""
    code = f"""
import sys, time
sys.path.insert(0, {str(NODES / "python")!r})
from node import Node
def burn(seconds):
    until = time.thread_time() + seconds
    while time.thread_time() < until:
        pass
class Slow(Node):
    asked = 0
    def answer(self, body):
        self.asked += 1
        {how.format(seconds)}
        return super().answer(body)
Slow().run()
"""
    return (sys.executable, "-c", code)


@pytest.mark.parametrize("seconds", [0.002, 0.02])
def test_where_sleeping_over_requests_costs_more_than_time_itself_the_clock_is_real(seconds, monkeypatch):
    monkeypatch.setattr(sleep, "_STRETCH", 300 * MILLISECOND)
    workload = model.Workload(clients=6, keys=3, rate=2000.0, duration=SECOND)
    result = result_of(sleeping(seconds), workload=workload)

    assert result.verdict == "valid"
    assert result.pacing.reason == "the nodes take longer over requests than the virtual clock saves"
    assert 0 < result.pacing.real_from < SECOND


@pytest.mark.parametrize("how", ["burn({})", "os = __import__('os'); os.fsync(os.open('/tmp', os.O_RDONLY))"])
def test_a_program_that_works_for_long_stays_on_the_virtual_clock(how, monkeypatch):
    """How long it works hangs on the machine, and on who else uses it."""
    monkeypatch.setattr(sleep, "_STRETCH", 1)
    result = result_of(sleeping(0.005, how))

    assert (result.verdict, result.pacing.real_from) == ("valid", None)
    assert result.history == result_of(CORRECT).history


def test_a_program_that_sleeps_for_less_than_the_time_that_passes_stays_on_the_virtual_clock(monkeypatch):
    monkeypatch.setattr(sleep, "_STRETCH", 30 * MILLISECOND)
    result = result_of(sleeping(0.005), workload=model.Workload(clients=1, keys=1, rate=10.0, duration=5 * SECOND))

    assert (result.verdict, result.pacing.real_from) == ("valid", None)


PATIENCES = [name for name in vars(pace) if name.startswith("_PATIENCE")]


WAITS_FOR_ANOTHER_PROGRAM = (
    "import os, subprocess; "
    "reads, writes = os.pipe(); "
    "subprocess.run('(sleep 1.5; echo) &', shell=True, stdout=writes, start_new_session=True); "
    "os.read(reads, 1)"
)


@pytest.mark.parametrize("clients", [1, 5])
@pytest.mark.parametrize("how", ["time.sleep(1.5)", "burn(1.5)", WAITS_FOR_ANOTHER_PROGRAM])
def test_a_program_that_once_stands_still_for_long_is_given_the_real_clock_and_not_accused(how, clients, monkeypatch):
    for name in PATIENCES:
        monkeypatch.setattr(pace, name, 200 * MILLISECOND)
    workload = model.Workload(clients=clients, keys=3, rate=200.0, duration=SECOND)
    result = result_of(sleeping(0, f"if self.asked == 20: {how}"), workload=workload)

    assert result.verdict == "valid"
    assert result.pacing.reason.startswith("n0 ")
    assert result.pacing.reason.endswith(", and may be slow")


@pytest.mark.parametrize("clients", [1, 5])
def test_time_goes_on_without_a_program_that_will_not_move_for_long(clients, monkeypatch):
    for name in PATIENCES:
        monkeypatch.setattr(pace, name, 200 * MILLISECOND)
    workload = model.Workload(clients=clients, keys=3, rate=200.0, duration=SECOND)
    result = result_of(sleeping(0, "if self.asked == 20: time.sleep(3600)"), workload=workload)

    assert {anomaly.kind for anomaly in result.check.anomalies} == {"no-reply"}
    assert (result.pacing.real_from, result.pacing.given_up) == (None, ("n0",))
