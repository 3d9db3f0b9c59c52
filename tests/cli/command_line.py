"""The program as a user runs it: in this process, or (where signals, pipes or the environment matter) in its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct

from kafkasim import cli


class Ended(Struct, frozen=True):
    """What a command printed, and how it ended."""

    code: int
    out: str
    err: str


class CommandLine:
    """Runs commands in this process, in a directory of its own."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch, self._capsys = monkeypatch, capsys

    def __call__(self, *arguments: str) -> Ended:
        """Runs the command to its end."""
        self._monkeypatch.setattr(sys, "argv", ["kafkasim", *arguments])
        try:
            code: Any = cli.main()
        except SystemExit as ended:
            code = ended.code
        printed = self._capsys.readouterr()
        return Ended(int(code or 0), printed.out, printed.err)


def start(
    *arguments: str, program: str = "", hangup: signal.Handlers = signal.SIG_DFL, **options: Any
) -> subprocess.Popen[str]:
    """Starts the command in a process of its own. ``program`` is Python to be run before it.

    ``hangup`` is what it finds set for SIGHUP, whatever these tests are run under.
    """
    environment = {**os.environ, "COLUMNS": "80", **options.pop("env", {})}
    code = f"{program}\nfrom kafkasim.__main__ import main\nif __name__ == '__main__': sys.exit(main())"
    # A file, because processes started by it import it again.
    script = Path(options["cwd"]) / "program.py"
    script.write_text(f"import sys\n{code}\n")
    command = [sys.executable, str(script), *arguments]
    streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    found = partial(signal.signal, signal.SIGHUP, hangup)
    options = {**streams, "preexec_fn": found, **options}
    return subprocess.Popen(command, text=True, env=environment, **options)


def run(*arguments: str, **options: Any) -> Ended:
    """Runs the command in a process of its own, and waits for it and for whatever it has left running."""
    return ended(start(*arguments, **options))


def ended(process: subprocess.Popen[str]) -> Ended:
    """Waits for a process; one that does not end is killed, and fails the test."""
    try:
        out, err = process.communicate(timeout=60)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
    return Ended(process.returncode, out or "", err or "")
