"""``kafkasim simulate --log-net``: each message on standard error."""

from __future__ import annotations

import re
import signal

from tests.cli.command_line import ended, start


def test_each_message_is_a_line_on_standard_error(kafkasim):
    shown = kafkasim("simulate", "valid.yaml", "--log-net")
    assert shown.out == kafkasim("simulate", "valid.yaml").out
    assert shown.code == 0
    assert shown.err.splitlines()[:2] == [
        '0.000000 s  alice -> n0  {"type":"send","msg_id":1,"key":"k1","msg":"hello"}',
        '0.000000 s  n0 -> alice  {"type":"send_ok","in_reply_to":1,"offset":0}',
    ]


def test_what_the_network_does_to_a_message_stands_at_its_end(kafkasim, scenarios):
    (scenarios / "worse.yaml").write_text(
        "{name: worse, why: all that may happen, network: {latency: {mean: 5ms}, loss: 0.2, duplicate: 0.5}, "
        "workload: {clients: 4, rate: 400, duration: 3s}, faults: [{at: 1s, crash: n0, restart_after: 100ms}]}"
    )
    lines = kafkasim("simulate", "worse.yaml", "--log-net").err.splitlines()
    fates = {match.group(1) for line in lines if (match := re.search(r"}  \(([a-z ,]+)\)$", line))}
    assert fates == {"lost", "twice", "twice, one of them lost", "twice, both lost", "cut off"}


def test_a_message_cannot_write_over_the_screen(kafkasim, scenarios):
    (scenarios / "sly.yaml").write_text(
        'name: sly\nwhy: to hide\nclients: {a: [send: {key: k, msg: "\\x9b2J\\u202e"}, poll: {k: 0}]}\n'
    )
    shown = kafkasim("simulate", "sly.yaml", "--log-net")
    assert "k" in shown.err
    assert not {"\x9b", "\u202e"} & set(shown.err)


def test_messages_are_shown_while_the_run_goes_on(scenarios):
    process = start("simulate", "endless.yaml", "--log-net", cwd=scenarios)
    assert process.stderr is not None
    assert re.match(r"0\.\d{6} s  c\d -> n0  {", process.stderr.readline())
    process.send_signal(signal.SIGINT)
    assert ended(process).code == 130


def test_of_several_runs_they_are_not_to_be_had(kafkasim):
    shown = kafkasim("simulate", "valid.yaml", "--seeds", "2", "--log-net")
    assert (shown.code, shown.out) == (2, "")
    assert shown.err == "kafkasim: --log-net: expected one run, for their messages would mix, got 2\n"
