"""How operations read on a timeline."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kafkasim.forms import printable
from kafkasim.history import FaultEvent, Operation
from kafkasim.report.operations import timeline
from tests.report.samples import operation


def told(op: Operation, key: str | None = None) -> list[str]:
    return [line.what for line in timeline([op], key)]


@pytest.mark.parametrize(
    ("f", "request_", "response", "words"),
    [
        ("send", {"key": "k1", "msg": {"a": 1}}, {"offset": 0}, ['send k1 {"a":1}', "ok: offset 0"]),
        ("send", {"key": "a key", "msg": None}, {"offset": 0}, ['send "a key" null', "ok: offset 0"]),
        ("poll", {"offsets": {"k1": 0}}, {"msgs": {}}, ["poll k1:0", "ok: nothing"]),
        ("poll", {"offsets": {"k1": 0}}, {"msgs": {"k1": []}}, ["poll k1:0", "ok: nothing"]),
        (
            "poll",
            {"offsets": {"k1": 0, "k2": 1}},
            {"msgs": {"k1": [[0, "x"]], "k2": [[1, 2]]}},
            ["poll k1:0 k2:1", 'ok: k1 [0] "x"; k2 [1] 2'],
        ),
        ("commit_offsets", {"offsets": {"k1": 2}}, {}, ["commit k1:2", "ok"]),
        ("list_committed_offsets", {"keys": ["k1"]}, {"offsets": {"k1": 2}}, ["list k1", "ok: k1:2"]),
        ("list_committed_offsets", {"keys": ["k1"]}, {"offsets": {}}, ["list k1", "ok: nothing committed"]),
        (
            "assign",
            {"keys": ["k1"], "from": "start"},
            {"positions": {"k1": 0}},
            ["assign k1 from the start", "ok: reads on from k1:0"],
        ),
        ("crash", {}, {}, ["crash", "ok"]),
    ],
)
def test_each_operation_reads_as_the_repl_takes_it(f, request_, response, words):
    assert told(operation(0, f, request_, response)) == words


def test_refused_unknown_and_malformed_read_differently():
    asked: dict[str, Any] = {"offsets": {"k1": 9}}
    assert told(operation(0, "commit_offsets", asked, error=(22, "no such message")))[1] == (
        "refused, precondition-failed: no such message"
    )
    assert told(operation(0, "commit_offsets", asked, error=(13, "oh")))[1] == (
        "failed, crash (it may have happened): oh"
    )
    assert told(operation(0, "commit_offsets", asked, error=(0, "timeout")))[1].startswith("no reply in time")
    malformed = operation(0, "commit_offsets", asked, raw={"type": "commit_ok"}, error=(0, ""))
    assert told(malformed)[1] == 'malformed reply: {"type":"commit_ok"}'


def test_a_timeline_is_in_the_order_of_events_and_the_unanswered_last():
    first = operation(0, "crash", {}, events=(0, None), error=(0, ""))
    second = operation(1, "crash", {}, {}, events=(1, 4))
    third = operation(2, "crash", {}, {}, events=(2, 3))
    lines = timeline([third, first, second])
    assert [(line.index, line.outcome) for line in lines] == [
        (0, None),
        (1, None),
        (2, None),
        (2, "ok"),
        (1, "ok"),
        (0, "info"),
    ]
    assert lines[-1].when == "never"


def test_a_poll_without_a_reply_leaves_no_doubt_behind():
    poll = operation(0, "poll", {"offsets": {"k1": 0}}, error=(0, ""), events=(0, None))
    send = operation(0, "send", {"key": "k1", "msg": 1}, error=(0, ""), events=(0, None))
    assert told(poll)[1] == "no reply in time"
    assert told(send)[1] == "no reply in time: it may or may not have happened"


def test_a_key_that_a_poll_did_not_ask_for_is_named():
    poll = operation(0, "poll", {"offsets": {"k1": 0}}, {"msgs": {"k1": [[0, 1]], "k2": [[0, 2]]}})
    assert told(poll, "k1") == ["poll k1:0", "ok: [0] 1"]
    assert told(poll, "k2") == ["poll k1:0", "ok: k2 [0] 2"]


def test_the_faults_in_between_are_told_where_they_happened():
    first = operation(0, "crash", {}, {}, events=(1, 2))
    second = operation(1, "crash", {}, {}, events=(6, 8))
    faults = [
        FaultEvent(fault="crash", nodes=("n9",), at=0, event=0),
        FaultEvent(fault="crash", nodes=("n0",), at=3_000_000, event=3, planned=False, text="out of memory"),
        FaultEvent(fault="restart", nodes=("n0",), at=4_000_000, event=4),
        FaultEvent(fault="partition", groups=(("n0",), ("c1", "c2")), at=5_000_000, event=5),
        FaultEvent(fault="heal", groups=(("n0",), ("c1", "c2")), at=6_000_000, event=7),
        FaultEvent(fault="heal", at=7_000_000, event=7),
        FaultEvent(fault="crash", nodes=("n9",), at=9_000_000, event=9),
    ]
    lines = timeline([first, second], faults=faults)
    assert [(line.when, line.who, line.what) for line in lines if line.index is None] == [
        ("0.0030 s", "n0", "ends by itself: out of memory"),
        ("0.0040 s", "n0", "starts again"),
        ("0.0050 s", "network", "is cut: n0 | c1, c2"),
        ("0.0060 s", "network", "is no longer cut: n0 | c1, c2"),
        ("0.0070 s", "network", "heals a partition"),
    ]
    assert [line.index for line in lines] == [0, 0, None, None, None, 1, None, None, 1]


def test_of_a_long_poll_the_ends_and_what_matters_are_shown():
    poll = operation(0, "poll", {"offsets": {"k1": 0}}, {"msgs": {"k1": [[place, place] for place in range(100)]}})
    send = operation(1, "send", {"key": "k1", "msg": "x"}, {"offset": 50})
    words = next(line.what for line in timeline([poll, send], "k1") if line.what.startswith("ok: [0]"))
    assert words == "ok: [0] 0, ..., [49] 49, [50] 50, [51] 51, ..., [99] 99 (100 messages)"


def test_a_gap_in_a_dense_poll_is_shown_and_the_missing_offset_named():
    pairs = [[place, place] for place in range(20) if place != 7]
    poll = operation(0, "poll", {"offsets": {"k1": 0}}, {"msgs": {"k1": pairs}})
    send = operation(1, "send", {"key": "k1", "msg": "x"}, {"offset": 7})
    lines = [line.what for line in timeline([poll, send], "k1")]
    assert "ok: [0] 0, ..., [6] 6, [7] missing, [8] 8, ..., [19] 19 (19 messages)" in lines


def test_where_two_polls_disagree_is_shown():
    one = [[place, place] for place in range(20)]
    other = [[place, "other" if place == 9 else place] for place in range(20)]
    polls = [
        operation(0, "poll", {"offsets": {"k1": 0}}, {"msgs": {"k1": one}}),
        operation(1, "poll", {"offsets": {"k1": 0}}, {"msgs": {"k1": other}}),
    ]
    words = [line.what for line in timeline(polls, "k1") if line.outcome]
    assert "[9] 9" in words[0]
    assert '[9] "other"' in words[1]


def test_only_the_key_that_matters_is_shown_of_many():
    many = {f"k{number}": number for number in range(20)}
    poll = operation(0, "poll", {"offsets": many}, {"msgs": {key: [[0, 0]] for key in many}})
    assert told(poll, "k7") == ["poll k7:7 (and 19 more keys)", "ok: [0] 0"]


@pytest.mark.parametrize("msgs", [5, {"k1": 5}, {"k1": [5]}, {"k1": [[0]]}, {"k1": [["a", 1]]}, {"k1": None}])
def test_a_reply_of_no_known_form_is_quoted_not_a_crash(msgs):
    poll = operation(0, "poll", {"offsets": {"k1": 0}}, {"msgs": msgs})
    assert told(poll, "k1")[1].startswith("ok: ")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)
FIELDS = st.dictionaries(st.sampled_from(["key", "msg", "offset", "offsets", "msgs", "keys", "positions"]), JSON)


@given(
    f=st.sampled_from(["send", "poll", "commit_offsets", "list_committed_offsets", "assign", "crash", "odd"]),
    asked=FIELDS,
    answered=st.none() | FIELDS,
    client=st.text(max_size=3),
    key=st.none() | st.text(max_size=3),
)
def test_whatever_a_recorded_operation_holds_it_is_told_on_lines_that_can_be_printed(f, asked, answered, client, key):
    one = operation(0, f, asked, answered, client=client, raw=None if answered else asked)
    for line in timeline([one, operation(1, f, asked, answered)], key):
        told_of = line.who + line.what
        assert printable(told_of) == told_of


def test_a_history_that_does_not_know_what_was_asked_names_the_operation_and_process():
    poll = operation(0, "poll", {}, {"msgs": {}}, client="")
    poll.node = ""
    assert [(line.who, line.what) for line in timeline([poll])] == [
        ("process 0", "poll"),
        ("→ process 0", "ok: nothing"),
    ]
