"""The reference page of the anomalies, from the checkers' table and from the cases that define them by example."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from difflib import SequenceMatcher
from pathlib import Path
from typing import Final

import msgspec

from kafkasim import history
from kafkasim.checkers.registry import Checker
from kafkasim.checkers.table import CHECKERS, NEVER_CHECKED
from kafkasim.sim.bugs import BUGS
from tests.checkers import build
from tests.checkers.cases import DEFINITIONS
from tests.checkers.definitions import Case
from tests.examples.test_examples import NOT_SHOWN
from tools.markdown import listed, paragraph, table, text_of

EXAMPLES: Final = Path("examples", "scenarios", "anomalies")
_ROOT: Final = Path(__file__).resolve().parent.parent

_HEAD: Final = """\
# Anomalies

What the checkers look for. An anomaly is something in a history that a system which keeps its promises cannot have
done. Each is shown by a small history that has it, and by a near one that does not.

"""

_NOTATION: Final = """\
## How the histories are written

A line is one operation: who, what was asked, and after the arrow what was answered. `...` parts the beginning of an
operation from its end, so that others can happen in between.

"""

_UNSAID: Final = """\
Unless something else is said, a history is judged at level `kafka`, its system promises what our own node promises, and
no key was read to its end by final polls.

"""


def anomalies_page() -> str:
    """The page."""
    parts = [_HEAD, table(["anomaly", "holds when", "levels", "Jepsen's name or source"], map(_row, _by_kind()))]
    parts.append(
        paragraph(
            "Never checked, because our histories have no transactions of several steps: " + listed(NEVER_CHECKED) + "."
        )
    )
    notation = textwrap.dedent(text_of(build).partition("\n\n")[2].removeprefix(":\n\n"))
    parts += [_NOTATION, f"```text\n{notation}```\n\n", _UNSAID]
    for kind in _by_kind():
        parts += _section(kind)
    return "".join(parts)


def _row(kind: str) -> list[str]:
    checkers = _by_kind()[kind]
    levels = {level for checker in checkers for level in checker.levels}
    note = " (a note: it fails no run)" if checkers[0].severity == "note" else ""
    return [
        f"[`{kind}`](#{kind})",
        checkers[0].summary + note,
        ", ".join(sorted(levels, key=history.CONSISTENCY_LEVELS.index)),
        checkers[0].source.removeprefix("Jepsen: "),
    ]


def _section(kind: str) -> Iterable[str]:
    yield f"## {kind}\n\n"
    for checker in _by_kind()[kind]:
        promise = f" Judged where the system promises: {checker.promise}." if checker.promise else ""
        yield paragraph(f"{checker.summary}{promise} Looked at: {checker.counted}.")
    yield _causes(kind)
    definitions = [definition for definition in DEFINITIONS if definition.kind == kind]
    shows = min(
        (case for each in definitions for case in each.rejects), key=lambda case: (len(case.lines), _sets(case))
    )
    near = (case for each in definitions for case in each.accepts)
    yield f"It shows in:\n\n{_told(shows)}"
    yield f"It does not in:\n\n{_told(max(near, key=lambda case: _likeness(case, shows)))}"


def _causes(kind: str) -> str:
    bugs = [
        f"`--bug {bug.name}`" + (" (in a cluster)" if bug.clusters else "")
        for bug in BUGS.values()
        if kind in bug.caught_by
    ]
    caused = f"Caused by: {', '.join(bugs)}. " if bugs else ""
    path = EXAMPLES / f"{kind}.yaml"
    if (_ROOT / path).exists():
        return paragraph(f"{caused}Example: [{kind}.yaml](../../{path.as_posix()}).")
    reason = f"No example: {NOT_SHOWN[kind]}." if kind in NOT_SHOWN else ""
    return paragraph(caused + reason) if caused or reason else ""


def _by_kind() -> dict[str, list[Checker]]:
    kinds: dict[str, list[Checker]] = {}
    for checker in CHECKERS:
        kinds.setdefault(checker.kind, []).append(checker)
    return kinds


def _sets(case: Case) -> list[str]:
    """What a case says beyond its lines, in words."""
    usual, given = msgspec.to_builtins(history.Promises()), msgspec.to_builtins(case.promises)
    promises = [f"`{name}: {_json(value)}`" for name, value in given.items() if value != usual[name]]
    words = [f"promises {', '.join(promises)}"] if promises else []
    if case.complete:
        words.append(f"final polls read {listed(case.complete.split())} to the end")
    if case.consistency != "kafka":
        words.append(f"level `{case.consistency}`")
    if case.end != "complete":
        words.append(f"the run was {case.end}")
    return words


def _json(value: object) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _likeness(one: Case, other: Case) -> float:
    """How near two cases are, from 0 to 1."""
    first, second = ("\n".join([*case.lines, *_sets(case)]) for case in (one, other))
    return SequenceMatcher(a=first, b=second, autojunk=False).ratio()


def _told(case: Case) -> str:
    sets = _sets(case)
    beyond = f" ({'; '.join(sets)})" if sets else ""
    return f"- {case.name}{beyond}\n\n{textwrap.indent(chr(10).join(case.lines), ' ' * 6)}\n\n"
