"""The node's parts, without a process: cutting lines, answering them, reading and writing descriptors."""

import json
import os
import tracemalloc
from threading import Thread

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kafkasim.messages import PollOk
from kafkasim.node import WRITE_SIZE, LineBuffer, answers, serve
from kafkasim.service import LogService
from tests.node.conftest import INIT, answer, line, pipe

REQUESTS = [
    line({"type": "send", "msg_id": 2, "key": "k1", "msg": {"a": [1.0, "é"]}}),
    line({"type": "poll", "msg_id": 3, "offsets": {"k1": 0}}),
    line({"type": "commit_offsets", "msg_id": 4, "offsets": {"k1": 0}}),
    line({"type": "commit_offsets", "msg_id": 5, "offsets": {"k1": 99}}),
    line({"type": "list_committed_offsets", "msg_id": 6, "keys": ["k1"]}),
    line({"type": "frobnicate", "msg_id": 7}),
    line({"type": "send", "key": "k1", "msg": "unanswered"}),
    '{"src":"c1","dest":"n0","body":{"type":"send","msg_id":8,"key":"ключ","msg":"日本"}}\n'.encode(),
    b'{"src":"c1","dest":"n0","body":{"type":"send","msg_id":9,"key":"k1","msg":{"a":\r1}}}\r\n',
    b'{"src":"c1","dest":"n0","body":\n{"type":"send","msg_id":9,"key":"k1","msg":1}}\n',
    INIT.rstrip() + INIT,
    b"garbage\n",
    b"\xff\n",
    b"\n",
]


def fed(pieces):
    """What a service answers to the pieces, as the node takes them."""
    lines, service = LineBuffer(), LogService()
    return b"".join(answer(service, lines.feed(piece)) for piece in pieces) + answer(service, lines.rest())


@given(st.lists(st.sampled_from(REQUESTS), max_size=8), st.data())
def test_the_answers_do_not_depend_on_how_the_input_was_cut(requests, data):
    stream = INIT + b"".join(requests)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=6)))
    pieces = [stream[start:end] for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    assert fed(pieces) == fed(stream.splitlines(keepends=True))


@given(st.lists(st.binary(max_size=20).map(lambda data: data.replace(b"x", b"\n"))))
def test_a_line_buffer_gives_back_all_that_it_was_fed_in_whole_lines(pieces):
    lines = LineBuffer()
    whole = [lines.feed(piece) for piece in pieces]
    assert all(data.endswith(b"\n") for data in whole if data)
    rest = lines.rest()
    assert b"\n" not in rest
    assert b"".join(whole) + rest == b"".join(pieces)
    assert lines.rest() == b""


def test_a_line_in_many_pieces_is_joined_once():
    lines = LineBuffer()
    piece = b"x" * 1000
    for _ in range(10_000):
        assert lines.feed(piece) == b""
    assert lines.feed(b"\n") == piece * 10_000 + b"\n"


def test_output_that_is_taken_in_small_bites_is_whole():
    requests = INIT + b"".join(line({"type": "send", "msg_id": n, "key": "k", "msg": n}) for n in range(2, 3000))
    with pipe() as (stdin, to_node), pipe() as (from_node, stdout):
        os.set_blocking(stdout, False)  # short writes, and EAGAIN
        os.set_blocking(stdin, False)
        taken = bytearray()

        def take():
            while data := os.read(from_node, 777):
                taken.extend(data)

        def give():
            for start in range(0, len(requests), 1234):
                os.write(to_node, requests[start : start + 1234])
            os.close(to_node)

        threads = [Thread(target=take, daemon=True), Thread(target=give, daemon=True)]
        for thread in threads:
            thread.start()
        serve(LogService(), stdin, stdout)
        os.close(stdout)
        for thread in threads:
            thread.join()
    assert [json.loads(reply)["body"].get("offset") for reply in taken.splitlines()] == [None, *range(2998)]


def test_a_closed_output_ends_the_serving():
    with pipe() as (stdin, to_node), pipe() as (from_node, stdout):
        os.close(from_node)
        os.write(to_node, INIT)
        serve(LogService(), stdin, stdout)  # returns though its input is open


def test_an_output_that_fails_in_another_way_is_an_error():
    with pipe() as (stdin, to_node):
        os.write(to_node, INIT)
        full = os.open("/dev/full", os.O_WRONLY)
        with pytest.raises(OSError, match="No space left"):
            serve(LogService(), stdin, full)
        os.close(full)


def test_a_reply_that_is_no_json_is_a_failure_of_ours_and_keeps_back_no_other(caplog):
    class Odd(LogService):
        def poll(self, request):
            return PollOk(msgs={"k": [(0, object())]})

    requests = INIT + REQUESTS[1] + REQUESTS[0]
    bodies = [json.loads(reply)["body"] for reply in answer(Odd(), requests).splitlines()]
    assert [body["type"] for body in bodies] == ["init_ok", "error", "send_ok"]
    assert bodies[1]["code"] == 13
    assert bodies[1]["in_reply_to"] == 3
    assert "failed to encode" in caplog.text


def test_large_answers_are_made_piece_by_piece_as_they_are_taken():
    service = LogService()
    answer(service, INIT + line({"type": "send", "msg_id": 2, "key": "k", "msg": "x" * 100_000}))
    polls = [line({"type": "poll", "msg_id": msg_id, "offsets": {"k": 0}}) for msg_id in range(300)]
    pieces = answers(service, b"".join(polls))
    first = next(pieces)
    service.engine.send("k", "y")  # those that were not answered yet see it
    taken = [first, *pieces]
    assert all(WRITE_SIZE <= len(piece) < WRITE_SIZE + 4_000_000 for piece in taken[:-1])
    replies = [json.loads(reply)["body"] for piece in taken for reply in piece.splitlines()]
    assert [reply["in_reply_to"] for reply in replies] == list(range(300))
    seen = [len(reply["msgs"]["k"]) for reply in replies]
    assert seen == sorted(seen)
    assert seen[0] == 1
    assert seen[-1] == 2


def test_small_answers_to_what_arrived_together_are_one_piece():
    requests = b"".join(line({"type": "send", "msg_id": n, "key": "k", "msg": n}) for n in range(2, 500))
    [piece] = answers(LogService(), INIT + requests)
    assert len(piece.splitlines()) == 499


def test_lines_that_are_answered_with_nothing_are_no_piece():
    assert list(answers(LogService(), b"garbage\n\n")) == []


def test_a_message_that_is_kept_keeps_nothing_else_of_what_arrived_with_it():
    service = LogService()
    answer(service, INIT)
    tracemalloc.start()
    try:
        for msg_id in range(20):
            answer(service, line({"type": "send", "msg_id": msg_id, "key": "k", "msg": "short", "more": "x" * 100_000}))
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept < 100_000


@settings(max_examples=300)
@given(st.lists(st.binary() | st.sampled_from(REQUESTS), max_size=5))
def test_no_input_brings_the_node_down_and_every_answer_is_a_message(pieces):
    for reply in fed(pieces).splitlines():
        assert json.loads(reply).keys() == {"src", "dest", "body"}
