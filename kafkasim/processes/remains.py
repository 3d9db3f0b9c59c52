"""What may be left of a program once it was killed: processes that it started and that live on.

Every program that is started here has a mark in its environment, which its children inherit. Killing its process group
ends all that stayed in it; what has left it (a daemon, a session of its own) is found by the mark, where the system
shows the environment of processes (Linux).
"""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Final

MARK: Final = "KAFKASIM_RUN"
"""The name of the environment variable that tells whose a process is."""

_RUNS: Final = count(1)
_PROCESSES: Final = Path("/proc")


def new_mark() -> str:
    """A mark that no other run has, of this program or of another."""
    return f"{os.getpid()}-{os.times().elapsed:.2f}-{next(_RUNS)}"


def end_group(leader: int) -> None:
    """Kills the process and all that are in its group."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)


def end_marked(mark: str) -> int:
    """Kills every process that bears the mark, however it has gone its own way; how many there were."""
    wanted = f"{MARK}={mark}".encode()
    found = 0
    for folder in _PROCESSES.glob("[0-9]*"):
        with suppress(OSError):
            if wanted in (folder / "environ").read_bytes().split(b"\0"):
                os.kill(int(folder.name), signal.SIGKILL)
                found += 1
    return found
