"""What the index holds, on histories small enough to see it."""

from __future__ import annotations

from kafkasim.anomalies.notation import build
from kafkasim.checkers.index import Index, KeyIndex
from kafkasim.checkers.indexing import build_index
from kafkasim.history import Operation


def index_of(*lines: str, complete: str = "") -> Index:
    return build_index(build(*lines, complete=complete))


def k1(*lines: str) -> KeyIndex:
    return index_of(*lines).keys["k1"]


def places(operations: list[Operation]) -> list[int]:
    return [op.index for op in operations]


def test_keys_stand_in_the_order_in_which_they_are_first_mentioned():
    index = index_of("bob poll k3:0 k1:0 -> nothing", "alice send k2 7 -> 0", "bob list k4 -> nothing")
    assert list(index.keys) == ["k3", "k1", "k2", "k4"]


def test_every_send_counts_as_sent_whatever_became_of_it():
    log = k1("alice send k1 1 -> 0", "alice send k1 2 -> fail 11", "alice send k1 3 -> lost", "alice send k1 1 -> 1")
    assert {message: places(log.senders(message)) for message in (1, 2, 3, 4)} == {1: [0, 3], 2: [1], 3: [2], 4: []}
    assert (places(log.failed_sends), places(log.unknown_sends)) == ([1], [2])
    assert [(acknowledged.op.index, acknowledged.offset) for acknowledged in log.acknowledged] == [(0, 0), (3, 1)]


def test_the_version_order_joins_what_polls_and_sends_showed():
    log = k1("alice send k1 a -> 5", "alice send k1 b -> 9", "alice send k1 c -> lost", "bob poll k1:0 -> k1 5=a 7=c")
    assert (log.at, log.offsets, log.polled) == ({5: "a", 7: "c", 9: "b"}, [5, 7, 9], {5: "a", 7: "c"})


def test_what_was_seen_second_at_an_offset_is_a_contradiction():
    log = k1("alice send k1 a -> 0", "bob poll k1:0 -> k1 0=b", "bob poll k1:0 -> k1 0=c")
    assert log.at == {0: "b"}
    assert [(seen.op.index, seen.message) for seen in log.contradictions] == [(2, "c"), (0, "a")]


def test_a_send_of_unknown_outcome_stands_in_the_order_where_its_offset_is_known_and_its_message_was_polled():
    history = build("alice send k1 a -> lost", "alice send k1 b -> lost", "bob poll k1:0 -> k1 4=a")
    history.operations[0].response = {"offset": 4}
    history.operations[1].response = {"offset": 5}
    assert build_index(history).keys["k1"].at == {4: "a"}
    history.operations[0].response = {"offset": 3}
    assert build_index(history).keys["k1"].at == {3: "a", 4: "a"}


def test_every_successful_poll_of_a_key_is_a_reading_of_it():
    log = k1(
        "alice send k1 a -> 0",
        "bob poll k1:0 -> k1 0=a",
        "bob poll k1:1 -> nothing",
        "bob poll k1:1 -> k1",
        "bob poll k1:1 -> lost",
        "bob poll -> k1 0=a",
    )
    assert [(reading.op.index, reading.start, reading.first, reading.last) for reading in log.readings] == [
        (1, 0, 0, 0),
        (2, 1, -1, -1),
        (3, 1, -1, -1),
        (5, None, 0, 0),
    ]


def test_readings_that_need_a_second_look_are_kept_apart():
    log = k1(
        "bob poll k1:0 -> k1 0=a 1=b 2=c",
        "bob poll k1:0 -> k1 1=b 2=c",
        "bob poll k1:0 -> k1 0=a 2=c",
        "bob poll k1:0 -> k1 1=b 0=a",
        "bob poll -> k1 0=a 1=b",
    )
    assert [reading.op.index for reading in log.displaced] == [1, 3, 4]
    assert [reading.op.index for reading in log.uneven] == [2, 3]


def test_the_good_pairs_of_a_bad_reply_are_seen_but_make_no_reading():
    index = index_of(
        'bob poll k1:0 -> reply {"msgs": {"k1": [[0, "a"], [-1, "b"], 7, [1, "c"], ["2", "d"], [3, "e"]]}}'
    )
    log = index.keys["k1"]
    assert log.polled == {0: "a", 1: "c", 3: "e"}
    assert log.readings == []
    assert [problem.key for problem in index.malformed] == ["k1"]


def test_a_reply_of_nothing_but_bad_pairs_is_no_problem_however_long_it_is():
    history = build("bob poll k1:0 -> nothing")
    history.operations[0].response = {"msgs": {"k1": [7] * 100_000}}
    index = build_index(history)
    assert (len(index.malformed), index.keys["k1"].polled) == (1, {})


def test_what_was_not_asked_for_is_seen_but_makes_no_reading():
    index = index_of("bob poll k1:0 -> k1 0=a; k2 0=b", "bob list k1 -> k1:0 k2:0")
    assert (index.keys["k2"].polled, index.keys["k2"].readings, index.keys["k2"].listings) == ({0: "b"}, [], [])
    assert [(problem.op.index, problem.key) for problem in index.unrequested] == [(0, "k2"), (1, "k2")]


def test_commits_are_kept_with_any_outcome_and_lists_only_with_an_answer():
    log = k1(
        "bob commit k1:3 -> fail 22", "bob commit k1:2 -> lost", "bob commit k1:1 -> ok", "bob list k1 k1 -> nothing"
    )
    assert [(attempt.offset, attempt.op.type) for attempt in log.commits] == [(3, "fail"), (2, "info"), (1, "ok")]
    assert [(listing.op.index, listing.offset) for listing in log.listings] == [(3, -1)]


def test_unread_is_what_was_acknowledged_and_never_polled_anywhere():
    log = k1(
        "alice send k1 a -> 0",
        "alice send k1 b -> 1",
        "alice send k1 b -> 2",
        "alice send k1 c -> 3",
        "bob poll k1:0 -> k1 0=a 4=b 5=c",
    )
    assert [(unread.message, unread.offset) for unread in log.unread] == [("b", 1)]


def test_messages_polled_before_their_send_is_seen_are_early():
    log = k1("bob poll k1:0 ...", "alice send k1 a -> 0", "bob -> k1 0=a 1=b", "carol poll k1:0 -> k1 0=a 1=b")
    assert [(early.message, early.op.index) for early in log.early_reads] == [("a", 0), ("b", 0)]


def test_what_lies_between_or_next_is_found_among_the_offsets_that_exist():
    log = k1("bob poll k1:0 -> k1 3=a 5=b 9=c")
    assert [log.next_offset(offset) for offset in (0, 3, 4, 9, 10)] == [3, 3, 5, 9, None]
    assert (log.between(3, 9), log.between(5, 9), log.between(-1, 4)) == ([5], [], [3])


def test_counts_are_of_what_was_asked_and_answered():
    index = index_of(
        "alice send k1 a -> 0",
        "alice send k1 b -> lost",
        "bob assign k1 -> k1:0",
        "bob crash",
        "bob poll k1:0 -> k1 0=a",
        "bob poll k1:0 -> k1 0=a",
        complete="k1",
    )
    assert (index.requests, index.replies, index.messages, places(index.unsuccessful)) == (4, 3, 2, [1])
    assert (index.read_whole("k1"), index.read_whole("k2")) == (True, False)
