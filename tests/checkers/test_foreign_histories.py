"""Histories that our own recorder would not write, as other programs do: judged by what they say, never a traceback."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from kafkasim.checkers import CheckResult, check
from kafkasim.history import History, HistoryError
from kafkasim.history_lines import decode_history
from kafkasim.report.anomalies import anomalies_section
from kafkasim.report.screen import make_screen, show


def read(*operations: dict[str, Any], **header: Any) -> History:
    """A history whose operations are given as sends, polls, ...: ``start`` and ``end`` are in order."""
    lines: list[dict[str, Any]] = [{"kafkasim_history": 1, "consistency": "linearizable"} | header]
    for index, operation in enumerate(operations):
        lines.append({"index": index, "process": index, "start": 2 * index, "end": 2 * index + 1} | operation)
    return decode_history("\n".join(map(json.dumps, [*lines, {"end": "complete"}])).encode())


def judged(*operations: dict[str, Any], **header: Any) -> CheckResult:
    """What such a history proves."""
    return check(read(*operations, **header))


def send(msg: Any, offset: int | None, **more: Any) -> dict[str, Any]:
    response = {"type": "info", "end": None} if offset is None else {"type": "ok", "response": {"offset": offset}}
    return {"f": "send", "request": {"key": "k", "msg": msg}} | response | more


def poll(offsets: Any, *pairs: Any, **more: Any) -> dict[str, Any]:
    return {"f": "poll", "request": {"offsets": offsets}, "type": "ok", "response": {"msgs": {"k": list(pairs)}}} | more


def kinds(result: CheckResult) -> list[str]:
    assert not result.failed
    return [anomaly.kind for anomaly in result.anomalies]


def test_a_process_that_sends_twice_at_once_hides_no_offset_that_went_back():
    assert kinds(
        judged(
            send(1, 1, process=0, start=0, end=1),
            send(2, 2, process=0, start=2, end=4),
            send(3, 0, process=0, start=3, end=5),
            poll({"k": 0}, [0, 3], [1, 1], [2, 2], start=6, end=7),
        )
    ) == ["nonmonotonic-offsets"]


def test_an_offset_given_to_two_sends_is_no_read_of_the_future():
    result = judged(send("a", 0), poll({"k": 0}, [0, "a"]), send("b", 0))
    assert kinds(result) == ["inconsistent-offsets"]


@pytest.mark.parametrize("start", [-1, 0.0, "0", True])
def test_a_poll_from_what_is_no_offset_is_compared_with_no_other(start):
    result = judged(send(1, 0), poll({"k": 0}, [0, 1], process=9), poll({"k": start}, [0, 1], process=9))
    assert kinds(result) == []


def test_what_a_poll_from_no_offset_returned_was_seen():
    assert kinds(judged(send(1, 0), poll({"k": -1}, [0, 2]))) == ["inconsistent-offsets", "phantom-read"]
    assert "malformed-reply" in kinds(judged(send(1, 0), poll({"k": -1}, [-1, 1])))


def test_a_pair_that_is_none_does_not_hide_what_the_others_prove():
    result = judged(send("a", 0), poll({"k": 0}, [0, "a"]), poll({"k": 0}, 7, [0, "b"]))
    assert kinds(result) == ["inconsistent-offsets", "phantom-read", "malformed-reply"]
    assert result.anomalies[0].examples[0].explanation.endswith('process 2 polled "b" there')


def test_a_poll_that_returned_two_messages_at_one_offset_is_quoted_with_both():
    result = judged(send("a", 0), send("b", 1), poll({"k": 0}, [0, "a"], [0, "b"]))
    assert result.anomalies[0].kind == "inconsistent-offsets"
    assert 'process 2 polled "a" and "b" there' in result.anomalies[0].examples[0].explanation


@pytest.mark.parametrize("asked", [None, 7, "k", [0]])
def test_a_stale_poll_whose_question_is_not_recorded_is_told(asked):
    result = judged(send("a", 0), send("b", 1), poll({"k": 1}, [1, "b"]), poll(asked, [0, "a"]))
    assert kinds(result) == ["stale-poll"]
    assert "returned nothing beyond offset 0" in result.anomalies[0].examples[0].explanation


@pytest.mark.parametrize("limit", [0, -1, "10"])
def test_a_poll_limit_that_is_none_is_refused(limit):
    with pytest.raises(HistoryError, match=r"promises\.poll_limit"):
        judged(promises={"poll_limit": limit})


def test_of_equal_messages_it_is_told_how_many_are_missing():
    result = judged(send(1, 0), send(1, 1), send(2, 2), poll({"k": 0}, [0, 1], [2, 2]), consistency="kafka")
    lost = next(anomaly for anomaly in result.anomalies if anomaly.kind == "lost-write")
    assert lost.examples[0].explanation.endswith("of 2 such messages that were acknowledged, polls returned 1")


def test_operations_out_of_order_are_called_by_the_numbers_that_their_file_gives_them():
    lines = [
        poll({"k": 0}, [1, 8], index=10, start=5, end=6),
        send(7, 0, index=11, start=0, end=1),
        send(8, 1, index=12, start=2, end=3),
    ]
    [lost, *_] = judged(*lines).anomalies
    assert (lost.kind, lost.examples[0].operations) == ("lost-write", (11, 10))
    shown = io.StringIO()
    show(make_screen(shown), *anomalies_section(make_screen(shown), [lost], read(*lines), {}))
    assert [line.split()[0] for line in shown.getvalue().splitlines() if "#" in line] == ["#11", "#11", "#10", "#10"]
    both = {"f": "poll", "request": {"offsets": {"k": 0, "l": 0}}, "type": "ok"}
    torn = [
        both | {"response": {"msgs": {"l": [[0, 2]]}}, "index": 20, "start": 0, "end": 9},
        send(1, 0, index=21, start=1, end=2),
        send(2, 0, index=19, start=3, end=4, request={"key": "l", "msg": 2}),
    ]
    [anomaly] = judged(*torn).anomalies
    assert (anomaly.kind, sorted(anomaly.examples[0].operations)) == ("nonatomic-poll", [19, 20, 21])
    assert "process 0's poll (operation 20)" in anomaly.examples[0].explanation
