"""Whatever is typed, the REPL answers in words and goes on."""

import json
import unicodedata

from hypothesis import given, settings
from hypothesis import strategies as st

from kafkasim.console.commands import COMMANDS, Arguments
from kafkasim.console.completion import complete
from kafkasim.console.parsing import commands_in, parse
from kafkasim.console.runner import Outcome
from kafkasim.console.scanning import LineError
from kafkasim.console.statements import Ask

WORDS = st.one_of(
    st.sampled_from([name for command in COMMANDS for name in command.names]),
    st.sampled_from(["k1", "k1:", "k1:0", ":3", '"my key"', '"my key":1', '"', "max=1", "max=", "{", "}", "[", "null"]),
    st.sampled_from(
        [
            '{"type": "poll", "offsets": {"k1": 0}}',
            '{"type":',
            "\x1b[31m",
            '"\\u001b[31m"',
            "\udce4",
            "\u2028",
            "日本",
            "#",
        ]
    ),
    st.text(max_size=6),
)
LINES = st.lists(WORDS, max_size=6).map(" ".join) | st.text(st.characters(exclude_categories=[]), max_size=30)
WITHOUT_FILES = LINES.filter(lambda line: not _names_a_file(line))


def _names_a_file(line):
    first = line.split(maxsplit=1)
    files = (Arguments.SAVED_FILE, Arguments.SOURCE_FILE)
    return bool(first) and any(first[0] in command.names and command.arguments in files for command in COMMANDS)


def refusal(line):
    try:
        parse(line)
    except LineError as error:
        return error
    return None


@given(LINES)
def test_a_line_is_a_statement_or_an_error_at_a_place_in_it(line):
    error = refusal(line)
    assert error is None or (0 <= error.place <= len(line) and error.text)


@given(LINES)
def test_a_message_is_valid_json_whatever_was_typed(line):
    try:
        statement = parse(f"send k1 {line}")
    except LineError:
        return
    assert isinstance(statement, Ask)
    json.loads(bytes(statement.body["msg"]))


@settings(max_examples=60)
@given(st.lists(WITHOUT_FILES, max_size=5))
def test_any_line_is_answered_in_printable_words(repl_class, lines):
    repl = repl_class()
    repl.type("send k1 a")
    for line in lines:
        if repl.outcome is not Outcome.LEFT:
            repl.type(line)
    said = repl.out.getvalue() + repl.errors
    assert not {character for character in said if unicodedata.category(character) in ("Cc", "Cs")} - {"\n"}


@given(LINES)
def test_completing_any_text_gives_texts_for_a_place_in_it(repl_class, line):
    repl = repl_class()
    repl.type("send k1 a", 'send "my key" b', "commit k1:0")
    for candidate in complete(line, repl.session.known):
        assert 0 <= candidate.start <= len(line)
        assert candidate.text


@given(st.lists(LINES, max_size=4).map("\n".join))
def test_pasting_loses_nothing(text):
    normal = text.replace("\r\n", "\n").replace("\r", "\n")
    assert "\n".join(command.text for command in commands_in(text)).replace("\r\n", "\n").replace("\r", "\n") == normal
