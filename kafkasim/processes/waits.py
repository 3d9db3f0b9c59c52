"""What a thread waits for: until when at most, or for whom (Linux on x86-64 and on arm64).

The system tells in which of its calls a thread waits, and with what arguments (``/proc/PID/task/*/syscall``). Some of
these are a time: a number of milliseconds, or where in the thread's memory a time is written. What is in no argument is
not to be seen: a timer that is a file (``timerfd``), or one that sends a signal (``setitimer``).
"""

from __future__ import annotations

import ctypes
import struct
import time
from collections.abc import Callable
from typing import Final

from msgspec import Struct

_MILLISECOND: Final = 1_000_000
_SECOND: Final = 1_000_000_000

Memory = Callable[[int, int], bytes]
"""What the thread has in its memory: from which address, how many bytes."""


class TimedWait(Struct, frozen=True):
    """The end of a wait, by `time.monotonic_ns`."""

    ends: int
    """The latest, unless it is for something else that the thread waits, too, and that comes before."""
    exact: bool
    """False: for how long it waits is known, but not since when; it is taken to have begun just now."""


def timed_wait(told: bytes, memory: Memory, machine: str) -> TimedWait | None:
    """When the wait is over of which the system told this; None: the clock does not end it, as far as one can tell.

    ``machine`` is what `os.uname` calls it. Raises OSError where the memory cannot be read.

    >>> import time
    >>> poll = b"7 0x7ffd5a 0x1 0x64 0x0 0x0 0x0 0x7ffd00 0x7fa300"
    >>> left = timed_wait(poll, lambda address, size: bytes(size), "x86_64").ends - time.monotonic_ns()
    >>> 90_000_000 < left <= 100_000_000
    True
    >>> timed_wait(b"0 0x0 0x7ffd5a 0x2000 0x0 0x0 0x0 0x7ffd00 0x7fa300", lambda address, size: b"", "x86_64") is None
    True
    """
    number, *words = told.split()
    read = _CALLS.get(machine, {}).get(number)
    if read is None or len(words) < _ARGUMENTS:
        return None
    return read([int(word, 16) for word in words[:_ARGUMENTS]], memory)


_ARGUMENTS: Final = 6

_Arguments = list[int]
_Read = Callable[[_Arguments, Memory], TimedWait | None]


def _milliseconds(place: int) -> _Read:
    """A call whose argument at this place is a number of milliseconds; below 0: for ever."""

    def read(arguments: _Arguments, _: Memory) -> TimedWait | None:
        span = ctypes.c_int32(arguments[place]).value
        return _in(span * _MILLISECOND) if span >= 0 else None

    return read


def _span_at(place: int, unit: int = 1) -> _Read:
    """A call whose argument at this place says where a span is written: seconds, and units of so many ns."""

    def read(arguments: _Arguments, memory: Memory) -> TimedWait | None:
        return _in(_time_at(arguments[place], memory, unit)) if arguments[place] else None

    return read


def _clock_nanosleep(arguments: _Arguments, memory: Memory) -> TimedWait | None:
    clock, flags, address = arguments[:3]
    span = _time_at(address, memory)
    return _at(span, clock) if flags & _TIMER_ABSTIME else _in(span)


def _futex(arguments: _Arguments, memory: Memory) -> TimedWait | None:
    operation, address = arguments[1], arguments[3]
    command = operation & _FUTEX_COMMAND
    if not address or command not in (_FUTEX_WAIT, _FUTEX_WAIT_BITSET):
        return None
    span = _time_at(address, memory)
    if command == _FUTEX_WAIT:
        return _in(span)
    return _at(span, time.CLOCK_REALTIME if operation & _FUTEX_CLOCK_REALTIME else time.CLOCK_MONOTONIC)


_TIMER_ABSTIME: Final = 1
_FUTEX_WAIT, _FUTEX_WAIT_BITSET = 0, 9
_FUTEX_CLOCK_REALTIME: Final = 256
_FUTEX_COMMAND: Final = 127


def _in(span: int) -> TimedWait:
    return TimedWait(time.monotonic_ns() + span, exact=False)


def _at(moment: int, clock: int) -> TimedWait | None:
    if clock not in _CLOCKS:
        return None
    return TimedWait(time.monotonic_ns() + moment - time.clock_gettime_ns(clock), exact=True)


_CLOCKS: Final = (0, 1, 7, 11)
"""Those that go as the clock on the wall goes: ``CLOCK_REALTIME``, ``_MONOTONIC``, ``_BOOTTIME``, ``_TAI``."""


def _time_at(address: int, memory: Memory, unit: int = 1) -> int:
    """The time (ns) that is written there: two numbers of eight bytes."""
    seconds, units = struct.unpack("=qq", memory(address, 16))
    return int(seconds * _SECOND + units * unit)


_CALLS: Final[dict[str, dict[bytes, _Read]]] = {
    "x86_64": {
        b"7": _milliseconds(2),  # poll
        b"23": _span_at(4, unit=1000),  # select
        b"35": _span_at(0),  # nanosleep
        b"202": _futex,
        b"230": _clock_nanosleep,
        b"232": _milliseconds(3),  # epoll_wait
        b"270": _span_at(4),  # pselect6
        b"271": _span_at(2),  # ppoll
        b"281": _milliseconds(3),  # epoll_pwait
        b"441": _span_at(3),  # epoll_pwait2
    },
    "aarch64": {
        b"22": _milliseconds(3),  # epoll_pwait
        b"72": _span_at(4),  # pselect6
        b"73": _span_at(2),  # ppoll
        b"98": _futex,
        b"101": _span_at(0),  # nanosleep
        b"115": _clock_nanosleep,
        b"441": _span_at(3),  # epoll_pwait2
    },
}
"""By machine, the calls that may wait for the clock, by their numbers there."""


def waits_for_its_own(told: bytes, machine: str) -> bool:
    """Whether a thread, of which the system told this, waits for another of its program, or for its standard input.

    Where all do, and the clock ends no wait, nothing will come of it. False also where that cannot be told: it may wait
    for a disk, or for another program. Not told apart are waits for several things at once, which may be anything.

    >>> waits_for_its_own(b"0 0x0 0x7ffd5a 0x2000 0x0 0x0 0x0 0x7ffd00 0x7fa300", "x86_64")
    True
    >>> waits_for_its_own(b"0 0x3 0x7ffd5a 0x2000 0x0 0x0 0x0 0x7ffd00 0x7fa300", "x86_64")
    False
    """
    number, _, arguments = told.partition(b" ")
    if number == _READ.get(machine):
        return arguments.startswith(b"0x0 ")
    return number in _OWN.get(machine, ()) or number in _CALLS.get(machine, ())


_READ: Final = {"x86_64": b"0", "aarch64": b"63"}

_OWN: Final = {
    "x86_64": (b"34", b"61", b"128", b"130", b"247", b"449"),
    "aarch64": (b"95", b"133", b"137", b"260", b"449"),
}
"""By machine: ``pause``, ``wait4``, ``rt_sigtimedwait``, ``rt_sigsuspend``, ``waitid`` and ``futex_waitv``. A child
that is waited for is looked at itself."""

NAPS: Final = {"x86_64": b"35 ", "aarch64": b"101 "}
"""By machine, with what the system begins to tell of a thread that is in ``nanosleep``: so the runtime of Go naps. The
sleep of a program comes as ``clock_nanosleep``, by way of the C library, or, in Go, as another wait."""
