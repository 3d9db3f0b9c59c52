"""The recorder for people's own clients: what it writes down is what happened."""

from threading import Thread

import pytest

from kafkasim import LogEngine
from kafkasim.history import Promises
from kafkasim.history_files import read_history
from kafkasim.messages import RpcError
from kafkasim.recorder import Recorder


def kinds(result):
    return [anomaly.kind for anomaly in result.anomalies]


def use(client, log, count):
    """A client that sends, polls, commits and lists, and goes on after what is refused."""
    for number in range(count):
        with client.send("k", f"{client.name} {number}") as answer:
            answer.ok(log.send("k", f"{client.name} {number}"))
        with client.poll({"k": number}) as answer:
            answer.ok(log.poll({"k": number}))
        with client.commit_offsets({"k": number * 2}) as answer:
            try:
                log.commit_offsets({"k": number * 2})
            except RpcError as error:
                answer.error(error.code, str(error))
            else:
                answer.ok()
        with client.list_committed_offsets(["k"]) as answer:
            answer.ok(log.list_committed_offsets(["k"]))


def test_clients_of_a_correct_log_in_many_threads_are_recorded_in_an_order_that_explains_all():
    log, recorder = LogEngine(), Recorder("engine", consistency="linearizable")
    threads = [Thread(target=use, args=(recorder.client(f"c{n}"), log, 50), daemon=True) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    result = recorder.check()
    assert (result.verdict, kinds(result)) == ("valid", [])
    assert result.checked["stale-poll"] == 200
    assert [op.index for op in recorder.history().operations] == list(range(800))


def test_a_message_that_is_gone_is_found():
    recorder = Recorder()
    alice, bob = recorder.client("alice"), recorder.client("bob")
    for msg in (7, 8):
        with alice.send("k", msg) as answer:
            answer.ok(msg - 7)
    with bob.poll({"k": 0}) as answer:
        answer.ok({"k": [(1, 8)]})
    result = recorder.check()
    assert kinds(result) == ["lost-write", "wrong-start"]
    assert "acknowledged to alice" in result.anomalies[0].examples[0].explanation


@pytest.mark.parametrize(("code", "outcome"), [(22, "fail"), (11, "fail"), (13, "info"), (0, "info"), (1000, "info")])
def test_an_error_is_definite_where_the_protocol_says_so(code, outcome):
    recorder = Recorder()
    with recorder.client("alice").send("k", 1) as answer:
        answer.error(code, "no")
    [op] = recorder.history().operations
    assert op.error is not None
    assert (op.type, op.error.code, op.error.text) == (outcome, code, "no")


def test_what_raises_may_have_happened_and_is_raised():
    recorder = Recorder()
    alice = recorder.client("alice")
    with pytest.raises(TimeoutError), alice.send("k", 1):
        raise TimeoutError("too slow")
    with alice.send("k", 2) as answer:
        answer.ok(0)
    first, second = recorder.history().operations
    assert first.error is not None
    assert (first.type, first.end_event, first.error.text) == ("info", None, "TimeoutError: too slow")
    assert (second.type, second.client) == ("ok", "alice")
    assert second.process != first.process


def test_what_is_told_nothing_may_have_happened():
    recorder = Recorder()
    with recorder.client("alice").send("k", 1):
        pass
    [op] = recorder.history().operations
    assert op.error is not None
    assert (op.type, op.end, op.error.text) == ("info", None, "no answer was recorded")


def test_what_is_under_way_is_not_known_yet_and_the_record_is_a_copy():
    recorder = Recorder()
    with recorder.client("alice").send("k", 1) as answer:
        before = recorder.history()
        answer.ok(0)
    assert before.operations[0].type == "info"
    assert recorder.history().operations[0].type == "ok"


def test_an_answer_that_is_changed_afterwards_stays_as_it_was():
    recorder, found = Recorder(), {"k": [(0, 7)]}
    with recorder.client("alice").poll({"k": 0}) as answer:
        answer.ok(found)
    found["k"].append((1, 8))
    assert recorder.history().operations[0].response == {"msgs": {"k": [(0, 7)]}}


def test_an_answer_of_another_form_is_for_the_checkers():
    recorder = Recorder()
    client = recorder.client("alice")
    for said in (None, [1], {"k": 7}, {"k": [7]}):
        with client.poll({"k": 0}) as answer:
            answer.ok(said)
    assert set(kinds(recorder.check())) == {"malformed-reply"}
    assert sum(anomaly.count for anomaly in recorder.check().anomalies) == 4


def test_a_client_does_one_thing_at_a_time_and_an_answer_comes_once():
    recorder = Recorder()
    alice = recorder.client("alice")
    with alice.send("k", 1) as answer:
        with pytest.raises(RuntimeError, match='client "alice" does one thing at a time'), alice.poll({"k": 0}):
            pass
        answer.ok(0)
        with pytest.raises(RuntimeError, match="has its answer already"):
            answer.ok(0)
    assert len(recorder.history().operations) == 1


def test_polls_at_the_end_prove_that_a_message_is_gone():
    recorder = Recorder()
    with recorder.client("alice").send("k", 1) as answer:
        answer.ok(0)
    with recorder.client("reader").poll({"k": 0}, final=True) as answer:
        answer.ok({})
    assert "unseen" not in kinds(recorder.check())
    recorder.read_whole("k")
    assert "unseen" in kinds(recorder.check())


@pytest.mark.parametrize("name", ["run.jsonl", "run.jsonl.gz"])
def test_what_is_written_is_the_record(tmp_path, name):
    recorder = Recorder("mine", promises=Promises(offsets="sparse"))
    with recorder.client("alice").send("k", {"a": [None]}) as answer:
        answer.ok(3)
    recorder.write(tmp_path / name)
    assert read_history(str(tmp_path / name)) == recorder.history()
