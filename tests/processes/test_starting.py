"""Why a program cannot be started is told in words, by whoever was to start it."""

import os

import pytest

from kafkasim.processes.child import Child, StartError
from kafkasim.processes.starting import why_not


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    for name, text in {
        "plain": "no program",
        "no-interpreter": "#!/nowhere/python\n",
        "its-interpreter-is-a-folder": f"#! {tmp_path}/folder -x\n",
        "from-windows": "#!/bin/sh\r\nexit 0\r\n",
        "good": "#!/bin/sh\nexit 0\n",
        "good-with-blanks": "#! /bin/sh -e\nexit 0\n",
    }.items():
        file = tmp_path / name
        file.write_text(text, newline="")
        file.chmod(0o644 if name == "plain" else 0o755)


@pytest.mark.parametrize(
    ("program", "reason"),
    [
        ("sh", ""),
        ("./good", ""),
        ("./good-with-blanks", ""),
        ("./nowhere", "there is no such file, looked for in {here}"),
        ("plain/node", "there is no such file, looked for in {here}"),
        ("/nowhere/node", "there is no such file"),
        ("nowhere", "there is no such program, neither on PATH nor in {here}"),
        ("good", "there is no such program on PATH; the one in {here} is ./good"),
        ("folder", "expected a program, this is a directory"),
        ("./folder", "expected a program, this is a directory"),
        ("./plain", "this file cannot be run: try `chmod +x`"),
        ("./no-interpreter", "its first line names /nowhere/python, and there is no such file"),
        ("./its-interpreter-is-a-folder", "its first line names {here}/folder, which cannot be run"),
        ("./from-windows", r"its lines end as on Windows, so that its first names /bin/sh\r: try `dos2unix`"),
        ("", "expected a program, got an empty text"),
        ("a\0b", "no file's name has a zero byte in it"),
    ],
)
def test_what_keeps_a_program_from_being_started_is_told(program, reason, tmp_path):
    expected = reason.format(here=tmp_path)
    assert why_not(program) == expected
    if expected:
        with pytest.raises(StartError) as refused:
            Child([program], "")
        assert str(refused.value).endswith(f": {expected}")


def test_a_script_without_its_first_line_is_told_what_it_lacks(tmp_path):
    script = tmp_path / "script"
    script.write_text("print('hello')\n")
    script.chmod(0o755)
    with pytest.raises(StartError, match=r"^./script: .* a script needs a first line such as #!/usr/bin/env python3$"):
        Child(["./script"], "")


def test_a_directory_that_is_gone_is_no_riddle(tmp_path, monkeypatch):
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert why_not("./node") == "there is no such file, looked for in the current directory, which is gone"
    os.chdir(tmp_path)
