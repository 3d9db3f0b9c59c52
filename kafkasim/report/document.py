"""Reports for programs: one JSON document for a run, a check, or many of them.

A document of one run::

    {"scenario": name, "seed": 7, "verdict": "valid|invalid|unknown", "expected": true, "consistency": level,
     "operations": {"total", "ok", "fail", "info"},
     "anomalies": [{"kind", "severity", "key", "count", "explanation", "operations": [index, ...],
                   "examples": [{"explanation", "operations"}, ...], "maelstrom_passes"}, ...],
     "unmet": [{"client", "step", "expected", "got"}, ...], "checked": {kind: number, ...}, "stats": {...}}

``anomalies`` has one entry a kind and key, worst first. Its ``examples`` are all that were found, ``count`` of them,
worst first; the ``explanation`` and ``operations`` beside them are those of the first. An explanation has a bounded
length and no more than 20 operations, so the document grows with the findings and no faster. ``maelstrom_passes`` says
that Maelstrom would let all of them pass.

A checked file has ``file`` for ``scenario``. Further fields appear only where there is something to say:
``not_checked`` (reasons, by kind), ``failed`` (checkers that themselves failed), ``interrupted`` (true) and ``failure``
(why nothing is known of the run: the simulator itself failed, its process was ended, or the file to be checked cannot
be read, and has no operations then). Where nodes are programs there are ``program`` (the words of its command),
``pacing`` (whose time it was, see `kafkasim.sim.result.Pacing`) and, where the run is not as expected, ``node_logs``
(by node, the last lines that it wrote to its standard error).
Times are nanoseconds of the run's clock. Many runs are ``{"runs": [...], "verdict": ..., "seeds_failed": [...]}``,
with ``interrupted`` (true) where something kept further runs from being made.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from kafkasim import odd_json
from kafkasim.checkers.verdict import Anomaly, CheckResult
from kafkasim.history import Consistency, End, Header, History
from kafkasim.report.conclusion import Runs, overall
from kafkasim.report.exit_codes import ExitCode
from kafkasim.report.figures import outcomes_of
from kafkasim.sim.result import Result

Document = dict[str, Any]

_ENCODER: Final = msgspec.json.Encoder()


def run_document(result: Result, *, expected: bool) -> Document:
    """One run as a document. ``expected`` says whether it is as expected, which may depend on other runs too.

    The result may have been stripped of its operations.
    """
    document: Document = {
        "scenario": result.scenario.name,
        "seed": result.seed,
        "verdict": result.verdict,
        "expected": expected,
        "consistency": result.check.consistency,
        "operations": _totals(result.statistics.outcomes),
        "anomalies": [_anomaly(anomaly) for anomaly in result.check.anomalies],
        "unmet": [
            {"client": one.client, "step": one.step, "expected": one.expected, "got": one.got} for one in result.unmet
        ],
        "checked": result.check.checked,
        "stats": msgspec.to_builtins(result.statistics),
    }
    document |= _exceptions(result.check, interrupted=result.interrupted)
    if result.scenario.system.command:
        document |= _of_programs(result, expected=expected)
    return document | {"failure": result.failure} if result.failure else document


def _of_programs(result: Result, *, expected: bool) -> Document:
    told: Document = {"program": list(result.scenario.system.command)}
    if result.pacing is not None:
        told["pacing"] = msgspec.to_builtins(result.pacing)
    if result.node_logs and not expected:
        told["node_logs"] = {name: list(lines) for name, lines in result.node_logs.items()}
    return told


def check_document(file: str, history: History, check: CheckResult) -> Document:
    """One checked history as a document: ``file`` for ``scenario``, and of ``stats`` what a history alone tells."""
    outcomes = outcomes_of(history)
    document: Document = {
        "file": file,
        "seed": history.header.seed,
        "verdict": check.verdict,
        "expected": check.verdict == "valid",
        "consistency": check.consistency,
        "operations": _totals(outcomes),
        "anomalies": [_anomaly(anomaly) for anomaly in check.anomalies],
        "unmet": [],
        "checked": check.checked,
        "stats": {"outcomes": outcomes},
    }
    return document | _exceptions(check, interrupted=history.end.end == "interrupted")


def unread_document(file: str, failure: str, consistency: Consistency | None) -> Document:
    """The document of a file that should have been checked and cannot be read; why, in words."""
    nothing = History(Header(), end=End("complete"))
    check = CheckResult("unknown", consistency or nothing.header.consistency)
    return check_document(file, nothing, check) | {"failure": failure}


def sweep_document(sweep: Sequence[Runs], *, interrupted: bool = False) -> Document:
    """Many runs as a document: each run's own, and what they come to together; ``interrupted``: more were asked for."""
    documents = [
        run_document(result, expected=code is ExitCode.AS_EXPECTED)
        for runs in sweep
        for result, code in zip(runs.results, runs.codes, strict=True)
    ]
    together = _together(documents)
    return together | {"interrupted": True} if interrupted else together


def checks_document(documents: Sequence[Document]) -> Document:
    """Several checked histories as a document."""
    return _together(documents)


def _together(documents: Sequence[Document]) -> Document:
    return {
        "runs": list(documents),
        "verdict": overall(document["verdict"] for document in documents),
        "seeds_failed": sorted({document["seed"] for document in documents if not document["expected"]}),
    }


def encode_document(document: Document) -> str:
    r"""The document as one line of JSON, the same for the same document. What JSON cannot say (infinity) is null.

    >>> encode_document({"rate": float("inf"), "key": "k1"})
    '{"rate":null,"key":"k1"}\n'
    """
    return odd_json.written(document, _ENCODER).decode() + "\n"


def _totals(outcomes: Mapping[str, Mapping[str, int]]) -> dict[str, int]:
    each = {kind: sum(counts.get(kind, 0) for counts in outcomes.values()) for kind in ("ok", "fail", "info")}
    return {"total": sum(each.values())} | each


def _anomaly(anomaly: Anomaly) -> Document:
    worst = anomaly.examples[0] if anomaly.examples else None
    return {
        "kind": anomaly.kind,
        "severity": anomaly.severity,
        "key": anomaly.key,
        "count": anomaly.count,
        "explanation": worst.explanation if worst else "",
        "operations": list(worst.operations) if worst else [],
        "examples": [
            {"explanation": example.explanation, "operations": list(example.operations)} for example in anomaly.examples
        ],
        "maelstrom_passes": anomaly.maelstrom_passes,
    }


def _exceptions(check: CheckResult, *, interrupted: bool) -> Document:
    said: Document = {"not_checked": check.not_checked, "failed": check.failed, "interrupted": interrupted}
    return {name: value for name, value in said.items() if value}
