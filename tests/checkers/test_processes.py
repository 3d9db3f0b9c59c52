"""A process number that was used on after an operation of unknown outcome, or twice at once, accuses nobody falsely."""

from __future__ import annotations

import pytest

from kafkasim.anomalies import notation
from kafkasim.checkers import check
from kafkasim.history import Consistency, History

SENT = [f"alice send k1 {offset + 7} -> {offset}" for offset in range(6)]
FIRST = "bob poll -> k1 0=7 1=8"
FURTHER = "bob poll -> k1 4=11 5=12"
BACK = "bob poll -> k1 1=8"
OTHERS = "carol poll -> k1 2=9 3=10 4=11 5=12"

IN_ORDER = ["poll-skip", "nonmonotonic-poll", "nonmonotonic-send"]


def build(*lines: str) -> History:
    """The history that the lines tell, each client with one process number from beginning to end.

    Clients of one name with numbers behind it share theirs, so that they can do several things at once.
    """
    history = notation.build(*lines)
    clients = list(dict.fromkeys(op.client.rstrip("0123456789") for op in history.operations))
    for op in history.operations:
        op.process = clients.index(op.client.rstrip("0123456789"))
    return history


def found(history: History, level: Consistency) -> list[str]:
    return [anomaly.kind for anomaly in check(history, level).anomalies if anomaly.kind in IN_ORDER]


@pytest.mark.parametrize("level", ["kafka", "jepsen"])
@pytest.mark.parametrize(("next_poll", "kind"), [(FURTHER, "poll-skip"), (BACK, "nonmonotonic-poll")])
@pytest.mark.parametrize(
    ("between", "judged"),
    [
        ("bob poll -> fail 11", True),
        ("bob send k2 1 -> 0", True),
        ("dave poll -> lost", True),
        ("bob poll -> lost", False),
        ("bob poll -> info 13", False),
        ("bob send k2 1 -> silence", False),
        ("bob commit k1:1 -> lost", False),
        ("bob crash", False),
    ],
)
def test_from_one_poll_to_the_next_a_process_is_judged_unless_it_ended_in_between(
    level: Consistency, next_poll: str, kind: str, between: str, *, judged: bool
):
    history = build(*SENT, FIRST, between, next_poll, OTHERS)
    assert found(history, level) == [kind] * judged
    again = build(*SENT, "bob poll -> lost", FIRST, next_poll, OTHERS)
    assert found(again, level) == [kind]


def test_what_a_poll_asked_for_is_judged_whatever_was_before():
    asked = [*SENT, "bob poll k1:0 -> k1 0=7 1=8", "bob poll k1:2 -> lost"]
    assert found(build(*asked, "bob poll k1:4 -> k1 4=11 5=12", OTHERS), "kafka") == []
    result = check(build(*asked, "bob poll k1:2 -> k1 4=11 5=12", OTHERS), "kafka")
    assert [anomaly.kind for anomaly in result.anomalies] == ["wrong-start", "poll-skip"]


@pytest.mark.parametrize("level", ["kafka", "jepsen"])
def test_of_two_polls_at_once_nobody_knows_which_read_on_first(level: Consistency):
    """The longer one got what the other seems to leave out, before or behind it."""
    lines = [*SENT, "bob poll ...", "bob2 poll -> k1 0=7 1=8", "bob -> k1 2=9 3=10", "bob3 poll -> k1 4=11 5=12"]
    assert found(build(*lines), level) == []
    lines = [*SENT, FIRST, "bob2 poll ...", "bob3 poll -> k1 2=9 3=10", "bob2 -> k1 4=11 5=12"]
    assert found(build(*lines), level) == []
    one_by_one = [*SENT, FIRST, FURTHER, "carol poll -> k1 2=9 3=10"]
    assert found(build(*one_by_one), level) == ["poll-skip"]


@pytest.mark.parametrize("level", ["kafka", "jepsen"])
def test_even_then_a_poll_does_not_go_back_behind_one_that_had_ended(level: Consistency):
    lines = [*SENT, "bob poll -> k1 0=7 1=8 2=9", "bob2 poll ...", "bob3 poll -> k1 3=10", "bob2 -> k1 1=8", OTHERS]
    assert "nonmonotonic-poll" in found(build(*lines), level)


@pytest.mark.parametrize("level", ["kafka", "jepsen"])
@pytest.mark.parametrize("outcome", ["lost", "silence", "info 13"])
def test_a_send_of_unknown_outcome_may_happen_after_the_next_one(level: Consistency, outcome: str):
    late = build(f"alice send k1 7 -> {outcome}", "alice send k1 8 -> 0", "bob poll -> k1 0=8 1=7")
    assert found(late, level) == []


@pytest.mark.parametrize("level", ["kafka", "jepsen"])
def test_what_was_acknowledged_before_and_after_it_has_an_order(level: Consistency):
    history = build(
        "alice send k1 7 -> 2", "alice send k1 8 -> lost", "alice send k1 9 -> 0", "bob poll -> k1 0=9 1=8 2=7"
    )
    assert found(history, level) == ["nonmonotonic-send"]
    [anomaly] = [each for each in check(history, level).anomalies if each.kind == "nonmonotonic-send"]
    pairs = {example.operations for example in anomaly.examples}
    assert pairs == {(0, 1), (0, 2)}


@pytest.mark.parametrize("level", ["kafka", "jepsen"])
def test_several_polls_of_one_transaction_are_not_at_once(level: Consistency):
    history = build(*SENT, FIRST, "bob txn poll & poll -> k1 4=11 & k2", OTHERS)
    assert found(history, level) == ["poll-skip"]
