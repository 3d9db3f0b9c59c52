"""Writes docs/reference from the program itself, so that it cannot say anything else: ``make reference``.

Pages that are fresh are left alone; a test says which are not.
"""

from __future__ import annotations

import ast
import inspect as python_inspect
import json
import sys
import textwrap
from collections.abc import Callable, Iterable
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import msgspec
from msgspec import inspect

from kafkasim import history, messages
from kafkasim.checkers.registry import Checker
from kafkasim.checkers.table import CHECKERS, NEVER_CHECKED
from kafkasim.forms import expected
from kafkasim.sim.bugs import BUGS
from tests.checkers.cases import DEFINITIONS
from tests.checkers.definitions import Case
from tools.scenario_reference import scenario_page

FOLDER: Final = Path(__file__).resolve().parent.parent / "docs" / "reference"
_NOTICE: Final = (
    "<!-- Written by tools/reference.py from the program itself: change that, then `make reference`. -->\n\n"
)


def table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A table of Markdown; cells may hold anything but line breaks."""
    heads = list(heads)
    lines = [heads, ["---"] * len(heads), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines) + "\n"


def text_of(documented: Any) -> str:
    """The docstring, without the examples, which are tests before they are reading."""
    kept: list[str] = []
    in_example = False
    for line in python_inspect.getdoc(documented).splitlines():  # type: ignore[union-attr]  # the linter demands one
        in_example = line.startswith(">>>") or (in_example and bool(line))
        if not in_example:
            kept.append(line)
    return "\n".join(kept).replace("``", "`").strip() + "\n"


# --------------------------------------------------------------------------------------


_RPCS_HEAD: Final = """\
# RPCs

What a client can ask of a node, on the wire: one JSON object a line, `{"src": ..., "dest": ..., "body": {...}}`.
A request that has a `msg_id` is answered by a reply with the same number as `in_reply_to`; one that has none is
obeyed and not answered. Unknown fields of a request are ignored.

"""

_ERRORS_HEAD: Final = """\
## Errors

An error is a reply of type `error` with `code` and `text`. After a *definite* one the operation did not happen and
never will; after an *indefinite* one it may have happened. Codes from 1000 on are a system's own, and promise nothing.

"""


def rpcs() -> str:
    """The page of the RPCs and of the errors."""
    parts = [_RPCS_HEAD]
    for rpc in messages.RPCS.values():
        request, reply = rpc.example
        parts += [
            f"## `{rpc.name}`\n\n{text_of(rpc.request)}\n",
            _fields("request", rpc.request),
            f"Reply `{reply['type']}`: {text_of(rpc.reply)}\n",
            _fields("reply", rpc.reply),
            f"```json\n{json.dumps({**request, 'msg_id': 1})}\n{json.dumps({**reply, 'in_reply_to': 1})}\n```\n\n",
            f"Errors: {', '.join(f'{int(code)} {code.title}' for code in rpc.errors)}.\n\n",
        ]
    parts.append(_ERRORS_HEAD)
    rows = ((str(int(code)), code.title, "yes" if code.definite else "no") for code in messages.ErrorCode)
    parts.append(table(["code", "name", "definite"], rows))
    return "".join(parts)


def _fields(of: str, body: type[msgspec.Struct]) -> str:
    info = inspect.type_info(body)
    assert isinstance(info, inspect.StructType)
    rows = []
    for field in info.fields:
        if field.name in {"msg_id", "in_reply_to"}:
            continue
        about = field.type.extra_json_schema or {} if isinstance(field.type, inspect.Metadata) else {}
        rows.append([f"`{field.encode_name}`", expected(field.type), about.get("description", "")])
    return table([f"{of} field", "form", "meaning"], rows) if rows else ""


def history_format() -> str:
    """The page of the history format."""
    parts = ["# The history format\n\n", text_of(history), "\n"]
    titles = {
        history.Header: "The first line",
        history.Promises: "Promises",
        history.Operation: "An operation",
        history.Failure: "An error",
        history.FaultEvent: "A fault",
        history.End: "The last line",
    }
    meanings = _attribute_docstrings(history)
    for form, title in titles.items():
        info = inspect.type_info(form)
        assert isinstance(info, inspect.StructType)
        rows = []
        for field in info.fields:
            default = "" if field.default is msgspec.NODEFAULT else f"`{json.dumps(field.default)}`"
            meaning = meanings.get((form.__name__, field.name), "")
            rows.append([f"`{field.encode_name}`", expected(field.type), default, meaning])
        parts += [f"## {title}\n\n{text_of(form)}\n", table(["field", "form", "default", "meaning"], rows)]
    return "".join(parts)


def _attribute_docstrings(module: ModuleType) -> dict[tuple[str, str], str]:
    """The texts below the attributes of a module's classes, by class and attribute; on one line."""
    found = {}
    for node in ast.parse(python_inspect.getsource(module)).body:
        if not isinstance(node, ast.ClassDef):
            continue
        for before, after in pairwise(node.body):
            match before, after:
                case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                    found[node.name, name] = " ".join(text.replace("``", "`").split())
    return found


_ANOMALIES_HEAD: Final = """\
# Anomalies

What the checkers look for. An anomaly is something in a history that a system which keeps its promises cannot have
done. Each is shown by the smallest history that has it, and by the nearest one that does not.

A line of a history is one operation: who, what was asked, and after the arrow what was answered. `...` parts the
beginning of an operation from its end, so that others can happen in between; `lost` is a reply that the network
lost, `fail 22` a definite error, `info 13` an indefinite one.

"""


def anomalies() -> str:
    """The page of the anomalies."""
    parts = [_ANOMALIES_HEAD]
    heads = ["anomaly", "holds when", "levels", "Jepsen's name or source"]
    rows = []
    for kind, checkers in _by_kind():
        levels = sorted(
            {level for checker in checkers for level in checker.levels}, key=history.CONSISTENCY_LEVELS.index
        )
        note = " (a note: it fails no run)" if checkers[0].severity == "note" else ""
        name = checkers[0].source.removeprefix("Jepsen: ")
        rows.append([f"[`{kind}`](#{kind})", checkers[0].summary + note, ", ".join(levels), name])
    parts += [table(heads, rows), "Never checked, because our histories have no transactions of several steps: "]
    parts += [", ".join(f"`{kind}`" for kind in NEVER_CHECKED), ".\n\n"]
    plainest = {definition.kind: definition for definition in reversed(DEFINITIONS)}
    for kind, checkers in _by_kind():
        parts.append(f"## {kind}\n\n")
        for checker in checkers:
            promise = f" Judged where the system promises: {checker.promise}." if checker.promise else ""
            parts.append(f"{checker.summary}{promise} Looked at: {checker.counted}.\n\n")
        parts.append(f"It shows in:\n\n{_cases(plainest[kind].rejects[:1])}")
        parts.append(f"It does not in:\n\n{_cases(plainest[kind].accepts[:1])}")
    return "".join(parts)


def _by_kind() -> list[tuple[str, list[Checker]]]:
    kinds: dict[str, list[Checker]] = {}
    for checker in CHECKERS:
        kinds.setdefault(checker.kind, []).append(checker)
    return list(kinds.items())


def _cases(cases: Iterable[Case]) -> str:
    return "".join(f"- {case.name}\n\n{textwrap.indent(chr(10).join(case.lines), ' ' * 6)}\n\n" for case in cases)


_BUGS_HEAD: Final = """\
# Faulty servers

Servers that are wrong in ways in which real programs were. Name one in a scenario (`system: {bug: silent}`) or run
any scenario against it (`--bug silent`). Each is caught by the anomalies beside it; the tests see to that.

"""


def faulty_servers() -> str:
    """The page of the faulty servers."""
    rows = (
        [f"`{bug.name}`", bug.does, ", ".join(f"[`{kind}`](anomalies.md#{kind})" for kind in bug.caught_by)]
        for bug in BUGS.values()
    )
    return _BUGS_HEAD + table(["bug", "what the server does", "caught by"], rows)


PAGES: Final[dict[str, Callable[[], str]]] = {
    "rpcs.md": rpcs,
    "history-format.md": history_format,
    "anomalies.md": anomalies,
    "scenario-format.md": lambda: scenario_page(table),
    "faulty-servers.md": faulty_servers,
}


def written(name: str) -> str:
    """The text of a page, as it should stand in the folder."""
    return _NOTICE + PAGES[name]().rstrip() + "\n"


def main() -> int:
    """Writes every page that is not fresh."""
    for name in PAGES:
        path, text = FOLDER / name, written(name)
        if not path.exists() or path.read_text() != text:
            path.write_text(text)
            print(f"docs/reference/{name}: written")
    return 0


if __name__ == "__main__":
    sys.exit(main())
