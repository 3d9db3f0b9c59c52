"""A program with a timer is noticed, and one whose timers are for itself, or that has none, is left alone."""

import os
import sys

import pytest

from kafkasim.processes.rest import Rest
from kafkasim.scenario import model
from kafkasim.scenario.model import MILLISECOND, SECOND
from kafkasim.sim import timers
from tests.processes.programs import CORRECT, NODES, result_of

BUSY = model.Workload(clients=3, keys=3, rate=500.0, duration=3 * SECOND)
UNPROMPTED = "n0 spoke unprompted, as a node does that waits for time to pass"

pytestmark = pytest.mark.skipif(
    not Rest(os.getpid()).known or os.uname().machine not in ("x86_64", "aarch64"),
    reason="this system does not tell what a program waits for",
)


def with_a_thread(body):
    """The command of a correct node in which a thread does this; what it may say to itself it does not answer."""
    code = f"""
import sys, threading, time
sys.path.insert(0, {str(NODES / "python")!r})
from faulty import SpeaksUnprompted
class Timed(SpeaksUnprompted):
    news = False
    def answer(self, body):
        self.news = self.news or body["type"] == "send"
        return super().answer(body)
    def gossip(self):
        if self.name:
            self.say({{"src": self.name, "dest": self.name, "body": {{"type": "tick"}}}})
    def tick(self):
        while True:
            {body}
Timed().run()
"""
    return (sys.executable, "-c", code)


@pytest.mark.parametrize("seconds", [0.1, 0.5, 1.0])
@pytest.mark.parametrize("seed", range(2))
def test_a_program_that_speaks_at_times_is_noticed_when_virtual_time_would_pass_it_by(seconds, seed):
    """However much it is asked meanwhile, and however little real time all that takes."""
    result = result_of(with_a_thread(f"time.sleep({seconds}); self.gossip()"), seed, workload=BUSY)

    assert (result.verdict, result.pacing.reason) == ("valid", UNPROMPTED)
    assert result.pacing.real_from <= (seconds + 0.5) * SECOND, "the first time, or not much later"


def test_a_program_that_has_something_to_say_once_it_was_told_something_is_noticed():
    """It would have spoken of the news long before the next that happens."""
    steps = (
        model.Step(model.Sleep(5 * SECOND)),
        model.Step(model.Send("k1", "hello")),
        model.Step(model.Sleep(5 * SECOND)),
    )
    gossip = "time.sleep(0.2)\n            if self.news: self.gossip()"
    result = result_of(with_a_thread(gossip), workload=None, clients=(model.Client("alice", steps),))

    assert result.pacing.reason == UNPROMPTED
    assert 5 * SECOND <= result.pacing.real_from <= 5_300 * MILLISECOND


@pytest.mark.parametrize("body", ["time.sleep(0.05)", "time.sleep(0.001)", "threading.Event().wait(0.3)"])
def test_a_program_with_a_timer_from_which_nothing_comes_stays_on_the_virtual_clock(body):
    result = result_of(with_a_thread(body), workload=BUSY)

    assert (result.pacing.real_from, result.pacing.given_up) == (None, ())
    assert result.history == result_of(CORRECT, workload=BUSY).history


def test_a_timer_from_which_nothing_comes_is_waited_for_ever_more_seldom(monkeypatch):
    waited_for = []
    goes_off = timers.Timers._goes_off_in_vain

    def noted(self, timer):
        waited_for.append(timer)
        return goes_off(self, timer)

    monkeypatch.setattr(timers.Timers, "_goes_off_in_vain", noted)
    long = model.Workload(clients=3, keys=3, rate=500.0, duration=10 * SECOND)
    result_of(with_a_thread("time.sleep(0.02)"), workload=long)

    assert 8 < len(waited_for) <= 8 + 14, "some 10,000 messages are twice as many 14 times"


def test_no_time_is_lost_on_a_program_without_timers(monkeypatch):
    def goes_off(*_):
        raise AssertionError("there is nothing to wait for")

    monkeypatch.setattr(timers.Timers, "_goes_off_in_vain", goes_off)
    assert result_of(CORRECT, workload=BUSY).verdict == "valid"
