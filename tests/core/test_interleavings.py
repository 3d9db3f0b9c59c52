"""The engine's own code under schedules decided instruction by instruction: correct with its lock, caught without."""

import ast
import random
from pathlib import Path

import pytest

from kafkasim import core
from tests.core.interleaving import CooperativeLock, DeadlockError, Scheduler, interleave
from tests.core.linearizability import linearization
from tests.core.reference import Call
from tests.core.workloads import BOTH, FINAL_READS, NINE_MESSAGES, WORKLOADS, commit, failing_seeds, outcome, send


def methods_that_lock():
    """The names of the engine's methods that take its lock, read off its source."""
    for function in ast.walk(ast.parse(Path(core.__file__).read_text())):
        if isinstance(function, ast.FunctionDef):
            sections = [node for node in ast.walk(function) if isinstance(node, ast.With)]
            if any(ast.unparse(item.context_expr) == "self._lock" for node in sections for item in node.items):
                yield function.name


def test_every_method_that_locks_has_a_workload_that_needs_its_lock():
    assert sorted(methods_that_lock()) == sorted(WORKLOADS)


@pytest.mark.parametrize("name", WORKLOADS)
def test_the_engine_is_linearizable_under_every_schedule_tried(name):
    for seed in WORKLOADS[name].seeds:
        history = outcome(name, seed)
        assert linearization(history), f"seed {seed}:\n" + "\n".join(map(str, history))


@pytest.mark.parametrize("name", WORKLOADS)
def test_a_copy_without_the_lock_in_one_method_is_caught(name):
    assert failing_seeds(name, frozenset({name}))


def test_polls_are_linearizable_where_looks_are_not_ordered(monkeypatch):
    monkeypatch.setattr(core, "_LOOKS_ARE_ORDERED", False)
    for seed in range(30):
        assert linearization(outcome("poll", seed)), f"seed {seed}"


def test_without_the_lock_such_polls_are_caught(monkeypatch):
    monkeypatch.setattr(core, "_LOOKS_ARE_ORDERED", False)
    assert failing_seeds("poll", frozenset({"poll"}))


def test_polls_of_several_keys_that_are_capped_above_what_there_is_are_linearizable():
    capped = (Call("poll", (*BOTH.arguments, 100)),) * 3
    sends = tuple(send(key, number) for number in range(5) for key in "ab")
    for seed in range(60):
        assert linearization(interleave((capped, sends), seed, after=FINAL_READS)), f"seed {seed}"


def test_lists_of_one_key_after_the_other_never_see_half_a_commit():
    one_by_one = tuple(Call("list_committed_offsets", ([key],)) for key in "abab")
    commits = (commit(a=0, b=0), commit(a=1, b=1), commit(a=2, b=2))
    for seed in range(60):
        history = interleave((one_by_one, commits), seed, before=NINE_MESSAGES, after=FINAL_READS)
        assert linearization(history), f"seed {seed}:\n" + "\n".join(map(str, history))


def test_a_copy_without_any_lock_is_caught_by_every_workload():
    everywhere = frozenset(WORKLOADS)
    assert [name for name in WORKLOADS if not failing_seeds(name, everywhere)] == []


def test_sends_without_a_lock_give_one_offset_twice_and_lose_a_message():
    twice = lost = 0
    for seed in WORKLOADS["send"].seeds:
        history = outcome("send", seed, frozenset({"send"}))
        offsets = [op.answer for op in history if op.call.operation == "send"]
        twice += len(set(offsets)) < len(offsets)
        lost += len(history[-3].answer["a"]) < len(offsets)
    assert twice
    assert lost


def test_a_poll_without_the_lock_sees_a_later_message_without_an_earlier_one():
    def torn(answer):
        return len(answer.get("a", ())) < len(answer.get("b", ()))

    assert any(
        torn(op.answer)
        for seed in WORKLOADS["poll"].seeds
        for op in outcome("poll", seed, frozenset({"poll"}))
        if op.call == BOTH
    )


def test_commits_without_the_lock_go_back():
    for seed in WORKLOADS["commit_offsets"].seeds:
        final = outcome("commit_offsets", seed, frozenset({"commit_offsets"}))[-2].answer
        if final != {"a": 2, "b": 2}:
            return
    pytest.fail("no seed made a commit go back")


def test_a_seed_replays_exactly_even_a_failure():
    seed = failing_seeds("send", frozenset({"send"}))[0]
    assert outcome("send", seed, frozenset({"send"})) == outcome("send", seed, frozenset({"send"}))


def schedule(seed):
    scheduler = Scheduler(seed)
    engine = core.LogEngine(lock=CooperativeLock(scheduler))
    scheduler.run([lambda: engine.send("a", 1), lambda: engine.send("a", 2), lambda: engine.poll({"a": 0, "b": 0})])
    return scheduler.switches


def test_equal_seeds_give_equal_schedules_and_different_seeds_different_ones():
    schedules = [schedule(seed) for seed in range(20)]
    assert schedules == [schedule(seed) for seed in range(20)]
    assert len(set(map(tuple, schedules))) > 15


def test_threads_are_switched_inside_operations():
    assert max(len(schedule(seed)) for seed in range(20)) > 20


def test_a_thread_that_waits_for_its_own_lock_is_a_deadlock_not_a_hang():
    scheduler = Scheduler(0)
    lock = CooperativeLock(scheduler)

    def twice():
        with lock, lock:
            pass

    with pytest.raises(DeadlockError):
        scheduler.run([twice, lambda: None])


def mixed_programs(seed):
    """Three threads of four operations, any of them, mostly on the same keys."""
    drawn = random.Random(seed).random

    def offsets():
        return {key: int(drawn() * 3) for key in "abc" if drawn() < 0.6}

    def any_call(number):
        kinds = (
            lambda: send("abc"[int(drawn() * 3)], number),
            lambda: Call("poll", (offsets(),)),
            lambda: commit(**offsets()),
            lambda: Call("poll", (offsets(), 1 + int(drawn() * 3))),
            lambda: Call("list_committed_offsets", (list(offsets()),)),
            lambda: Call("end_offsets"),
            lambda: Call("__getstate__"),
        )
        return kinds[int(drawn() ** 2 * len(kinds))]()

    return [[any_call(10 * thread + place) for place in range(4)] for thread in range(3)]


def check_mixed(seeds):
    for seed in seeds:
        history = interleave(mixed_programs(seed), seed, before=NINE_MESSAGES[:4], after=FINAL_READS)
        assert linearization(history), f"seed {seed}:\n" + "\n".join(map(str, history))


def test_any_mix_of_operations_is_linearizable():
    check_mixed(range(100))


@pytest.mark.sweep
@pytest.mark.parametrize("block", range(20))
def test_any_mix_of_operations_is_linearizable_over_many_seeds(block):
    check_mixed(range(100 + 200 * block, 300 + 200 * block))
