"""Jepsen's ``history.edn``: what becomes of its operations, and what is told where it is no such history."""

import pytest

from kafkasim.checkers import check
from kafkasim.history import HistoryError
from kafkasim.history_lines import decode_history, encode_history
from kafkasim.jepsen.edn import read_forms
from kafkasim.jepsen.reading import decode_from_jepsen, history_from_forms
from kafkasim.jepsen.writing import encode_for_jepsen

SENT = """
{:index 0, :time 10, :type :invoke, :process 0, :f :send, :value [[:send "k1" 7]]}
{:index 1, :time 20, :type :invoke, :process 1, :f :poll, :value [[:poll]]}
{:index 2, :time 30, :type :ok, :process 0, :f :send, :value [[:send "k1" [0 7]]]}
{:index 3, :time 40, :type :ok, :process 1, :f :poll, :value [[:poll {"k1" [[0 7]], "k2" []}]]}
"""


def read(text):
    return history_from_forms(read_forms(text))


def event(kind, f="send", value='[[:send "k" 1]]', process=0, more=""):
    return f"{{:type :{kind}, :f :{f}, :value {value}, :process {process}{more}}}\n"


def test_sends_and_polls_become_operations_in_the_order_in_which_they_began():
    send, poll = read(SENT).operations
    assert (send.index, send.process, send.f, send.type) == (0, 0, "send", "ok")
    assert (send.request, send.response) == ({"key": "k1", "msg": 7}, {"offset": 0})
    assert (send.start, send.end, send.begin_event, send.end_event) == (10, 30, 0, 2)
    assert (poll.index, poll.process, poll.f, poll.type) == (1, 1, "poll", "ok")
    assert (poll.request, poll.response) == ({}, {"msgs": {"k1": [[0, 7]], "k2": []}})
    assert (poll.start, poll.end, poll.begin_event, poll.end_event) == (20, 40, 1, 3)


@pytest.mark.parametrize("around", ["[{}]", "({})", "[({})]"])
def test_a_history_in_one_list_is_the_same_history(around):
    assert read(around.format(SENT)) == read(SENT)


def test_a_history_of_tagged_maps_is_the_same_history():
    assert read(SENT.replace("{:index", "#jepsen.history.Op{:index")) == read(SENT)


def test_fields_that_are_not_needed_may_be_missing_and_others_are_passed_over():
    [op] = read(event("invoke") + event("ok", value='[[:send "k" [3 1]]]', more=", :debug {:a #{1 2}}")).operations
    assert (op.response, op.begin_event, op.end_event) == ({"offset": 3}, 0, 1)


def test_a_history_promises_no_more_than_any_kafka():
    header = read(SENT).header
    assert header.consistency == "kafka"
    promises = header.promises
    assert (promises.offsets, promises.poll_limit_known, promises.atomic_keys) == ("sparse", False, False)
    assert not promises.refuses_commit_past_end


def test_what_is_not_known_to_have_ended_never_ends():
    for outcome in (event("info", more=', :error [:timeout "x"]'), ""):
        [op] = read(event("invoke", more=", :time 5") + outcome).operations
        assert (op.type, op.end, op.end_event) == ("info", None, None)


def test_an_error_is_kept_in_its_own_words():
    [op] = read(event("invoke") + event("fail", more=", :error [:definite :no-leader]")).operations
    assert op.type == "fail"
    assert op.error.text == "[:definite :no-leader]"
    assert op.response is None


def test_an_offset_of_a_send_of_unknown_outcome_is_kept():
    [op] = read(event("invoke") + event("info", value='[[:send "k" [3 1]]]')).operations
    assert (op.type, op.response) == ("info", {"offset": 3})
    [op] = read(event("invoke") + event("info")).operations
    assert (op.type, op.response) == ("info", None)


def test_a_message_that_is_a_list_is_told_from_an_offset_and_a_message():
    [op] = read(event("invoke", value='[[:send "k" [1 2]]]') + event("info", value='[[:send "k" [1 2]]]')).operations
    assert (op.request["msg"], op.response) == ([1, 2], None)
    [op] = read(event("invoke", value='[[:send "k" [1 2]]]') + event("ok", value='[[:send "k" [0 [1 2]]]]')).operations
    assert (op.request["msg"], op.response) == ([1, 2], {"offset": 0})


def test_an_acknowledgement_without_an_offset_is_one():
    for value in ('[[:send "k" 1]]', '[[:send "k" [nil 1]]]'):
        [op] = read(event("invoke") + event("ok", value=value)).operations
        assert (op.type, op.response) == ("ok", {})


def test_the_steps_of_a_transaction_are_operations_that_share_their_beginning_and_end():
    value = '[[:send "k" 1] [:poll] [:send "k" 2]]'
    done = '[[:send "k" [0 1]] [:poll {"j" [[5 9]]}] [:send "k" [1 2]]]'
    first, poll, second = read(event("invoke", "txn", value) + event("ok", "txn", done)).operations
    assert [op.response for op in (first, poll, second)] == [{"offset": 0}, {"msgs": {"j": [[5, 9]]}}, {"offset": 1}]
    assert first.transaction is not None
    assert {op.transaction for op in (first, poll, second)} == {first.transaction}
    assert {(op.begin_event, op.end_event, op.type) for op in (first, poll, second)} == {(0, 1, "ok")}
    assert [op.index for op in (first, poll, second)] == [0, 1, 2]


def test_an_operation_of_one_step_is_no_transaction():
    assert [op.transaction for op in read(SENT).operations] == [None, None]


@pytest.mark.parametrize(("more", "start"), [("", "committed"), (", :seek-to-beginning? true", "start")])
def test_an_assignment_names_the_keys_and_where_it_begins(more, start):
    [op] = read(
        event("invoke", "assign", '["k" 7]', more=more) + event("ok", "assign", '["k" 7]', more=more)
    ).operations
    assert (op.f, op.request, op.type) == ("assign", {"keys": ["k", "7"], "from": start}, "ok")


def test_a_subscription_assigns_nothing_that_is_known():
    [op] = read(event("invoke", "subscribe", '["k"]') + event("ok", "subscribe", '["k"]')).operations
    assert (op.f, op.request["keys"]) == ("assign", [])


def test_a_crash_of_a_client_is_one():
    [op] = read(event("invoke", "crash", "nil") + event("info", "crash", "nil")).operations
    assert (op.f, op.type) == ("crash", "info")


def test_what_says_nothing_of_a_log_is_left_out():
    text = event("invoke", "debug-topic-partitions", "[1 2]") + event("ok", "debug-topic-partitions", "{1 {:a 2}}")
    assert read(text + SENT.replace(":process 0", ":process 5")).operations[0].f == "send"


def test_what_the_nemesis_does_are_faults():
    text = "{:type :info, :f :start-partition, :process :nemesis, :value {:grudge {}}, :time 9}\n"
    history = read(text + SENT)
    [fault] = history.faults
    assert (fault.fault, fault.at, fault.event, fault.text) == ("start-partition", 9, 0, "{:grudge {}}")
    assert history.operations[0].begin_event == 1


def test_keys_that_are_not_text_are_called_as_they_are_written_and_no_two_share_a_name():
    keys = ["0", '"0"', ":k", '"k"', "[1 2]", "nil"]
    text = "".join(event("invoke", value=f"[[:send {key} 1]]", process=place) for place, key in enumerate(keys))
    names = [op.request["key"] for op in read(text).operations]
    assert names == ["0", "`0`", ":k", "k", "[1 2]", "nil"]


def test_messages_that_json_has_no_like_of_stay_different_from_all_others():
    messages = ["1", '"1"', ":a", '"a"', "a", "#{1}", "[1]", '{"a" 1}', "{:a 1}", "1/2", "nil", "true", '"nil"']
    text = "".join(event("invoke", value=f'[[:send "k" {msg}]]', process=place) for place, msg in enumerate(messages))
    history = read(text)
    sent = [op.request["msg"] for op in history.operations]
    assert len({repr(msg) for msg in sent}) == len(messages)
    assert check(history).verdict == "unknown"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("7", "expected a map for each event of a history, got 7"),
        ("{:type :begin, :process 0}", "event 0: field :type: expected :invoke, :ok, :fail or :info, got :begin"),
        ("{:process 0}", "event 0: field :type: expected :invoke, :ok, :fail or :info, got nil"),
        (event("invoke", more=", :time 1.5"), "event 0: field :time: expected an integer, nanoseconds, got 1.5"),
        (
            event("invoke", value=":x", more=", :index 9"),
            "event 9: field :value: expected a list of [:send key message] and [:poll], got :x",
        ),
        (
            event("invoke", value='[[:sned "k" 1]]'),
            'event 0: field :value: expected steps [:send key message] and [:poll], got [:sned "k" 1]',
        ),
        (event("invoke", "assign", "7"), "event 0: field :value: expected a list of keys, got 7"),
        (
            event("ok"),
            "event 0: process 0: expected an operation to begin before it ends, and to end once, got its end",
        ),
        (
            event("invoke") + event("ok") + event("ok"),
            "event 2: process 0: expected an operation to begin before it ends, and to end once, got its end",
        ),
        (
            event("invoke") + event("info") + event("ok"),
            "event 2: process 0: expected an operation to begin before it ends, and to end once, got its end",
        ),
        (event("invoke") * 2, "event 1: process 0: expected an end of its operation, got another beginning"),
        (
            event("invoke") + event("ok", "poll", "[[:poll {}]]"),
            "event 1: field :f: expected :send, as it began, got :poll",
        ),
        (
            event("invoke") + event("ok", value='[[:send "k" [0 1]] [:poll {}]]'),
            'event 1: field :value: expected 1 step, as it began, got [[:send "k" [0 1]] [:poll {}]]',
        ),
    ],
)
def test_what_is_no_such_history_is_told(text, told):
    with pytest.raises(HistoryError) as raised:
        read(text)
    assert str(raised.value) == told


def test_a_process_may_go_on_after_an_operation_of_unknown_outcome():
    first, second = read(
        event("invoke") + event("info") + event("invoke") + event("ok", value='[[:send "k" [0 1]]]')
    ).operations
    assert (first.type, second.type) == ("info", "ok")


def test_final_polls_read_the_keys_that_were_begun_anew_after_all_sends():
    assign = '["k1" "k2"]'
    begin = event("invoke", "assign", assign, 2, ", :seek-to-beginning? true")
    end = event("ok", "assign", assign, 2, ", :seek-to-beginning? true")
    poll = event("invoke", "poll", "[[:poll]]", 2) + event("ok", "poll", "[[:poll {}]]", 2)
    assert read(SENT + begin + end + poll).end.final_polls == {"k1": "complete", "k2": "complete"}
    assert read(SENT + begin + end).end.final_polls == {}
    assert read(SENT + (begin + end).replace(":seek", ":hide") + poll).end.final_polls == {}
    lost = event("invoke", "poll", "[[:poll]]", 2) + event("info", "poll", "[[:poll]]", 2)
    assert read(SENT + begin + end + lost + poll).end.final_polls == {}  # who polls now need not begin at the start
    late = SENT.replace("k1", "k2").replace(":process 0", ":process 5")
    assert read(SENT + begin + end + late + poll).end.final_polls == {"k1": "complete"}


def test_a_message_that_the_final_polls_did_not_return_is_unseen():
    final = "".join(event(kind, "assign", '["k1"]', 2, ", :seek-to-beginning? true") for kind in ("invoke", "ok"))
    poll = event("invoke", "poll", "[[:poll]]", 2) + event("ok", "poll", "[[:poll {}]]", 2)
    lost = SENT.replace('[[:poll {"k1" [[0 7]], "k2" []}]]', "[[:poll {}]]")
    assert [anomaly.kind for anomaly in check(read(lost + final + poll)).anomalies] == ["unseen"]


@pytest.mark.parametrize(
    "message",
    [
        r'"\ud800"',
        r'"\ud83d\ude00"',
        "9" * 5000,
        "0x" + "f" * 5000,
        "[" * 190 + "]" * 190,
        '{"a" ' * 190 + "1" + "}" * 190,
    ],
    ids=["half", "pair", "long", "hexadecimal", "lists", "maps"],
)
def test_whatever_a_message_is_it_is_judged_and_written_in_either_format(message):
    history = read(SENT.replace("7", message))
    result = check(history)
    assert (result.verdict, result.failed) == ("valid", {})
    assert decode_history(encode_history(history)) == history
    assert check(decode_from_jepsen([encode_for_jepsen(history)])).verdict == "valid"


def test_a_character_is_the_same_message_however_it_is_written():
    escaped, plain = SENT.replace("7", r'"\ud83d\ude00"'), SENT.replace("7", '"😀"')
    mixed = "\n".join([*escaped.splitlines()[:2], *plain.splitlines()[2:]])
    assert check(read(mixed)).verdict == "valid"


@pytest.mark.parametrize("messages", ["[]", "7", '"none"', "[[0 7]]"])
def test_a_poll_that_returned_no_map_of_messages_is_a_malformed_reply_and_no_reason_to_read_no_further(messages):
    begun = event("invoke", "poll", "[[:poll]]")
    history = decode_from_jepsen([(begun + event("ok", "poll", f"[[:poll {messages}]]")).encode()])

    assert [anomaly.kind for anomaly in check(history).anomalies] == ["malformed-reply"]
