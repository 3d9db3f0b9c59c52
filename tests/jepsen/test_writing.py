"""What is written as ``history.edn`` is the same history when it is read, and shows Jepsen's checker the same."""

from pathlib import Path

import pytest

from kafkasim.anomalies.notation import build
from kafkasim.history import End, Failure, FaultEvent, Header, History, Operation
from kafkasim.history_lines import decode_history, encode_history
from kafkasim.jepsen.edn import read_forms
from kafkasim.jepsen.reading import decode_from_jepsen, history_from_forms
from kafkasim.jepsen.writing import encode_for_jepsen
from kafkasim.simulate import load, run

SCENARIOS = Path(__file__).parents[2] / "examples" / "scenarios"


def operation(index, f, request, response=None, *, kind="ok", process=0, error=None):
    return Operation(
        index=index,
        process=process,
        f=f,
        request=request,
        type=kind,
        response=response,
        error=error,
        start=index * 10,
        end=None if kind == "info" else index * 10 + 5,
        begin_event=2 * index,
        end_event=None if kind == "info" else 2 * index + 1,
    )


def written(*operations, faults=()):
    history = History(Header(), list(operations), faults=list(faults), end=End("complete"))
    return encode_for_jepsen(history).decode().splitlines()


def test_an_operation_is_a_map_where_it_begins_and_one_where_it_ends():
    assert written(operation(0, "send", {"key": "k", "msg": {"a": None}}, {"offset": 3})) == [
        '{:index 0, :time 0, :type :invoke, :process 0, :f :send, :value [[:send "k" {"a" nil}]]}',
        '{:index 1, :time 5, :type :ok, :process 0, :f :send, :value [[:send "k" [3 {"a" nil}]]]}',
    ]


def test_what_no_transaction_of_jepsen_has_stands_alone():
    history = build("alice send k1 7 -> 0", "alice commit k1:0 -> ok", "alice poll k1:0 -> k1 0=7")
    for op in history.operations:
        op.transaction = 1
    lines = encode_for_jepsen(history).decode().splitlines()
    assert [line.partition(":f ")[2].split(",")[0] for line in lines if ":invoke" in line] == [
        ":txn",
        ":commit_offsets",
    ]
    assert len(decode_from_jepsen(["\n".join(lines).encode()]).operations) == 2


def test_a_process_that_does_two_things_at_once_or_goes_on_after_an_info_is_several():
    history = build(
        "alice send k1 1 ...",
        "bob send k1 2 -> 0",
        "alice -> 1",
        "bob send k1 3 -> lost",
        "bob send k1 4 -> info 13",
        "bob send k1 5 -> 2",
    )
    for op in history.operations:
        op.process = 0
    text = encode_for_jepsen(history).decode()
    again = decode_from_jepsen([text.encode()])
    assert [(op.process, op.request["msg"], op.type) for op in again.operations] == [
        (0, 1, "ok"),
        (1, 2, "ok"),
        (1, 3, "info"),
        (2, 4, "info"),
        (3, 5, "ok"),
    ]


def test_what_never_ended_is_info_at_the_end_and_an_error_is_told():
    lost = operation(0, "poll", {"offsets": {"k": 0}}, kind="info", error=Failure(0, "no reply in time"))
    refused = operation(1, "send", {"key": "k", "msg": 1}, kind="fail", process=1, error=Failure(11, "not now"))
    assert written(lost, refused) == [
        "{:index 0, :time 0, :type :invoke, :process 0, :f :poll, :value [[:poll]]}",
        '{:index 1, :time 10, :type :invoke, :process 1, :f :send, :value [[:send "k" 1]]}',
        '{:index 2, :time 15, :type :fail, :process 1, :f :send, :value [[:send "k" 1]], :error [11 "not now"]}',
        '{:index 3, :time 15, :type :info, :process 0, :f :poll, :value [[:poll]], :error [0 "no reply in time"]}',
    ]


def test_the_steps_of_a_transaction_are_one_operation():
    history = build("alice txn send k1 7 & poll & send k1 8 -> 0 & k2 5=x & 1")
    lines = encode_for_jepsen(history).decode().splitlines()
    assert [line.partition(":process")[2] for line in lines] == [
        ' 0, :f :txn, :value [[:send "k1" 7] [:poll] [:send "k1" 8]]}',
        ' 0, :f :txn, :value [[:send "k1" [0 7]] [:poll {"k2" [[5 "x"]]}] [:send "k1" [1 8]]]}',
    ]
    again = history_from_forms(read_forms("\n".join(lines)))
    assert [op.response for op in again.operations] == [op.response for op in history.operations]


@pytest.mark.parametrize("request_", [{}, {"keys": None}, {"keys": "k1"}])
def test_an_assignment_of_nothing_that_is_known_is_one_of_no_keys(request_):
    """Jepsen's tools, and our own reader, expect a list there."""
    history = build("bob assign k1 -> k1:0")
    history.operations[0].request = request_

    assert b":f :assign, :value []" in encode_for_jepsen(history)
    assert decode_from_jepsen([encode_for_jepsen(history)]).operations[0].request["keys"] == []


def test_faults_are_the_nemesis():
    fault = FaultEvent(fault="crash", nodes=("n0",), at=7, event=1)
    assert '{:index 0, :time 7, :type :info, :process :nemesis, :f :crash, :value ["n0"]}' in written(faults=[fault])


def poll(index, start, *offsets):
    return operation(
        index, "poll", {"offsets": {"k": start}}, {"msgs": {"k": [[offset, offset] for offset in offsets]}}
    )


def test_a_poll_that_goes_on_where_the_last_one_ended_is_one_of_an_assigned_client():
    assert not any(":assign" in line for line in written(poll(0, 0, 0, 1), poll(1, 2, 2)))


def test_before_a_poll_from_elsewhere_the_key_is_let_go():
    lines = written(poll(0, 0, 0, 1), poll(1, 1, 1))
    assert [line for line in lines if ":assign" in line] == [
        "{:index 2, :time 10, :type :invoke, :process 0, :f :assign, :value []}",
        "{:index 3, :time 10, :type :ok, :process 0, :f :assign, :value []}",
    ]


def test_an_assignment_from_the_start_lets_go_of_the_keys_first():
    again = operation(1, "assign", {"keys": ["k"], "from": "start"}, {"positions": {"k": 0}})
    assigned = [line.partition(":f :assign, ")[2] for line in written(poll(0, 0, 0), again) if ":assign" in line]
    assert assigned == [":value []}"] * 2 + [':value ["k"], :seek-to-beginning? true}'] * 2


@pytest.mark.parametrize("name", ["quickstart", "demo", "lossy-network"])
def test_a_simulated_history_is_the_same_when_it_is_read_again(name):
    history = decode_history(encode_history(run(load(SCENARIOS / f"{name}.yaml")).history))
    again = history_from_forms(read_forms(encode_for_jepsen(history).decode()))
    kept = [op for op in again.operations if op.f in ("send", "poll")]
    original = [op for op in history.operations if op.f in ("send", "poll")]
    assert [(op.process, op.f, op.type, op.start, op.end) for op in kept] == [
        (op.process, op.f, op.type, op.start, op.end) for op in original
    ]
    assert [op.response for op in kept] == [op.response for op in original]
