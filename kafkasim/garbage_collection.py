"""Gives Python's garbage collector a rest where everything that is made stays."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator
from typing import Final

_FROZEN_BY_PYTHON: Final = 1000
"""More objects than an interpreter freezes before it runs anybody's code (CPython 3.12: 375), and fewer than anybody
freezes on purpose."""

_MANY: Final = 100_000
"""So many new objects may count as old unseen. What garbage there is among fewer is still found soon."""


@contextlib.contextmanager
def collector_at_rest() -> Iterator[None]:
    """Within, no cyclic garbage is collected.

    For a run, the reading of a history and its check: they make millions of objects, keep nearly all of them to the
    end, and make no cycles to speak of. Looking through them again and again finds nothing and can double the time.
    Neither does it look through them afterwards, where they are many: that would take longer than a check. Where the
    collector rests already it is left alone.

    >>> with collector_at_rest():
    ...     gc.isenabled()
    False
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            if gc.get_count()[0] > _MANY:
                count_as_old()
            gc.enable()


def count_as_old() -> None:
    """Has the garbage collector take all that there is for old, so that it is not looked through soon.

    For what is known to hold no garbage, as the operations of a run. Where somebody else has frozen objects, which
    would have to be thawed to do this, nothing happens.
    """
    if gc.get_freeze_count() < _FROZEN_BY_PYTHON:
        gc.freeze()
        gc.unfreeze()
