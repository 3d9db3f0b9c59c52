"""Writes docs/reference from the program itself, so that it cannot say anything else: ``make reference``.

Pages that are fresh are left alone; a test says which are not.
"""

from __future__ import annotations

import ast
import inspect as python_inspect
import json
import re
import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Final

import msgspec
from msgspec import inspect

from kafkasim import history, messages
from kafkasim.forms import expected
from kafkasim.sim.bugs import BUGS
from tools.anomalies_reference import anomalies_page
from tools.markdown import table, text_of
from tools.repl_reference import repl_page
from tools.scenario_reference import scenario_page

FOLDER: Final = Path(__file__).resolve().parent.parent / "docs" / "reference"
_NOTICE: Final = (
    "<!-- Written by tools/reference.py from the program itself: change that, then `make reference`. -->\n\n"
)


# --------------------------------------------------------------------------------------


_RPCS_HEAD: Final = """\
# RPCs

What a client can ask of a node, on the wire: one JSON object a line, `{"src": ..., "dest": ..., "body": {...}}`.
A request that has a `msg_id` is answered by a reply with the same number as `in_reply_to`; one that has none is
obeyed and not answered. Unknown fields of a request are ignored.

The errors named are those that a request may be refused with. Besides, any may be answered with 13, where the node
itself fails, and with 10, where its `init` was refused.

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


MARK: Final = "kafkasim_history"
"""The one field that a file must have though the program, which writes it, has a default for it."""


def history_format() -> str:
    """The page of the history format."""
    parts = ["# The history format\n\n", text_of(history), "\n"]
    titles = {
        history.Header: "The first line",
        history.Promises: "Promises",
        history.Operation: "An operation",
        history.Failure: "An error",
        history.FaultEvent: "A fault",
        history.Breach: "A breach of the protocol",
        history.End: "The last line",
    }
    meanings = _attribute_docstrings(history)
    for form, title in titles.items():
        info = inspect.type_info(form)
        assert isinstance(info, inspect.StructType)
        rows = []
        for field in info.fields:
            meaning = meanings.get((form.__name__, field.name), "")
            words = expected(field.type).replace(" or nothing", " or null")
            default = "" if field.name == MARK else _default(field)
            rows.append([f"`{field.encode_name}`", words, default, meaning])
        parts += [f"## {title}\n\n{text_of(form)}\n", table(["field", "form", "default", "meaning"], rows)]
    return re.sub(r"\bNone\b", "null", "".join(parts))


def _default(field: inspect.Field) -> str:
    """What a field is where a line leaves it out; empty: it must be there."""
    if field.default is not msgspec.NODEFAULT:
        return f"`{json.dumps(field.default)}`"
    if field.default_factory is msgspec.NODEFAULT:
        return ""
    value = field.default_factory()
    return "all defaults" if isinstance(value, msgspec.Struct) else f"`{json.dumps(value)}`"


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
    "anomalies.md": anomalies_page,
    "scenario-format.md": scenario_page,
    "repl.md": repl_page,
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
