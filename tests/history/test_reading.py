"""Reading histories: what is read, what is refused, and that it is said where and why."""

from __future__ import annotations

import gzip
import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kafkasim.anomalies.notation import build
from kafkasim.checkers import check
from kafkasim.history import Header, History, HistoryError, Operation
from kafkasim.history_files import read_history, write_history
from kafkasim.history_lines import decode_history, decode_pieces, encode_history

SMALL = build(
    "alice send k1 hello -> 0",
    "bob poll k1:0 ...",
    "alice send k1 null -> lost",
    "! crash n0",
    "bob -> k1 0=hello",
    "bob commit k1:0 -> fail 22",
    "alice send k1 1 -> raw [1,2]",
    complete="k1",
)


def lines_of(history: History) -> list[dict[str, Any]]:
    return [json.loads(line) for line in encode_history(history).splitlines()]


def decoded(*lines: Any) -> History:
    return decode_history(b"".join(json.dumps(line).encode() + b"\n" for line in lines), name="f.jsonl")


def test_what_was_written_is_read_again():
    assert decode_history(encode_history(SMALL)) == SMALL


@pytest.mark.parametrize("name", ["h.jsonl", "h.jsonl.gz"])
def test_a_file_is_read_gzipped_or_not(tmp_path: Path, name: str):
    write_history(SMALL, tmp_path / name)
    assert (tmp_path / name).read_bytes().startswith(b"\x1f\x8b") == name.endswith(".gz")
    assert read_history(str(tmp_path / name)) == SMALL


def test_the_same_history_gives_the_same_gzipped_bytes(tmp_path: Path):
    for name in ("a.gz", "b.gz"):
        write_history(SMALL, tmp_path / name)
    assert (tmp_path / "a.gz").read_bytes() == (tmp_path / "b.gz").read_bytes()
    assert (tmp_path / "a.gz").read_bytes()[:10] == b"\x1f\x8b\x08\0\0\0\0\0\x02\xff"  # no time, no system


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_dash_is_standard_input(monkeypatch: pytest.MonkeyPatch, pack: Any):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(pack(encode_history(SMALL)))))
    assert read_history("-") == SMALL


def test_a_gzip_file_may_be_several_one_after_the_other(tmp_path: Path):
    header, *rest = encode_history(SMALL).splitlines(keepends=True)
    path = tmp_path / "h.gz"
    path.write_bytes(gzip.compress(header) + gzip.compress(b"".join(rest)))
    assert read_history(str(path)) == SMALL


def test_a_file_that_was_cut_off_anywhere_is_read_as_far_as_it_goes():
    data = encode_history(SMALL)
    header = data.index(b"\n") + 1
    for length in range(header, len(data) - 1):
        history = decode_history(data[:length])
        assert history.operations == SMALL.operations[: len(history.operations)]
        assert history.end.end == "interrupted"


def test_a_gzip_file_that_was_cut_off_is_read_as_far_as_it_goes(tmp_path: Path):
    path = tmp_path / "h.gz"
    path.write_bytes(gzip.compress(encode_history(SMALL))[:-20])
    history = read_history(str(path))
    assert history.operations == SMALL.operations[: len(history.operations)]
    assert history.end.end == "interrupted"


def test_a_damaged_gzip_file_is_refused(tmp_path: Path):
    path = tmp_path / "h.gz"
    packed = bytearray(gzip.compress(encode_history(SMALL)))
    packed[30:60] = bytes(30)
    path.write_bytes(packed)
    with pytest.raises(HistoryError, match=r"h\.gz: the gzip file is damaged"):
        read_history(str(path))


def test_a_broken_line_in_the_middle_is_no_end():
    header, first, *_ = encode_history(SMALL).splitlines(keepends=True)
    with pytest.raises(HistoryError, match=r"history:2: expected one JSON object, got"):
        decode_history(header + first[:50] + b"\n" + first)


def test_blank_lines_and_the_order_of_fields_do_not_matter():
    data = b"\n".join(
        json.dumps(dict(reversed(line.items())), indent=None, separators=(" , ", " : ")).encode() + b"\r\n"
        for line in lines_of(SMALL)
    )
    assert decode_history(data) == SMALL


def test_fields_that_nobody_knows_are_passed_over():
    lines = lines_of(SMALL)
    assert decoded(*(line | {"colour": "red"} for line in lines)) == SMALL


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_lines_may_be_cut_into_pieces_anywhere(size: int):
    data = encode_history(SMALL)
    assert decode_pieces(data[place : place + size] for place in range(0, len(data), size)) == SMALL
    assert decode_pieces([data, b""]) == SMALL


LONG = encode_history(build(*["alice send k1 hello -> lost"] * 3000, complete="k1")).splitlines()


def test_a_long_history_is_read_whatever_stands_between_its_operations():
    operations = decode_history(b"\n".join(LONG)).operations
    fault = b'{"fault": "heal", "at": 1, "event": 1}'
    assert [op.index for op in operations] == list(range(3000))
    assert decode_history(b"\n".join([*LONG[:2500], b"", fault, b" \r", *LONG[2500:]])).operations == operations


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (LONG[2000], r"history:2501: field `index`: expected 2499, its place, got 1999"),
        (LONG[2500] + LONG[2500], r"history:2501: expected one JSON object"),
        (LONG[2500].replace(b":", b":\n", 1), r"history:2501: expected one JSON object"),
        (LONG[2500].replace(b'"info"', b'"oki"'), r"history:2501: field `type`: expected .*, got \"oki\""),
        (LONG[2500].replace(b'"begin_event":', b'"begin_event":-'), r"history:2501: field `begin_event`: expected at"),
        (LONG[-1], r"history:2502: expected nothing after the last line of the history, which is line 2501"),
    ],
)
def test_far_into_a_long_history_too_it_is_said_which_line_is_wrong(line: bytes, problem: str):
    with pytest.raises(HistoryError, match=problem):
        decode_history(b"\n".join([*LONG[:2500], line, *LONG[2501:]]))


HEADER = {"kafkasim_history": 1}
OPERATION = lines_of(SMALL)[1]
END = {"end": "complete"}


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        ([], 'f.jsonl:1: expected a header (a line with "kafkasim_history"), got an empty file'),
        ([OPERATION], 'f.jsonl:1: expected a header (a line with "kafkasim_history"), got {"index": 0'),
        ([[1, "kafkasim_history"]], 'f.jsonl:1: expected one JSON object, got [1, "kafkasim_history"]'),
        ([{"kafkasim_history": "one"}], 'f.jsonl:1: field `kafkasim_history`: expected an integer, got "one"'),
        (
            [{"kafkasim_history": 2}],
            "f.jsonl:1: field `kafkasim_history`: expected 1, got 2: it was written by a newer version",
        ),
        ([{"kafkasim_history": 0}], "f.jsonl:1: field `kafkasim_history`: expected 1, got 0"),
        ([HEADER, 7], "f.jsonl:2: expected one JSON object, got 7"),
        ([HEADER, {}], "f.jsonl:2: field `index` is missing (expected an integer)"),
        ([HEADER, OPERATION | {"process": "x"}], 'f.jsonl:2: field `process`: expected an integer, got "x"'),
        ([HEADER, OPERATION | {"request": []}], "f.jsonl:2: field `request`: expected an object"),
        ([HEADER, OPERATION | {"f": "append"}], "f.jsonl:2: "),
        ([HEADER, OPERATION | {"type": "maybe"}], "f.jsonl:2: "),
        ([HEADER, OPERATION | {"error": {"code": "x", "text": ""}}], "f.jsonl:2: "),
        ([HEADER, OPERATION | {"index": 1}], "f.jsonl:2: field `index`: expected 0, its place, got 1"),
        (
            [HEADER, OPERATION | {"end_event": None}],
            "f.jsonl:2: field `end_event`: expected an integer for an operation that is ok",
        ),
        (
            [HEADER, OPERATION | {"end_event": 0}],
            "f.jsonl:2: field `end_event`: expected more than 0, where it began, got 0",
        ),
        (
            [HEADER, OPERATION | {"begin_event": 5, "end_event": 6}, OPERATION | {"index": 1}],
            "f.jsonl:3: field `begin_event`: expected at least 5, got 0",
        ),
        (
            [HEADER, OPERATION | {"type": "info", "end_event": None}, OPERATION],
            "f.jsonl:3: field `index`: expected 1, its place, got 0",
        ),
        ([HEADER, {"fault": "crash"}], "f.jsonl:2: field `at` is missing (expected an integer)"),
        ([HEADER, {"end": "soon"}], "f.jsonl:2: "),
        ([HEADER, END, OPERATION], "f.jsonl:3: expected nothing after the last line of the history, which is line 2"),
        ([HEADER, HEADER], "f.jsonl:2: a second header: one file holds one history"),
    ],
)
def test_what_is_no_history_is_refused_with_file_line_and_field(lines: list[Any], problem: str):
    with pytest.raises(HistoryError) as caught:
        decoded(*lines)
    assert str(caught.value).startswith(problem)


def test_a_number_beyond_all_bounds_is_refused_in_words():
    line = json.dumps(OPERATION).replace('"hello"', "1e99999999999999999999")
    with pytest.raises(HistoryError, match=r"f\.jsonl:2: .*out of range"):
        decode_history(f"{json.dumps(HEADER)}\n{line}\n\n".encode(), name="f.jsonl")


def test_what_no_number_can_hold_is_refused_with_its_field():
    line = json.dumps(OPERATION).replace('"hello"', "1e99999999999999999999")
    with pytest.raises(
        HistoryError, match=r"history:2: field `request\.msg` cannot be read: the number 1e9+ is out of range"
    ):
        decode_history(f"{json.dumps(HEADER)}\n{line}\n".encode())


def test_numbers_are_read_by_their_exact_value():
    texts = ["0.1", "0.1000000000000000055511151231257827", "1e400", "1e23", str(2**70)]
    history = build(*(f"alice send k1 {place} -> {place}" for place in range(len(texts))))
    lines = encode_history(history).decode().splitlines()
    for place, text in enumerate(texts):
        lines[1 + place] = lines[1 + place].replace(f'"msg":{place}', f'"msg":{text}')
    read = decode_history("\n".join(lines).encode())
    assert decode_history(encode_history(read)) == read
    messages = [op.request["msg"] for op in read.operations]
    assert messages[0] == 0.1
    assert messages[1] != 0.1
    assert messages[3] == 1e23


@settings(deadline=None, max_examples=200)
@given(st.data())
def test_any_bytes_at_all_are_read_or_refused(data: st.DataObject):
    whole = bytearray(encode_history(SMALL))
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(whole) - 1))
        whole[place : place + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    try:
        history = decode_history(bytes(whole))
    except HistoryError:
        return  # refused, in words: anything else raised fails this test
    assert check(history).failed == {}


@settings(deadline=None)
@given(st.binary())
def test_noise_is_refused(noise: bytes):
    with pytest.raises(HistoryError):
        decode_history(noise)


def test_nesting_without_end_is_refused():
    with pytest.raises(HistoryError, match="history:1: "):
        decode_history(b'{"kafkasim_history": 1, "x": ' + b"[" * 100_000 + b"\n")


# --------------------------------------------------------------------------------------
# Without places in the sequence of events
# --------------------------------------------------------------------------------------


def timed(index: int, start: int, end: int | None, **fields: Any) -> dict[str, Any]:
    sent = {"f": "send", "request": {"key": "k1", "msg": index}, "type": "ok", "response": {"offset": index}}
    return {"index": index, "process": index, "start": start, "end": end} | sent | fields


def before(first: Operation, second: Operation) -> bool:
    return first.end_event is not None and first.end_event < second.begin_event


def test_where_places_in_the_sequence_of_events_are_missing_times_decide():
    first, second = decoded(HEADER, timed(0, 0, 5), timed(1, 6, 9), END).operations
    assert before(first, second)
    first, second = decoded(HEADER, timed(0, 0, 7), timed(1, 6, 9), END).operations
    assert not before(first, second)


def test_times_that_tie_are_concurrent():
    first, second = decoded(HEADER, timed(0, 0, 5), timed(1, 5, 9), END).operations
    assert not before(first, second)
    instant, other = decoded(HEADER, timed(0, 5, 5), timed(1, 5, 5), END).operations
    assert not before(instant, other)
    assert instant.end_event is not None
    assert instant.end_event > instant.begin_event


def test_operations_written_in_order_of_completion_are_put_in_order_of_invocation():
    history = decoded(HEADER, timed(7, 3, 4), timed(8, 0, 5), END)
    assert [(op.index, op.process) for op in history.operations] == [(0, 8), (1, 7)]


def test_operations_that_times_put_into_order_keep_the_numbers_that_their_file_gives_them():
    history = decoded(HEADER, timed(7, 3, 4), timed(8, 0, 5), END)
    assert [history.number(op.index) for op in history.operations] == [8, 7]
    assert [history.place(8), history.place(7)] == [0, 1]
    assert decoded(HEADER, timed(0, 0, 5), timed(1, 6, 9), END).numbers == []


def test_faults_find_their_place_by_their_time_too():
    fault = {"fault": "crash", "at": 6, "event": 0}
    history = decoded(HEADER, timed(0, 0, 5), fault, timed(1, 7, 9), END)
    assert (history.operations[0].end_event or 0) < history.faults[0].event < history.operations[1].begin_event


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        ([timed(0, 0, None)], "f.jsonl:2: field `end`: expected a time for an operation that is ok"),
        ([timed(0, 5, 3)], "f.jsonl:2: field `end`: expected at least 5, when it began, got 3"),
        ([OPERATION, timed(1, 5, 6)], "f.jsonl:3: field `begin_event` is missing, though earlier operations have it"),
        (
            [timed(0, 5, 6), OPERATION | {"index": 1}],
            "f.jsonl: some operations have the field `begin_event` and others do not",
        ),
        (
            [timed(4, 0, 5), timed(4, 6, 7)],
            "f.jsonl:3: field `index`: expected a number of its own, got 4, as in line 2",
        ),
        ([timed(0, 0, 5, process="x")], "f.jsonl:2: field `process`: expected an integer"),
    ],
)
def test_times_that_cannot_be_are_refused(lines: list[Any], problem: str):
    with pytest.raises(HistoryError) as caught:
        decoded(HEADER, *lines, END)
    assert str(caught.value).startswith(problem)


def test_a_header_says_no_more_than_it_must():
    assert decoded(HEADER).header == Header()


# --------------------------------------------------------------------------------------
# What the codec refuses though it is JSON
# --------------------------------------------------------------------------------------

ODD_PAYLOADS = [r'"\ud800"', r'{"\udfff": ["\ud83d"]}', "9" * 5000, "-" + "1" * 4301, r'["\ud800", 1e400, 1.0]']


def with_payload(payload: str) -> bytes:
    """A history in which a message was sent, and polled."""
    history = build('alice send k1 "payload" -> 0', 'bob poll k1:0 -> k1 0="payload"', complete="k1")
    return encode_history(history).replace(b'"payload"', payload.encode())


@pytest.mark.parametrize("payload", ODD_PAYLOADS)
def test_halves_of_surrogate_pairs_and_long_integers_are_read_and_written(payload: str):
    history = decode_history(with_payload(payload))
    assert check(history).anomalies == []
    assert decode_history(encode_history(history)) == history


@pytest.mark.parametrize("payload", ODD_PAYLOADS)
def test_such_a_message_is_told_from_any_other(payload: str):
    lines = with_payload(payload).splitlines()
    changed = payload.replace("1", "2").replace("9", "8").replace("d", "c", 1)
    history = decode_history(b"\n".join([*lines[:2], lines[2].replace(payload.encode(), changed.encode()), *lines[3:]]))
    kinds = {anomaly.kind for anomaly in check(history).anomalies}
    assert kinds == {"inconsistent-offsets", "phantom-read", "unseen"}


@pytest.mark.parametrize("field", ['"client":"alice"', '"node":"n0"'])
def test_such_text_may_be_anywhere(field: str):
    name, _, _ = field.partition(":")
    data = with_payload("7").replace(field.encode(), rf'{name}:"\ud800"'.encode()).replace(b'"k1"', rb'"\udcff"')
    data = data.replace(b'"scenario":"test"', rb'"scenario":"\ud800"')
    history = decode_history(data)
    assert history.header.scenario == "\ud800"
    assert history.end.final_polls == {"\udcff": "complete"}
    assert decode_history(encode_history(history)) == history


@pytest.mark.parametrize(
    ("payload", "problem"),
    [
        ("NaN", "expected one JSON object"),
        (
            "1e-9999999999999999999",
            "field `request.msg` cannot be read: the number 1e-9999999999999999999 is",
        ),
        ("[" * 200_000 + "]" * 200_000, "maximum recursion depth"),
        (r'"\ud800', "expected one JSON object"),
        (r'"\u12"', "expected one JSON object"),
    ],
)
def test_what_cannot_be_read_is_still_refused(payload: str, problem: str):
    with pytest.raises(HistoryError, match="history:2: ") as caught:
        decode_history(with_payload(payload))
    assert problem in str(caught.value)


def test_bytes_that_are_no_text_are_refused():
    with pytest.raises(HistoryError, match=r"history:2: field `request\.msg` cannot be read: .*invalid start byte"):
        decode_history(with_payload('"payload"').replace(b'"payload"', b'"\xff"'))
