"""What a person reads about one run."""

from __future__ import annotations

import io
import shlex

import pytest
from msgspec.structs import replace

from kafkasim.checkers.verdict import Anomaly, Example
from kafkasim.history import FaultEvent
from kafkasim.report.command import AS_WRITTEN, Overrides, command_that_repeats
from kafkasim.report.descriptions import Descriptions
from kafkasim.report.run import run_report
from kafkasim.report.screen import make_screen, show
from kafkasim.scenario.model import SECOND, NodeCrash, Partition
from kafkasim.sim.result import Pacing, RealtimeLag, Result
from tests.report.samples import LOST, NOTE, OPERATIONS, UNMET, operation, printed, result, statistics

DESCRIPTIONS = Descriptions(
    {"lost-write": "an acknowledged message that no poll returned"},
    {"lost-write": "acknowledged messages", "unseen": "acknowledged messages", "stale-commit": "commits and lists"},
    {"racy-append": "offset read and message appended in two steps"},
)


def report(run: Result, overrides: Overrides = AS_WRITTEN) -> str:
    return printed(run_report(make_screen(io.StringIO()), run, DESCRIPTIONS, overrides))


def test_first_and_last_line_name_the_seed():
    for run in (result(), result([LOST]), result([LOST], expected=("lost-write",)), result(unmet=[UNMET])):
        lines = report(run).splitlines()
        assert "seed 7" in lines[0]
        assert "seed 7" in lines[-1]


def test_says_why_the_scenario_is_worth_running():
    assert "What one learns from it." in report(result())


def test_a_lost_write_is_told_in_words_and_proven_by_its_operations():
    text = report(result([LOST], operations=OPERATIONS))
    assert (
        """\
lost-write  3 times at key k1
  an acknowledged message that no poll returned
  message 7 was acknowledged to alice at offset 3; bob read offset 4; nobody
  ever got 7
    #0  0.0000 s  alice → n0  send k1 7
    #1  0.0010 s  bob → n0    poll k1:0 (and 1 more key)
    #0  0.0030 s  n0 → alice  ok: offset 3
    #1  0.0040 s  n0 → bob    ok: [2] 6, [3] missing, [4] 9
  ... and 2 more like this.
"""
        in text
    )


def test_an_anomaly_that_is_not_expected_fails_and_ends_with_the_command():
    text = report(result([LOST]), Overrides(bug="racy-append", consistency="kafka"))
    assert "INVALID: lost-write found (seed 7)" in text
    assert shlex.split(text.splitlines()[-1]) == [
        *("kafkasim", "simulate", "scenarios/my demo.yaml", "--seed", "7"),
        *("--bug", "racy-append", "--consistency", "kafka"),
    ]


def test_an_expected_anomaly_is_a_success_that_shows_the_anomaly():
    text = report(result([LOST], expected=("lost-write",), operations=OPERATIONS))
    assert "lost-write  3 times at key k1  (as expected)" in text
    assert "AS EXPECTED: lost-write found (seed 7)" in text
    assert "INVALID" not in text
    assert "send k1 7" in text


def test_what_else_an_expected_fault_shows_as_is_only_counted():
    other = Anomaly("unseen", "error", "k1", 2, (Example("never seen", (0,)),))
    text = report(result([other, LOST], expected=("lost-write",), operations=OPERATIONS))
    assert "here also as unseen (2 times)." in text
    assert "never seen" not in text
    assert "never seen" in report(result([other], expected=("lost-write",), operations=OPERATIONS))


def test_an_expected_anomaly_that_is_missing_is_named():
    assert "NOT AS EXPECTED: lost-write expected and not found (seed 7)" in report(result(expected=("lost-write",)))


def test_a_valid_run_says_how_much_was_looked_at():
    text = report(result())
    assert "VALID: nothing wrong in 19,966 operations (seed 7)" in text
    assert "checked: 512 acknowledged messages, for 3 kinds of anomaly" in " ".join(text.split())


def test_a_note_is_told_and_fails_nothing():
    text = report(result([NOTE]))
    assert "commit-skip  once at key k2  (a note, no failure)" in text
    assert "VALID" in text


def test_an_unmet_expectation_is_told_with_its_place():
    text = report(result(unmet=[UNMET]))
    assert '  demo.yaml:12:9: alice, step 2 (send)\n      expected {"offset":0}\n      got {"offset":1}\n' in text
    assert "2 of 3 met" in text
    assert "NOT AS EXPECTED: 1 expectation not met (seed 7)" in text


def test_an_error_that_came_or_was_expected_is_told_in_words():
    one = replace(UNMET, expected={"error": "timeout"}, got={"error": "not-supported", "text": "unknown"})
    assert "expected error timeout\n      got error not-supported: unknown\n" in report(result(unmet=[one]))


def test_of_long_values_the_first_difference_is_shown():
    messages = [[place, f"message {place}"] for place in range(1000)]
    changed = [*messages[:700], [700, "something else"], *messages[701:]]
    one = replace(UNMET, expected={"k1": messages}, got={"k1": changed})
    text = " ".join(report(result(unmet=[one])).split())
    assert '[700,"message 700"],[701' in text
    assert '[700,"something else"],[701' in text
    assert text.count('"message 699"') == 2
    assert text.count('"message 690"') == text.count('"message 710"') == 0
    short = replace(UNMET, expected={"k1": messages}, got={"k1": messages[:3]})
    assert 'got {"k1":[[0,"message 0"],[1,"message 1"],[2,"message 2"]]}' in report(result(unmet=[short]))


def test_unmet_expectations_beyond_the_first_are_counted():
    text = report(result(unmet=[UNMET] * 50))
    assert text.count("demo.yaml:12:9") == 10
    assert "... and 40 more." in text


def test_rates_latencies_and_losses_are_shown():
    text = report(result())
    assert "20 s of simulated time, 997 of 1,000 operations/s asked for" in text
    assert "40,000 messages on the network, 398 lost and 3 duplicated" in text
    assert [line.split() for line in text.splitlines() if line.startswith("  send")] == [
        ["send", "9,930", "0", "12", "5.21", "ms", "20", "ms", "31", "ms", "93", "ms"]
    ]


def test_the_bug_is_named_with_what_it_does():
    assert "with the bug racy-append (offset read and message" in report(result(bug="racy-append"))


def test_nothing_learned_is_unknown_and_not_valid():
    text = report(result(verdict="unknown", checked={}))
    # Three expectations were met, and that is something.
    assert "VALID" in text
    run = result(verdict="unknown", checked={})
    run.expectations = 0
    assert "UNKNOWN: nothing was learned" in report(run)


def test_a_checker_that_failed_is_said_to_be_our_bug():
    text = report(result(verdict="unknown", failed={"lost-write": "KeyError: 3"}))
    assert "the checker of lost-write itself failed: KeyError: 3" in text
    assert "This is a bug of kafkasim; please report it." in " ".join(text.split())
    assert "UNKNOWN: a checker failed (seed 7)" in text


def test_an_expected_anomaly_that_nobody_looked_for_is_told_with_the_reason():
    expected = ("lost-write", "stale-poll")
    run = result(expected=expected, not_checked={"stale-poll": "not asked for at consistency kafka"})
    _, last = " ".join(report(run).split()).split("NOT AS EXPECTED: ")
    assert last.startswith(
        "lost-write expected and not found; "
        "stale-poll expected and not looked for: not asked for at consistency kafka (seed 7)"
    )


def test_an_interrupted_run_says_so():
    run = result([LOST])
    run.interrupted = True
    assert "INTERRUPTED: lost-write found so far (seed 7)" in report(run)


def test_text_from_outside_cannot_reach_the_terminal():
    evil = "\x1b[2J\x9b1;1H\u202e"
    anomaly = Anomaly("lost-write", "error", evil, 1, (Example(f"lost {evil}", (0,)),))
    refused = operation(0, "send", {"key": evil, "msg": evil}, client=evil, error=(22, evil))
    run = result([anomaly], operations=[refused], not_checked={"unseen": evil}, failed={"unseen": evil})
    run.scenario = replace(run.scenario, name=evil, why=evil, source=evil)
    error = replace(UNMET, expected={"error": evil}, got={"error": evil, "text": evil})
    run.unmet = [replace(UNMET, client=evil, action=evil, got=evil, where=evil), error]
    text = report(run)
    assert all(char.isprintable() or char == "\n" for char in text)


@pytest.mark.parametrize("columns", ["40", "80", "100"])
def test_no_line_but_a_command_is_wider_than_the_screen(columns, monkeypatch):
    monkeypatch.setenv("COLUMNS", columns)
    text = report(
        result([LOST, NOTE], operations=OPERATIONS, unmet=[UNMET], not_checked={"duplicate": "a reason " * 20})
    )
    lines = [line for line in text.splitlines() if "kafkasim simulate" not in line]
    assert max(map(len, lines)) <= int(columns)
    assert all(line == line.rstrip() for line in lines)


def test_a_pipe_gets_no_control_codes_and_a_terminal_gets_colours(monkeypatch):
    assert "\x1b" not in report(result([LOST]))

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    coloured, plain = Terminal(), Terminal()
    show(make_screen(coloured), *run_report(make_screen(coloured), result([LOST]), DESCRIPTIONS))
    monkeypatch.setenv("NO_COLOR", "1")
    show(make_screen(plain), *run_report(make_screen(plain), result([LOST]), DESCRIPTIONS))
    assert "\x1b[1;31m" in coloured.getvalue()
    assert "\x1b[1;31m" not in plain.getvalue()


def test_the_command_never_takes_a_file_for_an_option():
    assert shlex.split(command_that_repeats("--odd.yaml", 3)) == ["kafkasim", "simulate", "./--odd.yaml", "--seed", "3"]


def test_faults_that_did_not_strike_are_told():
    run = result()
    planned = (NodeCrash(SECOND, "n0"), NodeCrash(2 * SECOND, "n0"), Partition(SECOND, (("n0",),)))
    run.scenario = replace(run.scenario, faults=planned)
    run.history.faults += [
        FaultEvent(fault="crash", nodes=("n0",), at=SECOND, event=2),
        FaultEvent(fault="partition", groups=(("n0",), ("alice",)), at=SECOND, event=3),
    ]
    text = " ".join(report(run).split())
    assert "faults: 2 crashes of nodes (n0 at 1 s, n0 at 2 s), 1 partition (n0 | the others at 1 s)" in text
    assert "without effect: 1 crash of a node (n0 at 2 s): the run was over by then" in text


def test_of_a_run_in_which_nothing_was_asked_it_is_not_said_that_all_succeeded():
    run = result()
    run.statistics = replace(run.statistics, rate_asked=100.0, outcomes={}, availability={"all": 1.0})
    text = report(run)
    assert "no operation was begun" in text
    assert "succeeded" not in text


def test_faults_that_struck_a_moment_after_their_time_as_with_the_real_clock_have_struck():
    run = result()
    run.scenario = replace(run.scenario, faults=(NodeCrash(SECOND, "n0"), NodeCrash(2 * SECOND, "n0")))
    run.history.faults.append(FaultEvent(fault="crash", nodes=("n0",), at=SECOND + 1, event=2))
    assert "without effect: 1 crash of a node (n0 at 2 s)" in " ".join(report(run).split())
    run.history.faults.append(FaultEvent(fault="crash", nodes=("n0",), at=2 * SECOND + 1, event=3))
    assert "without effect" not in report(run)


def test_a_clock_that_was_given_up_and_nodes_that_were_not_waited_for_are_told():
    run = result()
    run.pacing = Pacing("virtual", 1_200_000_000, "n0 spoke unprompted", ("n1",))
    text = report(run)
    assert "clock: virtual up to 1.2 s, then real: n0 spoke unprompted\n" in text
    assert "not waited for: n1: silent for so long that time went on without it;" in text
    assert "20 s of simulated, then real time" in text
    run.pacing = Pacing("virtual", 20 * SECOND, "n0 spoke unprompted")  # in the final polls
    assert "20 s of simulated time" in report(run)


def test_of_what_many_nodes_wrote_for_people_a_part_is_shown():
    run = result([LOST])
    run.node_logs = {f"n{number}": tuple(f"line {line} of n{number}" for line in range(20)) for number in range(6)}
    run.node_logs["n0"] = ("x" * 1000,)
    text = report(run)
    assert "x" * 76 in text
    assert text.count("x") < 320
    assert ("  line 15 of n3\n" in text, "line 14 of n3" in text, "n4" in text) == (True, False, False)
    assert "... and 2 more nodes wrote something there.\n" in text


def test_the_figures_say_what_succeeded_how_far_a_poll_lagged_and_what_servers_had_to_say():
    run = result()
    run.statistics = statistics(
        availability={"all": 0.99957, "send": 0.9},
        messages_per_operation={"all": 8.204, "clients": 2.0, "servers": 6.204},
        worst_realtime_lag=RealtimeLag(12_300_000, "a key", 412, 5),
    )
    text = " ".join(report(run).split())
    assert "40,000 messages on the network (8.2 an operation, 6.2 of them between servers), 398 lost" in text
    assert '99.95 % of operations succeeded, worst realtime lag 12.3 ms (poll #412 of key "a key")' in text
    run.statistics = replace(run.statistics, rate_asked=None)
    text = " ".join(report(run).split())
    assert "succeeded" not in text
    assert 'worst realtime lag 12.3 ms (poll #412 of key "a key")' in text
    run.statistics = replace(run.statistics, worst_realtime_lag=None)
    assert "lag" not in report(run)
