"""What the command line says about itself."""

from __future__ import annotations

import pytest

from kafkasim import __version__

COMMANDS = ("simulate", "check", "repl", "node")


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_help_has_an_example_and_fits_80_columns(kafkasim, command):
    ended = kafkasim(*command.split(), "--help")
    assert ended.code == 0
    lines = ended.out.splitlines()
    example = next(place for place, line in enumerate(lines) if line.strip().lower().startswith("example"))
    assert any("kafkasim" in line for line in lines[example + 1 :])
    # An example is to be copied, so it is not broken.
    assert all(len(line) <= 80 or place > example for place, line in enumerate(lines))


def test_version(kafkasim):
    assert kafkasim("--version").out == f"kafkasim {__version__}\n"


def test_without_a_command_the_commands_are_listed(kafkasim):
    ended = kafkasim()
    assert all(f"  {command} " in ended.out + ended.err for command in COMMANDS)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["simulat"], "Did you mean 'simulate'?"),
        (["simulate", "--sed", "3", "valid.yaml"], "--seed"),
        (["simulate", "--seed", "x", "valid.yaml"], "'--seed': expected a whole number, got x"),
        (["simulate", "--seeds", "0", "valid.yaml"], "'--seeds': expected 1 to 1,000,000, got 0"),
        (["simulate", "--jobs", "-2", "valid.yaml"], "'--jobs': expected 1 to 1,000,000, got -2"),
        (
            ["check", "--consistency", "strong", "valid.jsonl"],
            "expected one of jepsen, kafka, linearizable, got strong",
        ),
    ],
)
def test_wrong_usage_says_what_was_expected(kafkasim, arguments, words):
    ended = kafkasim(*arguments)
    assert ended.code == 2
    assert words in ended.err
    assert ended.out == ""


def test_the_options_of_the_node_are_the_nodes_own(kafkasim):
    assert "--max-poll-messages" in kafkasim("node", "--help").out


def test_commands_of_the_repl_run_without_a_terminal(kafkasim):
    ended = kafkasim("repl", "--json", "-c", "send k1 hello", "-c", "poll k1:0")
    assert ended.code == 0
    assert [line.split('"')[3] for line in ended.out.splitlines()] == ["send_ok", "poll_ok"]
    assert kafkasim("repl", "-c", "sned k1").code == 1
