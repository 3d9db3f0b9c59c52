"""``kafkasim simulate --log-net``: what happens to each message, on standard error."""

from __future__ import annotations

import re
import signal

from tests.cli.command_line import ended, start


def test_each_message_is_told_on_standard_error_as_it_is_sent_and_as_it_arrives(kafkasim):
    shown = kafkasim("simulate", "valid.yaml", "--log-net")
    assert shown.out == kafkasim("simulate", "valid.yaml").out
    assert shown.code == 0
    assert shown.err.splitlines()[:4] == [
        '0.000000 s  0  alice -> n0  {"type":"send","msg_id":1,"key":"k1","msg":"hello"}',
        "0.000000 s  0  alice -> n0  arrived after 0 s",
        '0.000000 s  1  n0 -> alice  {"type":"send_ok","in_reply_to":1,"offset":0}',
        "0.000000 s  1  n0 -> alice  arrived after 0 s",
    ]


def test_what_becomes_of_a_message_is_told_in_words(kafkasim, scenarios):
    (scenarios / "worse.yaml").write_text(
        "{name: worse, why: all that may happen, network: {latency: {mean: 5ms}, loss: 0.1, duplicate: 0.5}, "
        "workload: {clients: 4, rate: 400, duration: 3s}, faults: [{at: 1s, crash: n0, restart_after: 100ms}, "
        "{at: 2s, partition: [[n0], [c1, c2]], heal_after: 200ms}]}"
    )
    lines = kafkasim("simulate", "worse.yaml", "--log-net").err.splitlines()
    fates = {re.sub(r"\d+", "N", line.split("  ", 3)[3]) for line in lines if not line.endswith("}")}
    assert fates == {
        *(f"{body}  (copy of N)" for body in bodies(fates)),
        "arrived after N ms",
        "arrived after N ms, too late: nobody waits for it",
        "lost",
        "lost after N ms: a partition lies between them",
        "lost after N ms: the node is down",
    }
    assert bodies(fates)


def bodies(fates: set[str]) -> set[str]:
    return {fate.removesuffix("  (copy of N)") for fate in fates if fate.startswith("{")}


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
    assert re.match(r"0\.\d{6} s  0  c\d -> n0  {", process.stderr.readline())
    process.send_signal(signal.SIGINT)
    assert ended(process).code == 130


def test_of_several_runs_they_are_not_to_be_had(kafkasim):
    shown = kafkasim("simulate", "valid.yaml", "--seeds", "2", "--log-net")
    assert (shown.code, shown.out) == (2, "")
    assert shown.err == "kafkasim: --log-net: expected one run, for their messages would mix, got 2\n"
