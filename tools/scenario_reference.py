"""The reference page of the scenario format, from the format's own declaration."""

from __future__ import annotations

import json
from typing import Any, Final

from kafkasim.scenario import format as scenario_format
from kafkasim.scenario.actions import ACTIONS, SCRIPT_STEP, STEP
from kafkasim.scenario.bug_names import BUG_NAMES
from kafkasim.scenario.records import Either, Field, ListOf, MapOf, Record
from kafkasim.scenario.values import Form
from tools.markdown import listed, paragraph, table

_HEAD: Final = """\
# The scenario format

A scenario is one file of YAML 1.2 in UTF-8. `kafkasim simulate FILE` runs it; `kafkasim simulate --schema` prints this
format as JSON Schema, by which editors complete and check while you type. In VS Code with the YAML extension, for
example, after `kafkasim simulate --schema > scenario.schema.json`, the first line of a scenario may be:

```yaml
# yaml-language-server: $schema=scenario.schema.json
```

An unknown field, a wrong type, the name of nothing: every problem of the file is reported at once, each with its line
and column and, where one is near, the name that may have been meant. Nothing is run then.

**Durations** are a number with a unit (`ns`, `us`, `ms`, `s`, `m`, `h`), like `10ms` and `1.5s`, or a plain number of
seconds. They are exact to the nanosecond. **Keys** are text: one that YAML takes for something else, like `1` or
`true`, wants quotes. **Messages** are any JSON value. Dates are text, as YAML 1.2 has it; anchors may be used, merge
keys (`<<`) may not.

"""

_NAMES: Final = """\
Some names are reserved: `n0`, `n1`, ... for nodes, `final-n0`, `final-n1`, ... for the processes that read everything
at the end, and `c1`, `c2`, ... up to the number of its clients for those of a `workload`.

"""

_STEPS: Final = """\
## Steps

A step is a mapping with exactly one action. Under a client's name in `clients`, steps run one after the other, beside
those of the other clients. In `steps`, each also says with `as` which client does it, and ends before the next begins.

A step that asks for something must succeed. `expect` says what exactly the reply must hold: the RPC's own field, keys
with nothing left out. `expect_error` says which error must come instead, by [its name](rpcs.md#errors) (`timeout` where
no answer is to come in time). An expectation that is not met is reported at the end, and the script goes on.

"""


def scenario_page() -> str:
    """The page."""

    def fields(record: Record[Any]) -> str:
        rows = [
            [
                f"`{field.name}`" + (" (required)" if field.required else ""),
                _words(field.form),
                _default(record, field),
                field.meaning,
            ]
            for field in record.fields.values()
        ]
        return table(["field", "form", "default", "meaning"], rows)

    actions = [
        [f"`{action.name}`", f"`{action.example}`", action.meaning + ("" if action.in_script else " Not in `steps`.")]
        for action in ACTIONS
    ]
    return "".join(
        [
            _HEAD,
            "## The file\n\n",
            fields(scenario_format.SCENARIO),
            "## `system`\n\n",
            fields(scenario_format.SYSTEM),
            paragraph(f"[The faulty servers](faulty-servers.md): {listed(BUG_NAMES)}."),
            "## `network`\n\n",
            fields(scenario_format.NETWORK),
            "### `latency`\n\n",
            fields(scenario_format.LATENCY),
            "## `clients`\n\n",
            _NAMES,
            "By name, a list of steps, or a mapping:\n\n",
            fields(scenario_format.CLIENT),
            _STEPS,
            table(["action", "for example", "what it does"], actions),
            "Beside the action:\n\n",
            table(["field", "at", "meaning"], _beside()),
            "## `workload`\n\n",
            fields(scenario_format.WORKLOAD),
            "### `mix`\n\n",
            fields(scenario_format.MIX),
            "## `faults`\n\n",
            "Each is a crash, a pause or a partition.\n\n",
            *map(fields, scenario_format.FAULT.records.values()),
            "## `expect`\n\n",
            "`valid`, or:\n\n",
            fields(scenario_format.EXPECTED),
        ]
    )


def _words(form: Form[Any]) -> str:
    """The form in a few words, with links to those that have a section."""
    sections = {
        id(scenario_format.SYSTEM): "system",
        id(scenario_format.NETWORK): "network",
        id(scenario_format.LATENCY): "latency",
        id(scenario_format.CLIENTS): "clients",
        id(scenario_format.WORKLOAD): "workload",
        id(scenario_format.MIX): "mix",
    }
    if id(form) in sections:
        return f"[`{sections[id(form)]}`](#{sections[id(form)]})"
    match form:
        case ListOf(item=item) if item in (STEP, SCRIPT_STEP):
            return "a list of [steps](#steps)"
        case ListOf(item=item) if item is scenario_format.FAULT:
            return "a list of [faults](#faults)"
        case ListOf() | MapOf() | Either():
            return form.expected
    return form.expected.split(" such as ")[0]


def _default(record: Record[Any], field: Field) -> str:
    default = record.default(field)
    if default is None:
        return ""
    return f"`{default if isinstance(default, str) else json.dumps(default)}`"


def _beside() -> list[list[str]]:
    """The fields that some steps have beside their action: where they belong, and what they mean."""
    homes: dict[str, list[str]] = {}
    meanings: dict[str, str] = {}
    for action, record in STEP.records.items():
        for field in record.fields.values():
            if field.name != action:
                homes.setdefault(field.name, []).append(f"`{action}`")
                meanings[field.name] = field.meaning
    rows = [[f"`{name}`", ", ".join(actions), meanings[name]] for name, actions in homes.items()]
    everywhere = [
        [f"`{field.name}` (required)", "each step of `steps`", field.meaning]
        for field in SCRIPT_STEP.records["send"].fields.values()
        if field.name not in STEP.records["send"].fields
    ]
    return everywhere + rows
