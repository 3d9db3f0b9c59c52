"""Runs made by hand, so that reports can be tried without running anything."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from typing import Any

from rich.console import RenderableType

from kafkasim.checkers.verdict import Anomaly, CheckResult, Example
from kafkasim.history import End, Failure, Header, History, Operation
from kafkasim.report.screen import make_screen, show
from kafkasim.scenario.model import MILLISECOND, SECOND, Latency, Network, Scenario, System, Workload
from kafkasim.sim.result import Quantiles, Result, Statistics, Traffic, Unmet

LOST = Anomaly(
    "lost-write",
    "error",
    "k1",
    3,
    (Example("message 7 was acknowledged to alice at offset 3; bob read offset 4; nobody ever got 7", (0, 1)),),
)
NOTE = Anomaly("commit-skip", "note", "k2", 1, (Example("somebody committed what nobody had read", (1,)),))


def operation(
    index: int,
    f: Any,
    request: dict[str, Any],
    response: dict[str, Any] | None = None,
    *,
    client: str = "alice",
    events: tuple[int, int | None] | None = None,
    error: tuple[int, str] | None = None,
    **fields: Any,
) -> Operation:
    """One operation of a client at n0; ``ok`` where it has a response, otherwise as its error says."""
    begin, end = events or (2 * index, 2 * index + 1)
    definite = error is not None and error[0] not in (0, 13)
    return Operation(
        index=index,
        process=index,
        client=client,
        node="n0",
        f=f,
        request=request,
        type="ok" if response is not None else "fail" if definite else "info",
        response=response,
        error=Failure(*error) if error else None,
        start=begin * MILLISECOND,
        end=None if end is None else end * MILLISECOND,
        begin_event=begin,
        end_event=end,
        **fields,
    )


OPERATIONS = [
    operation(0, "send", {"key": "k1", "msg": 7}, {"offset": 3}, events=(0, 3)),
    operation(
        1, "poll", {"offsets": {"k1": 0, "k2": 5}}, {"msgs": {"k1": [[2, 6], [4, 9]]}}, client="bob", events=(1, 4)
    ),
]


def statistics(**fields: Any) -> Statistics:
    """The figures of twenty simulated seconds."""
    return Statistics(
        **{
            "duration": 20 * SECOND,
            "rate_asked": 1000.0,
            "rate_achieved": 997.3,
            "outcomes": {"poll": {"ok": 10_021, "fail": 0, "info": 3}, "send": {"ok": 9_930, "fail": 0, "info": 12}},
            "latencies": {"send": Quantiles(9_930, 5_210_000, 20_000_000, 31_000_000, 93_000_123)},
            "traffic": Traffic(40_000, 39_000, 398, 3, 0),
            **fields,
        }
    )


def result(
    anomalies: Sequence[Anomaly] = (),
    *,
    seed: int = 7,
    expected: tuple[str, ...] = (),
    unmet: Sequence[Unmet] = (),
    operations: Sequence[Operation] = (),
    bug: str | None = None,
    **check: Any,
) -> Result:
    """One run; invalid where it has anomalies that are errors."""
    invalid = any(anomaly.severity == "error" for anomaly in anomalies)
    judged = CheckResult(
        **{
            "verdict": "invalid" if invalid else "valid",
            "consistency": "linearizable",
            "anomalies": list(anomalies),
            "checked": {"lost-write": 512, "unseen": 512, "stale-commit": 20},
            **check,
        }
    )
    scenario = Scenario(
        "demo",
        "What one learns\nfrom it.",
        system=System(bug=bug),
        network=Network(Latency("exponential", 5 * MILLISECOND), loss=0.01),
        workload=Workload(4, 5, 1000.0, 20 * SECOND),
        expected=expected,
        source="scenarios/my demo.yaml",
    )
    history = History(Header(scenario="demo", seed=seed), list(operations), end=End("complete"))
    return Result(scenario, seed, history, judged, statistics(), list(unmet), expectations=3)


UNMET = Unmet("alice", 2, "send", {"offset": 0}, {"offset": 1}, "demo.yaml:12:9")


def printed(parts: Iterable[RenderableType]) -> str:
    """What the parts of a report look like in a pipe."""
    file = io.StringIO()
    show(make_screen(file), *parts)
    return file.getvalue()
