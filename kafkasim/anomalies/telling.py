"""Which cases to show of an anomaly, and what a case says beyond its lines, in words."""

from __future__ import annotations

from difflib import SequenceMatcher

import msgspec

from kafkasim.anomalies.cases import DEFINITIONS
from kafkasim.anomalies.definitions import Case
from kafkasim.history import Promises


def smallest_case(kind: str) -> Case:
    """The shortest history that shows the anomaly.

    >>> smallest_case("phantom-read").lines
    ('bob poll k1:0 -> k1 0=7',)
    """
    cases = [case for definition in DEFINITIONS if definition.kind == kind for case in definition.rejects]
    return min(cases, key=lambda case: (len(case.lines), settings_of(case)))


def nearest_case(kind: str) -> Case:
    """Of the histories that do not show it, the one that is most like the shortest that does."""
    cases = [case for definition in DEFINITIONS if definition.kind == kind for case in definition.accepts]
    shown = smallest_case(kind)
    return max(cases, key=lambda case: _likeness(case, shown))


def settings_of(case: Case) -> list[str]:
    """What a case says beyond its lines, in words.

    >>> settings_of(smallest_case("unseen"))
    ['final polls read k1 to the end']
    """
    usual, given = msgspec.to_builtins(Promises()), msgspec.to_builtins(case.promises)
    promises = [f"`{name}: {_json(value)}`" for name, value in given.items() if value != usual[name]]
    words = [f"promises {', '.join(promises)}"] if promises else []
    if case.complete:
        words.append(f"final polls read {' and '.join(case.complete.split())} to the end")
    if case.consistency != "kafka":
        words.append(f"level `{case.consistency}`")
    if case.end != "complete":
        words.append(f"the run was {case.end}")
    return words


def _json(value: object) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _likeness(one: Case, other: Case) -> float:
    """How near two cases are, from 0 to 1."""
    first, second = ("\n".join([*case.lines, *settings_of(case)]) for case in (one, other))
    return SequenceMatcher(a=first, b=second, autojunk=False).ratio()
