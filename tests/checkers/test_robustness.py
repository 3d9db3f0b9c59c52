"""Whatever a history holds, it is judged, and nothing is raised; a huge offset costs no more than a small one."""

from __future__ import annotations

import gc
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.check_histories import history_of
from kafkasim.anomalies.notation import build
from kafkasim.checkers import check
from kafkasim.history import CONSISTENCY_LEVELS, Failure, FaultEvent, Header, History, Operation, Promises
from tests.checkers.consumer_runs import Run

ODD: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    1,
    -1,
    2**70,
    1.0,
    0.5,
    "",
    "k1",
    "7",
    [],
    {},
    [[]],
    [1],
    [0, 7],
    [[0, 7]],
    {"k1": 0},
)
KEYED = ("key", "msg", "offset", "offsets", "msgs", "keys", "from", "positions", "k1", "term")

values = st.recursive(
    st.sampled_from(ODD),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYED), inner, max_size=3),
    max_leaves=6,
)
objects = st.dictionaries(st.sampled_from(KEYED), values, max_size=4)
errors = st.none() | st.builds(Failure, st.sampled_from([0, 11, 13, 20, 22, 1000, -5]), st.text(max_size=2))
places = st.integers(0, 12)
operations = st.builds(
    Operation,
    index=st.just(0),
    process=st.integers(0, 2),
    client=st.sampled_from(["", "alice"]),
    node=st.sampled_from(["", "n0"]),
    f=st.sampled_from(["send", "poll", "commit_offsets", "list_committed_offsets", "assign", "crash"]),
    request=objects,
    type=st.sampled_from(["ok", "ok", "fail", "info"]),
    response=st.none() | objects,
    error=errors,
    raw=values,
    max_messages=st.sampled_from([None, 1, 0, -1]),
    start=places,
    end=st.none() | places,
    begin_event=places,
    end_event=st.none() | places,
    final=st.booleans(),
    lost=st.booleans(),
)
faults = st.builds(
    FaultEvent,
    fault=st.sampled_from(["crash", "restart", "partition", "heal", "flood"]),
    nodes=st.sampled_from([(), ("n0",)]),
    at=places,
    event=places,
    planned=st.booleans(),
)
promises = st.builds(
    Promises,
    offsets=st.sampled_from(["dense", "sparse"]),
    poll_limit=st.sampled_from([None, 1]),
    poll_limit_known=st.booleans(),
    atomic_keys=st.booleans(),
    commits=st.sampled_from(["max", "last-write"]),
    refuses_commit_past_end=st.booleans(),
)


@settings(deadline=None, max_examples=50)
@given(st.lists(operations, max_size=8), st.lists(faults, max_size=3), promises, st.sampled_from(CONSISTENCY_LEVELS))
def test_any_history_at_all_is_judged(
    ops: list[Operation], fault_events: list[FaultEvent], promised: Promises, level: Any
):
    for index, op in enumerate(ops):
        op.index = index
    result = check(History(Header(promises=promised, losses_known=True), ops, fault_events), level)
    assert result.failed == {}
    for anomaly in result.anomalies:
        assert anomaly.count >= len(anomaly.examples) >= 1


@pytest.mark.parametrize("level", CONSISTENCY_LEVELS)
def test_a_history_with_odd_values_anywhere_is_judged(level: Any):
    for seed in range(60):
        rng = random.Random(seed)
        history = Run(seed).history
        for _ in range(3):
            corrupt(rng, history.operations[int(rng.random() * len(history.operations))])
        assert check(history, level).failed == {}


def corrupt(rng: random.Random, op: Operation) -> None:
    """Puts something odd somewhere into the request or the response."""
    whole: Any = op.response if op.response and rng.random() < 0.7 else op.request
    while True:
        places = list(whole) if isinstance(whole, dict) else list(range(len(whole)))
        if not places:
            return
        place = places[int(rng.random() * len(places))]
        inner = whole[place]
        if not isinstance(inner, dict | list) or rng.random() < 0.3:
            whole[place] = ODD[int(rng.random() * len(ODD))]
            return
        whole = inner


@pytest.mark.parametrize("keys", ODD)
def test_an_assignment_of_who_knows_what_ends_the_comparison(keys: Any):
    history = build("alice send k1 7 -> 0", "bob poll -> k1 0=7", "bob assign k1 -> k1:0", "bob poll -> k1 0=7")
    history.operations[2].request["keys"] = keys
    assert check(history, "kafka").anomalies == []


def test_offsets_may_be_as_large_as_clock_values_and_cost_nothing():
    large = 10**18
    history = build(
        f"alice send k1 7 -> {large}",
        f"alice send k1 8 -> {large + 10**15}",
        f"bob poll k1:0 -> k1 {large}=7 {large + 10**15}=8",
        f"bob commit k1:{large} -> ok",
        f"bob list k1 -> k1:{large}",
        complete="k1",
        promises=Promises(offsets="sparse"),
    )
    assert check(history).anomalies == []
    history.header.promises = Promises()
    [gap] = check(history, "kafka").anomalies
    assert (gap.kind, gap.count) == ("offset-gap", 2)


@pytest.mark.parametrize("first", [0, 1, 1000])
def test_offsets_that_are_shared_by_all_keys_or_begin_anywhere_are_legal(first: int):
    history = build(
        f"alice send k1 7 -> {first}",
        f"alice send k2 8 -> {first + 1}",
        f"alice send k1 9 -> {first + 2}",
        f"bob poll k1:0 k2:0 -> k1 {first}=7 {first + 2}=9; k2 {first + 1}=8",
        f"bob poll k1:{first + 3} k2:{first + 2} -> k1",
        f"bob poll k1:{first + 3} k2:{first + 2} -> nothing",
        complete="k1 k2",
        promises=Promises(offsets="sparse"),
    )
    for level in CONSISTENCY_LEVELS:
        result = check(history, level)
        assert (result.verdict, result.anomalies) == ("valid", [])


def test_polls_that_are_cut_short_are_legal():
    history = build(
        *(f"alice send k1 {number} -> {number}" for number in range(4)),
        "bob poll k1:0 -> k1 0=0",
        "bob poll k1:1 -> k1 1=1 2=2",
        "carol poll k1:0 -> k1 0=0 1=1",
        "bob poll k1:3 -> k1 3=3",
        complete="k1",
        promises=Promises(poll_limit_known=False),
    )
    for level in CONSISTENCY_LEVELS:
        assert check(history, level).anomalies == []


@pytest.mark.parametrize("level", CONSISTENCY_LEVELS)
def test_the_check_of_a_correct_history_leaves_nothing_to_the_garbage_collector(level: Any):
    history = history_of(500)
    gc.collect()
    gc.disable()
    try:
        check(history, level)
        assert gc.collect() == 0
    finally:
        gc.enable()


@pytest.mark.parametrize("level", CONSISTENCY_LEVELS)
def test_numbers_beyond_a_machine_word_are_judged_like_others(level: Any):
    small, great = history_of(400), history_of(400)
    for history, shift in ((small, 1), (great, 2**63)):
        for op in history.operations:
            op.begin_event += shift
            op.end_event = None if op.end_event is None else op.end_event + shift
        next(op for op in history.operations if op.f == "send" and op.index > 200).response = {"offset": 3}
    assert check(small, level) == check(great, level)
