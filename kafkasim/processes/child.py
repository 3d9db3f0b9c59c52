"""One child process and its three pipes: lines go in, lines come out, and what it says to people is kept.

Nothing here blocks: what the process does not read yet waits, what it has written is taken when asked for.
"""

from __future__ import annotations

import errno
import fcntl
import os
import select
import signal
import struct
import subprocess
import termios
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from typing import Final, Protocol

from kafkasim.forms import printable
from kafkasim.processes.guardian import GUARDIAN
from kafkasim.processes.remains import MARK, end_group
from kafkasim.processes.starting import refusal

_READ_SIZE: Final = 64 * 1024

_KEPT: Final = 16 * 1024
"""So many of the last bytes that it wrote to its standard error are kept, to be shown with a failure."""

_LAST_WORDS: Final = 400
"""So many characters are told of what it wrote last. The very last say most: there a traceback names its error."""

_UNDERLINES: Final = " \t\r^~"
"""Lines of nothing else are not told: below a line of code they mark a place in it, and on one line they mark none."""

LONGEST_LINE: Final = 64 * 1024 * 1024
"""A line of more bytes than this is a flood, not a message."""


class StartError(OSError):
    """A program cannot be started; the text says which and why."""


class TakesBytes(Protocol):
    """Where bytes can be written to: a file, or what stands for one."""

    def write(self, data: bytes, /) -> object:
        """Takes the bytes."""


class Child:
    """A running program.

    Its standard error is kept (the end of it) and, with ``log``, written there. It runs in a session of its own, so
    that Ctrl-C reaches us alone. Raises `StartError` where there is no such program, or it cannot be run.
    """

    def __init__(self, command: Sequence[str], mark: str, log: TakesBytes | None = None) -> None:
        GUARDIAN.begin()
        try:
            self._process = subprocess.Popen(  # noqa: S603 - which program is run is what the user says
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
                start_new_session=True,
                env=os.environ | {MARK: mark},
            )
        except (OSError, ValueError) as error:
            raise StartError(f"{printable(command[0])}: {refusal(command[0], error)}") from None
        assert self._process.stdin
        assert self._process.stdout
        assert self._process.stderr
        self.pid = self._process.pid
        GUARDIAN.watch_over(self.pid)
        self.stdin, self.stdout, self.stderr = (
            pipe.fileno() for pipe in (self._process.stdin, self._process.stdout, self._process.stderr)
        )
        for descriptor in (self.stdin, self.stdout, self.stderr):
            os.set_blocking(descriptor, False)
        self.lines: deque[bytes] = deque()
        """The whole lines that it has written and nobody has taken yet, without their newlines."""
        self.listening = True
        """Whether it may still read what it is sent."""
        self.speaking = True
        """Whether it may still write: its standard output is open."""
        self._stderr_open = True
        self._unwritten = bytearray()
        self._beginning: list[bytes] = []
        """The pieces of a line whose end has not come yet."""
        self._began = 0
        self._errors = b""
        self._log = log

    def feed(self, data: bytes) -> None:
        """Sends it these bytes; what it does not take at once waits here."""
        if self.listening:
            self._unwritten += data
            self.flush()

    @property
    def unwritten(self) -> bool:
        """Whether there is something that it has not taken yet, though it was sent."""
        return bool(self._unwritten)

    def flush(self) -> None:
        """Writes as much as it takes."""
        try:
            while self._unwritten:
                del self._unwritten[: os.write(self.stdin, self._unwritten)]
        except BlockingIOError:
            return
        except OSError as error:
            if error.errno not in (errno.EPIPE, errno.ECONNRESET, errno.EBADF):
                raise
            self.listening = False
            self._unwritten.clear()

    def unread(self) -> bool:
        """Whether there is something in its standard input that it has not read yet."""
        if self._unwritten:
            return True
        try:
            (waiting,) = struct.unpack("i", fcntl.ioctl(self.stdin, termios.FIONREAD, b"\0\0\0\0"))
        except OSError:  # nobody reads there any more, or a system that does not tell
            return False
        return bool(waiting)

    def read_output(self) -> None:
        """Takes what it has written to its standard output."""
        data = _read(self.stdout)
        if data is None:
            return
        if not data:
            self.speaking = False
            return
        *lines, rest = data.split(b"\n")
        if lines and self._beginning:
            lines[0] = b"".join((*self._beginning, lines[0]))
            self._beginning, self._began = [], 0
        self.lines.extend(lines)
        if rest:
            self._beginning.append(rest)
            self._began += len(rest)

    @property
    def unfinished(self) -> bytes:
        """The beginning of a line whose end has not come yet; empty: there is none."""
        return b"".join(self._beginning)

    @property
    def floods(self) -> bool:
        """Whether it has begun a line that is longer than any message."""
        return self._began > LONGEST_LINE

    def read_errors(self) -> None:
        """Takes what it has written to its standard error."""
        data = _read(self.stderr)
        if data is None:
            return
        if not data:
            self._stderr_open = False
        elif self._log is not None:
            self._log.write(data)
        self._errors = (self._errors + data)[-_KEPT:]

    @property
    def complaining(self) -> bool:
        """Whether its standard error is open."""
        return self._stderr_open

    def last_words(self, most: int = 5) -> list[str]:
        """The last lines, so many at most, that it wrote to its standard error."""
        while self._stderr_open and _has_data(self.stderr):
            self.read_errors()
        lines = self._errors.decode(errors="backslashreplace").splitlines()
        return [line for line in lines if line.strip(_UNDERLINES)][-most:]

    def with_last_words(self, how: str) -> str:
        """How it ended, and after it the end of what it wrote to its standard error, if there is anything."""
        words = " / ".join(map(str.strip, self.last_words()))
        if not words:
            return how
        shown = words if len(words) <= _LAST_WORDS else f"[...] {words[-_LAST_WORDS:]}"
        return f'{how}; the last it wrote to standard error: "{shown}"'

    def ended(self) -> str:
        """How it ended, in words; empty while it runs.

        A program that has closed its standard output, but for a moment, is one that has ended.
        """
        status = self._process.poll()
        if status is None and not self.speaking:
            try:
                status = self._process.wait(_MOMENT)
            except subprocess.TimeoutExpired:
                return "it closed its standard output, and so can say no more"
        if status is None:
            return ""
        if status >= 0:
            return f"it exited with status {status}"
        with suppress(ValueError):
            return f"it was ended by {signal.Signals(-status).name}"
        return f"it was ended by signal {-status}"

    def signal(self, number: signal.Signals) -> None:
        """Sends a signal to it and to whatever it has started in its session."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, number)

    def kill(self) -> None:
        """Ends it at once, with all that it has started in its session, and closes the pipes."""
        end_group(self.pid)
        GUARDIAN.let_go(self.pid)
        self._process.wait()
        while self._stderr_open and _has_data(self.stderr):
            self.read_errors()
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            assert pipe is not None
            with suppress(OSError):
                pipe.close()
        self.listening = self.speaking = self._stderr_open = False


_MOMENT: Final = 0.2
"""Seconds between the end of a program's output and its own end, at most."""


def _read(descriptor: int) -> bytes | None:
    """What has arrived; empty at the end; None where nothing is there yet."""
    try:
        return os.read(descriptor, _READ_SIZE)
    except BlockingIOError:
        return None
    except OSError:
        return b""


def _has_data(descriptor: int) -> bool:
    waiting = select.poll()
    try:
        waiting.register(descriptor, select.POLLIN)
    except (OSError, ValueError):
        return False
    return bool(waiting.poll(0))
