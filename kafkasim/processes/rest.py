"""Whether a program has anything left to do, as far as the system tells (Linux).

A process is *at rest* when all of its threads wait for something at once. One look at each does not tell: a thread that
was found waiting may have been woken since, by one that was looked at later and waits by now. So each is looked at
twice, all of them once and then all of them again. One that waits both times, and has not run in between (how often a
thread has run the scheduler counts), waited all the time, and so at the instant between the two rounds. At that
instant it is also seen whether there are threads that nobody looks at.

What a thread waits for may be the clock: a program that is at rest may still speak unprompted, later. And it may be a
moment only, since some runtimes have a thread nap before it looks for work that there is, or looks after the others
(Go: 3 and 20 µs, which become some 70). So one that naps at both looks counts as waiting, whether it has run in between
or not, and it is told that there is such a thread: who has to be certain looks again after a while.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

from msgspec import Struct

from kafkasim.processes.waits import NAPS, TimedWait, timed_wait, waits_for_its_own

_MACHINE: Final = os.uname().machine if hasattr(os, "uname") else ""

_AT_WORK: Final = (b"running", b"-1 0x")
"""What the system tells of a thread that runs, or would if a processor were free, or the memory it needs were there."""

_GONE: Final = b"-1 0x0 0x0"
"""What it tells of one that has ended, and that nobody has taken note of yet."""

_NAPPING: Final = NAPS.get(_MACHINE, b"none")

_LOOK_ANEW: Final = 100_000_000
"""Nanoseconds after which it is looked for new processes, where nothing hints at any."""

_HIGHEST: Final = (1 << 63) - 1
"""An address that no memory is at, and the highest that can be asked for."""


class ThreadsWait(Struct, frozen=True):
    """A thread waits for the clock."""

    thread: int
    """The number that the system has given it."""
    ran: bytes
    """How often it had run before: another wait of the same thread has another value here."""
    wait: TimedWait


class Rest:
    """Looks whether a process, with all those that it has started, is at rest."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._threads: list[_Thread] = []
        self._counts: dict[int, int] = {}
        """Of each process, how many links its folder of threads has: two more than it has threads. 0: look again."""
        self._looked_at = 0
        self.known = self._look()
        """False: this system does not tell, and nobody can say more than that nothing was heard for a while."""
        self.naps = False
        """Whether a thread was napping when last looked: if there is something for it to do, it does it in a moment."""

    def __call__(self) -> bool:
        """Whether it is at rest, or has ended."""
        rested = self._rested()
        if rested is None:
            self._look()
            rested = self._rested()
        return bool(rested) or not self._threads

    def _rested(self) -> bool | None:
        """Whether all threads that are known waited at one instant; None: they are not those that there are now."""
        ran = []
        self.naps = False
        try:
            for thread in self._threads:
                runs, does = thread.runs(), thread.does()
                if _at_work(does):
                    return False
                naps = does.startswith(_NAPPING)
                self.naps = self.naps or naps
                ran.append(None if naps else runs)
            if self._changed():
                return None
            return all(thread.waits_still(before) for thread, before in zip(self._threads, ran, strict=True))
        except OSError:  # a thread has ended
            return None

    def timed_waits(self) -> list[ThreadsWait]:
        """Which of its threads wait for the clock, and until when: all there are, if it is at rest meanwhile."""
        if self._changed():
            self._look()
        waits = []
        for thread in self._threads:
            with suppress(OSError):  # it has ended
                ran = thread.runs()
                wait = thread.timed_wait()
                if wait is not None and thread.runs() == ran:
                    waits.append(ThreadsWait(thread.number, ran, wait))
        return waits

    def waits_for_nobody_else(self) -> bool:
        """Whether all of its threads wait for each other, for its standard input, or for the clock."""
        try:
            return all(thread.waits_for_its_own() for thread in self._threads)
        except OSError:  # one has ended: they are not standing still
            return False

    def close(self) -> None:
        """Lets go of the files that tell."""
        for thread in self._threads:
            thread.close()
        self._threads = []

    def _changed(self) -> bool:
        if time.monotonic_ns() - self._looked_at > _LOOK_ANEW:
            return True
        try:
            return any(os.stat(f"/proc/{pid}/task").st_nlink != links for pid, links in self._counts.items())  # noqa: PTH116 - a fifth of the time
        except OSError:
            return True

    def _look(self) -> bool:
        """Finds all processes and threads; whether the system tells what they are doing."""
        self.close()
        self._counts = {}
        self._looked_at = time.monotonic_ns()
        to_look_at = [self._pid]
        for pid in to_look_at:
            with suppress(OSError):
                tasks = Path(f"/proc/{pid}/task")
                self._counts[pid] = tasks.stat().st_nlink
                for task in sorted(tasks.iterdir()):
                    try:
                        self._threads.append(_Thread(task))
                        to_look_at += map(int, (task / "children").read_text().split())
                    except OSError:  # it has ended; another may have come, of which nobody knows
                        self._counts[pid] = 0
        try:
            for thread in self._threads:
                thread.runs()
                thread.does()
        except OSError:
            return False
        return bool(self._threads)


def _at_work(does: bytes) -> bool:
    return does.startswith(_AT_WORK) and not does.startswith(_GONE)


class _Thread:
    """The files in which the system tells of one thread; kept open, for they are read again and again."""

    __slots__ = ("_memory", "_schedule", "_state", "number")

    def __init__(self, task: Path) -> None:
        self.number = int(task.name)
        self._memory = task / "mem"
        self._state = os.open(task / "syscall", os.O_RDONLY | os.O_CLOEXEC)
        try:
            self._schedule = os.open(task / "schedstat", os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            os.close(self._state)
            raise

    def does(self) -> bytes:
        """What the system tells of it: in which of its calls it waits, or that it runs."""
        return os.pread(self._state, 16, 0)

    def waits_still(self, ran: bytes | None) -> bool:
        """Whether it waits, and has had no processor since it had ``ran`` so often; None: it napped, and still does."""
        does = self.does()
        if ran is None:
            return does.startswith(_NAPPING)
        return not _at_work(does) and self.runs() == ran

    def runs(self) -> bytes:
        """How often it was given a processor so far, and for how long: the same twice, it did not run in between."""
        return os.pread(self._schedule, 128, 0)

    def timed_wait(self) -> TimedWait | None:
        """Until when it waits for the clock; None where it does not, or that is not to be told."""
        return timed_wait(os.pread(self._state, 256, 0), self._read, _MACHINE)

    def waits_for_its_own(self) -> bool:
        """See `kafkasim.processes.waits.waits_for_its_own`; one that has ended waits for nobody."""
        told = os.pread(self._state, 256, 0)
        return told.startswith(_GONE) or waits_for_its_own(told, _MACHINE)

    def _read(self, address: int, size: int) -> bytes:
        memory = os.open(self._memory, os.O_RDONLY | os.O_CLOEXEC)
        try:
            data = os.pread(memory, size, min(address, _HIGHEST))
        finally:
            os.close(memory)
        if len(data) < size:
            raise OSError(f"its memory ends before {address + size:#x}")
        return data

    def close(self) -> None:
        os.close(self._state)
        os.close(self._schedule)
