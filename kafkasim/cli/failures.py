"""How the program fails: in a line that says what to do about it, never in a traceback."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NoReturn

from kafkasim import __version__
from kafkasim.forms import printable
from kafkasim.interrupts import TELLING_TO_END
from kafkasim.report.exit_codes import ExitCode

_BY_SIGNAL: Final = 128
"""What shells add to a signal's number to tell how a program ended."""

_OUT_SOON: Final = 0.01
"""Seconds after which a signal that could not be heeded may be repeated; on a busy machine it takes more of them."""

_PACKAGE: Final = Path(__file__).resolve().parent.parent


class UsageError(Exception):
    """What was asked for cannot be done. The text says why, a line for each problem; the exit code is 2."""


def guarded(program: Callable[[], int]) -> int:
    """Runs the program and returns its exit code, whatever happens in it."""
    _open_closed_streams()
    try:
        with signals_heeded():
            return program()
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED
    except UsageError as error:
        say(str(error))
        return ExitCode.USAGE
    except OSError as error:
        say(f"kafkasim: {os_error_words(error)}")
        return ExitCode.USAGE
    except Exception as error:  # noqa: BLE001 - whatever it is, a traceback is not for users
        say(f"kafkasim: this is a bug of kafkasim {__version__}, please report it, with your command and this:")
        say(f"  {cause_words(error)}")
        return ExitCode.UNKNOWN


@contextmanager
def signals_heeded() -> Iterator[None]:
    """Within, whoever tells the program to end ends it as its own last line would: nothing is left behind.

    Left to itself, Python is gone on the spot: with it the terminal's settings, files half written, and the word to
    other processes that nobody waits for them.
    """
    # Not what nohup has set aside.
    heeded = [number for number in TELLING_TO_END if signal.getsignal(number) is signal.SIG_DFL]
    for number in heeded:
        signal.signal(number, end_by)
    sys.unraisablehook = _tell_again
    try:
        yield
    finally:
        sys.unraisablehook = sys.__unraisablehook__
        for number in heeded:
            signal.signal(number, signal.SIG_DFL)


def _tell_again(unraisable: sys.UnraisableHookArgs) -> None:
    """Repeats the signal whose exception came where Python cannot raise any (in a finalizer, in an import's clean-up).

    From another thread, once the main thread is out of here: before that it would be lost again.
    """
    match unraisable.exc_value:
        case SystemExit(code=int(code)) if code > _BY_SIGNAL:
            number = code - _BY_SIGNAL
        case KeyboardInterrupt():
            number = signal.SIGINT
        case _:
            sys.__unraisablehook__(unraisable)
            return
    threading.Thread(target=_repeat, args=(number,), daemon=True).start()


def _repeat(number: int) -> None:
    main = threading.main_thread().ident
    assert main is not None
    time.sleep(_OUT_SOON)
    while _is_telling_again(main):
        time.sleep(_OUT_SOON)
    signal.pthread_kill(main, number)


def _is_telling_again(thread: int) -> bool:
    frame = sys._current_frames().get(thread)  # noqa: SLF001 - there is no other name for it
    while frame is not None:
        if frame.f_code is _tell_again.__code__:
            return True
        frame = frame.f_back
    return False


def end_by(number: int, _: object = None) -> NoReturn:
    """Ends the program as a signal would, but by its own last line."""
    raise SystemExit(_BY_SIGNAL + number)


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
