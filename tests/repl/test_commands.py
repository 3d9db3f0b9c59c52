"""What each command does and what it prints."""

import json

import pytest
from rich.cells import cell_len

from kafkasim.console.connection import Answer
from kafkasim.console.runner import Outcome
from kafkasim.console.session import KnownLog


def test_send_tells_where_the_message_is(repl):
    assert repl.type("send k1 hello world", 'send k1 {"a": 1.50}') == 'k1[0]  "hello world"\nk1[1]  {"a": 1.50}\n'


def test_poll_shows_each_key_from_the_offset_asked_for(repl):
    repl.type("send k1 a", "send k1 b", "send k2 c")
    assert repl.type("poll k1:1 k2") == 'k1[1]  "b"\nk2[0]  "c"\n'


def test_poll_says_when_there_is_nothing(repl):
    repl.type("send k1 a")
    assert repl.type("poll k1:1 k9") == (
        "k1  nothing at or above offset 1: the last message is at 0\nk9  nothing: no messages yet\n"
    )


def test_max_keeps_so_many_messages_of_each_key(repl):
    repl.type("send k1 a", "send k1 b", "send k2 c")
    assert repl.type("poll k1 k2 max=1") == 'k1[0]  "a"\nk2[0]  "c"\n'


def test_offsets_line_up(repl):
    repl.type(*(f"send k1 {number}" for number in range(12)))
    assert repl.type("poll k1:9") == "k1[9]   9\nk1[10]  10\nk1[11]  11\n"


def test_commit_says_what_it_means(repl):
    repl.type("send k1 a", "send k1 b")
    assert repl.type("commit k1:1") == "k1  committed 1: all up to and including offset 1 is processed\n"
    assert repl.type("commit k1:0") == "k1  committed 0: changes nothing, 1 is committed already\n"


def test_list_tells_committed_offset_and_what_comes_next(repl):
    repl.type("send k1 a", "commit k1:0")
    assert repl.type("list k1 k2") == (
        "key  committed  next to read\n"
        "k1           0             1\n"
        "k2           -             0\n"
    )  # fmt: skip


def test_keys_tells_what_is_known_of_each(repl):
    assert repl.type("keys") == "no keys yet: send k1 hello\n"
    repl.type("send k1 a", "send k1 b", "send ключ c", "commit k1:0")
    assert repl.type("keys") == (
        "key   messages  committed  next to read\n"
        "k1           2          0             1\n"
        "ключ         1          -             0\n"
    )


def test_show_marks_the_committed_offset(repl):
    repl.type("send k1 a", "send k1 b", "send k1 c", "commit k1:1")
    assert repl.type("show k1") == (
        'k1[0]  "a"\n'
        'k1[1]  "b"\n'
        "-----  processed up to here (committed)\n"
        'k1[2]  "c"\n'
    )  # fmt: skip
    assert repl.type("show k1:2") == 'k1[2]  "c"\nk1  processed up to offset 1 (committed)\n'


def test_show_without_a_key_shows_every_log(repl):
    repl.type("send k1 a", "send k2 b")
    assert repl.type("show") == (
        'k1[0]  "a"\n'
        "k1  no committed offset\n"
        "\n"
        'k2[0]  "b"\n'
        "k2  no committed offset\n"
    )  # fmt: skip


def test_show_of_a_key_without_messages_says_so_and_creates_nothing(repl):
    assert repl.type("show nope") == "nope  nothing: no messages yet\n"
    assert repl.type("keys") == "no keys yet: send k1 hello\n"


def test_looking_is_not_part_of_the_session(repl):
    repl.type("send k1 a", "show k1", "keys")
    assert len(repl.session.exchanges) == 1


def test_a_large_result_is_cut_with_the_command_that_goes_on(repl):
    repl.type(*(f"send k1 {number}" for number in range(50)))
    polled = repl.type("poll k1:10").splitlines()
    assert len(polled) == 21
    assert polled[-1] == "... and 20 more: poll k1:30"
    assert repl.type("show k1").splitlines()[-2:] == ["... and 30 more: show k1:20", "k1  no committed offset"]


def test_who_names_a_number_of_messages_is_shown_so_many(repl):
    repl.type(*(f"send k1 {number}" for number in range(50)))
    assert len(repl.type("poll k1 max=45").splitlines()) == 45


def test_a_request_for_nothing_is_told_to_be_one(repl):
    for body in (
        '{"type": "poll", "offsets": {}}',
        '{"type": "commit_offsets", "offsets": {}}',
        '{"type": "list_committed_offsets", "keys": []}',
    ):
        assert repl.type(body) == "nothing was asked for\n"


def test_on_a_terminal_long_messages_are_cut_and_one_alone_is_shown_whole(terminal_repl):
    repl = terminal_repl
    repl.type("send k1 short", f"send k1 {'x' * 100}")
    lines = repl.type("poll k1").splitlines()
    assert len(lines[1]) == 80
    assert lines[1].endswith("…")
    assert lines[2] == "... some are cut; one alone is shown whole: poll k1:1 max=1"
    assert repl.type("poll k1:1 max=1").replace("\n", "").endswith('x"')


def test_off_a_terminal_no_message_is_cut(repl):
    repl.type("send k1 short", f"send k1 {'x' * 1000}")
    assert "x" * 1000 in repl.type("poll k1").splitlines()[1]


def test_what_a_terminal_would_obey_is_shown_and_not_obeyed(repl):
    out = repl.type('send "k\\u001b[31m" "\\u001b[0m\u009b\u202e"', "poll k1\u009b", "keys")
    assert out.replace("\n", "").isprintable()
    assert '"k\\u001b[31m"[0]' in out


def test_wide_characters_keep_tables_straight(repl):
    repl.type("send 日本 x", "send k1 y")
    assert repl.type("keys").splitlines()[1:] == [
        "日本         1          -             0",
        "k1           1          -             0",
    ]


def test_brackets_and_colons_in_messages_are_no_markup(repl):
    assert repl.type("send k1 say [bold]no[/bold] :smile:") == 'k1[0]  "say [bold]no[/bold] :smile:"\n'


def test_an_error_reply_is_the_protocols_own(repl):
    assert repl.type("commit k1:99") == ""
    assert repl.outcome is Outcome.FAILED
    assert repl.errors == (
        'precondition-failed (22): commit_offsets: key "k1" cannot be committed at offset 99: it has no messages\n'
    )


def test_a_body_is_sent_as_it_stands(repl):
    assert repl.type('{"type": "send", "key": "k1", "msg": [1]}') == "k1[0]  [1]\n"
    repl.type('{"type": "poll", "offsets": {"k1": -1}}')
    assert repl.errors == "malformed-request (12): poll: field `offsets.k1`: expected an integer >= 0, got -1\n"


def test_a_body_that_nobody_answers_is_told(repl):
    repl.type('{"type": "send_ok", "in_reply_to": 1}')
    assert repl.outcome is Outcome.FAILED
    assert repl.errors.startswith("no reply: ")


def test_speaking_as_another_client_changes_who_asks(repl):
    repl.type("send k1 a", "as alice", "send k1 b")
    assert [exchange.client for exchange in repl.session.exchanges] == ["c1", "alice"]
    assert repl.type("as") == "alice is speaking to n0 (also here: c1)\n"


def test_the_node_is_told_which_client_asks(repl):
    ask, asked = repl.session.connection.ask, []

    def overheard(client, body):
        asked.append(client)
        return ask(client, body)

    repl.session.connection.ask = overheard
    repl.type("send k1 a", "as alice", "poll k1")
    assert asked == ["c1", "alice"]


def test_json_puts_replies_alone_on_standard_output_whole_and_one_a_line(json_repl):
    repl = json_repl
    sends = [f"send k1 {number}" for number in range(100)]
    out = repl.type(*sends, 'send k2 {"a": 1.50}', "keys", "as", "show k1", "help", "poll k1 k2", "commit k1:500")
    replies = out.splitlines()
    assert len(replies) == 103
    assert len(json.loads(replies[-2])["msgs"]["k1"]) == 100
    assert '[0,{"a": 1.50}]' in replies[-2]
    assert json.loads(replies[-1])["code"] == 22
    assert "precondition-failed" in repl.errors


def test_json_limits_a_poll_as_asked(json_repl):
    out = json_repl.type("send k1 a", "send k1 b", "poll k1 max=1")
    assert json.loads(out.splitlines()[-1])["msgs"] == {"k1": [[0, "a"]]}


def test_json_is_one_line_whatever_was_pasted(json_repl):
    out = json_repl.type('send k1 {\n"a":\r\n1}', "poll k1")
    assert json.loads(out.splitlines()[1])["msgs"] == {"k1": [[0, {"a": 1}]]}


def test_an_error_in_a_line_is_shown_with_a_mark_under_the_place(repl):
    repl.type("poll k1:x")
    assert repl.errors == (
        "error: expected an offset (an integer from 0 on), got `x`\n"
        "  poll k1:x\n"
        "          ^\n"
    )  # fmt: skip


def test_the_mark_is_under_the_place_after_wide_characters(repl):
    repl.type("poll 日本:x")
    line, mark = repl.errors.splitlines()[1:3]
    assert line == "  poll 日本:x"
    assert mark == "  " + " " * len("poll ") + " " * 4 + " " + "^"


def test_of_a_long_line_the_part_around_the_place_is_shown(repl):
    repl.type(f'send k1 {{"a": "{"x" * 500}", "b": }}')
    line, mark = repl.errors.splitlines()[1:3]
    assert len(line) <= 80
    assert line[mark.index("^")] == "}"


def test_a_request_without_msg_id_is_told_to_be_obeyed_and_its_log_is_known(repl):
    repl.type("send k1 a")
    out = repl.type('{"type": "send", "key": "k1", "msg": 1, "msg_id": null}')
    assert (repl.outcome, out) == (Outcome.DONE, "no reply: without a usable msg_id the node does not answer\n")
    repl.type('{"type": "commit_offsets", "offsets": {"k1": 1}, "msg_id": null}')
    assert repl.type("keys").splitlines()[1].split() == ["k1", "2", "1", "2"]
    assert len(repl.session.exchanges) == 3


def test_the_payload_of_a_body_stays_as_it_was_typed(repl):
    assert repl.type('{"type":"send","key":"k1","msg":1.50}', "poll k1") == "k1[0]  1.50\n" * 2


def test_keys_and_show_stop_after_so_many_and_say_how_to_go_on(repl):
    repl.type(*(f"send k{number} a" for number in range(23)))
    assert repl.type("keys").splitlines()[-2:] == ["k19         1          -             0", "... and 3 more: keys k20"]
    assert [line.split()[0] for line in repl.type("keys k20").splitlines()] == ["key", "k20", "k21", "k22"]
    assert repl.type("show").splitlines()[-1] == "... and 3 more keys: keys k20"
    repl.type("keys nope")
    assert repl.errors == "error: there is no key nope yet\n"


def test_show_asks_for_the_committed_offset_and_the_messages(repl):
    repl.session.connection.ask("c9", {"type": "send", "key": "k1", "msg": 1})
    repl.session.connection.ask("c9", {"type": "commit_offsets", "offsets": {"k1": 0}})
    assert "processed up to here (committed)" in repl.type("show k1")


def test_show_prints_a_refusal(repl):
    ask = repl.session.connection.ask
    error = Answer(b'{"type":"error","in_reply_to":1,"code":11,"text":"later"}')
    repl.session.connection.ask = lambda client, body: error if body["type"] == "poll" else ask(client, body)
    assert repl.type("show k1") == ""
    assert (repl.outcome, repl.errors) == (Outcome.FAILED, "temporarily-unavailable (11): later\n")


def test_polls_and_lists_teach_the_session(repl):
    repl.session.connection.ask("c9", {"type": "send", "key": "k1", "msg": 1})
    repl.session.connection.ask("c9", {"type": "commit_offsets", "offsets": {"k1": 0}})
    repl.type("poll k1")
    assert repl.session.known.logs["k1"] == KnownLog(end=1)
    repl.type("list k1")
    assert repl.session.known.logs["k1"] == KnownLog(end=1, committed=0)


def test_tables_fit_the_terminal(terminal_repl):
    repl = terminal_repl
    repl.type(f"send {'k' * 200} a")
    for line in (*repl.type("keys").splitlines(), *repl.type(f"list {'k' * 200}").splitlines()):
        assert len(line) <= 80
    assert "kkk…" in repl.type("keys")


def test_a_message_shown_whole_keeps_its_blanks_and_joiners(terminal_repl):
    message = "x " + " " * 120 + "👩\u200d🚀"
    assert f'"{message}"\n' in terminal_repl.type(f"send k1 {message}")


def test_clients_are_listed_as_they_are_typed(repl):
    assert repl.type('as "two words"', "as alice", "as") == 'alice is speaking to n0 (also here: c1, "two words")\n'


@pytest.mark.parametrize("junk", ["\\u0001" * 200, "\x01" * 200, "日" * 200])
def test_the_mark_is_under_the_place_in_any_long_line(repl, junk):
    repl.type(f'send k1 ["{junk}", }}')
    line, mark = repl.errors.splitlines()[1:3]
    assert cell_len(line) <= 80
    assert line[-1] == "}" or "\x01" in junk
    assert cell_len(line) - 1 == mark.index("^") or "\x01" in junk


def test_a_killed_node_has_lost_its_log_and_answers_again_once_it_is_started(repl):
    repl.type("send k1 a", "kill")
    assert repl.type("poll k1") == ""
    assert (repl.outcome, repl.errors) == (
        Outcome.FAILED,
        "error: n0 is down: it was killed; `restart` starts it again\n",
    )
    assert repl.type("restart", "show") == "n0 was started again\nk1  nothing: no messages yet\n"


def test_a_session_is_saved_from_the_last_start_of_the_node_on(repl, tmp_path):
    said = repl.type("send k1 a", "restart", "send k1 b", f"save {tmp_path / 'saved.yaml'}")
    assert "saved 1 step, what was asked since n0 was started again; run it with: " in said
    assert "msg: b" in (tmp_path / "saved.yaml").read_text()
