"""What a definition by example is: histories that show an anomaly, and some that come close and do not.

The lines of the histories are those of ``notation.py``.
"""

from __future__ import annotations

from typing import Any, Final

from msgspec import Struct, field

from kafkasim.anomalies.notation import build
from kafkasim.history import Consistency, History, Promises

SPARSE: Final = Promises(offsets="sparse")
LAST_WRITE: Final = Promises(commits="last-write")
CUT_SHORT: Final = Promises(poll_limit_known=False)
ANY_COMMIT: Final = Promises(refuses_commit_past_end=False)
EACH_KEY_ALONE: Final = Promises(atomic_keys=False)
THREE_SENT: Final = ("alice send k1 7 -> 0", "alice send k1 8 -> 1", "alice send k1 9 -> 2")


class Case(Struct, frozen=True):
    """A history with a name that says what is in it."""

    name: str
    lines: tuple[str, ...]
    also: tuple[str, ...] = ()
    """Further anomalies that the same lines cannot but show."""
    complete: str = ""
    """The keys that the final polls read to their end."""
    promises: Promises = field(default_factory=Promises)
    consistency: Consistency = "kafka"
    end: str = "complete"

    @property
    def history(self) -> History:
        """What its lines tell."""
        end: Any = self.end
        return build(*self.lines, complete=self.complete, promises=self.promises, consistency=self.consistency, end=end)


class Definition(Struct, frozen=True):
    """One anomaly by example: what shows it, and what comes close and does not."""

    kind: str
    rejects: tuple[Case, ...]
    accepts: tuple[Case, ...]


def case(name: str, *lines: str, **settings: Any) -> Case:
    """A case; ``settings`` are its other fields, ``also`` as words parted by blanks."""
    also = tuple(settings.pop("also", "").split())
    return Case(name, lines, also, **settings)
