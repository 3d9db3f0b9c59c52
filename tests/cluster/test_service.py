"""One node of a cluster as a protocol object: what follows from each message, and from none."""

import pytest

from kafkasim.cluster.bodies import CHAPTER, NOTHING, AppendOk, CasOk, CommitEntry, ReadOk, SendEntry, Stretch, WriteOk
from kafkasim.cluster.service import ClusterService
from kafkasim.messages import (
    CommitOffsets,
    CommitOffsetsOk,
    Envelope,
    Error,
    Init,
    InitOk,
    ListCommittedOffsets,
    Poll,
    PollOk,
    Send,
    SendOk,
)
from kafkasim.service import Timer


class Node:
    """A node, what it has said and not been answered, and its timers."""

    def __init__(self, name="n0", names=("n0", "n1", "n2")):
        self.name, self.service, self.said, self.timers, self.number = name, ClusterService(), [], [], 0
        assert self.ask(Init(node_id=name, node_ids=list(names))) == [InitOk(in_reply_to=1)]

    def ask(self, *bodies):
        """What clients are told, when they ask these at once."""
        for body in bodies:
            self.number += 1
            body.msg_id = self.number
        return self.take(self.service.receive_all([Envelope("c1", self.name, body) for body in bodies]))

    def hear(self, src, body, to=None):
        """What clients are told, when somebody says this; ``to``: in answer to what the node has said there last."""
        if to is not None:
            body.in_reply_to = to.msg_id
        return self.take(self.service.receive(Envelope(src, self.name, body)))

    def time_is_up(self):
        """What clients are told, when all the timers that are set run out."""
        timers, self.timers = self.timers, []
        return [reply for timer in timers for reply in self.take(self.service.wake(timer))]

    def take(self, effects):
        self.timers += [effect for effect in effects if isinstance(effect, Timer)]
        messages = [effect for effect in effects if isinstance(effect, Envelope)]
        self.said += [(message.dest, message.body) for message in messages if message.dest != "c1"]
        return [message.body for message in messages if message.dest == "c1"]

    def told(self, dest, form=None):
        """What the node has said to this one, of these words; it is forgotten."""
        found = [body for name, body in self.said if name == dest and form in (None, kind(body))]
        self.said = [(name, body) for name, body in self.said if not (name == dest and form in (None, kind(body)))]
        return found


def kind(body):
    return body.__struct_config__.tag


def log(*messages, by="n9", first=0):
    """A head with each message in a batch of its own."""
    return Stretch(first, [[SendEntry(f"{by}.{place}", "k", msg)] for place, msg in enumerate(messages, first)])


def send(msg="a"):
    return Send(key="k", msg=msg)


def poll(offset=0):
    return Poll(offsets={"k": offset})


def entries_of(cas):
    """The messages of the batch that is to be appended."""
    return [entry.msg for entry in cas.to.batches[-1]]


def test_an_idle_node_appends_at_once_and_answers_when_it_is_done():
    node = Node()
    assert node.ask(send()) == []
    [cas] = node.told("lin-kv")
    assert (cas.expected, cas.create_if_not_exists, entries_of(cas)) == (NOTHING, True, ["a"])
    assert node.hear("lin-kv", CasOk(), to=cas) == [SendOk(in_reply_to=2, offset=0)]
    assert node.said == []


def test_what_comes_while_it_waits_is_the_next_batch():
    node = Node()
    node.ask(send("a"))
    for msg in "bcd":
        node.ask(send(msg))
    [first] = node.told("lin-kv")
    node.hear("lin-kv", CasOk(), to=first)
    [second] = node.told("lin-kv")
    assert second.expected == first.to
    assert entries_of(second) == ["b", "c", "d"]
    assert [reply.offset for reply in node.hear("lin-kv", CasOk(), to=second)] == [1, 2, 3]


def test_who_was_overtaken_reads_what_is_there_and_appends_to_that():
    node = Node()
    node.ask(send("mine"))
    [cas] = node.told("lin-kv")
    node.hear("lin-kv", Error(code=22), to=cas)
    [read] = node.told("lin-kv")
    there = log("theirs")
    node.hear("lin-kv", ReadOk(value=there), to=read)
    [again] = node.told("lin-kv")
    assert (again.expected, entries_of(again), again.create_if_not_exists) == (there, ["mine"], False)
    assert node.hear("lin-kv", CasOk(), to=again) == [SendOk(in_reply_to=2, offset=1)]


def test_an_entry_that_is_there_after_all_is_not_appended_again():
    node = Node()
    node.ask(send())
    [cas] = node.told("lin-kv")
    node.time_is_up()
    assert [kind(body) for body in node.told("n1")] == ["append"]  # which may reach lin-kv
    [read] = node.told("lin-kv")
    assert node.hear("lin-kv", ReadOk(value=cas.to), to=read) == [SendOk(in_reply_to=2, offset=0)]
    assert node.told("lin-kv") == []


def test_the_others_ask_the_first_node_and_are_answered_with_the_log():
    node = Node("n1")
    node.ask(send())
    assert node.told("lin-kv") == []
    [append] = node.told("n0")
    head = Stretch(0, [*log("theirs").batches, append.entries])
    assert node.hear("n0", AppendOk(log=head), to=append) == [SendOk(in_reply_to=2, offset=1)]


def test_who_is_asked_appends_and_says_when_it_is_done():
    node = Node()
    entries = [SendEntry("n1.1", "k", "a"), CommitEntry("n1.2", {"k": 0})]
    node.hear(
        "n1", {"type": "append", "msg_id": 7, "entries": [["send", "n1.1", "k", "a"], ["commit", "n1.2", {"k": 0}]]}
    )
    [cas] = node.told("lin-kv")
    assert cas.to.batches[-1] == entries
    node.hear("lin-kv", CasOk(), to=cas)
    assert node.told("n1") == [AppendOk(in_reply_to=7, log=cas.to)]
    node.hear("n1", {"type": "append", "msg_id": 7, "entries": [["send", "n1.1", "k", "a"]]})
    assert node.told("n1") == [AppendOk(in_reply_to=7, log=cas.to)]
    assert node.told("lin-kv") == []


def test_each_request_of_another_node_is_answered_once_when_all_of_it_is_in_the_log():
    node = Node()

    def asked(number, *messages):
        node.hear(
            "n1", {"type": "append", "msg_id": number, "entries": [["send", f"n1.{m}", "k", m] for m in messages]}
        )

    asked(7, "a")
    asked(8, "b", "c")
    [first] = node.told("lin-kv")
    node.hear("lin-kv", CasOk(), to=first)
    assert node.told("n1") == [AppendOk(in_reply_to=7, log=first.to)]
    asked(9, "d")
    [second] = node.told("lin-kv")
    assert entries_of(second) == ["b", "c"]
    node.hear("lin-kv", CasOk(), to=second)
    assert node.told("n1") == [AppendOk(in_reply_to=8, log=second.to)]


def test_requests_of_another_node_that_are_in_the_log_at_once_have_one_answer_that_to_the_last():
    node = Node()
    node.ask(send("mine"))
    for number, msg in ((7, "a"), (8, "b")):
        node.hear("n1", {"type": "append", "msg_id": number, "entries": [["send", f"n1.{msg}", "k", msg]]})
    [first] = node.told("lin-kv")
    node.hear("lin-kv", CasOk(), to=first)
    assert node.told("n1") == []
    [second] = node.told("lin-kv")
    node.hear("lin-kv", CasOk(), to=second)
    assert node.told("n1") == [AppendOk(in_reply_to=8, log=second.to)]


def test_who_gets_no_answer_from_the_first_node_asks_the_next_or_appends_itself():
    last, middle = Node("n2"), Node("n1")
    for node in (last, middle):
        node.ask(send())
        node.told("n0")
        node.time_is_up()
    assert [kind(body) for body in last.told("n1")] == ["append"]
    [cas] = middle.told("lin-kv")
    assert entries_of(cas) == ["a"]
    assert [body.entries for body in middle.told("n0")] == [[]]  # does it answer again?


def test_a_first_node_that_answers_again_is_asked_again():
    node = Node("n1")
    node.ask(send())
    node.told("n0")
    node.time_is_up()
    [cas], [knock] = node.told("lin-kv"), node.told("n0")
    node.hear("lin-kv", CasOk(), to=cas)
    node.hear("n0", AppendOk(log=cas.to), to=knock)
    node.ask(send("b"))
    assert [body.entries[0].msg for body in node.told("n0")] == ["b"]


def lose(node, times, *there):
    """Has the node lose the register so many times, each time to one more message; then all that there is."""
    messages = list(there)
    for _ in range(times):
        [cas] = node.told("lin-kv", "cas")
        node.hear("lin-kv", Error(code=22), to=cas)
        messages.append("theirs")
        [read] = node.told("lin-kv", "read")
        node.hear("lin-kv", ReadOk(value=log(*messages)), to=read)
    return messages


def alone_in_the_middle():
    """A node that appends by itself, since the first node does not answer it."""
    node = Node("n1")
    node.ask(send("mine"))
    node.time_is_up()
    return node


def test_who_keeps_losing_the_register_tells_in_lin_kv_what_it_wants_and_goes_on_trying():
    node = alone_in_the_middle()
    there = lose(node, 1)
    assert node.told("lin-kv", "write") == []
    there = lose(node, 1, *there)
    [wish] = node.told("lin-kv", "write")
    assert wish.key == "kafkasim/log/wishes/n1"
    [[mine]] = wish.value.batches
    assert mine.msg == "mine"
    [cas] = node.told("lin-kv", "cas")
    assert entries_of(cas) == ["mine"]
    node.hear("lin-kv", Error(code=22), to=cas)
    [read] = node.told("lin-kv", "read")
    taken_along = Stretch(0, [*log(*there).batches, [mine]])
    assert node.hear("lin-kv", ReadOk(value=taken_along), to=read) == [SendOk(in_reply_to=2, offset=2)]
    assert node.told("lin-kv") == []


def test_what_is_wished_for_is_told_all_at_once_and_again_only_when_there_is_more_of_it():
    node = alone_in_the_middle()
    lose(node, 2)
    [first] = node.told("lin-kv", "write")
    node.ask(send("b"))
    node.ask(send("c"))
    assert node.told("lin-kv", "write") == []
    node.hear("lin-kv", WriteOk(), to=first)
    [second] = node.told("lin-kv", "write")
    assert [entry.msg for entry in second.value.batches[0]] == ["mine", "b", "c"]
    node.hear("lin-kv", WriteOk(), to=second)
    assert node.told("lin-kv", "write") == []


def test_who_has_swapped_the_register_wishes_for_nothing_more():
    node = alone_in_the_middle()
    lose(node, 2)
    [wish] = node.told("lin-kv", "write")
    node.hear("lin-kv", WriteOk(), to=wish)
    node.ask(send("b"))
    [cas, second] = node.told("lin-kv", "cas") + node.told("lin-kv", "write")
    node.hear("lin-kv", WriteOk(), to=second)
    node.hear("lin-kv", CasOk(), to=cas)
    node.ask(send("c"))
    assert node.told("lin-kv", "write") == []


def append_often(node, times):
    """Has the node append so many times; whose wishes it has read meanwhile."""
    asked = []
    for _ in range(times):
        node.ask(send())
        asked += node.told("lin-kv", "read")
        [cas] = node.told("lin-kv", "cas")
        node.hear("lin-kv", CasOk(), to=cas)
        node.told("lin-kv", "write")
    return asked


def test_who_appends_takes_along_what_a_node_wishes_for_that_it_does_not_hear():
    node = Node("n0", ("n0", "n1"))
    [read] = append_often(node, 8)
    assert read.key == "kafkasim/log/wishes/n1"
    wished = Stretch(0, [[SendEntry("n1.1", "k", "a"), SendEntry("n1.2", "k", "b")]])
    node.hear("lin-kv", ReadOk(value=wished), to=read)
    [cas] = node.told("lin-kv", "cas")
    assert cas.to.batches[-1] == wished.batches[0]
    node.hear("lin-kv", CasOk(), to=cas)
    [again] = node.told("lin-kv", "read")  # who wishes once may wish again
    node.hear("lin-kv", ReadOk(value=wished), to=again)
    assert node.told("lin-kv", "cas") == []  # it is in the log already


def test_a_node_that_wishes_for_nothing_is_asked_less_and_less():
    node = Node("n0", ("n0", "n1"))
    swaps = []
    for swap in range(300):
        for read in append_often(node, 1):
            swaps.append(swap + 1)
            node.hear("lin-kv", Error(code=20), to=read)
    assert swaps == [8, 24, 56, 120, 184, 248]


def test_what_a_node_wishes_for_that_is_heard_is_never_read():
    node = Node("n0", ("n0", "n1"))
    for number in range(10):
        assert append_often(node, 7) == []
        node.hear("n1", {"type": "append", "msg_id": number, "entries": []})
        [read] = node.told("lin-kv", "read")
        node.hear("lin-kv", ReadOk(value=NOTHING), to=read)


def test_a_poll_waits_for_a_look_that_began_after_it():
    node = Node()
    node.ask(poll())
    [early] = node.told("lin-kv")
    node.ask(poll())
    node.ask(poll())
    [late] = node.told("lin-kv")  # no more than two at a time
    assert node.hear("lin-kv", ReadOk(value=log("a")), to=early) == [PollOk(in_reply_to=2, msgs={"k": [(0, "a")]})]
    [last] = node.told("lin-kv")
    both = node.hear("lin-kv", ReadOk(value=log("a", "b")), to=last)
    assert [reply.in_reply_to for reply in both] == [3, 4]
    assert both[0].msgs == {"k": [(0, "a"), (1, "b")]}
    assert node.hear("lin-kv", ReadOk(value=log("a")), to=late) == []


def test_a_poll_of_an_empty_log_returns_nothing():
    node = Node()
    node.ask(poll(), ListCommittedOffsets(keys=["k"]))
    [read] = node.told("lin-kv")
    replies = node.hear("lin-kv", Error(code=20), to=read)
    assert [(reply.in_reply_to, kind(reply)) for reply in replies] == [(2, "poll_ok"), (3, "list_committed_offsets_ok")]


def test_a_poll_rides_along_with_an_append():
    node = Node()
    node.ask(poll(), send())
    [cas] = node.told("lin-kv")
    assert [kind(reply) for reply in node.hear("lin-kv", CasOk(), to=cas)] == ["send_ok", "poll_ok"]


def test_an_entry_of_another_node_proves_nothing_about_when_it_came():
    node = Node()
    asked = {"type": "append", "msg_id": 7, "entries": [["send", "n1.1", "k", "a"]]}
    node.number += 1
    question = Envelope("c1", "n0", Poll(msg_id=node.number, offsets={"k": 0}))
    node.take(node.service.receive_all([question, Envelope("n1", "n0", asked)]))
    [cas] = node.told("lin-kv")
    # n1 had it appended long ago, and more was appended since, but this comes first:
    assert node.hear("n2", AppendOk(in_reply_to=99, log=Stretch(0, [[SendEntry("n1.1", "k", "a")]]))) == []
    node.hear("lin-kv", Error(code=22), to=cas)
    [read] = node.told("lin-kv")
    newest = Stretch(0, [[SendEntry("n1.1", "k", "a")], [SendEntry("n2.1", "k", "b")]])
    assert node.hear("lin-kv", ReadOk(value=newest), to=read) == [
        PollOk(in_reply_to=2, msgs={"k": [(0, "a"), (1, "b")]})
    ]


def test_what_was_committed_already_is_committed_for_nothing():
    node = Node()
    node.ask(send(), CommitOffsets(offsets={"k": 0}))
    [cas] = node.told("lin-kv")
    assert [kind(reply) for reply in node.hear("lin-kv", CasOk(), to=cas)] == ["send_ok", "commit_offsets_ok"]
    assert node.ask(CommitOffsets(offsets={"k": 0}), CommitOffsets(offsets={})) == [
        CommitOffsetsOk(in_reply_to=4),
        CommitOffsetsOk(in_reply_to=5),
    ]
    assert node.said == []


def test_a_commit_is_refused_where_it_is_past_the_end_when_its_turn_comes():
    node = Node()
    node.ask(CommitOffsets(offsets={"k": 0, "other": 0}), send(), ListCommittedOffsets(keys=["k"]))
    [cas] = node.told("lin-kv")
    refused, sent, listed = node.hear("lin-kv", CasOk(), to=cas)
    assert (refused.code, sent.offset, listed.offsets) == (22, 0, {})


def test_the_head_is_shortened_once_a_chapter_is_stored():
    node = Node()
    node.ask(poll())
    [read] = node.told("lin-kv")
    full = log(*range(2 * CHAPTER))
    node.hear("lin-kv", ReadOk(value=full), to=read)
    [write] = node.told("lin-kv")
    assert (write.key, write.value) == ("kafkasim/log/0", Stretch(0, full.batches[:CHAPTER]))
    node.hear("lin-kv", WriteOk(), to=write)
    node.ask(send("new"))
    [cas] = node.told("lin-kv")
    assert (cas.expected, cas.to.first, len(cas.to.batches)) == (full, CHAPTER, CHAPTER + 1)


def test_who_has_missed_much_reads_the_chapters_first():
    node = Node()
    node.ask(poll(2 * CHAPTER - 1))
    [read] = node.told("lin-kv")
    node.hear("lin-kv", ReadOk(value=log("last", first=2 * CHAPTER)), to=read)
    one, other = node.told("lin-kv")
    assert (one.key, other.key) == ("kafkasim/log/0", "kafkasim/log/1")
    everything = log(*range(2 * CHAPTER))
    assert node.hear("lin-kv", ReadOk(value=Stretch(CHAPTER, everything.batches[CHAPTER:])), to=other) == []
    answers = node.hear("lin-kv", ReadOk(value=Stretch(0, everything.batches[:CHAPTER])), to=one)
    last = 2 * CHAPTER
    assert answers == [PollOk(in_reply_to=2, msgs={"k": [(last - 1, last - 1), (last, "last")]})]


def silence(node):
    """Has the node find out that nobody answers; what clients are told until it is sure."""
    return [reply for _ in range(6) for reply in node.time_is_up()]


def test_where_nobody_answers_it_says_what_it_knows():
    node = Node()
    node.ask(send("offered"))
    assert [(reply.in_reply_to, reply.code) for reply in silence(node)] == [(2, 0)]
    node.ask(send("never offered"), poll(), CommitOffsets(offsets={"k": 0}))
    assert sorted((reply.in_reply_to, reply.code) for reply in silence(node)) == [(3, 11), (4, 11), (5, 11)]
    assert node.timers == []
    messages = [entry.msg for _, body in node.said for entry in getattr(body, "entries", [])]
    assert "never offered" not in messages


def test_whom_lin_kv_does_not_answer_asks_another_node():
    node = Node()
    node.ask(poll())
    node.told("lin-kv")
    node.time_is_up()
    [question] = node.told("n1")
    assert question.entries == []
    assert node.hear("n1", AppendOk(log=log("a")), to=question) == [PollOk(in_reply_to=2, msgs={"k": [(0, "a")]})]
    node.ask(send("b"))
    assert [body.entries[0].msg for body in node.told("n1")] == ["b"]


def test_whom_lin_kv_does_not_answer_helps_nobody_and_says_so():
    node = Node()
    node.ask(poll())
    node.time_is_up()
    node.hear("n1", {"type": "append", "msg_id": 7, "entries": [["send", "n1.1", "k", "a"]]})
    refusal = node.told("n1")[-1]
    assert (refusal.in_reply_to, refusal.code) == (7, 11)
    other = Node("n1")
    other.ask(send())
    [append] = other.told("n0")
    other.hear("n0", Error(code=11), to=append)
    assert [entries_of(cas) for cas in other.told("lin-kv", "cas")] == [["a"]]


def test_answers_are_waited_for_longer_once_one_came_too_late():
    node = Node()
    node.ask(poll())
    [late] = node.told("lin-kv")
    [timer] = node.timers
    node.time_is_up()
    node.hear("lin-kv", ReadOk(value=log("a")), to=late)
    node.timers.clear()
    node.ask(poll(), poll())
    assert min(other.delay for other in node.timers) > timer.delay


def test_an_answer_to_another_life_is_not_taken_for_one_to_this():
    one, other = ClusterService(life=1), ClusterService(life=2)
    numbers = []
    for service in (one, other):
        service.receive(Envelope("c1", "n0", Init(msg_id=1, node_id="n0", node_ids=["n0", "n1"])))
        [question, _] = service.receive(Envelope("c1", "n0", Poll(msg_id=2, offsets={"k": 0})))
        assert isinstance(question, Envelope)
        numbers.append(question.body.msg_id)
    assert numbers[0] != numbers[1]
    assert other.receive(Envelope("lin-kv", "n0", ReadOk(in_reply_to=numbers[0], value=log("old")))) == []


@pytest.mark.parametrize("names", [["n0"], ["n1", "n2"], ["n0", "n1", "n1"], ["n0", "lin-kv"]])
def test_names_that_are_no_clusters_are_refused(names):
    service = ClusterService()
    [refusal] = service.receive(Envelope("c1", "n0", Init(msg_id=1, node_id="n0", node_ids=names)))
    assert isinstance(refusal, Envelope)
    assert refusal.body.code == 10
    assert "node_ids" in refusal.body.text


def test_what_is_no_answer_of_lin_kv_is_ignored():
    node = Node()
    node.ask(poll())
    [read] = node.told("lin-kv")
    assert node.hear("lin-kv", {"type": "read_ok", "in_reply_to": read.msg_id, "value": "not a log"}) == []
    assert node.hear("lin-kv", ReadOk(value=log("a")), to=read) == [PollOk(in_reply_to=2, msgs={"k": [(0, "a")]})]
