"""The line editor, typed at through a pipe."""

from contextlib import contextmanager

import pytest
from prompt_toolkit.application import create_app_session
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document
from prompt_toolkit.history import InMemoryHistory
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output import DummyOutput
from prompt_toolkit.validation import ValidationError

from kafkasim.console.terminal import LineCompleter, LineValidator, Terminal
from kafkasim.repl import converse

CTRL_C, CTRL_D, ENTER, TAB, RIGHT, UP = "\x03", "\x04", "\r", "\t", "\x1b[C", "\x1b[A"
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


def test_pasted_lines_stop_at_the_first_that_fails(repl):
    assert typed(repl, PASTE + "send k1 a\nsnd\nsend k1 b" + PASTE_END + ENTER) == 'k1[0]  "a"\n'
    assert "did you mean `send`?" in repl.errors


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


def test_overwriting_a_file_is_asked_about(repl, tmp_path):
    path = tmp_path / "lesson.yaml"
    path.write_text("precious")
    typed(repl, f"send k1 a{ENTER}save {path}{ENTER}n{ENTER}")
    assert path.read_text() == "precious"
    assert "was left as it is" in repl.errors
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
        terminal._prompt.app.after_render += lambda _app: shown.append(terminal.toolbar()[0][1])
        keys.send_text("snd k1" + ENTER + CTRL_C)
        with pytest.raises(KeyboardInterrupt):
            terminal.read()
    assert " did you mean `send`?" in shown


@pytest.mark.parametrize("text", ["send k1", "poll k1:x", "snd", '{"type": }'])
def test_what_surely_is_no_command_is_refused_with_the_cursor_at_the_place(text):
    with pytest.raises(ValidationError) as caught:
        LineValidator().validate(Document(text))
    assert caught.value.cursor_position <= len(text)
    assert caught.value.message


@pytest.mark.parametrize("text", ["", "# comment", "commit k1:99", '{"type": "frobnicate"}', "a\nb"])
def test_what_may_be_meant_is_let_through(text):
    LineValidator().validate(Document(text))


def test_files_are_completed_where_a_file_is_wanted(repl, tmp_path):
    (tmp_path / "lesson.txt").touch()
    completer = LineCompleter(repl.session)
    for command in ("source", "save", "save --overwrite"):
        document = Document(f"{command} {tmp_path}/les")
        assert [found.text for found in completer.get_completions(document, CompleteEvent())] == ["son.txt"]
