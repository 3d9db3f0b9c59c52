"""The log service as a protocol object: what follows from each message."""

import pytest

from kafkasim.core import LogEngine
from kafkasim.messages import (
    AnyReply,
    AnyRequest,
    BadRequest,
    CommitOffsets,
    CommitOffsetsOk,
    Envelope,
    Error,
    ErrorCode,
    Init,
    InitOk,
    ListCommittedOffsets,
    ListCommittedOffsetsOk,
    Poll,
    PollOk,
    Send,
    SendOk,
    UnexpectedReply,
)
from kafkasim.service import LogService, Service, Timer, Write


def ready(**options):
    service = LogService(**options)
    ask(service, Init(msg_id=1, node_id="n0", node_ids=["n0"]))
    return service


def ask(service, body):
    """The body of what is answered; None where nothing is."""
    effects = service.receive(Envelope("c1", "n0", body))
    assert len(effects) <= 1
    if not effects:
        return None
    [reply] = effects
    assert (reply.src, reply.dest) == ("n0", "c1")
    return reply.body


def test_the_four_operations_are_answered():
    service = ready()
    assert ask(service, Send(msg_id=2, key="k", msg=None)) == SendOk(in_reply_to=2, offset=0)
    assert ask(service, Poll(msg_id=3, offsets={"k": 0, "other": 0})) == PollOk(in_reply_to=3, msgs={"k": [(0, None)]})
    assert ask(service, CommitOffsets(msg_id=4, offsets={"k": 0})) == CommitOffsetsOk(in_reply_to=4)
    listed = ask(service, ListCommittedOffsets(msg_id=5, keys=["k", "other"]))
    assert listed == ListCommittedOffsetsOk(in_reply_to=5, offsets={"k": 0})


def test_several_messages_at_once_are_taken_one_after_the_other():
    bodies: list[AnyRequest] = [
        Init(msg_id=1, node_id="n0", node_ids=["n0"]),
        Send(msg_id=2, key="k", msg="a"),
        CommitOffsets(msg_id=3, offsets={"k": 1}),
        BadRequest(msg_id=4, code=ErrorCode.MALFORMED_REQUEST, text="no"),
        Poll(offsets={"k": 0}),
        Send(msg_id=5, key="k", msg="b"),
    ]
    envelopes: list[Envelope[AnyRequest]] = [Envelope(f"c{body.msg_id}", "n0", body) for body in bodies]
    one_by_one = LogService()
    each = [effect for envelope in envelopes for effect in one_by_one.receive(envelope)]
    assert LogService().receive_all(envelopes) == each
    assert [reply.dest for reply in each if isinstance(reply, Envelope)] == ["c1", "c2", "c3", "c4", "c5"]


def test_a_subclass_with_its_own_way_keeps_it_where_several_messages_come_at_once():
    class Deaf(LogService):
        def handle(self, request: AnyRequest, envelope: Envelope[AnyRequest]) -> AnyReply | None:
            return None if isinstance(request, Send) else super().handle(request, envelope)

    envelopes: list[Envelope[AnyRequest]] = [
        Envelope("c1", "n0", Init(msg_id=1, node_id="n0", node_ids=["n0"])),
        Envelope("c1", "n0", Send(msg_id=2, key="k", msg="a")),
        Envelope("c1", "n0", Poll(msg_id=3, offsets={"k": 0})),
    ]
    service = Deaf()
    assert service.receive_all(envelopes) == [
        Envelope("n0", "c1", InitOk(in_reply_to=1)),
        Envelope("n0", "c1", PollOk(in_reply_to=3, msgs={})),
    ]


def test_before_init_operations_are_put_off_and_change_nothing():
    service = LogService()
    [reply] = service.receive(Envelope("c1", "n0", Send(msg_id=2, key="k", msg=1)))
    assert isinstance(reply, Envelope)
    assert reply.body == Error(in_reply_to=2, code=11, text="the node does not know its name yet: expected init first")
    assert service.engine.end_offsets() == {}


def test_a_malformed_request_before_init_is_told_so():
    refusal = ask(LogService(), BadRequest(msg_id=2, code=ErrorCode.MALFORMED_REQUEST, text="no"))
    assert refusal == Error(in_reply_to=2, code=12, text="no")


def test_a_second_init_keeps_what_is_stored():
    service = ready()
    ask(service, Send(msg_id=2, key="k", msg=1))
    assert ask(service, Init(msg_id=3, node_id="n0", node_ids=["n0"])) == InitOk(in_reply_to=3)
    assert ask(service, Send(msg_id=4, key="k", msg=2)) == SendOk(in_reply_to=4, offset=1)


def test_replies_come_from_the_nodes_own_name_whatever_the_request_was_addressed_to():
    service = ready()
    bodies: list[AnyRequest] = [
        Send(msg_id=2, key="k", msg=1),
        CommitOffsets(msg_id=3, offsets={"k": 7}),
        BadRequest(msg_id=4, code=ErrorCode.MALFORMED_REQUEST, text="no"),
        Init(msg_id=5, node_id="n0", node_ids=["n0"]),
    ]
    envelopes: list[Envelope[AnyRequest]] = [Envelope("c1", "elsewhere", body) for body in bodies]
    replies = [effect for envelope in envelopes for effect in service.receive(envelope)]
    replies += service.receive_all(envelopes)
    assert [(reply.src, reply.dest) for reply in replies if isinstance(reply, Envelope)] == [("n0", "c1")] * 8


def test_before_init_replies_come_from_the_name_that_was_asked():
    [reply] = LogService().receive(Envelope("c1", "n7", Poll(msg_id=2, offsets={})))
    assert isinstance(reply, Envelope)
    assert (reply.src, reply.dest, reply.body.code) == ("n7", "c1", 11)


def test_a_second_init_under_another_name_is_obeyed():
    service = ready()
    envelopes: list[Envelope[AnyRequest]] = [
        Envelope("c1", "n0", Send(msg_id=2, key="k", msg=1)),
        Envelope("c1", "n0", Init(msg_id=3, node_id="n5", node_ids=["n5"])),
        Envelope("c1", "n0", Send(msg_id=4, key="k", msg=1)),
        Envelope("c1", "n0", BadRequest(msg_id=5, code=ErrorCode.MALFORMED_REQUEST, text="no")),
    ]
    replies = service.receive_all(envelopes)
    assert [reply.src for reply in replies if isinstance(reply, Envelope)] == ["n0", "n5", "n5", "n5"]
    assert (service.node_id, service.node_ids) == ("n5", ("n5",))


@pytest.mark.parametrize("names", [["n0", "n1"], ["n1"], ["n1", "n0", "n2"], []])
def test_a_node_that_is_not_all_there_is_says_that_it_runs_alone(names):
    service = LogService()
    refusal = ask(service, Init(msg_id=1, node_id="n0", node_ids=names))
    assert refusal.code == 10
    assert refusal.text.endswith("expected its own name alone")
    assert service.node_id == ""


@pytest.mark.parametrize("durable", [False, True])
def test_after_a_refused_init_operations_are_refused_for_good_until_another_init_succeeds(durable):
    service = LogService(durable=durable)
    refusal = ask(service, Init(msg_id=1, node_id="n0", node_ids=["n0", "n1"]))
    for body in (Send(msg_id=2, key="k", msg=1), Poll(msg_id=2, offsets={})):
        assert ask(service, body) == Error(in_reply_to=2, code=10, text=refusal.text)
    assert service.engine.end_offsets() == {}
    assert ask(service, Init(msg_id=3, node_id="n0", node_ids=["n0"])) == InitOk(in_reply_to=3)
    assert ask(service, Poll(msg_id=4, offsets={})) == PollOk(in_reply_to=4, msgs={})


def test_a_refused_init_changes_nothing_for_a_node_that_has_obeyed_another():
    service = ready()
    assert ask(service, Init(msg_id=2, node_id="n0", node_ids=["n0", "n1"])).code == 10
    assert ask(service, Send(msg_id=3, key="k", msg=1)) == SendOk(in_reply_to=3, offset=0)


@pytest.mark.parametrize(
    "body",
    [
        Init(node_id="n0", node_ids=["n0"]),
        Send(key="k", msg=1),
        Poll(offsets={}),
        CommitOffsets(offsets={"k": 99}),
        BadRequest(code=ErrorCode.MALFORMED_REQUEST, text="no"),
        UnexpectedReply(body={"type": "send_ok", "in_reply_to": 1}),
    ],
)
def test_what_asks_for_no_answer_gets_none(body):
    assert ask(ready(), body) is None


def test_what_is_refused_is_logged_where_it_cannot_be_answered_and_only_there(caplog):
    service = ready()
    ask(service, BadRequest(msg_id=2, code=ErrorCode.MALFORMED_REQUEST, text="no key"))
    assert caplog.text == ""
    ask(service, BadRequest(code=ErrorCode.MALFORMED_REQUEST, text="no key"))
    assert 'refused, unanswered (it has no usable msg_id), from "c1": no key' in caplog.text


def test_a_request_without_msg_id_is_obeyed():
    service = ready()
    ask(service, Send(key="k", msg=1))
    assert service.engine.end_offsets() == {"k": 1}


def test_a_commit_past_the_end_is_refused_and_no_key_is_committed():
    service = ready()
    ask(service, Send(key="k", msg=1))
    refusal = ask(service, CommitOffsets(msg_id=2, offsets={"k": 0, "other": 0}))
    assert refusal == Error(
        in_reply_to=2,
        code=22,
        text='commit_offsets: key "other" cannot be committed at offset 0: it has no messages',
    )
    assert service.engine.list_committed_offsets(["k"]) == {}


def test_a_failure_of_ours_is_answered_and_logged_and_the_node_goes_on(caplog):
    class Failing(LogEngine):
        def send(self, key, msg):
            raise ZeroDivisionError("oops")

    service = ready(engine=Failing())
    failure = Error(in_reply_to=2, code=13, text="the node failed: ZeroDivisionError: oops")
    assert ask(service, Send(msg_id=2, key="k", msg=1)) == failure
    assert "ZeroDivisionError" in caplog.text
    assert ask(service, Poll(msg_id=3, offsets={"k": 0})) == PollOk(in_reply_to=3, msgs={})


def test_max_poll_messages_caps_each_key():
    service = ready(max_poll_messages=1)
    for key in ("a", "b", "a"):
        ask(service, Send(key=key, msg=key))
    polled = ask(service, Poll(msg_id=2, offsets={"a": 0, "b": 0}))
    assert polled.msgs == {"a": [(0, "a")], "b": [(0, "b")]}


def test_a_service_without_operations_refuses_them_and_knows_no_timers_and_writes():
    service = Service()
    ask(service, Init(node_id="n0", node_ids=["n0"]))
    assert ask(service, Poll(msg_id=2, offsets={})).code == 10
    with pytest.raises(LookupError):
        service.wake(Timer(1, "t"))
    with pytest.raises(LookupError):
        service.written(1)
    with pytest.raises(LookupError):
        service.recover(["record"])


# A durable log


def test_a_durable_send_takes_effect_and_is_answered_once_it_is_safe():
    service = ready(durable=True)
    [write] = service.receive(Envelope("c1", "n0", Send(msg_id=2, key="k", msg="a")))
    assert isinstance(write, Write)
    assert ask(service, Poll(msg_id=3, offsets={"k": 0})).msgs == {}
    [reply] = service.written(write.token)
    assert reply == Envelope("n0", "c1", SendOk(in_reply_to=2, offset=0))
    assert ask(service, Poll(msg_id=4, offsets={"k": 0})).msgs == {"k": [(0, "a")]}


def test_writes_under_way_at_the_same_time_are_told_apart():
    service = ready(durable=True)
    envelopes: list[Envelope[AnyRequest]] = [
        Envelope("c1", "n0", Send(msg_id=2, key="k", msg="a")),
        Envelope("c2", "n0", Send(msg_id=7, key="k", msg="b")),
    ]
    writes = [effect for envelope in envelopes for effect in service.receive(envelope)]
    replies = [reply for write in writes if isinstance(write, Write) for reply in service.written(write.token)]
    assert replies == [
        Envelope("n0", "c1", SendOk(in_reply_to=2, offset=0)),
        Envelope("n0", "c2", SendOk(in_reply_to=7, offset=1)),
    ]


def test_several_messages_at_once_to_a_durable_log_are_taken_as_one_after_the_other():
    envelopes: list[Envelope[AnyRequest]] = [
        Envelope("c1", "n0", Send(msg_id=2, key="k", msg="a")),
        Envelope("c1", "n0", Poll(msg_id=3, offsets={"k": 0})),
        Envelope("c1", "n0", CommitOffsets(msg_id=4, offsets={"k": 0})),
    ]
    one_by_one = ready(durable=True)
    each = [effect for envelope in envelopes for effect in one_by_one.receive(envelope)]
    assert ready(durable=True).receive_all(envelopes) == each
    assert [type(effect) for effect in each] == [Write, Envelope, Envelope]


def test_a_durable_commit_that_would_be_refused_is_not_written():
    assert ask(ready(durable=True), CommitOffsets(msg_id=2, offsets={"k": 0})).code == 22


def test_after_a_crash_what_was_safe_is_there_and_what_was_not_is_gone():
    service = ready(durable=True)
    safe = []
    for body in (Send(key="k", msg="a"), Send(key="k", msg="b")):
        [write] = service.receive(Envelope("c1", "n0", body))
        assert isinstance(write, Write)
        service.written(write.token)
        safe.append(write.record)
    [write] = service.receive(Envelope("c1", "n0", CommitOffsets(offsets={"k": 1})))
    assert isinstance(write, Write)
    service.written(write.token)
    safe.append(write.record)
    service.receive(Envelope("c1", "n0", Send(key="k", msg="never safe")))

    again = LogService(durable=True)
    again.recover(safe)
    ask(again, Init(node_id="n0", node_ids=["n0"]))
    assert ask(again, Poll(msg_id=2, offsets={"k": 0})).msgs == {"k": [(0, "a"), (1, "b")]}
    assert ask(again, ListCommittedOffsets(msg_id=3, keys=["k"])).offsets == {"k": 1}


def test_a_write_that_nobody_asked_for_is_a_mistake():
    with pytest.raises(LookupError):
        ready(durable=True).written(7)


def test_a_request_that_was_refused_after_it_was_written_is_refused_again_by_recovery():
    service = ready(durable=True)
    [write] = service.receive(Envelope("c1", "n0", Send(msg_id=2, key="", msg="a")))  # off the wire it would not decode
    assert isinstance(write, Write)
    [reply] = service.written(write.token)
    assert isinstance(reply, Envelope)
    assert reply.body.code == 12

    again = LogService(durable=True)
    again.recover([write.record, Send(key="k", msg="b")])
    ask(again, Init(node_id="n0", node_ids=["n0"]))
    assert ask(again, Poll(msg_id=2, offsets={"k": 0})).msgs == {"k": [(0, "b")]}
