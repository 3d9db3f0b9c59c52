"""Whatever a file of JSON lines holds: it is judged or refused in words, and takes no more memory than it must."""

from __future__ import annotations

import io
import json
import tracemalloc
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kafkasim.checkers import check
from kafkasim.history import CONSISTENCY_LEVELS, HistoryError
from kafkasim.history_lines import decode_history, encode_history
from kafkasim.jepsen.reading import decode_from_jepsen
from kafkasim.jepsen.writing import encode_for_jepsen
from kafkasim.report.descriptions import every_description
from kafkasim.report.document import check_document, encode_document
from kafkasim.report.history import history_report
from kafkasim.report.screen import make_screen, show
from tests.checkers.consumer_runs import Run
from tests.checkers.many_findings import MANY

FILES = [encode_history(make(3).history) for makers in MANY.values() for make in makers]
FILES += [encode_history(Run(seed).history) for seed in range(8)]


def judged_or_refused(data: bytes) -> None:
    """Fails on whatever is raised but a refusal, and on a judgement that fails itself or cannot be told."""
    try:
        history = decode_history(data)
    except HistoryError:
        return
    for level in CONSISTENCY_LEVELS:
        result = check(history, level, examples=None)
        assert result.failed == {}
        assert all(len(anomaly.examples) == anomaly.count for anomaly in result.anomalies)
        json.loads(encode_document(check_document("f.jsonl", history, result)))
        screen = make_screen(io.StringIO())
        show(screen, *history_report(screen, "f.jsonl", history, result, every_description(level)))
    decode_history(encode_history(history))
    decode_from_jepsen([encode_for_jepsen(history)])


# --------------------------------------------------------------------------------------
# Damaged bytes
# --------------------------------------------------------------------------------------


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A file with bits turned over, bytes put in or left out, lines lost, repeated, or from another file; cut off."""
    data = bytearray(draw(st.sampled_from(FILES)))
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.integers(0, max(len(data) - 1, 0)))
        match draw(st.sampled_from(["bit", "bytes", "lines", "end"])):
            case "bit" if data:
                data[place] ^= 1 << draw(st.integers(0, 7))
            case "bytes":
                data[place : place + draw(st.integers(0, 20))] = draw(st.binary(max_size=8))
            case "lines":
                data = bytearray(b"\n".join(draw(spliced(bytes(data).split(b"\n")))))
            case "end":
                del data[place:]
    return bytes(data)


def spliced(lines: list[bytes]) -> st.SearchStrategy[list[bytes]]:
    """The lines with some of them elsewhere, twice or not at all, and with some of another file."""
    others = st.sampled_from(FILES).flatmap(lambda data: st.sampled_from(data.split(b"\n")))
    count = len(lines)
    return st.builds(
        lambda low, high, at, other: [*lines[:at], *lines[low:high], other, *lines[at:]][: count + 3],
        st.integers(0, count),
        st.integers(0, count),
        st.integers(0, count),
        others,
    )


@settings(deadline=None, max_examples=100)
@given(damaged())
def test_a_damaged_file_is_judged_or_refused(data: bytes):
    judged_or_refused(data)


# --------------------------------------------------------------------------------------
# Any JSON in any place
# --------------------------------------------------------------------------------------

ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-2, 5)
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=3)
    | st.sampled_from([10**18, -(10**4000), "k1", "\ud800", "ok", "info", "fail", "send", "poll", "assign", "crash"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["k1", "a", "offset", "msgs", "offsets", "\udfff"]), inner, max_size=3)
    ),
    max_leaves=5,
)


@st.composite
def distorted(draw: st.DrawFn) -> bytes:
    """A file with any JSON in some places of its lines, and fields too many or too few."""
    lines = [json.loads(line) for line in draw(st.sampled_from(FILES)).splitlines()]
    for _ in range(draw(st.integers(1, 5))):
        distort(draw, lines)
    return "".join(f"{json.dumps(line)}\n" for line in lines).encode()


def distort(draw: st.DrawFn, whole: Any) -> None:
    while True:
        places = list(whole) if isinstance(whole, dict) else list(range(len(whole)))
        if not places:
            return
        place = draw(st.sampled_from(places))
        if isinstance(whole[place], dict | list) and draw(st.integers(0, 3)):
            whole = whole[place]
            continue
        match draw(st.integers(0, 5)):
            case 0:
                del whole[place]
            case 1 if isinstance(whole, dict):
                whole[draw(st.sampled_from(["transaction", "lost", "final", "raw", "k1", "max_messages", "x"]))] = draw(
                    ANYTHING
                )
            case _:
                whole[place] = draw(ANYTHING)
        return


@settings(deadline=None, max_examples=100)
@given(distorted())
def test_a_file_with_any_json_in_any_place_is_judged_or_refused(data: bytes):
    judged_or_refused(data)


@pytest.mark.sweep
@settings(deadline=None, max_examples=20_000)
@given(damaged() | distorted())
def test_very_many_such_files_are_judged_or_refused(data: bytes):
    judged_or_refused(data)


# --------------------------------------------------------------------------------------
# Memory
# --------------------------------------------------------------------------------------


@pytest.mark.parametrize("field", ["offset", "begin_event", "end_event", "start", "process", "transaction"])
def test_however_large_a_number_is_it_takes_no_memory(field: str):
    for data in FILES[::4]:
        lines = [json.loads(line) for line in data.splitlines()]
        for line in lines:
            for part in (line, line.get("request"), line.get("response")):
                if isinstance(part, dict) and isinstance(part.get(field), int):
                    part[field] += 10**18
        tracemalloc.start()
        try:
            check(decode_history("".join(f"{json.dumps(line)}\n" for line in lines).encode()))
        except HistoryError:
            pass
        finally:
            _, most = tracemalloc.get_traced_memory()
            tracemalloc.stop()
        assert most < 10_000_000
