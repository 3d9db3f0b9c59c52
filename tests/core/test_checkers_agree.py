"""What the engine and its weakened copies answer, put to the project's own checkers.

They must say of every schedule what the exhaustive search says: valid with the lock, invalid exactly where a
missing lock showed. Two oracles that share no code with each other, nor with the engine.
"""

from collections.abc import Sequence

import pytest

from kafkasim.checkers import CheckResult, check
from kafkasim.history import End, Failure, Header, History, Operation
from tests.core.linearizability import Completed, linearization
from tests.core.reference import Failed
from tests.core.workloads import WORKLOADS, outcome

FIELDS = {
    "send": (("key", "msg"), "offset"),
    "poll": (("offsets",), "msgs"),
    "commit_offsets": (("offsets",), None),
    "list_committed_offsets": (("keys",), "offsets"),
}
"""Of each operation that a history knows: the fields of its request, and that of its response."""

SHOWS_AS = {
    "send": {"inconsistent-offsets"},
    "poll": {"nonatomic-poll"},
    "commit_offsets": {"commit-lost"},
    "list_committed_offsets": {"nonatomic-commit"},
}
"""What a missing lock in the method is called by those who see the history alone."""


def judged(completed: Sequence[Completed]) -> CheckResult:
    known = sorted((op for op in completed if op.call.operation in FIELDS), key=lambda op: op.begin)
    operations = [as_operation(index, op) for index, op in enumerate(known)]
    return check(History(Header(), operations, end=End("complete", dict.fromkeys("abc", "complete"))))


def as_operation(index: int, op: Completed) -> Operation:
    requested, answered = FIELDS[op.call.operation]
    failure = Failure(22, op.answer.text) if isinstance(op.answer, Failed) else None
    response = {} if answered is None else {answered: op.answer}
    return Operation(
        index=index,
        process=op.thread + 1,
        f=op.call.operation,  # type: ignore[arg-type]  # the keys of FIELDS are functions of histories
        request=dict(zip(requested, op.call.arguments, strict=True)),
        type="ok" if failure is None else "fail",
        response=response if failure is None else None,
        error=failure,
        start=op.begin,
        end=op.end,
        begin_event=op.begin,
        end_event=op.end,
    )


@pytest.mark.parametrize("name", FIELDS)
def test_the_checkers_find_every_history_of_the_engine_valid(name):
    for seed in WORKLOADS[name].seeds:
        result = judged(outcome(name, seed))
        assert (result.verdict, result.anomalies) == ("valid", []), f"seed {seed}"


@pytest.mark.parametrize("name", FIELDS)
def test_the_checkers_see_a_missing_lock_exactly_where_the_exhaustive_search_does(name):
    kinds: set[str] = set()
    for seed in WORKLOADS[name].seeds:
        history = outcome(name, seed, frozenset({name}))
        result = judged(history)
        assert (result.verdict == "valid") == (linearization(history) is not None), f"seed {seed}"
        kinds.update(anomaly.kind for anomaly in result.anomalies)
    assert kinds >= SHOWS_AS[name]
