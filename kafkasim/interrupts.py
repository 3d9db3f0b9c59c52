"""Ctrl-C that is noted instead of raised, for work that must not be torn in the middle of a step."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType


class Interrupts:
    """Whether Ctrl-C has come."""

    __slots__ = ("came",)

    def __init__(self) -> None:
        self.came = False


@contextlib.contextmanager
def interrupts_noted() -> Iterator[Interrupts]:
    """Within, the first Ctrl-C is noted, for whoever asks at a good moment; the second raises `KeyboardInterrupt`.

    Signals can be taken over in the main thread alone, and are not where somebody else has done so: there nothing is
    noted, and Ctrl-C does what it did.

    >>> with interrupts_noted() as interrupts:
    ...     signal.raise_signal(signal.SIGINT)
    ...     interrupts.came
    True
    """
    interrupts = Interrupts()
    in_main_thread = threading.current_thread() is threading.main_thread()
    if not in_main_thread or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield interrupts
        return

    def note(number: int, frame: FrameType | None) -> None:
        if interrupts.came:
            signal.default_int_handler(number, frame)
        interrupts.came = True

    signal.signal(signal.SIGINT, note)
    try:
        yield interrupts
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
