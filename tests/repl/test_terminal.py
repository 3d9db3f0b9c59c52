"""The line editor, typed at through a pipe."""

import signal
from contextlib import contextmanager

import pytest
from msgspec import Raw
from prompt_toolkit.application import Application, create_app_session
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document
from prompt_toolkit.history import InMemoryHistory
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output import DummyOutput
from rich.cells import cell_len
from rich.console import Console

from kafkasim.console.session import Known, KnownLog
from kafkasim.console.terminal import LineCompleter, LineValidator, RefusedLine, Terminal, _statuses, _toolbar
from kafkasim.repl import converse

CTRL_C, CTRL_D, CTRL_Z, ENTER, TAB, RIGHT, UP = "\x03", "\x04", "\x1a", "\r", "\t", "\x1b[C", "\x1b[A"
PASTE, PASTE_END = "\x1b[200~", "\x1b[201~"


@contextmanager
def keyboard():
    with create_pipe_input() as keys, create_app_session(input=keys, output=DummyOutput()):
        yield keys


def typed(repl, text, earlier=()):
    """What a conversation prints in which this is typed; Ctrl-D ends it."""
    with keyboard() as keys:
        keys.send_text(text + CTRL_D)
        converse(repl.runner, Terminal(repl.session, InMemoryHistory(list(earlier))))
    return repl.out.getvalue()


def test_a_line_is_run_when_it_is_entered(repl):
    assert typed(repl, "send k1 hello" + ENTER + "poll k1" + ENTER) == 'k1[0]  "hello"\nk1[0]  "hello"\n'


def test_ctrl_d_leaves(repl):
    assert typed(repl, "") == ""


@pytest.mark.parametrize("word", ["quit", "exit"])
def test_quit_leaves(repl, word):
    assert typed(repl, word + ENTER + "send k1 never" + ENTER) == ""


def test_ctrl_c_clears_the_line(repl):
    assert typed(repl, "send k1 wrong" + CTRL_C + "send k1 right" + ENTER) == 'k1[0]  "right"\n'


def test_ctrl_z_goes_to_the_shell_and_the_line_is_kept(repl, monkeypatch):
    suspended = []
    monkeypatch.setattr(Application, "suspend_to_background", lambda *_: suspended.append(True))
    assert typed(repl, "send k1 half ty" + CTRL_Z + "ped" + ENTER) == 'k1[0]  "half typed"\n'
    assert suspended


def test_an_error_reply_is_printed_and_the_loop_goes_on(repl):
    assert typed(repl, "commit k1:5" + ENTER + "send k1 a" + ENTER) == 'k1[0]  "a"\n'
    assert repl.errors.startswith("precondition-failed (22): ")


def test_a_bug_of_ours_costs_nobody_the_session(repl, monkeypatch):
    ask = repl.session.connection.ask
    monkeypatch.setattr(
        repl.session.connection, "ask", lambda client, body: ask(client, body) if "key" in body else 1 / 0
    )
    assert typed(repl, "poll k1" + ENTER + "send k1 a" + ENTER) == 'k1[0]  "a"\n'
    assert "this is a bug of kafkasim" in repl.errors
    assert repl.errors.endswith("ZeroDivisionError: division by zero\n")


def test_a_line_that_cannot_be_meant_is_not_sent_but_left_to_be_mended(repl):
    backspace = "\x7f"
    to_the_end = "\x05"
    assert typed(repl, "poll k1:x" + ENTER + to_the_end + backspace + "0" + ENTER) == "k1  nothing: no messages yet\n"
    assert repl.errors == ""


def test_on_a_terminal_that_cannot_draw_the_error_is_printed(repl, monkeypatch):
    monkeypatch.setenv("TERM", "dumb")
    assert typed(repl, "snd" + ENTER + "send k1 a" + ENTER) == 'k1[0]  "a"\n'
    assert "did you mean `send`?" in repl.errors


def test_a_line_that_cannot_be_meant_keeps_nobody_from_ctrl_c_and_ctrl_d(repl):
    assert typed(repl, "poll k1:x" + ENTER + CTRL_C + "keys" + ENTER) == "no keys yet: send k1 hello\n"


def test_blank_lines_and_comments_do_nothing(repl):
    assert typed(repl, ENTER + "   " + ENTER + "# a comment" + ENTER) == ""


def test_pasted_lines_are_run_one_after_the_other(repl):
    assert typed(repl, PASTE + "send k1 a\nsend k1 b\n" + PASTE_END + ENTER) == 'k1[0]  "a"\nk1[1]  "b"\n'


def test_of_pasted_lines_none_is_run_where_one_is_no_command(repl, monkeypatch):
    pasted = PASTE + "send k1 a\nsnd\nsend k1 b" + PASTE_END + ENTER
    assert typed(repl, pasted + CTRL_C) == ""
    monkeypatch.setenv("TERM", "dumb")
    assert typed(repl, pasted) == ""
    assert repl.errors.startswith('pasted line 2:1: error: unknown command "snd"\n  snd\n  ^\n')


def test_of_pasted_lines_those_after_a_refused_request_are_counted(repl):
    pasted = PASTE + "send k1 a\ncommit k1:7\nsend k1 b\n\nkeys\n" + PASTE_END + ENTER
    assert typed(repl, pasted) == 'k1[0]  "a"\n'
    first, last = repl.errors.splitlines()
    assert first.startswith("pasted line 2: precondition-failed (22): ")
    assert last == "error: 2 more pasted lines not run"


def test_a_pasted_body_may_be_followed_by_another_command(repl):
    pasted = PASTE + 'send k1 {\n  "a": [\n    1]\n}\npoll k1' + PASTE_END + ENTER
    assert typed(repl, pasted).splitlines() == ['k1[0]  { "a": [ 1] }'] * 2


def test_broken_pasted_json_is_refused_at_its_own_line():
    text = 'keys\nsend k1 {\n  "a": x\n}'
    with pytest.raises(RefusedLine) as caught:
        LineValidator().validate(Document(text))
    assert caught.value.cursor_position == text.index("x")
    assert caught.value.reason == "pasted line 3: broken JSON: expected a value"


def test_a_pasted_body_may_have_several_lines(repl):
    body = '{\n  "type": "send",\n  "key": "k1",\n  "msg": 1\n}'
    assert typed(repl, PASTE + body + PASTE_END + ENTER) == "k1[0]  1\n"


def test_earlier_lines_come_back_with_the_arrow(repl):
    assert typed(repl, UP + ENTER, earlier=["send k1 again"]) == 'k1[0]  "again"\n'


def test_tab_completes_what_is_typed(repl):
    repl.type("send k1 a")
    with keyboard() as keys:
        terminal = Terminal(repl.session, InMemoryHistory())
        buffer = terminal._prompt.default_buffer
        waiting = [TAB + ENTER]

        def choose(_buffer):
            """Once there is something to choose from."""
            if buffer.complete_state is not None and waiting:
                keys.send_text(waiting.pop())

        buffer.on_completions_changed += choose
        keys.send_text("poll k")
        assert terminal.read() == "poll k1"


def test_an_earlier_line_is_suggested_and_taken_with_the_right_arrow(repl):
    with keyboard() as keys:
        terminal = Terminal(repl.session, InMemoryHistory(["send k1 hello"]))
        buffer = terminal._prompt.default_buffer

        def take(_buffer):
            if buffer.suggestion is not None and buffer.suggestion.text == " k1 hello":
                keys.send_text(RIGHT + ENTER)

        buffer.on_suggestion_set += take
        keys.send_text("send")
        assert terminal.read() == "send k1 hello"


@pytest.mark.parametrize("offered", ["class:auto-suggestion", "class:completion-menu.completion.current"])
def test_what_is_offered_does_not_look_typed_without_colours(repl, offered):
    with keyboard():
        style = Terminal(repl.session, InMemoryHistory())._prompt.app.style
    assert style is not None
    attributes = style.get_attrs_for_style_str(offered)
    assert attributes.dim or attributes.reverse
    assert not attributes.color


def test_overwriting_a_file_is_asked_about(repl, tmp_path):
    path = tmp_path / "lesson.yaml"
    path.write_text("precious")
    typed(repl, f"send k1 a{ENTER}save {path}{ENTER}n{ENTER}")
    assert path.read_text() == "precious"
    assert repl.out.getvalue().endswith(f"{path} was left as it is\n")
    assert repl.errors == ""
    typed(repl, f"save {path}{ENTER}yes{ENTER}")
    assert path.read_text().startswith("name: lesson\n")


def test_ctrl_c_is_no_answer_but_no(repl, tmp_path):
    path = tmp_path / "lesson.yaml"
    path.write_text("precious")
    out = typed(repl, f"send k1 a{ENTER}save {path}{ENTER}{CTRL_C}send k1 b{ENTER}")
    assert path.read_text() == "precious"
    assert out.endswith('k1[1]  "b"\n')


def test_the_toolbar_tells_client_keys_messages_and_syntax(repl):
    repl.type("send k1 a", "send k1 b", "as alice")
    with keyboard() as keys:
        terminal = Terminal(repl.session, InMemoryHistory())
        shown = []
        terminal._prompt.app.after_render += lambda _app: shown.append(
            "".join(fragment[1] for fragment in terminal.toolbar())
        )
        keys.send_text("poll k1" + ENTER)
        terminal.read()
    assert any(line.startswith(" poll KEY[:OFFSET]... [max=N]  ") for line in shown)
    assert all(line.endswith("  alice to n0 | 1 key, 2 messages ") and len(line) == 80 for line in shown)


def test_the_toolbar_tells_what_to_do_about_a_refused_line(repl):
    with keyboard() as keys:
        terminal = Terminal(repl.session, InMemoryHistory())
        shown = []
        terminal._prompt.app.after_render += lambda _app: shown.append(
            "".join(fragment[1] for fragment in terminal.toolbar())
        )
        keys.send_text("snd k1" + ENTER + CTRL_C)
        with pytest.raises(KeyboardInterrupt):
            terminal.read()
    assert any(text.startswith(' unknown command "snd"\n did you mean `send`?  ') for text in shown)


@pytest.mark.parametrize(("text", "place"), [("send k1", 7), ("poll k1:x", 8), ("  snd", 2), ('{"type": }', 9)])
def test_what_surely_is_no_command_is_refused_with_the_cursor_at_the_place(text, place):
    with pytest.raises(RefusedLine) as caught:
        LineValidator().validate(Document(text))
    assert caught.value.cursor_position == place
    assert caught.value.reason


@pytest.mark.parametrize("text", ["", "# comment", "commit k1:99", '{"type": "frobnicate"}', "keys\nkeys"])
def test_what_may_be_meant_is_let_through(text):
    LineValidator().validate(Document(text))


def test_files_are_completed_where_a_file_is_wanted(repl, tmp_path):
    (tmp_path / "lesson.txt").touch()
    completer = LineCompleter(repl.session)
    for command in ("source", "save", "save --overwrite"):
        document = Document(f"{command} {tmp_path}/les")
        assert [found.text for found in completer.get_completions(document, CompleteEvent())] == ["son.txt"]


def test_a_file_whose_name_has_blanks_is_completed_in_quotes(repl, tmp_path):
    (tmp_path / "my lesson.txt").touch()
    completer = LineCompleter(repl.session)
    for begun in (f"{tmp_path}/my", f'"{tmp_path}/my l'):
        document = Document(f"source {begun}")
        found = list(completer.get_completions(document, CompleteEvent()))
        assert [(each.text, each.start_position) for each in found] == [(f'"{tmp_path}/my lesson.txt"', -len(begun))]


def test_overwrite_is_offered_where_a_file_is_saved(repl, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    completer = LineCompleter(repl.session)
    for line in ("save ", "save --o"):
        assert [found.text for found in completer.get_completions(Document(line), CompleteEvent())] == ["--overwrite"]
    assert list(completer.get_completions(Document("source "), CompleteEvent())) == []


def test_a_completion_that_fails_offers_nothing(repl, monkeypatch):
    monkeypatch.setattr("kafkasim.console.terminal.complete", lambda *_: 1 / 0)
    assert list(LineCompleter(repl.session).get_completions(Document("poll "), CompleteEvent())) == []


@pytest.mark.parametrize("columns", [20, 30, 40, 80])
def test_the_toolbar_cuts_nothing_that_is_said_and_fits(columns):
    known = Known(client="日本", logs={"k1": KnownLog(end=2)})
    said = [("", "expected an offset (an integer from 0 on), got `日本語`"), ("", "keys are separated by blanks")]
    lines = "".join(fragment[1] for fragment in _toolbar(said, _statuses(known, "n0"), columns)).split("\n")
    assert max(map(cell_len, lines)) <= columns
    assert " ".join(text for _, text in said) in " ".join(" ".join(lines).split())
    assert "1 key, 2 messages" in lines[-1]
    assert ("日本 |" in lines[-1] or "日本 to n0" in lines[-1]) is (columns >= 30)


def test_enter_is_no_yes_to_overwriting(repl, tmp_path):
    path = tmp_path / "lesson.yaml"
    path.write_text("precious")
    typed(repl, f"send k1 a{ENTER}save {path}{ENTER}{ENTER}")
    assert path.read_text() == "precious"


def test_ctrl_c_while_lines_run_stops_between_two_of_them(repl, tmp_path):
    path = tmp_path / "big.txt"
    path.write_text("".join(f"send k1 {number}\n" for number in range(5)))
    ask = repl.session.connection.ask

    def interrupted(client, body):
        """By somebody who keeps pressing Ctrl-C while the third message is on its way."""
        reply = ask(client, body)
        if body.get("msg") == Raw(b"2"):
            signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGINT)
        return reply

    repl.session.connection.ask = interrupted
    out = typed(repl, f"source {path}{ENTER}poll k1{ENTER}")
    assert out.splitlines() == ["k1[0]  0", "k1[1]  1", "k1[2]  2"] * 2
    assert repl.errors == f"interrupted at {path}:4\n"
    assert len(repl.session.exchanges) == 4


def test_a_second_ctrl_c_cuts_what_is_printed_and_the_next_reply_is_whole(terminal_repl, monkeypatch):
    repl = terminal_repl
    cuts: list[bool] = []
    repl.type(*(f"send k1 {number}" for number in range(3)))
    before = len(repl.out.getvalue())
    monkeypatch.setattr(Console, "render", lambda console, *a, **k: cut_render(console, cuts, *a, **k))
    out = typed(repl, f"poll k1{ENTER}send k1 next{ENTER}")[before:]
    assert out.endswith('k1[3]  "next"\n')
    assert "k1[2]" not in out
    assert repl.errors == "\ninterrupted\n"


RENDER = Console.render


def cut_render(console, cuts, *arguments, **options):
    """The first time it is stopped halfway, by somebody who presses Ctrl-C twice."""
    if not cuts:
        cuts.append(True)
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
    return RENDER(console, *arguments, **options)
