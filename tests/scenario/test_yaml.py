"""What YAML may hold, and what it may not: seen through a whole scenario, as a user sees it."""

import math

import pytest

from kafkasim.scenario import model
from kafkasim.scenario.load import load, loads
from kafkasim.scenario.problems import ScenarioError


def message(text):
    """The payload that this YAML is."""
    scenario = loads(f"name: n\nwhy: w\nclients:\n  a:\n  - send:\n      key: k\n      msg: {text}\n")
    action = scenario.clients[0].steps[0].action
    assert isinstance(action, model.Send)
    return action.msg


def problem(data):
    with pytest.raises(ScenarioError) as caught:
        loads(data, "a.yaml")
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("on", "on"),
        ("yes", "yes"),
        ("5_000", "5_000"),
        ("2026-01-01", "2026-01-01"),
        ("1:30", "1:30"),
        ("0b1", "0b1"),
        ("010", 10),
        ("0o10", 8),
        ("0x1F", 31),
        ("+12", 12),
        ("-3", -3),
        ("99999999999999999999", 99999999999999999999),
        ("1.5", 1.5),
        ("1.", 1.0),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("+1.5e-3", 0.0015),
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("'1'", "1"),
        ('"null"', "null"),
        ('""', ""),
        ("!!str 1", "1"),
        ("! 1", "1"),
        ("!!int 1", 1),
        ("!!float 1", 1),
        ("[1, {a: [null]}]", [1, {"a": [None]}]),
        ("{on: 1, '': 2, \"1\": 3}", {"on": 1, "": 2, "1": 3}),
        (r'"\ud83d\ude00"', "😀"),
        (r'"\U0001F600"', "😀"),
        ('"\\x00\\e\\n"', "\x00\x1b\n"),
        ("|\n        two\n        lines\n", "two\nlines\n"),
    ],
)
def test_a_payload_is_what_yaml_1_2_says(text, value):
    read = message(text)
    assert (type(read), read) == (type(value), value)


def test_an_anchor_may_be_used_again():
    text = "name: n\nwhy: w\nclients:\n  a: &hello\n  - send: {key: k, msg: 1}\n  b: *hello\n"
    clients = loads(text).clients
    assert clients[0].steps[0].action == clients[1].steps[0].action


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "a.yaml:1:1: the file is empty: expected a scenario"),
        ("# nothing\n", "a.yaml:1:1: the file is empty: expected a scenario"),
        ("hello", 'a.yaml:1:1: expected a scenario: a mapping with `name`, `why` and more, got the text "hello"'),
        ("- 1\n", "a.yaml:1:1: expected a scenario: a mapping with `name`, `why` and more, got a list of 1"),
        ("\tb: 2", "a.yaml:1:1: this is not YAML: a tab cannot begin anything: indent with blanks"),
        ("a: b: c", "a.yaml:1:5: this is not YAML: mapping values are not allowed here"),
        ("a: 'b", "a.yaml:1:6: this is not YAML: while scanning a quoted scalar: found unexpected end of stream"),
        ("name: n\nwhy: \x07", "a.yaml:2:6: this is not YAML: character U+0007 is not allowed in a file"),
        (b"name: n\nwhy: \xc3\xa9\xff", "a.yaml:2:7: this is not text: expected UTF-8, got the byte 0xff"),
        (b"\x89PNG\r\n\x1a\n\x00", "a.yaml:1:1: this is not text: expected UTF-8, got the byte 0x89"),
        ("name: n\nwhy: w\nworkload: {}\nname: m", 'a.yaml:4:1: the key "name" is here twice: first in line 1'),
        ("name: n\nwhy: w\nworkload: {}\n---\nname: m", "a.yaml:4:1: a second document begins here: expected one"),
        ("a: *b", "a.yaml:1:4: `*b` refers to nothing: no `&b` stands before it"),
        ("a: &b [*b]", "a.yaml:1:8: `*b` would contain itself"),
        ("? [1]\n: 2", "a.yaml:1:3: a list cannot be a key: expected text"),
        ("? {}\n: 2", "a.yaml:1:3: a mapping cannot be a key: expected text"),
        ("a: &x [1]\n*x : 2", "a.yaml:2:1: a list of 1 cannot be a key: expected text"),
        ("name: !env HOME", 'a.yaml:1:7: the tag "!env" means nothing here: leave it out'),
        ("name: !!python/x 1", 'a.yaml:1:7: the tag "tag:yaml.org,2002:python/x" means nothing here: leave it out'),
        ("name: !!int x", 'a.yaml:1:7: `!!int` does not fit "x"'),
        ("name: !!map [1]", 'a.yaml:1:7: the tag "tag:yaml.org,2002:map" means nothing here: leave it out'),
        ("%YAML 1.3\n---\nname: n", "a.yaml:1:1: this is not YAML 1.2: expected no other version after %YAML"),
        (r'name: "\ud800"', "a.yaml:1:7: half a character: a surrogate (\\ud800 to \\udfff) stands alone"),
        ("name: " + "9" * 1001, "a.yaml:1:7: an integer of 1001 characters: expected at most 1000"),
        ("name: 0x" + "f" * 5000, "a.yaml:1:7: an integer of 5002 characters: expected at most 1000"),
        ("[\n" * 100_000, "a.yaml:101:1: nested too deeply: expected at most 100 levels"),
        ("{a: " * 50_000, "a.yaml:1:401: nested too deeply: expected at most 100 levels"),
    ],
)  # fmt: skip
def test_what_is_no_scenario_is_told_with_its_place(text, told):
    assert problem(text) == told


def test_merge_keys_are_told_to_be_written_out():
    told = problem("name: n\nwhy: w\nnetwork: &net {loss: 0.1}\nworkload:\n  <<: *net\n")
    assert "a.yaml:5:3: merge keys (`<<`) are not part of YAML 1.2: write the fields out" in told


def test_aliases_that_multiply_without_end_are_refused():
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    assert "too much: expected at most 1000000 values, aliases followed" in problem("\n".join(lines))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (".inf", "expected any JSON value, which .inf is not"),
        ("[-.INF, .nan]", "expected any JSON value, which -.INF is not"),
        ("1e999", "expected any JSON value, which 1e999 is not"),
        ("{1: a}", 'expected text as key, got the number 1: put it in quotes: "1"'),
        ("{true: a}", 'expected text as key, got the boolean true: put it in quotes: "true"'),
        ("{null: a}", 'expected text as key, got nothing: put it in quotes: "null"'),
        ("{a: 1, a: 2}", 'the key "a" is here twice'),
    ],
)
def test_a_payload_that_is_no_json_is_refused(text, told):
    with pytest.raises(ScenarioError) as caught:
        message(text)
    assert told in str(caught.value)


def test_every_problem_inside_a_payload_is_told():
    with pytest.raises(ScenarioError) as caught:
        message("[{1: a, 2: b}, .inf]")
    assert len(caught.value.problems) == 3


def test_minus_zero_keeps_its_sign():
    assert math.copysign(1, message("-0.0")) == -1


def test_a_file_that_cannot_be_read_is_the_operating_systems_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        load(str(tmp_path / "nowhere.yaml"))
    with pytest.raises(IsADirectoryError):
        load(str(tmp_path))
