"""What may be left of a program once it was killed: processes that it started and that live on.

Every program that is started here has a mark in its environment, which its children inherit. Killing its process group
ends all that stayed in it; what has left it (a daemon, a session of its own) is found by the mark, where the system
shows the environment of processes (Linux).
"""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from functools import cache
from itertools import count
from pathlib import Path
from typing import Final

MARK: Final = "KAFKASIM_RUN"
"""The name of the environment variable that tells whose a process is."""

_RUNS: Final = count(1)
_PROCESSES: Final = Path("/proc")

_LOOKS: Final = 20
_PAUSE: Final = 0.005
"""So often, and so many seconds apart, it is looked for processes that are left, at most."""

_KERNEL_THREAD: Final = 0x00200000
"""Among the flags of a process: it is one of the system's own."""

_NEW: Final = 10.0
"""A process that has been there for so many seconds, and has no environment, never had one."""


def mark_of_all_runs() -> str:
    """What the marks of all runs of this process begin with, and of no other process's; see `end_marked`."""
    return _mark_of_process(os.getpid())


@cache
def _mark_of_process(pid: int) -> str:
    return f"{pid}-{os.times().elapsed:.2f}"  # a number alone is given to another process, once this one has ended


def new_mark() -> str:
    """A mark that no other run has, of this program or of another."""
    return f"{mark_of_all_runs()}-{next(_RUNS)}"


def end_group(leader: int) -> None:
    """Kills the process and all that are in its group."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)


def end_marked(mark: str) -> int:
    """Kills every process that bears the mark, however it has gone its own way; how many there were.

    The mark of all runs of a process is borne by what any of them has started.

    One look does not find all: a process may have started another since, and one that becomes another program just then
    shows no environment. So it is looked again, for a moment, until there is none of either.
    """
    wanted = f"{MARK}={mark}".encode()
    longer = wanted + b"-"
    found = 0
    for _ in range(_LOOKS):
        ended = changing = 0
        for folder in _PROCESSES.glob("[0-9]*"):
            with suppress(OSError):
                environment = (folder / "environ").read_bytes()
                if any(entry == wanted or entry.startswith(longer) for entry in environment.split(b"\0")):
                    os.kill(int(folder.name), signal.SIGKILL)
                    ended += 1
                elif not environment:
                    changing += _may_be_changing((folder / "stat").read_bytes())
        found += ended
        if not ended + changing:
            break
        time.sleep(_PAUSE)
    return found


def _may_be_changing(status: bytes) -> bool:
    """Whether a process without an environment may be becoming another program; ``status`` is its line of the system's.

    Not those that have ended, nor the system's own threads, nor any that has been there for a while.
    """
    state, *numbers = status.rpartition(b")")[2].split()
    flags, ticks = int(numbers[5]), int(numbers[18])
    age = time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")
    return state not in (b"Z", b"X") and not flags & _KERNEL_THREAD and age < _NEW
