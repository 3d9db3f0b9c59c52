"""The level ``jepsen`` fails what Jepsen's own checker fails."""

import gzip
from pathlib import Path

import pytest

from kafkasim.anomalies.notation import build
from kafkasim.checkers import check
from kafkasim.jepsen.edn import read_forms
from kafkasim.jepsen.reading import history_from_forms

JUDGED = Path(__file__).parent / "histories" / "small.tsv.gz"
"""Random histories, each with the verdict of ``jepsen.tests.kafka``: a name, the types of error that fail it, all types
with how many of each, and the history, parted by tabs."""

OURS = {"G1a": "aborted-read"}


def judged():
    with gzip.open(JUDGED, "rt") as lines:
        for line in lines:
            name, failing, counts, text = line.rstrip("\n").split("\t")
            counted = (count.split(":") for count in counts.split(",") if count)
            yield name, failing, {OURS.get(kind, kind): int(number) for kind, number in counted}, text


def found_in(history):
    result = check(history, "jepsen")
    assert not result.failed
    found: dict[str, int] = {}
    for anomaly in result.anomalies:
        found[anomaly.kind] = found.get(anomaly.kind, 0) + anomaly.count
    return result.verdict, found


def test_what_jepsen_found_is_found_and_counted_alike():
    compared = 0
    for name, failing, expected, text in judged():
        verdict, found = found_in(history_from_forms(read_forms(text)))
        if "inconsistent-offsets" in expected:
            # Of several messages at one offset Jepsen takes one, by the order of a hash table; the rest depends on it.
            assert found["inconsistent-offsets"] == expected["inconsistent-offsets"], name
        else:
            assert found == expected, name
            compared += 1
        assert (verdict == "invalid") == bool(failing), name
    assert compared > 300


def kinds(*lines, **settings):
    return found_in(build(*lines, **settings))[1]


def test_a_message_counts_at_its_last_offset():
    twice = ("alice send k1 7 -> 0", "alice send k1 8 -> 1", "bob poll k1:0 -> k1 0=7 1=8 2=7")
    assert kinds(*twice) == {"duplicate": 1, "int-nonmonotonic-poll": 1, "nonmonotonic-send": 1}


def test_an_empty_list_of_a_key_ends_the_comparison_with_earlier_polls():
    sent = ("alice send k1 7 -> 0", "bob poll -> k1 0=7")
    assert kinds(*sent, "bob poll -> k1 0=7") == {"nonmonotonic-poll": 1}
    assert kinds(*sent, "bob poll -> k1", "bob poll -> k1 0=7") == {}


def test_an_assignment_without_the_key_ends_the_comparison():
    read = ("alice send k1 7 -> 0", "bob poll -> k1 0=7")
    assert kinds(*read, "bob assign k1 k2 -> k1:1 k2:0", "bob poll -> k1 0=7") == {"nonmonotonic-poll": 1}
    assert kinds(*read, "bob assign k2 -> k2:0", "bob poll -> k1 0=7") == {}
    sent = ("alice send k1 7 -> 1", "bob poll -> k1 0=8 1=7")
    assert kinds(*sent, "alice send k1 8 -> 0") == {"nonmonotonic-send": 1, "future-read": 1}
    assert kinds(*sent, "alice assign k2 -> k2:0", "alice send k1 8 -> 0") == {"future-read": 1}


def test_a_poll_that_asks_for_another_offset_itself_begins_anew():
    assert kinds("alice send k1 7 -> 0", "bob poll k1:0 -> k1 0=7", "bob poll k1:0 -> k1 0=7") == {}


def test_polled_messages_of_a_key_never_acknowledged_are_unseen_if_that_poll_comes_last():
    unknown = ("alice send k1 7 -> lost", "bob poll -> k1 0=7")
    assert kinds(*unknown) == {"unseen": 1}
    assert kinds(*unknown, "bob poll -> k1") == {}


def test_at_a_phantom_jepsen_gives_up():
    history = build("alice send k1 7 -> 0", "bob poll -> k1 0=7 1=8", "carol poll -> k1 0=9")
    result = check(history, "jepsen")
    assert result.verdict == "unknown"
    assert [(anomaly.kind, anomaly.severity) for anomaly in result.anomalies] == [("phantom-read", "note")]
    assert "gives up" in result.not_checked["inconsistent-offsets"]


def test_transactions_that_read_from_each_other_are_a_circle():
    lines = [
        "alice txn send k1 7 & poll ...",
        "bob txn send k2 8 & poll ...",
        "alice -> 0 & k2 0=8",
        "bob -> 0 & {}",
        "carol poll -> k1 0=7",
    ]
    assert kinds(*(line.format("nothing") if "{}" in line else line for line in lines)) == {}
    assert kinds(*(line.format("k1 0=7") if "{}" in line else line for line in lines)) == {"future-read": 1}


def test_a_message_read_before_its_send_began_is_a_circle():
    assert kinds("bob poll -> k1 0=7", "alice send k1 7 -> 0") == {"future-read": 1}


def test_a_circle_may_go_through_time():
    """Bob's poll ended before dave began to send, yet alice, whom bob read, has read dave."""
    lines = ["alice txn send k1 7 & poll ...", "bob poll -> k1 0=7", "dave send k2 8 -> 0", "alice -> 0 & k2 0=8"]
    assert kinds(*lines) == {"future-read": 1}


@pytest.mark.parametrize("outcome", ["fail 30", "info 0"])
def test_a_poll_that_did_not_succeed_is_compared_and_moves_nothing(outcome):
    history = build("alice send k1 7 -> 0", "alice send k1 8 -> 1", "bob poll -> k1 0=7 1=8", f"bob poll -> {outcome}")
    history.operations[-1].response = {"msgs": {"k1": [[0, 7]]}}
    assert found_in(history)[1] == {"nonmonotonic-poll": 1}
