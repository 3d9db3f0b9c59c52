"""Finds the processes that somebody has started."""

import time
from pathlib import Path


def processes_with(argument):
    """The processes of this machine that were started with this argument."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if argument.encode() in words:
            found.append(int(folder.name))
    return found


def soon(condition, seconds=30):
    """Whether it comes to hold in time; there is enough of it for a busy machine, and nobody waits for the rest."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True
