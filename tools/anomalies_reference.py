"""The reference page of the anomalies, from the checkers' table and from the cases that define them by example."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from kafkasim import history
from kafkasim.anomalies import notation
from kafkasim.anomalies.definitions import Case
from kafkasim.anomalies.reasons import REASONS
from kafkasim.anomalies.telling import nearest_case, settings_of, smallest_case
from kafkasim.checkers.registry import AS_JEPSEN, Checker
from kafkasim.checkers.table import CHECKERS
from kafkasim.sim.bugs import BUGS
from tests.examples.test_examples import NOT_SHOWN
from tools.markdown import paragraph, table, text_of

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
    lines = textwrap.dedent(text_of(notation).partition("\n\n")[2].removeprefix(":\n\n"))
    parts += [_NOTATION, f"```text\n{lines}```\n\n", _UNSAID]
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
        level = "At level `jepsen`: " if checker.levels == AS_JEPSEN else ""
        yield paragraph(f"{level}{checker.summary}{promise} Looked at: {checker.counted}.")
    yield paragraph(f"*Why it is proof.* {REASONS[kind].proof}")
    yield paragraph(f"*What it cannot see.* {REASONS[kind].blind}")
    yield _causes(kind)
    yield f"It shows in:\n\n{_told(smallest_case(kind))}"
    yield f"It does not in:\n\n{_told(nearest_case(kind))}"


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


def _told(case: Case) -> str:
    sets = settings_of(case)
    beyond = f" ({'; '.join(sets)})" if sets else ""
    return f"- {case.name}{beyond}\n\n{textwrap.indent(chr(10).join(case.lines), ' ' * 6)}\n\n"
