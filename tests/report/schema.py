"""The shape of the JSON documents, as the documentation promises it."""

from __future__ import annotations

from typing import Any, Final

COUNT: Final = {"type": "integer", "minimum": 0}
VERDICT: Final = {"enum": ["valid", "invalid", "unknown"]}


def closed(optional: tuple[str, ...] = (), **fields: Any) -> dict[str, Any]:
    """An object with these fields and no others, all of them there but the optional ones."""
    required = [name for name in fields if name not in optional]
    return {"type": "object", "properties": fields, "required": required, "additionalProperties": False}


EXAMPLE: Final = closed(
    explanation={"type": "string", "maxLength": 10_000},
    operations={"type": "array", "items": COUNT, "maxItems": 20},
)
ANOMALY: Final = closed(
    kind={"type": "string"},
    severity={"enum": ["error", "note"]},
    key={"type": ["string", "null"]},
    count={"type": "integer", "minimum": 1},
    explanation={"type": "string"},
    operations={"type": "array", "items": COUNT},
    examples={"type": "array", "items": EXAMPLE},
    maelstrom_passes={"type": "boolean"},
)

_COMMON: Final = {
    "seed": {"type": "integer"},
    "verdict": VERDICT,
    "expected": {"type": "boolean"},
    "consistency": {"enum": ["jepsen", "kafka", "linearizable"]},
    "operations": closed(total=COUNT, ok=COUNT, fail=COUNT, info=COUNT),
    "anomalies": {"type": "array", "items": ANOMALY},
    "unmet": {"type": "array", "items": closed(client={"type": "string"}, step=COUNT, expected={}, got={})},
    "checked": {"type": "object", "additionalProperties": COUNT},
    "stats": {"type": "object"},
    "not_checked": {"type": "object", "additionalProperties": {"type": "string"}},
    "failed": {"type": "object", "additionalProperties": {"type": "string"}},
    "interrupted": {"const": True},
    "failure": {"type": "string"},
}
_SOMETIMES: Final = ("not_checked", "failed", "interrupted", "failure")
_LINES: Final = {"type": "array", "items": {"type": "string"}}
_OF_PROGRAMS: Final = {
    "program": _LINES,
    "pacing": closed(
        clock={"enum": ["virtual", "real"]},
        real_from={"type": ["integer", "null"]},
        reason={"type": "string"},
        given_up=_LINES,
    ),
    "node_logs": {"type": "object", "additionalProperties": _LINES},
}

RUN: Final = closed((*_SOMETIMES, *_OF_PROGRAMS), scenario={"type": "string"}, **_COMMON, **_OF_PROGRAMS)
CHECK: Final = closed(_SOMETIMES, file={"type": "string"}, **_COMMON)
SEVERAL: Final = closed(
    ("interrupted",),
    runs={"type": "array", "items": {"anyOf": [RUN, CHECK]}},
    verdict=VERDICT,
    seeds_failed={"type": "array", "items": {"type": "integer"}},
    interrupted={"const": True},
)
