"""The verdict, and what it is drawn from."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from kafkasim.anomalies.notation import build
from kafkasim.checkers import CHECKERS, check, comparison, jepsen
from kafkasim.checkers.index import Index
from kafkasim.checkers.indexing import build_index
from kafkasim.checkers.judging import judge
from kafkasim.checkers.registry import EVERYWHERE, LINEARIZABLE, Checker, Finding
from kafkasim.checkers.verdict import WORST_FEW, Example, Severity
from kafkasim.history import Consistency

READ = build("alice send k1 7 -> 0", "bob poll k1:0 -> k1 0=7")
NOTHING_READ = build("alice send k1 7 -> 0", "bob poll k1:0 -> nothing")


def finding(key: str | None = "k1", weight: int = 0, text: str = "so it is") -> Finding:
    return Finding(key, lambda: Example(text, (0,)), weight)


def checker(
    *findings: Finding,
    kind: str = "odd",
    severity: Severity = "error",
    levels: tuple[Consistency, ...] = EVERYWHERE,
    reason: str | None = None,
    raises: bool = False,
) -> Checker:
    def find(index: Index) -> Iterable[Finding]:
        yield from findings
        if raises:
            raise KeyError("oops")

    return Checker(
        kind=kind,
        summary="",
        severity=severity,
        levels=levels,
        unjudged=lambda _: reason,
        find=find,
        count=lambda _: 3,
        counted="things",
    )


def test_valid_is_what_was_looked_at_and_found_in_order():
    result = judge(build_index(READ), [checker()])
    assert (result.verdict, result.anomalies, result.checked) == ("valid", [], {"odd": 3})


def test_an_anomaly_makes_it_invalid():
    assert judge(build_index(READ), [checker(finding())]).verdict == "invalid"


def test_a_note_does_not_make_it_invalid_but_is_told():
    result = judge(build_index(READ), [checker(finding(), severity="note")])
    assert (result.verdict, [anomaly.severity for anomaly in result.anomalies]) == ("valid", ["note"])


def test_a_history_in_which_no_message_was_polled_says_nothing():
    assert judge(build_index(NOTHING_READ), [checker()]).verdict == "unknown"
    assert check(build()).verdict == "unknown"


def test_where_no_operation_of_a_client_succeeded_what_the_final_polls_read_says_nothing():
    sent, read = "alice send k1 7 -> lost", "bob final poll k1:0 -> k1 0=7"
    assert check(build(sent, read, complete="k1")).verdict == "unknown"
    assert check(build(sent, "carol poll k2:0 -> nothing", read, complete="k1")).verdict == "valid"
    assert check(build(read, complete="k1")).verdict != "unknown"


def test_even_then_an_anomaly_is_an_anomaly():
    assert judge(build_index(NOTHING_READ), [checker(finding())]).verdict == "invalid"


def test_a_checker_that_fails_makes_it_unknown_never_valid():
    result = judge(build_index(READ), [checker(raises=True), checker(kind="other")])
    assert (result.verdict, result.failed, result.checked) == ("unknown", {"odd": "KeyError: 'oops'"}, {"other": 3})


def test_an_anomaly_beside_a_checker_that_failed_still_makes_it_invalid():
    result = judge(build_index(READ), [checker(raises=True), checker(finding(), kind="other")])
    assert (result.verdict, list(result.failed)) == ("invalid", ["odd"])


def test_what_a_checker_found_before_it_failed_is_kept():
    result = judge(build_index(READ), [checker(finding(), raises=True)])
    assert (result.verdict, [anomaly.count for anomaly in result.anomalies]) == ("invalid", [1])


def test_a_finding_that_cannot_be_told_is_still_counted():
    mute = Finding("k1", lambda: Example(1 / 0, ()))  # type: ignore[arg-type]  # it never gets that far
    result = judge(build_index(READ), [checker(mute)])
    assert (result.verdict, result.anomalies[0].count, result.anomalies[0].examples) == ("invalid", 1, ())
    assert result.failed == {"odd": "ZeroDivisionError: division by zero"}


def test_a_comparison_with_maelstrom_that_fails_costs_nothing_but_the_comparison(monkeypatch):
    lost = build("alice send k1 7 -> 0", "alice send k1 8 -> 1", "bob poll k1:0 -> k1 1=8")
    before = check(lost)
    assert any(anomaly.maelstrom_passes for anomaly in before.anomalies)

    def fail(index: Index) -> None:
        raise KeyError("oops")

    monkeypatch.setattr(comparison, "found_by_jepsen", fail)
    result = check(lost)
    assert (result.verdict, result.failed) == ("invalid", {"maelstrom-comparison": "KeyError: 'oops'"})
    assert result.checked == before.checked
    assert [(anomaly.kind, anomaly.count) for anomaly in result.anomalies] == [
        (anomaly.kind, anomaly.count) for anomaly in before.anomalies
    ]
    assert not any(anomaly.maelstrom_passes for anomaly in result.anomalies)


def test_a_reckoning_of_level_jepsen_that_fails_is_a_failure_of_its_checkers(monkeypatch):
    def fail(index: Index) -> None:
        raise KeyError("oops")

    monkeypatch.setattr(jepsen, "reckon", fail)
    result = check(READ, "jepsen")
    assert result.verdict == "unknown"
    assert result.failed["phantom-read"] == "KeyError: 'oops'"


def test_what_the_level_does_not_ask_for_is_not_looked_for():
    index = build_index(READ, "kafka")
    result = judge(index, [checker(finding(), levels=LINEARIZABLE)])
    assert (result.verdict, result.anomalies, result.checked) == ("valid", [], {})
    assert result.not_checked == {"odd": "not asked for at consistency kafka"}


def test_what_cannot_be_judged_is_listed_with_the_reason():
    result = judge(build_index(READ), [checker(finding(), reason="no promise")])
    assert (result.anomalies, result.not_checked) == ([], {"odd": "no promise"})


def test_checkers_of_one_kind_are_counted_together():
    result = judge(build_index(READ), [checker(finding()), checker(finding()), checker(reason="no promise")])
    assert [anomaly.count for anomaly in result.anomalies] == [2]
    assert (result.checked, result.not_checked) == ({"odd": 6}, {})


def test_all_are_counted_and_only_the_worst_few_are_told():
    told = []

    def explain_as(number: int):
        def explain() -> Example:
            told.append(number)
            return Example(str(number), (number,))

        return explain

    findings = [Finding("k1", explain_as(number), weight=number % 10) for number in range(1000)]
    [anomaly] = judge(build_index(READ), [checker(*findings)]).anomalies
    assert anomaly.count == 1000
    assert [example.explanation for example in anomaly.examples] == ["9", "19", "29", "39", "49"]
    assert len(told) == WORST_FEW


def test_errors_come_before_notes_then_the_order_of_the_table_then_the_more_frequent_key():
    result = judge(
        build_index(READ),
        [
            checker(finding(), kind="note", severity="note"),
            checker(finding("a"), finding("b"), finding("b"), kind="first"),
            checker(finding(None), kind="second"),
        ],
    )
    assert [(anomaly.kind, anomaly.key) for anomaly in result.anomalies] == [
        ("first", "b"),
        ("first", "a"),
        ("second", None),
        ("note", "k1"),
    ]


def test_what_is_told_aside_comes_after_all_others_of_its_kind():
    aside = [Finding("k2", lambda: Example("aside", ()), weight=9, aside=True) for _ in range(3)]
    mixed = [Finding("k1", lambda: Example("mixed", ()), weight=9, aside=True), finding("k1", text="itself")]
    result = judge(build_index(READ), [checker(*aside, *mixed)])
    told = [(anomaly.key, anomaly.count, anomaly.examples[0].explanation) for anomaly in result.anomalies]
    assert told == [("k1", 2, "itself"), ("k2", 3, "aside")]


def test_the_level_given_wins_over_the_level_of_the_history():
    history = build("alice send k1 7 -> 0", "bob poll k1:0 -> k1 0=7", consistency="kafka")
    assert check(history).consistency == "kafka"
    assert check(history, "jepsen").consistency == "jepsen"


def test_at_level_jepsen_counts_what_jepsen_counts():
    everywhere = {checker.kind for checker in CHECKERS if "jepsen" in checker.levels}
    assert everywhere == {
        "inconsistent-offsets",
        "duplicate",
        "lost-write",
        "unseen",
        "aborted-read",
        "phantom-read",
        "future-read",
        "int-poll-skip",
        "int-nonmonotonic-poll",
        "poll-skip",
        "nonmonotonic-poll",
        "nonmonotonic-send",
        "int-send-skip",
        "int-nonmonotonic-send",
        "precommitted-read",
    }


def test_at_level_jepsen_it_does_not_matter_where_a_poll_was_asked_to_begin():
    behind = build("alice send k1 7 -> 0", "alice send k1 8 -> 1", "bob poll k1:1 -> k1 1=8")
    assert check(behind, "kafka").verdict == "valid"
    assert [anomaly.kind for anomaly in check(behind, "jepsen").anomalies] == ["lost-write", "unseen"]


@pytest.mark.parametrize("kind", ["int-send-skip", "int-nonmonotonic-send", "precommitted-read"])
def test_what_needs_transactions_is_said_not_to_be_checked(kind: str):
    assert "transactions" in check(READ).not_checked[kind]


def test_every_kind_is_either_checked_or_said_not_to_be():
    result = check(READ)
    assert {checker.kind for checker in CHECKERS} <= {*result.checked, *result.not_checked}
    assert not set(result.checked) & set(result.not_checked)


def test_every_checker_says_what_it_is():
    for one in CHECKERS:
        assert one.summary.endswith(".")
        assert one.counted
        assert one.find.__doc__


def test_a_process_that_does_two_things_at_a_time_proves_no_order():
    history = build(
        "alice send k1 7 ...",
        "carol send k1 8 -> 0",
        "alice -> 1",
        "bob poll -> k1 0=8 1=7",
        "dave poll ...",
        "erin poll -> k1 0=8",
        "dave -> k1 0=8",
    )
    for op in history.operations:
        op.process = 0
    assert [anomaly.kind for anomaly in check(history, "kafka").anomalies] == ["nonmonotonic-poll"]
    history.operations[2].process = 1
    assert check(history, "kafka").anomalies == []
