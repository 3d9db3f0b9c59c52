"""Starts the REPL as a person does: a process of its own on a terminal of its own."""

import os
import pty
import re
import select
import subprocess
import sys
import termios
from contextlib import contextmanager

CTRL_C, CTRL_D, ENTER = b"\x03", b"\x04", b"\r"
CONTROL = re.compile(rb"\x1b\[[0-9;?]*[A-Za-z]|\x1b[=>]")


WHERE_IS_THE_CURSOR, AT_THE_TOP = b"\x1b[6n", b"\x1b[1;1R"


class Terminal:
    """A terminal, and the person in front of it."""

    def __init__(self, master):
        self._master = master
        self._seen = b""

    def wait_for(self, text):
        """Reads on until the text has appeared, and past it."""
        while text not in CONTROL.sub(b"", self._seen):
            ready, _, _ = select.select([self._master], [], [], 30)
            assert ready, f"{text!r} did not appear, but {self._seen!r}"
            self._seen += os.read(self._master, 4096)
            if WHERE_IS_THE_CURSOR in self._seen:
                self._seen = self._seen.replace(WHERE_IS_THE_CURSOR, b"")
                self.type(AT_THE_TOP)
        self._seen = CONTROL.sub(b"", self._seen).partition(text)[2]

    def type(self, keys):
        os.write(self._master, keys)


@contextmanager
def started(tmp_path, *arguments, rows=24, **streams):
    """The REPL on a terminal of its own, and its process."""
    master, slave = pty.openpty()
    termios.tcsetwinsize(slave, (rows, 80))
    environment = {**os.environ, "TERM": "xterm", "XDG_STATE_HOME": str(tmp_path)}
    process = subprocess.Popen(
        [sys.executable, "-m", "kafkasim", "repl", *arguments],
        **{"stdin": slave, "stdout": slave, "stderr": slave, **streams},
        env=environment,
        start_new_session=True,
    )
    os.close(slave)
    try:
        with process:
            try:
                yield Terminal(master), process
            finally:
                process.kill()  # also where a test has failed: the process would be waited for without end
    finally:
        os.close(master)
