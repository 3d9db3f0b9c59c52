"""Checks recorded histories: the simulator's checkers alone.

>>> import tempfile
>>> from pathlib import Path
>>> from kafkasim.history import Header, History, End
>>> from kafkasim.history_files import write_history
>>> with tempfile.TemporaryDirectory() as folder:
...     path = Path(folder) / "empty.jsonl"
...     write_history(History(Header(scenario="doc"), end=End("complete")), path)
...     checked = check_file(str(path))
>>> checked.check.verdict, checked.history.header.scenario
('unknown', 'doc')
"""

from __future__ import annotations

from msgspec import Struct

from kafkasim.checkers import WORST_FEW, CheckResult, check
from kafkasim.history import Consistency, History
from kafkasim.history_files import read_history


class Checked(Struct, frozen=True):
    """A history and what it proves."""

    file: str
    """As the user named it; ``-`` is standard input."""
    history: History
    check: CheckResult


def check_file(file: str, consistency: Consistency | None = None, examples: int | None = WORST_FEW) -> Checked:
    """What the history in a file proves, at the level given or else at the one that it asks for itself.

    So many ``examples`` of each kind of anomaly and key are told in words; None: all (`kafkasim.checkers.check`).
    Reads JSON lines as `kafkasim.history` describes them and Jepsen's ``history.edn``, gzipped or not; ``-`` is
    standard input. Raises `HistoryError` where it is no such history, `OSError` where it cannot be read.
    """
    history = read_history(file)
    return Checked(file, history, check(history, consistency, examples))
