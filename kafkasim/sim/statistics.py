"""The figures of a run, from its history."""

from __future__ import annotations

from kafkasim.history import ASK_NOBODY, Operation
from kafkasim.scenario.model import SECOND, Scenario
from kafkasim.sim.realtime_lag import worst_realtime_lag
from kafkasim.sim.result import Quantiles, Statistics, Traffic


def statistics_of(scenario: Scenario, operations: list[Operation], duration: int, traffic: Traffic) -> Statistics:
    """The figures of the operations before the final polls, which took so many nanoseconds."""
    outcomes: dict[str, dict[str, int]] = {}
    taken: dict[str, list[int]] = {}
    asked = finals = 0
    clients = 0 if scenario.workload is None else scenario.workload.clients
    generated = {f"c{number}" for number in range(1, clients + 1)}
    span = duration if scenario.workload is None else min(duration, scenario.workload.duration)
    for op in operations:
        if op.final:
            finals += 1
            continue
        counts = outcomes.get(op.f)
        if counts is None:
            counts = outcomes[op.f] = {"ok": 0, "fail": 0, "info": 0}
            taken[op.f] = []
        counts[op.type] += 1
        if op.f in ASK_NOBODY:
            continue
        asked += op.client in generated
        if op.end is not None:
            taken[op.f].append(op.end - op.start)
    requests = {function: counts for function, counts in outcomes.items() if function not in ASK_NOBODY}
    return Statistics(
        duration=duration,
        rate_asked=None if scenario.workload is None else float(scenario.workload.rate),
        rate_achieved=round(asked * SECOND / span, 3) if span else 0.0,
        outcomes=outcomes,
        latencies={function: quantiles_of(durations) for function, durations in taken.items() if durations},
        traffic=traffic,
        availability=_availability(requests),
        messages_per_operation=_messages_per_operation(
            traffic, finals + sum(sum(counts.values()) for counts in requests.values())
        ),
        worst_realtime_lag=worst_realtime_lag(operations),
    )


def _availability(requests: dict[str, dict[str, int]]) -> dict[str, float]:
    """Maelstrom's figure: operations that succeeded by operations that were begun.

    >>> _availability({"send": {"ok": 3, "fail": 0, "info": 1}, "poll": {"ok": 4, "fail": 0, "info": 0}})
    {'all': 0.875, 'send': 0.75, 'poll': 1.0}
    """
    each = {function: counts["ok"] / sum(counts.values()) for function, counts in requests.items()}
    total = sum(sum(counts.values()) for counts in requests.values())
    succeeded = sum(counts["ok"] for counts in requests.values())
    return {"all": succeeded / total if total else 1.0} | each


def _messages_per_operation(traffic: Traffic, operations: int) -> dict[str, float]:
    """Maelstrom's ``msgs-per-op``, and by whom they were sent to whom."""
    if not operations:
        return {}
    kinds = {"all": traffic.sent, "clients": traffic.clients, "servers": traffic.servers}
    return {kind: round(number / operations, 3) for kind, number in kinds.items()}


def quantiles_of(durations: list[int]) -> Quantiles:
    """The quantiles of one duration or more: each is one that occurred, the least that so many do not exceed.

    >>> quantiles_of([30, 10, 20, 40])
    Quantiles(count=4, p50=20, p95=40, p99=40, max=40)
    """
    ordered = sorted(durations)
    count = len(ordered)

    def quantile(percent: int) -> int:
        return ordered[max(0, -(-count * percent // 100) - 1)]

    return Quantiles(count, quantile(50), quantile(95), quantile(99), ordered[-1])
