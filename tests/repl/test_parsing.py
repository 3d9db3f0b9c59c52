"""What a typed line means, and where it is wrong when it means nothing."""

import pytest
from msgspec import Raw

from kafkasim.console.commands import COMMANDS
from kafkasim.console.parsing import commands_in, parse
from kafkasim.console.scanning import LineError, written
from kafkasim.console.statements import Ask, Help, ListKeys, Quit, Save, Show, Source, SpeakAs


def send(key, json_text):
    return Ask({"type": "send", "key": key, "msg": Raw(json_text.encode())})


def poll(offsets, max_messages=None):
    return Ask({"type": "poll", "offsets": offsets}, max_messages=max_messages)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("send k1 hello", send("k1", '"hello"')),
        ("  send   k1   hello   world  ", send("k1", '"hello   world"')),
        ('send k1 {"a": 1.50}', send("k1", '{"a": 1.50}')),
        ("send k1 null", send("k1", "null")),
        ("send k1 12", send("k1", "12")),
        ("send k1 12 monkeys", send("k1", '"12 monkeys"')),
        ("send k1 nul", send("k1", '"nul"')),
        ("send k1 NaN", send("k1", '"NaN"')),
        ('send k1 ""', send("k1", '""')),
        ('send k1 say "hi"', send("k1", r'"say \"hi\""')),
        ("send k1 # not a comment", send("k1", '"# not a comment"')),
        ('send k1 {\n"a": 1}', send("k1", '{ "a": 1}')),
        ('send "my key" 1', send("my key", "1")),
        ('send "a:b" 1', send("a:b", "1")),
        ('send "\\"" 1', send('"', "1")),
        ("send ключ 1", send("ключ", "1")),
        ("send send send", send("send", '"send"')),
        ("poll k1", poll({"k1": 0})),
        ("poll k1:0 k2:3", poll({"k1": 0, "k2": 3})),
        ("poll k1:007", poll({"k1": 7})),
        ("poll k1:99999999999999999999", poll({"k1": 99999999999999999999})),
        ('poll "my key":3 k2', poll({"my key": 3, "k2": 0})),
        ("poll k1:1 max=10", poll({"k1": 1}, 10)),
        ('poll "max=10"', poll({"max=10": 0})),
        ("poll\tk1\u00a0k2", poll({"k1": 0, "k2": 0})),
        ("commit k1:2", Ask({"type": "commit_offsets", "offsets": {"k1": 2}})),
        ("commit_offsets k1:2 k2:0", Ask({"type": "commit_offsets", "offsets": {"k1": 2, "k2": 0}})),
        ("list k1 k2", Ask({"type": "list_committed_offsets", "keys": ["k1", "k2"]})),
        ("list_committed_offsets k1", Ask({"type": "list_committed_offsets", "keys": ["k1"]})),
        ('{"type": "frobnicate"}', Ask({"type": Raw(b'"frobnicate"')}, raw=True)),
        ("{}", Ask({}, raw=True)),
        ('{"msg":1.50}', Ask({"msg": Raw(b"1.50")}, raw=True)),
        ("keys", ListKeys()),
        ('keys "my key"', ListKeys("my key")),
        ("show", Show()),
        ("show k1", Show("k1")),
        ('show "my key":5', Show("my key", 5)),
        ("as", SpeakAs()),
        ("as alice", SpeakAs("alice")),
        ('as "two words"', SpeakAs("two words")),
        ('save "a file.yaml"', Save("a file.yaml")),
        ("save --overwrite a.yaml", Save("a.yaml", overwrite=True)),
        ('save "--overwrite"', Save("--overwrite")),
        ('source " b.txt"', Source(" b.txt")),
        ("help", Help()),
        ("quit", Quit()),
        ("exit", Quit()),
        ("", None),
        ("   ", None),
        ("# send k1 1", None),
    ],
)
def test_a_line_means(line, expected):
    assert parse(line) == expected


@pytest.mark.parametrize(
    ("line", "place", "text", "hint"),
    [
        ("snd k1 1", 0, 'unknown command "snd"', "did you mean `send`?"),
        ("  Send k1 1", 2, 'unknown command "Send"', "did you mean `send`?"),
        ("xyzzy", 0, 'unknown command "xyzzy"', "`help` lists the commands"),
        ("send", 4, "expected a key", "send KEY MESSAGE"),
        ("send k1", 7, "expected a message after the key", 'an empty text is written ""'),
        ("send k1:0 x", 7, "no offset belongs here", "my key"),
        ('send "" x', 5, "expected non-empty text as key", ""),
        ('send "k', 5, "broken JSON: a text that does not end", ""),
        ('send "k"x y', 8, "expected a blank or `:` after the key", ""),
        ('send k"1" x', 6, "a quote inside a key", "my key"),
        ('send k1 {"a": }', 14, "broken JSON: expected a value", 'put it in quotes: "{\\"a\\": }"'),
        ("send k1 [1, 2", 13, "broken JSON", "quotes"),
        ("send k1 [INFO] started", 9, "broken JSON: expected a value", 'quotes: "[INFO] started"'),
        ('send k1 "a" b', 12, "expected nothing after the message", "quotes"),
        ('send k1 "\\ud800"', 8, "broken JSON", "quotes"),
        ("send k1 a\nb", 9, "a text is one line", "\\n"),
        ("send k1 \udce4", 8, "this is not UTF-8 text", ""),
        ("poll", 4, "expected a key", "poll KEY[:OFFSET]... [max=N]"),
        ("poll k1:", 8, "expected an offset (an integer from 0 on) after `:`", ""),
        ("poll k1: 3", 8, "expected an offset (an integer from 0 on) after `:`", ""),
        ("poll :3", 5, "expected a key before `:`", "my key"),
        ("poll k1:-1", 8, "expected an offset (an integer from 0 on), got `-1`", ""),
        ("poll k1:1.0", 8, "got `1.0`", ""),
        ("poll k1:٣", 8, "got `٣`", ""),
        ("poll k1:0, k2:0", 8, "got `0,`", ""),
        ("poll a:b:3", 7, "got `b:3`", "my key"),
        ("poll k1:1 k1:2", 10, "k1 is named twice", ""),
        ("poll max=3", 10, "expected a key", "poll"),
        ("poll k1 max=0", 12, "(an integer from 1 on), got `0`", ""),
        ("poll k1 max=x", 12, "(an integer from 1 on), got `x`", ""),
        ("commit k1", 9, "expected `:` and the offset up to which k1 has been processed", "commit k1:2"),
        ("commit", 6, "expected a key and an offset", "commit KEY:OFFSET..."),
        ("list k1 k1", 8, "k1 is named twice", ""),
        ("list k1:3", 7, "no offset belongs here", ""),
        ("list", 4, "expected a key", "list KEY..."),
        ("keys k1 k2", 8, "expected nothing after `keys k1`", "keys [KEY]"),
        ("quit now", 5, "expected nothing after `quit`", "quit"),
        ("show k1 k2", 8, "expected nothing after `show k1`", "show"),
        ("as n0", 3, "n0 is what nodes are called", "choose another name for a client"),
        ("as alice bob", 9, "expected nothing after", "as [CLIENT]"),
        ("help pol", 5, 'there is no command "pol"', "did you mean `help poll`?"),
        ("save", 4, "expected a file", "save [--overwrite] FILE"),
        ("save --overwrite", 16, "expected a file", ""),
        ("save --overwrite-notes.yaml", 5, 'unknown option "--overwrite-notes.yaml"', "--overwrite"),
        ("save --overwrit y", 5, 'unknown option "--overwrit"', "did you mean `--overwrite`?"),
        ("save --xyz", 5, 'unknown option "--xyz"', 'in quotes: "--xyz"'),
        ("save lesson.yaml   # my lesson", 19, "expected nothing after the file", "in quotes"),
        ("save my lesson.yaml", 8, "expected nothing after the file", 'in quotes: "my lesson.yaml"'),
        ("q", 0, 'unknown command "q"', "did you mean `quit`?"),
        ("H", 0, 'unknown command "H"', "did you mean `help`?"),
        ("l k1", 0, 'unknown command "l"', "did you mean `list`?"),
        ("as a:b", 4, "a colon inside a client name", "name"),
        ('as ""', 3, "expected non-empty text as client name", ""),
        ("as final-n0", 3, "final-n0 is who reads everything at the end", "another name"),
        ("poll k1:0,k2:1", 8, "got `0,k2:1`", "keys are separated by blanks"),
        ("poll k1:" + "1" * 5000, 8, "of at most 100 digits, got 5,000", ""),
        ("send k1 [" + "x" * 200, 9, "broken JSON", "put it in quotes"),
        ('source ""', 7, "this cannot be the name of a file", ""),
        ('source "a" b', 11, "expected nothing after the file", ""),
        ('{"type": poll}', 9, "broken JSON: expected a value", "request body"),
        ('{"type": "poll"} x', 17, "expected nothing after the body", ""),
        ('{"a": NaN}', 0, "broken JSON", "request body"),
        ('{"a": 1e999}', 0, "broken JSON: a number out of range", "request body"),
        ("send k1 " + "[" * 600 + "]" * 600, 8, "nested more than 500 levels deep", "quotes"),
        ("send k1 " + "[" * 100_000, 8, "nested too deep", "quotes"),
    ],
)
def test_an_error_points_at_its_place(line, place, text, hint):
    with pytest.raises(LineError) as caught:
        parse(line)
    assert caught.value.place == place
    assert text in caught.value.text
    assert hint in caught.value.hint


@pytest.mark.parametrize("example", [example for command in COMMANDS for example in command.examples])
def test_every_example_of_the_help_is_a_command(example):
    assert parse(example) is not None


@pytest.mark.parametrize(
    "key", ["k1", "👩\u200d🚀", "my key", "a:b", '"', "max=1", "--overwrite", "k\n1", "k\u202e", "é", "{", "\\"]
)
def test_a_key_as_it_is_written_reads_back_as_itself(key):
    assert parse(f"list {written(key)}") == Ask({"type": "list_committed_offsets", "keys": [key]})
    assert parse(f"poll {written(key)}:3") == poll({key: 3})


@pytest.mark.parametrize(
    "text", ["[NaN]", '"\\ud800"', "1e999", '{"a" 1}', "{a: 1}", '["\\q"]', "[1,]", '"\t"', "[1 2]"]
)
def test_broken_json_is_told_of_in_our_own_words(text):
    with pytest.raises(LineError) as caught:
        parse(f'{{"a": {text}}}')
    assert caught.value.text.startswith("broken JSON: ")
    assert not any(word in caught.value.text for word in ("Expecting", "expecting", "delimiter", "enclosed", "byte"))


def test_a_long_text_is_not_shown_once_more_as_advice():
    with pytest.raises(LineError) as caught:
        parse("send k1 [" + "x" * 200)
    assert caught.value.hint == "to send it as text, put it in quotes"


@pytest.mark.parametrize(
    ("pasted", "commands"),
    [
        ("poll k1", [("poll k1", 1)]),
        ("send k1 1\r\npoll k1\r\n", [("send k1 1", 1), ("poll k1", 2), ("", 3)]),
        ('send k1 {\n "a": 1\n}', [('send k1 {\n "a": 1\n}', 1)]),
        ('{\n "type": "poll"\n}\npoll k1', [('{\n "type": "poll"\n}', 1), ("poll k1", 4)]),
        ('send k[ [\n"]"\n]\nkeys', [('send k[ [\n"]"\n]', 1), ("keys", 4)]),
        ("send k1 [INFO] started\nkeys", [("send k1 [INFO] started", 1), ("keys", 2)]),
        ("send k1 a\u2028b", [("send k1 a\u2028b", 1)]),
    ],
)
def test_pasted_text_is_one_command_a_line_unless_json_runs_on(pasted, commands):
    assert [(command.text, command.line) for command in commands_in(pasted)] == commands
