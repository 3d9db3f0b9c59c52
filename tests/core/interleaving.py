"""Deterministic interleavings: the engine's own code in several threads, of which only one moves at a time.

Real threads switch where the interpreter pleases, so a race shows once in a million runs and never twice the
same way. Here every thread stops before each bytecode instruction of the watched module, and a `Scheduler` says
who moves next: by the seed, so that a failure replays exactly.

* A thread waits for its turn on a lock of its own; to hand over is to release another's and to wait on one's own.
* The engine gets a `CooperativeLock`: whoever finds it taken is not chosen again until it is free.
* An instruction is one step, as it is under the global interpreter lock: a call into C (``list.append``) is whole.
* How often threads switch is drawn per seed. Often finds the races of two neighbouring instructions; rarely
  finds those where one thread must finish whole operations while another stands still.

The instructions are those of the running Python, so a seed means the same only under the same version.
"""

from __future__ import annotations

import random
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from functools import partial
from types import CodeType, ModuleType
from typing import Any, Final

from kafkasim import core
from tests.core.instructions import before_each_instruction
from tests.core.linearizability import Completed
from tests.core.reference import Call, put

SWITCHING: Final = (0.3, 0.1, 0.03, 0.01)
"""The probabilities, per instruction, of looking for another thread to move; a seed draws one of them."""


class DeadlockError(Exception):
    """Every thread that has not ended waits for a lock."""


class Scheduler:
    """Decides, instruction by instruction, which of several threads moves. Good for one `run`."""

    def __init__(self, seed: int, watched: ModuleType = core) -> None:
        """``watched`` is the module inside whose functions threads may be switched."""
        self._random = random.Random(seed).random
        self._switching = SWITCHING[int(self._random() * len(SWITCHING))]
        self._watched = watched
        self._turns: list[threading.Lock] = []
        self._unfinished: list[int] = []
        self._waits_for: dict[int, CooperativeLock] = {}
        self._errors: list[BaseException] = []
        self.moving = -1
        """The thread whose turn it is, by its place in what `run` was given."""
        self.deadlocked = False
        self.steps = 0
        """How many instructions of the watched module were run."""
        self.switches: list[tuple[int, int]] = []
        """Who was sent on at which step: the whole schedule, for comparing two runs."""

    def run(self, bodies: Sequence[Callable[[], object]]) -> None:
        """Runs the bodies, each in a thread of its own, to their ends; raises the first error that left one."""
        self._turns = [threading.Lock() for _ in bodies]
        self._unfinished = list(range(len(bodies)))
        # Daemons: should one never get its turn, the test times out, and pytest can end.
        threads = [threading.Thread(target=self._live, args=(me, body), daemon=True) for me, body in enumerate(bodies)]
        with before_each_instruction(self._watched, self._on_instruction):
            for turn, thread in zip(self._turns, threads, strict=True):
                turn.acquire()
                thread.start()
            self._send_on(self._choose())
            for thread in threads:
                thread.join()
        if self._errors:
            raise self._errors[0]

    def wait_for(self, lock: CooperativeLock) -> None:
        """Lets others move until the lock is free."""
        me = self.moving
        self._waits_for[me] = lock
        self._hand_over(me, self._choose())
        del self._waits_for[me]
        if self.deadlocked:
            raise DeadlockError(f"at step {self.steps} every thread waits for a lock")

    def _live(self, me: int, body: Callable[[], object]) -> None:
        self._turns[me].acquire()
        try:
            body()
        except BaseException as error:  # noqa: BLE001 - handed to whoever called run
            self._errors.append(error)
        self._unfinished.remove(me)
        if self._unfinished:
            self._send_on(self._choose())

    def _on_instruction(self, _code: CodeType, _place: int) -> None:
        self.steps += 1
        if self._random() < self._switching:
            self._hand_over(self.moving, self._choose())

    def _choose(self) -> int:
        able = [one for one in self._unfinished if one not in self._waits_for or not self._waits_for[one].taken]
        if not able:
            self.deadlocked = True  # everybody is woken, to say so
            able = self._unfinished
        return able[int(self._random() * len(able))]

    def _hand_over(self, me: int, other: int) -> None:
        if other != me:
            self._send_on(other)
            self._turns[me].acquire()

    def _send_on(self, other: int) -> None:
        self.switches.append((self.steps, other))
        self.moving = other
        self._turns[other].release()


class CooperativeLock:
    """A lock for threads of which only one moves at a time: whoever finds it taken lets others move."""

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self.taken = False

    def __enter__(self) -> None:
        while self.taken:
            self._scheduler.wait_for(self)
        self.taken = True

    def __exit__(self, *_: object) -> None:
        self.taken = False


class LockWithoutEffectIn:
    """A lock that the methods named do not really take: the engine's own code, with its lock removed there."""

    def __init__(self, lock: AbstractContextManager[Any], methods: frozenset[str]) -> None:
        self._lock = lock
        self._methods = methods

    def __enter__(self) -> None:
        if sys._getframe(1).f_code.co_name not in self._methods:
            self._lock.__enter__()

    def __exit__(self, *_: object) -> None:
        if sys._getframe(1).f_code.co_name not in self._methods:
            self._lock.__exit__(None, None, None)


def interleave(
    programs: Sequence[Sequence[Call]],
    seed: int,
    *,
    before: Sequence[Call] = (),
    after: Sequence[Call] = (),
    unlocked: frozenset[str] = frozenset(),
) -> list[Completed]:
    """What the engine answers when each program is a thread and the seed decides who moves.

    ``before`` and ``after`` run alone, so that the log is not empty at first and is read in the end.
    In the methods named by ``unlocked`` the engine's lock has no effect.
    """
    scheduler = Scheduler(seed)
    engine = core.LogEngine(lock=LockWithoutEffectIn(CooperativeLock(scheduler), unlocked))
    history: list[Completed] = []
    events = iter(range(sys.maxsize))

    def obey(thread: int, program: Sequence[Call]) -> None:
        for call in program:
            begin = next(events)
            answer = put(call, engine)
            history.append(Completed(thread, call, answer, begin, next(events)))

    obey(-1, before)
    scheduler.run([partial(obey, thread, program) for thread, program in enumerate(programs)])
    obey(-1, after)
    return history
