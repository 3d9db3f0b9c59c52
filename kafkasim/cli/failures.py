"""How the program fails: in a line that says what to do about it, never in a traceback."""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NoReturn

from kafkasim import __version__
from kafkasim.forms import printable
from kafkasim.report.exit_codes import ExitCode

_PACKAGE: Final = Path(__file__).resolve().parent.parent


class UsageError(Exception):
    """What was asked for cannot be done. The text says why, a line for each problem; the exit code is 2."""


class RunFailedError(Exception):
    """The simulator itself failed during a run, which is our bug: the cause is the exception it was raised from."""

    def __init__(self, command: str, cause: str) -> None:
        """``command`` repeats the run; ``cause`` is what `cause_words` says of the failure."""
        self.command, self.cause = command, cause
        super().__init__(command, cause)


def guarded(program: Callable[[], int]) -> int:
    """Runs the program and returns its exit code, whatever happens in it."""
    _open_closed_streams()
    try:
        with _signals_heeded():
            return program()
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED
    except UsageError as error:
        say(str(error))
        return ExitCode.USAGE
    except OSError as error:
        say(f"kafkasim: {os_error_words(error)}")
        return ExitCode.USAGE
    except RunFailedError as error:
        say(f"kafkasim: the simulator failed, which is a bug of kafkasim {__version__}, not of what it runs:")
        say(f"  {error.cause}")
        say("Nothing is known of this run. Please report it, with the scenario and this command:")
        say(f"  {error.command}")
        return ExitCode.UNKNOWN
    except BrokenExecutor:
        say("kafkasim: a process that was running scenarios was ended from outside, perhaps for want of memory;")
        say("expected it to be left alone: try fewer --jobs.")
        return ExitCode.UNKNOWN
    except Exception as error:  # noqa: BLE001 - whatever it is, a traceback is not for users
        say(f"kafkasim: this is a bug of kafkasim {__version__}, please report it, with your command and this:")
        say(f"  {cause_words(error)}")
        return ExitCode.UNKNOWN


@contextmanager
def _signals_heeded() -> Iterator[None]:
    """Within, whoever tells the program to end ends it as its own last line would: nothing is left behind.

    Left to itself, Python is gone on the spot: with it the terminal's settings, files half written, and the word to
    other processes that nobody waits for them.
    """
    signals = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before = {number: signal.getsignal(number) for number in signals}
    heeded = [number for number in signals if before[number] is signal.SIG_DFL]  # not what nohup has set aside
    for number in heeded:
        signal.signal(number, _end)
    try:
        yield
    finally:
        for number in heeded:
            signal.signal(number, before[number])


def _end(number: int, _: object) -> NoReturn:
    raise SystemExit(128 + number)  # as shells tell it


def _open_closed_streams() -> None:
    """Where the caller has closed a standard stream (``>&-``), what is written to it goes nowhere."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 - open as long as we are


def say(text: str) -> None:
    """Writes a line, or several, to standard error, safe to print; where nobody can be told, nobody is."""
    try:
        sys.stderr.write("".join(f"{printable(line)}\n" for line in text.split("\n")))
        sys.stderr.flush()
    except OSError:
        pass


def os_error_words(error: OSError) -> str:
    """What the system refused, and of which file.

    >>> os_error_words(FileNotFoundError(2, "No such file or directory", "demo.yaml"))
    'demo.yaml: no such file or directory'
    """
    reason = refusal_words(error)
    return f"{printable(str(error.filename))}: {reason}" if error.filename else reason


def refusal_words(error: OSError) -> str:
    """What the system refused.

    >>> refusal_words(PermissionError(13, "Permission denied"))
    'permission denied'
    """
    reason = error.strerror or str(error)
    return reason[:1].lower() + reason[1:]


def cause_words(error: BaseException) -> str:
    """An unforeseen exception in one line: what it is, and the place in our own code from which it came.

    >>> try:
    ...     {}["k1"]
    ... except KeyError as error:
    ...     cause_words(error)
    "KeyError: 'k1'"
    """
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if _PACKAGE in Path(frame.filename).parents]
    place = f" ({Path(frames[-1].filename).relative_to(_PACKAGE)}:{frames[-1].lineno})" if frames else ""
    return printable(f"{type(error).__name__}: {error}") + place
