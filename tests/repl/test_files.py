"""Files: running commands from them, saving sessions to them, remembering typed lines in them."""

import errno
import os
import shlex
from pathlib import Path

import pytest

from kafkasim.console.runner import Outcome
from kafkasim.console.typed_lines import TypedLines, typed_lines_path
from kafkasim.scenario import model
from kafkasim.scenario.load import load, loads

# --------------------------------------------------------------------------------------
# source
# --------------------------------------------------------------------------------------


def test_a_sourced_file_is_run_as_if_typed(repl, tmp_path):
    path = tmp_path / "commands.txt"
    path.write_text("\ufeff# made by hand\n\nsend k1 hello\r\npoll k1", encoding="utf-8")
    assert repl.type(f"source {path}") == 'k1[0]  "hello"\nk1[0]  "hello"\n'
    assert repl.outcome is Outcome.DONE


def test_an_error_in_a_sourced_file_names_file_line_and_column_and_stops_there(repl, tmp_path):
    path = tmp_path / "commands.txt"
    path.write_text("send k1 a\npoll k1:x\nsend k1 never\n")
    assert repl.type(f"source {path}") == 'k1[0]  "a"\n'
    assert repl.errors.startswith(f"{path}:2:9: error: expected an offset")
    assert repl.outcome is Outcome.FAILED


def test_an_error_reply_in_a_sourced_file_names_file_and_line(repl, tmp_path):
    path = tmp_path / "commands.txt"
    path.write_text("\ncommit k1:0\n")
    repl.type(f"source {path}")
    assert repl.errors.startswith(f"{path}:2: precondition-failed (22): ")


def test_a_file_may_source_another_and_quit_ends_both(repl, tmp_path):
    (tmp_path / "inner.txt").write_text("send k1 a\nquit\n")
    (tmp_path / "outer.txt").write_text(f"source {tmp_path}/inner.txt\nsend k1 never\n")
    assert repl.type(f"source {tmp_path}/outer.txt", "send k1 never") == 'k1[0]  "a"\n'
    assert repl.outcome is Outcome.LEFT


def test_a_file_that_sources_itself_is_stopped(repl, tmp_path):
    (tmp_path / "a.txt").write_text(f"source {tmp_path}/b.txt\n")
    (tmp_path / "b.txt").write_text(f"send k1 once\nsource {tmp_path}/./a.txt\n")
    assert repl.type(f"source {tmp_path}/a.txt") == 'k1[0]  "once"\n'
    assert "would run itself for ever" in repl.errors
    assert repl.errors.startswith(f"{tmp_path}/b.txt:2: ")


def test_the_same_file_may_be_sourced_twice(repl, tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("send k1 a\n")
    assert repl.type(f"source {path}", f"source {path}") == 'k1[0]  "a"\nk1[1]  "a"\n'


def test_a_file_that_cannot_be_read_is_told_of(repl, tmp_path):
    repl.type(f"source {tmp_path}/nope.txt")
    assert repl.errors == f"error: cannot read {tmp_path}/nope.txt: No such file or directory\n"
    repl.type(f"source {tmp_path}")
    assert "Is a directory" in repl.errors


@pytest.mark.parametrize("path", ["~nobody-of-that-name/a", "x" * 300, "loop/a", "/dev/null/a"])
def test_a_strange_path_is_told_of(repl, tmp_path, monkeypatch, path):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "loop").symlink_to("loop")
    repl.type("send k1 a", f"source {path}")
    assert repl.errors.startswith(f"error: cannot read {path}: ")
    repl.type(f"save {path}")
    assert f"error: cannot write {path}: " in repl.errors


def test_bytes_that_are_no_text_are_an_error_at_their_place(repl, tmp_path):
    path = tmp_path / "latin1.txt"
    path.write_bytes(b"send k1 a\nsend k1 gr\xfcn\n")
    repl.type(f"source {path}")
    assert repl.errors.startswith(f"{path}:2:11: error: this is not UTF-8 text\n")


# --------------------------------------------------------------------------------------
# save
# --------------------------------------------------------------------------------------


def saved(repl, tmp_path):
    path = tmp_path / "lesson.yaml"
    repl.type(f"save {path}")
    return loads(path.read_text(), str(path))


def test_a_session_is_saved_as_steps_with_the_replies_as_expectations(repl, tmp_path):
    repl.type("send k1 hello", "as alice", "poll k1 max=5", "commit k1:0", "list k1 k2")
    repl.type("commit k1:9")
    scenario = saved(repl, tmp_path)
    assert scenario.name == "lesson"
    assert [step.client for step in scenario.steps] == ["c1", "alice", "alice", "alice", "alice"]
    steps = [step.step for step in scenario.steps]
    assert [step.action for step in steps] == [
        model.Send("k1", "hello"),
        model.Poll({"k1": 0}, 5),
        model.CommitOffsets({"k1": 0}),
        model.ListCommittedOffsets(("k1", "k2")),
        model.CommitOffsets({"k1": 9}),
    ]
    assert [step.expect for step in steps] == [{"offset": 0}, {"k1": [[0, "hello"]]}, None, {"k1": 0}, None]
    assert [step.expect_error for step in steps] == [None, None, None, None, "precondition-failed"]


def test_a_body_is_saved_as_a_body(repl, tmp_path):
    repl.type('{"type": "send", "key": "k1", "msg": [1.5]}')
    repl.type('{"type": "frobnicate"}')
    steps = [step.step for step in saved(repl, tmp_path).steps]
    assert steps[0].action == model.Raw({"type": "send", "key": "k1", "msg": [1.5]})
    assert steps[0].expect == {"type": "send_ok", "offset": 0}
    assert steps[1].expect_error == "not-supported"


def test_whole_numbers_stay_whole_whatever_their_size(repl, tmp_path):
    repl.type("send k1 123456789012345678901234567890")
    assert saved(repl, tmp_path).steps[0].step.action == model.Send("k1", 123456789012345678901234567890)


def test_looking_and_failing_to_type_is_not_saved(repl, tmp_path):
    repl.type("send k1 a", "show", "keys", "help")
    repl.type("snd")
    assert len(saved(repl, tmp_path).steps) == 1


def test_an_empty_session_is_not_saved(repl, tmp_path):
    repl.type(f"save {tmp_path}/lesson.yaml")
    assert repl.errors == "error: there is nothing to save: nothing has been asked yet\n"
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_there_is_left_alone_unless_told_otherwise(repl, tmp_path):
    path = tmp_path / "lesson.yaml"
    path.write_text("precious")
    repl.type("send k1 a", f"save {path}")
    assert path.read_text() == "precious"
    assert f"save --overwrite {path}" in repl.errors
    repl.type(f"save --overwrite {path}")
    assert path.read_text().startswith("name: lesson\n")


def test_a_file_that_cannot_be_written_is_told_of(repl, tmp_path):
    repl.type("send k1 a", f"save {tmp_path}/no/such/folder.yaml")
    assert repl.errors.startswith(f"error: cannot write {tmp_path}/no/such/folder.yaml: No such file")


def test_what_a_scenario_cannot_say_is_told_of_and_nothing_is_written(repl, tmp_path):
    repl.type("send k1 " + "[" * 300 + "]" * 300, f"save {tmp_path}/deep.yaml")
    assert repl.errors.startswith("error: cannot save: ")
    assert list(tmp_path.iterdir()) == []


# --------------------------------------------------------------------------------------
# Typed lines
# --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("environment", "platform", "ending"),
    [
        ({}, "linux", ".local/state/kafkasim/history"),
        ({"XDG_STATE_HOME": "relative"}, "linux", ".local/state/kafkasim/history"),
        ({}, "darwin", "Library/Application Support/kafkasim/history"),
        ({"LOCALAPPDATA": "/app"}, "win32", "/app/kafkasim/history"),
    ],
)
def test_typed_lines_are_kept_where_the_platform_keeps_such_things(environment, platform, ending):
    assert typed_lines_path(environment, platform).as_posix().endswith(ending)


def test_typed_lines_of_several_sessions_are_all_there_the_latest_first(tmp_path):
    path = tmp_path / "state" / "history"
    first, second = TypedLines(path), TypedLines(path)
    first.store_string("poll k1")
    second.store_string("send k1 a\nb")
    first.store_string("keys")
    assert list(TypedLines(path).load_history_strings()) == ["keys", "send k1 a\nb", "poll k1"]
    assert path.stat().st_mode & 0o077 == 0


def test_typed_lines_that_cannot_be_kept_are_done_without(tmp_path):
    in_the_way = tmp_path / "file"
    in_the_way.write_text("")
    for path in (in_the_way / "history", tmp_path):
        lines = TypedLines(path)
        lines.store_string("poll k1")
        assert list(lines.load_history_strings()) == []
    TypedLines(tmp_path / "history").store_string("half \udce4 a character")


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (f"send k1 {'1' * 1500}", "step 2: "),
        (f"send k1 {'1' * 4000}", "an integer of 4000 characters"),
        ("send k1 0.1000000000000000000000001", "a scenario would keep the number 0.1000000000000000000000001 as 0.1"),
        ('{"type": "send", "key": "k1", "msg": 1e-400}', "a scenario would keep the number 1e-400 as 0.0"),
    ],
)
def test_what_simulate_would_refuse_or_read_otherwise_is_not_saved(repl, tmp_path, line, reason):
    repl.type("send k1 a", line, f"save {tmp_path}/lesson.yaml")
    assert repl.errors.startswith("error: cannot save: ")
    assert reason in repl.errors
    assert list(tmp_path.iterdir()) == []


def test_a_scenario_with_too_many_values_is_not_saved(repl, tmp_path, monkeypatch):
    monkeypatch.setattr("kafkasim.scenario.tree._MOST_NODES", 50)
    repl.type(*["send k1 a"] * 10, f"save {tmp_path}/lesson.yaml")
    assert "expected at most 50 values" in repl.errors
    assert list(tmp_path.iterdir()) == []


def test_numbers_that_a_scenario_keeps_are_saved(repl, tmp_path):
    repl.type("send k1 1.50", "send k1 0.1", "send k1 1E5", "send k1 -0.0")
    assert [step.step.action.msg for step in saved(repl, tmp_path).steps] == [1.5, 0.1, 100000.0, -0.0]


@pytest.mark.parametrize("name", ["-lesson.yaml", "my lesson.yaml", "~/lesson.yaml", "it's.yaml"])
def test_the_command_that_saving_prints_works(repl, tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    said = repl.type("send k1 a", f'save "{name}"')
    arguments = shlex.split(said.partition("run it with: ")[2])
    assert arguments[:2] == ["kafkasim", "simulate"]
    assert not arguments[2].startswith(("-", "~"))
    assert load(arguments[2]).steps


def test_overwriting_keeps_the_mode_and_follows_a_link(repl, tmp_path):
    path, link = tmp_path / "real" / "lesson.yaml", tmp_path / "link.yaml"
    path.parent.mkdir()
    path.write_text("old")
    path.chmod(0o640)
    link.symlink_to(path)
    repl.type("send k1 a", f"save --overwrite {link}")
    assert link.is_symlink()
    assert path.read_text().startswith("name: link\n")
    assert path.stat().st_mode & 0o777 == 0o640
    assert [each.name for each in path.parent.iterdir()] == ["lesson.yaml"]


def test_what_is_there_is_replaced_only_once_the_new_text_is_whole(repl, tmp_path, monkeypatch):
    path = tmp_path / "lesson.yaml"
    path.write_text("old")

    def full(*_arguments):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "replace", full)
    repl.type("send k1 a", f"save --overwrite {path}")
    assert repl.errors == f"error: cannot write {path}: No space left on device\n"
    assert [each.read_text() for each in tmp_path.iterdir()] == ["old"]


def test_a_name_as_long_as_names_can_be_is_written(repl, tmp_path):
    repl.type("send k1 a", f"save {tmp_path}/{'x' * 255}")
    assert repl.errors == ""
    assert len(list(tmp_path.iterdir())) == 1


def test_a_directory_is_no_file_to_save_to_and_nobody_is_asked(repl, tmp_path):
    repl.runner.confirm = pytest.fail
    repl.type("send k1 a", f"save {tmp_path}")
    assert repl.errors == f"error: {tmp_path} is a directory: expected a file\n"


def test_files_that_source_one_another_end_somewhere(repl, tmp_path):
    for number in range(300):
        (tmp_path / f"{number}.txt").write_text(f"source {tmp_path}/{number + 1}.txt\n")
    repl.type(f"source {tmp_path}/0.txt")
    assert repl.errors == (
        f"{tmp_path}/49.txt:1: error: {tmp_path}/50.txt was not run: expected at most 50 files inside one another\n"
    )


def test_a_tilde_is_the_home_of_who_types_it(repl, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "a.txt").write_text("send k1 a\n")
    assert repl.type("source ~/a.txt") == 'k1[0]  "a"\n'


def test_blank_lines_are_not_remembered(tmp_path):
    lines = TypedLines(tmp_path / "history")
    for line in ("keys", "   ", ""):
        lines.append_string(line)
    assert list(lines.load_history_strings()) == ["keys"]
