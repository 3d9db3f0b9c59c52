"""Progress on standard error: only on a terminal, and only of what takes longer than a second."""

from __future__ import annotations

import os
import sys
import threading
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

if TYPE_CHECKING:
    from rich.progress import Progress

_PATIENCE: Final = 1.0
"""Seconds before a bar appears."""


class ProgressBar:
    """A bar that appears after a second, on a terminal, and is drawn by a thread of its own until it is left.

    ``countable`` says whether the total is a number of things, to be shown as such. Without a total it only moves.
    Where it is not ``wanted`` there is none, for something else is written there.
    """

    def __init__(self, label: str, total: float | None, *, countable: bool = False, wanted: bool = True) -> None:
        self._label, self._total, self._countable = label, total, countable
        self.wanted = wanted and sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
        """Whether anybody would see it."""
        self._completed = 0.0
        self._progress: Progress | None = None
        self._over = False
        self._lock = threading.Lock()
        self._timer = threading.Timer(_PATIENCE, self._appear)
        self._timer.daemon = True

    def __enter__(self) -> Self:
        if self.wanted:
            self._timer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._timer.cancel()
        with self._lock:
            self._over = True
            if self._progress is not None:
                self._progress.stop()

    def at(self, completed: float) -> None:
        """Says how far it is."""
        self._completed = completed
        if self._progress is not None:
            self._progress.update(self._progress.task_ids[0], completed=completed)

    def _appear(self) -> None:
        from rich import progress  # noqa: PLC0415 - most runs are over before a bar is wanted
        from rich.console import Console  # noqa: PLC0415 - as above

        amount = progress.MofNCompleteColumn() if self._countable else progress.TaskProgressColumn()
        columns = (
            progress.TextColumn("{task.description}", markup=False),
            progress.BarColumn(),
            amount,
            progress.TimeElapsedColumn(),
        )
        bar = progress.Progress(*columns, console=Console(stderr=True), transient=True)
        bar.add_task(self._label, total=self._total, completed=int(self._completed))
        with self._lock:
            if not self._over:
                bar.start()
                self._progress = bar
