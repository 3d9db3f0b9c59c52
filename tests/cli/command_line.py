"""The program as a user runs it: in this process, or (where signals, pipes or the environment matter) in its own."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct

from kafkasim import cli

_STARTED: list[subprocess.Popen[str]] = []
"""The processes that a test has started, and that may still run."""

_WHEN_PARENT_ENDS = 1
"""How Linux names that a process is to be sent a signal when who has started it ends: PR_SET_PDEATHSIG."""


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

    ``hangup`` is what it finds set for SIGHUP, whatever these tests are run under. It outlives neither the test nor,
    where the system can see to that, who runs the tests: most scenarios here would go on for days.
    """
    environment = {**os.environ, "COLUMNS": "80", **options.pop("env", {})}
    code = f"{program}\nfrom kafkasim.__main__ import main\nif __name__ == '__main__': sys.exit(main())"
    # A file, because processes started by it import it again.
    script = Path(options["cwd"]) / "program.py"
    script.write_text(f"import sys\n{code}\n")
    command = [sys.executable, str(script), *arguments]
    streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    end_with_parent = ctypes.CDLL(None).prctl if sys.platform == "linux" else None

    def prepare() -> None:
        signal.signal(signal.SIGHUP, hangup)
        if end_with_parent is not None:
            end_with_parent(_WHEN_PARENT_ENDS, signal.SIGKILL)

    options = {**streams, "preexec_fn": prepare, **options}
    process = subprocess.Popen(command, text=True, env=environment, **options)
    _STARTED.append(process)
    return process


def end_all() -> None:
    """Ends what a test has started, and has not waited for because it failed."""
    while _STARTED:
        with _STARTED.pop() as process:
            process.kill()


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
