"""The scenario format as JSON Schema, by which editors complete and check while one types.

It accepts what the loader accepts, and beyond that only what no schema can tell: names of nodes, clients and barriers
that stand for nothing or for two things, ``low`` above ``high``, somebody in two groups of a partition, durations that
are no whole number of nanoseconds or longer than a clock can hold, and 1.0 for 1, which are one number to JSON Schema.
"""

from __future__ import annotations

from typing import Any, Final

from kafkasim.scenario.actions import SCRIPT_STEP, STEP
from kafkasim.scenario.format import FAULT, SCENARIO
from kafkasim.scenario.values import Duration

_NAMED: Final = {
    "step": STEP,
    "step_of_the_one_script": SCRIPT_STEP,
    "fault": FAULT,
    "duration": Duration(),
}


def json_schema() -> dict[str, Any]:
    """The schema (https://json-schema.org/draft/2020-12/schema) of a scenario file.

    >>> json_schema()["required"]
    ['name', 'why']
    """
    named = {name: form.schema() for name, form in _NAMED.items()}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A scenario of kafkasim",
        **_with_references(SCENARIO.schema(), named),
        "$defs": {name: _with_references(schema, named, but=name) for name, schema in named.items()},
    }


def _with_references(schema: Any, named: dict[str, Any], but: str = "") -> Any:
    """The schema with a reference in place of each part that has a name."""
    match schema:
        case dict():
            for name, definition in named.items():
                if name != but and definition.items() <= schema.items():
                    beside = {key: value for key, value in schema.items() if key not in definition}
                    return {"$ref": f"#/$defs/{name}"} | beside
            return {key: _with_references(value, named) for key, value in schema.items()}
        case list():
            return [_with_references(item, named) for item in schema]
    return schema
