"""One run on a screen: what was run, what happened, what is wrong with it and how to see it again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.text import Text

from kafkasim.forms import printable
from kafkasim.report.anomalies import anomalies_section, checked_section
from kafkasim.report.command import AS_WRITTEN, Overrides, command_that_repeats
from kafkasim.report.conclusion import Runs, reason_for_unknown
from kafkasim.report.descriptions import Descriptions
from kafkasim.report.exit_codes import ExitCode
from kafkasim.report.figures import operations_table
from kafkasim.report.programs import clock_words, given_up_words, node_logs_section, system_words
from kafkasim.report.screen import indented
from kafkasim.report.unmet import unmet_section
from kafkasim.report.words import count_of, duration, key_words, listed, part, rate
from kafkasim.scenario.model import Fault, Latency, NodeCrash, NodePause, Partition, Scenario, System
from kafkasim.sim.result import Pacing, RealtimeLag, Result, Statistics

NAMES: Final = 6
"""How many scripted clients are named."""


def run_report(
    screen: Console,
    result: Result,
    descriptions: Descriptions,
    overrides: Overrides = AS_WRITTEN,
) -> Iterator[RenderableType]:
    """The report of one run, part by part. Its first line and its last name the seed."""
    scenario = result.scenario
    yield Text.assemble((f"{printable(scenario.name)}, seed {result.seed}", "title"), f"  {printable(scenario.source)}")
    yield indented(screen, printable(" ".join(scenario.why.split())), 2)
    yield Text()
    for label, text in _world(result, descriptions):
        yield indented(screen, f"{label}: {text}", 0, 2)
    yield Text()
    if result.failure:  # then there are no figures
        yield from _ending(screen, result, overrides)
        return
    yield Padding(operations_table(result.statistics.outcomes, result.statistics.latencies), (0, 0, 0, 2))
    for line in _pace(result.statistics, _time_words(result.pacing, result.statistics.duration)):
        yield indented(screen, line, 2, 2)
    yield from anomalies_section(
        screen, result.check.anomalies, result.history, descriptions.anomalies, scenario.expected
    )
    yield from unmet_section(screen, result.unmet)
    yield Text()
    yield from checked_section(screen, result.check, descriptions.counted)
    if result.expectations:
        met = result.expectations - len(result.unmet)
        yield Text(f"expectations of steps: {met:,} of {result.expectations:,} met")
    if Runs(scenario, [result]).code is not ExitCode.AS_EXPECTED:
        yield from node_logs_section(screen, result.node_logs)
    yield Text()
    yield from _ending(screen, result, overrides)


def _world(result: Result, descriptions: Descriptions) -> Iterator[tuple[str, str]]:
    """What was simulated, in a few lines; only what the scenario asked for."""
    scenario = result.scenario
    system = scenario.system
    bug = ""
    if system.bug is not None:
        does = descriptions.bugs.get(system.bug)
        bug = f", with the bug {system.bug}" + (f" ({does})" if does else "")
    if system.command:
        yield "system", system_words(system)
    else:
        yield (
            "system",
            f"{count_of(system.nodes, 'node')}, {'durable' if system.storage == 'durable' else 'in memory'}{bug}",
        )
    if result.pacing is not None:
        yield "clock", clock_words(result.pacing)
    yield "clients", _clients(scenario)
    network = _network(scenario)
    if network:
        yield "network", network
    if scenario.faults:
        yield "faults", _faults(scenario.faults)
    idle = [] if result.failure else _faults_that_did_not_strike(result)
    if idle:
        yield "without effect", f"{_faults(idle)}: the run was over by then, or the node was down already"
    given_up = "" if result.pacing is None else given_up_words(result.pacing)
    if given_up:
        yield "not waited for", given_up


def _clients(scenario: Scenario) -> str:
    parts = []
    scripted = list(dict.fromkeys([client.name for client in scenario.clients] + [s.client for s in scenario.steps]))
    if scripted:
        few = len(scripted) <= NAMES
        parts.append(f"{listed(map(printable, scripted)) if few else f'{len(scripted)} clients'} by script")
    workload = scenario.workload
    if workload is not None:
        parts.append(
            f"{count_of(workload.clients, 'client')} on {count_of(workload.keys, 'key')}, "
            f"{rate(workload.rate)} operations/s for {duration(workload.duration)}"
        )
    return "; ".join(parts) or "none"


def _network(scenario: Scenario) -> str:
    network = scenario.network
    parts = [latency] if (latency := _latency(network.latency)) else []
    if network.client_latency is not None:
        parts.append(f"of clients: {_latency(network.client_latency) or 'none'}")
    for chance, what in (
        (network.loss, "lost"),
        (network.duplicate, f"duplicated (all but {_never_duplicated(scenario.system)})"),
        (network.duplicate_sends, "of sends duplicated"),
    ):
        if chance:
            parts.append(f"{chance:.4g} {what}" if chance < 0.0001 else f"{100 * chance:.4g} % {what}")
    return ", ".join(parts)


def _never_duplicated(system: System) -> str:
    """What `duplicate` leaves out, of what there may be in a run of such a system."""
    return "sends, writes and cas" if system.nodes > 1 or system.command else "sends"


def _latency(latency: Latency) -> str:
    if latency.distribution == "uniform":
        return f"latency {duration(latency.low)} to {duration(latency.high)}" if latency.high else ""
    if not latency.mean:
        return ""
    kind = "exponential latency, mean" if latency.distribution == "exponential" else "latency"
    return f"{kind} {duration(latency.mean)}"


def _faults(faults: Sequence[Fault]) -> str:
    crashes = [fault for fault in faults if isinstance(fault, NodeCrash)]
    pauses = [fault for fault in faults if isinstance(fault, NodePause)]
    partitions = [fault for fault in faults if isinstance(fault, Partition)]
    parts = []
    if crashes:
        parts.append(count_of(len(crashes), "crash of a node", "crashes of nodes") + _struck(crashes))
    if pauses:
        parts.append(count_of(len(pauses), "pause of a node", "pauses of nodes") + _struck(pauses))
    if partitions:
        parts.append(count_of(len(partitions), "partition") + _struck(partitions))
    return ", ".join(parts)


def _faults_that_did_not_strike(result: Result) -> list[Fault]:
    """Each event in the history is of the last such fault that was due by then: on the real clock a bit earlier."""
    idle = list(result.scenario.faults)
    for event in result.history.faults:
        due = [fault for fault in idle if fault.at <= event.at and _as_in_history(fault) == (event.fault, event.nodes)]
        if due and event.planned:
            idle.remove(max(due, key=lambda fault: fault.at))
    return idle


def _as_in_history(fault: Fault) -> tuple[str, tuple[str, ...]]:
    """What a history has of a fault that struck: what, and which nodes."""
    if isinstance(fault, NodeCrash):
        return "crash", (fault.node,)
    if isinstance(fault, NodePause):
        return "pause", (fault.node,)
    return "partition", ()


def _struck(faults: Sequence[Fault], most: int = 4) -> str:
    """Whom each of the faults strikes, and when."""
    times = [f"{_victims(fault)} at {duration(fault.at)}" for fault in faults[:most]]
    return f" ({', '.join(times)}{', ...' if len(faults) > most else ''})"


def _victims(fault: Fault) -> str:
    if not isinstance(fault, Partition):
        return fault.node
    groups = [_few(group) for group in fault.groups]
    return " | ".join(groups if len(groups) > 1 else (*groups, "the others"))


def _few(names: Sequence[str], most: int = 8) -> str:
    shown = printable(" ".join(names[:most]))
    return shown if len(names) <= most else f"{shown} and {len(names) - most:,} more"


# --------------------------------------------------------------------------------------
# What happened
# --------------------------------------------------------------------------------------


def _time_words(pacing: Pacing | None, length: int) -> str:
    """Whose time the clients' ``length`` was; what the final polls took comes after it."""
    if pacing is not None and pacing.clock == "real":
        return "real time"
    if pacing is None or pacing.real_from is None or pacing.real_from >= length:
        return "simulated time"
    return "simulated, then real time"


def _pace(statistics: Statistics, time: str) -> Iterator[str]:
    """How long, how fast, and what became of the messages."""
    length = f"{duration(statistics.duration)} of {time}"
    if statistics.rate_asked is None:
        yield length
    else:
        yield f"{length}, {rate(statistics.rate_achieved)} of {rate(statistics.rate_asked)} operations/s asked for"
    traffic = statistics.traffic
    fates = [
        f"{number:,} {fate}"
        for number, fate in (
            (traffic.lost, "lost"),
            (traffic.duplicated, "duplicated"),
            (traffic.cut_off, "cut off by a fault"),
        )
        if number
    ]
    each = _per_operation(statistics.messages_per_operation)
    yield f"{count_of(traffic.sent, 'message')} on the network{each}, {listed(fates or ['none lost'])}"
    if statistics.rate_asked is not None:
        yield _availability(statistics)
    elif statistics.worst_realtime_lag is not None:
        yield _lag(statistics.worst_realtime_lag)


def _per_operation(messages: Mapping[str, float]) -> str:
    """How many messages an operation took, where any went between servers: else it is two, one each way."""
    if not messages.get("servers"):
        return ""
    return f" ({rate(messages['all'])} an operation, {rate(messages['servers'])} of them between servers)"


def _availability(statistics: Statistics) -> str:
    """Which part of the operations succeeded, and how far a poll lagged behind at worst."""
    if not statistics.outcomes:
        return "no operation was begun"
    available = f"{part(statistics.availability.get('all', 1.0))} of operations succeeded"
    worst = statistics.worst_realtime_lag
    if worst is None:
        return f"{available}, no poll lagged behind"
    return f"{available}, {_lag(worst)}"


def _lag(worst: RealtimeLag) -> str:
    where = f"poll #{worst.operation} of key {key_words(worst.key)}"
    return f"worst realtime lag {duration(worst.lag)} ({where})"


# --------------------------------------------------------------------------------------
# What it comes to
# --------------------------------------------------------------------------------------


def _ending(screen: Console, result: Result, overrides: Overrides) -> Iterator[RenderableType]:
    runs = Runs(result.scenario, [result])
    code = runs.code
    yield indented(screen, conclusion_words(result, code), 0, 2)
    if code is ExitCode.AS_EXPECTED and not result.check.anomalies:
        return
    command = command_that_repeats(result.scenario.source or result.scenario.name, result.seed, overrides)
    yield Text("To see it again:")
    yield Text(f"  {printable(command)}", style="command", no_wrap=True)


def conclusion_words(result: Result, code: ExitCode) -> Text:
    """The run in one sentence, ending in its seed."""
    seed = f" (seed {result.seed})"
    found = list(dict.fromkeys(anomaly.kind for anomaly in result.check.anomalies if anomaly.severity == "error"))
    expected = result.scenario.expected
    if result.interrupted:
        head, style = "INTERRUPTED", "unsure"
        words = f"{listed(found)} found so far" if found else "nothing wrong found so far"
    elif code is ExitCode.UNKNOWN:
        head, style = "UNKNOWN", "unsure"
        nobody_served = result.statistics.availability.get("all") == 0
        nothing = "no operation of a client succeeded" if nobody_served else "no message polled, nothing expected"
        words = result.failure or reason_for_unknown(result.check, f"nothing was learned: {nothing}")
    elif code is ExitCode.AS_EXPECTED and expected:
        head, style, words = "AS EXPECTED", "good", f"{listed(expected)} found"
    elif code is ExitCode.AS_EXPECTED:
        total = sum(sum(outcomes.values()) for outcomes in result.statistics.outcomes.values())
        head, style, words = "VALID", "good", f"nothing wrong in {count_of(total, 'operation')}"
    else:
        head, style, words = _failure(result, found)
    return Text.assemble((head, style), f": {words}{seed}")


def _failure(result: Result, found: Sequence[str]) -> tuple[str, str, str]:
    problems = []
    missing = [kind for kind in result.scenario.expected if kind not in found]
    unlooked = [kind for kind in missing if kind in result.check.not_checked]
    if len(unlooked) < len(missing):
        problems.append(f"{listed(kind for kind in missing if kind not in unlooked)} expected and not found")
    problems += [f"{kind} expected and not looked for: {result.check.not_checked[kind]}" for kind in unlooked]
    if result.unmet:
        problems.append(count_of(len(result.unmet), "expectation not met", "expectations not met"))
    unexpected = [kind for kind in found if not result.scenario.expected or (missing and kind not in missing)]
    if unexpected:
        problems.append(f"{listed(unexpected)} found")
    return "INVALID" if unexpected and not missing else "NOT AS EXPECTED", "bad", "; ".join(problems)
