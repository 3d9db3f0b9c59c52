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


def soon(condition):
    """Whether it comes to hold within some seconds."""
    for _ in range(400):
        if condition():
            return True
        time.sleep(0.02)
    return False
