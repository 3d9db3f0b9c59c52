"""How long a final reader asks, and what it takes for the end of a log."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import pytest

from kafkasim.scenario import model
from kafkasim.scenario.model import MILLISECOND, SECOND, Send
from kafkasim.sim.choices import SeededChoices
from kafkasim.sim.clock import Activity, Clock
from kafkasim.sim.final_polls import FinalReader
from kafkasim.sim.network import Network
from kafkasim.sim.recorder import Recorder
from kafkasim.sim.surroundings import Surroundings
from tests.sim.build import client, operations, run, scripted

LATENCY = 20 * MILLISECOND
KEY = "k1"
HIGHEST = 9


class FakeClient:
    """A client whose node, at a time of the run, knows so many messages, of which it returns at most two at once.

    ``known`` None: it does not answer then; -1: nor is it given up.
    """

    def __init__(self, clock: Clock, known: Callable[[int], int | None]) -> None:
        self._clock, self._known = clock, known
        self.response: dict[str, Any] | None = None
        self.asked_last = 0

    def poll(self, offsets: dict[str, int], _: None, then: Callable[[], None]) -> None:
        self.asked_last = self._clock.now
        self._clock.after(LATENCY, self._answer, (offsets[KEY], then))

    def _answer(self, question: tuple[int, Callable[[], None]]) -> None:
        position, then = question
        known = self._known(self._clock.now)
        if known == -1:
            return
        there = range(position, min(known or 0, position + 2))
        self.response = None if known is None else {"msgs": {KEY: [[offset, offset] for offset in there]}}
        then()


class Reading:
    """What came of reading from a node that knows so many messages at a time; ``seconds`` is how long it took."""

    def __init__(self, known: Callable[[int], int | None], *, alone: bool = False) -> None:
        clock, activity = Clock(), Activity()
        choices = SeededChoices(0)
        surroundings = Surroundings(clock, Network(model.Network(), clock, choices), Recorder(clock), choices, activity)
        self.told: list[int] = []
        asker = FakeClient(clock, known)
        falls_behind = None if alone else lambda: self.told.append(clock.now)
        reader = FinalReader(cast("Any", asker), {KEY: HIGHEST}, surroundings, falls_behind)
        while activity.busy:
            clock.step()
        self.complete = not reader.incomplete
        self.seconds = clock.now / SECOND
        self.asked_last = asker.asked_last / SECOND


def everything(_: int) -> int:
    return HIGHEST + 1


def all_but_the_last(_: int) -> int:
    return HIGHEST


def test_what_is_known_everywhere_is_read_without_waiting():
    for alone in (True, False):
        reading = Reading(everything, alone=alone)
        assert (reading.complete, reading.told) == (True, [])
        assert reading.seconds < 0.5


def test_a_node_alone_is_read_to_its_end_after_a_second_without_news():
    reading = Reading(all_but_the_last, alone=True)
    assert reading.complete
    assert 1 < reading.seconds < 1.5


def test_one_of_several_is_asked_until_the_time_is_up():
    reading = Reading(all_but_the_last)
    assert reading.complete
    assert reading.seconds == 10
    assert reading.asked_last > 9.8


def test_one_of_several_may_learn_late_and_is_asked_no_longer_then():
    reading = Reading(lambda now: HIGHEST + (now > 5 * SECOND))
    assert reading.complete
    assert 5 < reading.seconds < 5.5


def test_that_one_of_several_falls_behind_is_told_after_a_second_without_news():
    reading = Reading(all_but_the_last)
    assert SECOND < reading.told[0] < SECOND * 3 // 2


def test_a_node_that_still_has_news_when_the_time_is_up_was_not_read_to_its_end():
    reading = Reading(lambda now: now // (2 * SECOND))
    assert (reading.complete, reading.seconds) == (True, 10)  # the last was new at 8 s
    reading = Reading(lambda now: 1 + (now > SECOND * 19 // 2))
    assert (reading.complete, reading.seconds) == (False, 10)


@pytest.mark.parametrize("given_up", [True, False])
@pytest.mark.parametrize(("until", "alone"), [(0, True), (0, False), (5 * SECOND, False)])
def test_a_node_that_answers_no_more_was_not_read_to_its_end(until, alone, given_up):
    reading = Reading(lambda now: HIGHEST if now < until else None if given_up else -1, alone=alone)
    assert (reading.complete, reading.seconds) == (False, 10)


def test_a_node_that_answers_later_than_its_clients_wait_is_read_and_accused_of_nothing():
    slow = model.Network(model.Latency("constant", 1500 * MILLISECOND))
    result = run(scripted(client("alice", Send("k1", 1), model.Sleep(5 * SECOND)), network=slow, timeout=SECOND))
    assert [op.type for op in operations(result)] == ["info"]
    assert (result.history.end.final_polls, result.found) == ({"k1": "complete"}, set())
    (poll,) = [op for op in result.history.operations if op.final]
    assert poll.response == {"msgs": {"k1": [(0, 1)]}}
