"""Streams of choices, and the latencies drawn from them."""

import copy
import math
from typing import Any

import pytest

from kafkasim.scenario import model
from kafkasim.sim.choices import Choice, RecordedChoices, ReplayedChoices, SeededChoices
from kafkasim.sim.clock import Clock
from kafkasim.sim.latency import exponential_quantiles, latencies


def drawn(latency: model.Latency, count: int = 20_000) -> list[int]:
    source = latencies(latency, SeededChoices(1).stream("latency"))
    values: list[int] = []
    while len(values) < count:
        values += reversed(source.ahead())
    return values[:count]


def test_the_quantiles_are_those_of_the_exponential_distribution():
    quantiles = exponential_quantiles()
    for place, quantile in enumerate(quantiles):
        exact = -math.log(1 - (2 * place + 1) / (2 * len(quantiles)))
        assert abs(quantile / 2**20 - exact) < 2**-19


def test_latencies_have_the_mean_that_was_asked_for():
    values = drawn(model.Latency("exponential", mean=5_000_000))
    assert sum(values) / len(values) == pytest.approx(5_000_000, rel=0.03)
    assert min(values) < 50_000
    assert max(values) > 30_000_000
    assert all(type(value) is int for value in values)


def test_uniform_latencies_reach_both_ends_and_no_further():
    assert set(drawn(model.Latency("uniform", low=3, high=6))) == {3, 4, 5, 6}
    assert set(drawn(model.Latency("uniform", low=3, high=3))) == {3}


def test_constant_latencies_draw_nothing():
    choices = RecordedChoices(SeededChoices(1))
    source = latencies(model.Latency("constant", mean=7), choices.stream("latency"))
    assert (set(source.ahead()), choices.taken) == ({7}, [])


def test_streams_of_different_names_and_seeds_have_nothing_in_common():
    first = [SeededChoices(seed).stream(name).pick(2**40) for seed in (0, 1, 10) for name in ("1/a", "a", "b")]
    assert len(set(first)) == len(first)


def test_picks_are_spread_evenly_over_the_options():
    stream = SeededChoices(3).stream("workload")
    counts = [0] * 7
    for _ in range(7000):
        counts[stream.pick(7)] += 1
    assert all(850 < count < 1150 for count in counts)


def test_a_chance_of_nothing_is_never_taken_and_that_of_one_always():
    stream = SeededChoices(3).stream("loss")
    assert {stream.chance(0.0) for _ in range(1000)} == {False}
    assert {stream.chance(1.0) for _ in range(1000)} == {True}
    assert not ReplayedChoices([Choice("loss", 2, 1)]).stream("loss").chance(0.0)


def test_picks_made_ahead_are_the_next_ones_in_their_order():
    one_by_one, ahead = SeededChoices(3).stream("pace"), SeededChoices(3).stream("pace").ahead(1000)
    assert [ahead.pop() for _ in range(len(ahead))] == [one_by_one.pick(1000) for _ in range(256)]


def test_recorded_and_replayed_choices_are_made_no_sooner_than_they_are_needed():
    recorded = RecordedChoices(SeededChoices(3))
    assert len(recorded.stream("pace").ahead(1000)) == len(recorded.taken) == 1
    assert ReplayedChoices(recorded.taken).stream("pace").ahead(1000) == [recorded.taken[0].taken]


def test_a_copied_stream_goes_on_by_itself():
    choices = SeededChoices(3)
    stream = choices.stream("loss")
    stream.pick(10)
    twin = copy.deepcopy(stream)
    ahead = [stream.pick(1000) for _ in range(5)]
    assert [twin.pick(1000) for _ in range(5)] == ahead
    assert choices.stream("loss") is stream


def test_what_is_asked_for_at_the_same_time_happens_in_the_order_of_asking():
    clock = Clock()
    seen: list[Any] = []
    for number in range(50):
        clock.at(10, seen.append, number)
    clock.after(5, seen.append, "sooner")
    while clock.events:
        clock.step()
    assert seen == ["sooner", *range(50)]
    assert clock.now == 10
