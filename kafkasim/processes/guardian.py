"""Who ends what this process has started where it cannot do so itself any more: it was killed, and could do nothing.

A process that is killed (by ``kill -9``, by the system for want of memory, by a test bench that has waited for long
enough) leaves whatever it has started. So before the first child a *guardian* is started, a small process that waits
for the end of this one; see ``guardian_process.py``. It reads from a pipe that only this process can write to, and so
comes to its end when this process has ended, in whichever way. Where all goes well it is dismissed before.

It is a help on which nothing depends: where it cannot be started, or is ended itself, all else goes on.
"""

from __future__ import annotations

import atexit
import os
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import Final

from kafkasim.processes.remains import MARK, mark_of_all_runs

_PROGRAM: Final = Path(__file__).resolve().with_name("guardian_process.py")


class Guardian:
    """The guardian of this process, for all threads. There is one once a child is about to be started."""

    def __init__(self) -> None:
        self._one_at_a_time = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._pipe: int | None = None
        """Where it is told things; the system closes it when this process ends."""
        self._groups: dict[int, None] = {}
        """The process groups that it is to end."""

    def begin(self) -> None:
        """Starts it, where there is none; to be called before a child is started, so that none is ever without."""
        with self._one_at_a_time:
            if self._process is not None and self._process.poll() is None:
                return
            self._end()
            reading, self._pipe = os.pipe()  # neither end of which a child inherits
            os.set_blocking(self._pipe, False)
            try:
                with suppress(OSError):
                    self._process = _started(reading)
            finally:
                os.close(reading)
            self._tell("".join(f"+{group}\n" for group in self._groups))

    def watch_over(self, group: int) -> None:
        """It is to end this process group. What bears a mark of this process it finds by itself."""
        with self._one_at_a_time:
            self._groups[group] = None
            self._tell(f"+{group}\n")

    def let_go(self, group: int) -> None:
        """This process group has ended: its number may be another's before long."""
        with self._one_at_a_time:
            self._groups.pop(group, None)
            self._tell(f"-{group}\n")

    def dismiss(self) -> None:
        """Ends it where it has nothing to do. Where an error has left something, it ends that and then itself.

        Before the next child another one is started.
        """
        with self._one_at_a_time:
            if self._groups:
                self._disown()
            self._end()

    def stay_with_parent(self) -> None:
        """To be called in a process that was forked from this one: the guardian is not its own."""
        self._one_at_a_time = threading.Lock()  # that of before may be held, by a thread that is not here
        self._groups = {}
        self._disown()
        self._end()

    def _tell(self, lines: str) -> None:
        if self._pipe is None:
            return
        try:
            os.write(self._pipe, lines.encode())
        except OSError:  # it has ended; or it is stopped, and what it does not learn might turn it on somebody else
            self._end()

    def _disown(self) -> None:
        if self._process is not None:
            self._process.returncode = 0  # nobody here waits for it, and nobody is to be warned of that
            self._process = None

    def _end(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        if self._pipe is not None:
            os.close(self._pipe)
        self._process = self._pipe = None


GUARDIAN: Final = Guardian()
"""That of this process."""

atexit.register(GUARDIAN.dismiss)
os.register_at_fork(after_in_child=GUARDIAN.stay_with_parent)


def _started(reading: int) -> subprocess.Popen[bytes]:
    """Starts the program, and does not wait for it.

    Ctrl-C does not reach it, it keeps no pipe and no terminal open, and it bears no mark, not even that of a run in
    which all of this is a node: so nobody ends it before its time. ``pkill -9 -f kafkasim`` does not mean it either,
    as its command names the Python behind a virtual environment, and of the program nothing but the file.
    """
    return subprocess.Popen(  # noqa: S603 - a program of ours
        [os.path.realpath(sys.executable or ""), "-I", "-S", _PROGRAM.name, mark_of_all_runs()],
        stdin=reading,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=_PROGRAM.parent,
        env={name: value for name, value in os.environ.items() if name != MARK},
        start_new_session=True,
    )
