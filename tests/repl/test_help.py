"""Help says about each command what it must, in the words of the messages' own page."""

import json
from inspect import getdoc

import pytest

from kafkasim.console.commands import COMMANDS
from kafkasim.console.guide import help_lines
from kafkasim.messages import RPCS, error_title

RPC_COMMANDS = [command for command in COMMANDS if command.rpc is not None]


def text_of(command=None, width=80):
    return "\n".join(line.plain for line in help_lines(command, width))


@pytest.mark.parametrize("width", [60, 80, 200])
def test_the_overview_has_every_command_and_fits(width):
    lines = text_of(width=width).splitlines()
    assert all(any(line.startswith(command.syntax) for line in lines) for command in COMMANDS)
    assert max(map(len, lines[: len(COMMANDS)])) <= width


def test_a_narrow_overview_fits_too():
    lines = text_of(width=40).splitlines()
    assert "poll KEY[:OFFSET]... [max=N]" in lines
    assert max(map(len, lines[: 2 * len(COMMANDS)])) <= 40


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_help_of_a_command_tells_its_other_names_its_details_and_examples(command):
    text = text_of(command)
    assert all(alias in text for alias in command.aliases)
    assert command.details in " ".join(text.split())
    assert all(f"  {example}\n" in f"{text}\n" for example in command.examples)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_help_of_a_command_stays_moved_in_where_the_page_is_narrow(command):
    heads = {line.split(":")[0] for line in text_of(command, 200).splitlines() if not line.startswith(" ")}
    for line in text_of(command, 50).splitlines():
        assert line.startswith("  ") or line.split(":")[0] in heads
        assert len(line) <= 50 or line.startswith('  {"')


@pytest.mark.parametrize("command", RPC_COMMANDS, ids=lambda command: command.name)
def test_help_of_an_rpc_tells_its_fields_its_reply_and_its_errors(command):
    text = text_of(command)
    assert (getdoc(command.rpc.request) or "").splitlines()[0] in " ".join(text.split())
    for code in command.rpc.errors:
        assert error_title(code) in text
    for field in (*command.rpc.request.__struct_fields__, *command.rpc.reply.__struct_fields__):
        assert field in ("msg_id", "in_reply_to") or f"  {field}: " in text
    assert all(f"  {json.dumps(each)}" in text for each in command.rpc.example)
    assert max(map(len, text.splitlines())) <= 100


def test_every_operation_on_the_log_has_a_command():
    assert [command.rpc and command.rpc.name for command in RPC_COMMANDS] == [name for name in RPCS if name != "init"]


def test_names_and_aliases_are_used_once():
    names = [name for command in COMMANDS for name in command.names]
    assert len(names) == len(set(names))
