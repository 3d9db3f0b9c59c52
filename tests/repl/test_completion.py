"""What is offered at the end of what has been typed."""

import json

import pytest

from kafkasim.console.completion import complete
from kafkasim.console.scanning import written
from kafkasim.console.session import Known, KnownLog

KNOWN = Known(
    client="alice",
    clients=["c1", "alice", "two words"],
    logs={
        "k1": KnownLog(end=3, committed=0),
        "k2": KnownLog(end=1),
        "my key": KnownLog(end=120, committed=99),
        "late": KnownLog(end=12345, committed=12344),
    },
)


def offered(text, known=KNOWN):
    """The whole lines that the candidates would make."""
    return [text[: candidate.start] + candidate.text for candidate in complete(text, known)]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("s", ["send", "show", "save", "source"]),
        ("  se", ["  send"]),
        ("commit", ["commit", "commit_offsets"]),
        ("e", ["exit"]),
        ("xyz", []),
        ("xyz ", []),
        ("send ", ["send k1", "send k2", 'send "my key"', "send late"]),
        ("send k", ["send k1", "send k2"]),
        ('send "', ['send "k1"', 'send "k2"', 'send "my key"', 'send "late"']),
        ('send "my k', ['send "my key"']),
        ("send k1 ", []),
        ("send k1 k", []),
        ("poll k1 ", ["poll k1 k2", 'poll k1 "my key"', "poll k1 late", "poll k1 max="]),
        ("poll k1 max=3 m", ['poll k1 max=3 "my key"']),
        ("poll my", ['poll "my key"']),
        ("SE", ["send"]),
        ("help Q", ["help quit"]),
        ("poll k1:" + "1" * 5000, []),
        ("poll k1:0 k", ["poll k1:0 k2"]),
        ('poll "my key":3 m', ['poll "my key":3 max=']),
        ('poll "my key" "', ['poll "my key" "k1"', 'poll "my key" "k2"', 'poll "my key" "late"']),
        ("poll k1:", ["poll k1:0", "poll k1:1", "poll k1:2", "poll k1:3"]),
        ("poll k1:2", ["poll k1:2"]),
        ("poll k1:x", []),
        ("poll nope:", []),
        ("commit k1:", ["commit k1:0", "commit k1:2", "commit k1:1"]),
        ("commit late:12344", ["commit late:12344"]),
        ('poll "my key":11', ['poll "my key":11', *(f'poll "my key":{offset}' for offset in range(110, 120))]),
        ("poll late:1234", ["poll late:1234", *(f"poll late:{offset}" for offset in range(12340, 12346))]),
        ("list k1 k", ["list k1 k2"]),
        ("show k", ["show k1", "show k2"]),
        ("show k1 ", []),
        ("show k2:", ["show k2:0"]),
        ("as ", ["as c1", 'as "two words"']),
        ("as c1 ", []),
        ("help li", ["help list", "help list_committed_offsets"]),
        ("keys ", ["keys k1", "keys k2", 'keys "my key"', "keys late"]),
        ('{"type": "send"', ['{"type": "send", "key": "k1", "msg": "hello"}']),
        ('{"x', []),
    ],
)
def test_offers(text, lines):
    assert offered(text) == lines


def test_notes_say_what_an_offset_is():
    notes = {candidate.text: candidate.note for candidate in complete('poll "my key":', KNOWN)}
    assert notes["0"] == "the start"
    assert notes["99"] == "committed"
    assert notes["100"] == "where to go on"
    assert notes["119"] == "the last message"
    assert notes["120"] == "the end: nothing yet"


def test_an_offset_that_is_several_things_is_called_all_of_them():
    known = Known(logs={"k1": KnownLog(end=2, committed=0)})
    assert [each.note for each in complete("poll k1:", known)] == [
        "the start, committed",
        "where to go on, the last message",
        "the end: nothing yet",
    ]


def test_a_long_log_offers_a_few_offsets_and_no_end_of_them():
    found = complete("poll late:", KNOWN)
    assert len(found) <= 12
    assert [bool(each.note) for each in found[:3]] == [True, True, True]
    assert [int(each.text) for each in found[3:]] == list(range(1, len(found) - 2))


def test_nothing_is_known_at_first():
    assert complete("poll ", Known()) == []
    assert complete("poll k1:", Known()) == []


@pytest.mark.parametrize("key", ["ключ раз", "ключ:раз", "日本 1", 'a "b" c', "k\\d e", "k\u202e x"])
def test_a_key_in_quotes_is_completed_from_any_of_its_beginnings(key):
    known = Known(logs={key: KnownLog(end=2)})
    for length in range(len(key) + 1):
        begun = json.dumps(key[:length], ensure_ascii=False)[:-1]
        assert [f"poll {begun}"[: each.start] + each.text for each in complete(f"poll {begun}", known)] == [
            f"poll {written(key)}"
        ]
    assert [candidate.text for candidate in complete(f"poll {written(key)}:1", known)] == ["1"]
    assert offered(f"list {written(key)} ", known) == []
