"""What a run of a scenario yields: its history, what the checkers say of it, and what was expected in vain."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import Struct, field

from kafkasim.checkers.verdict import CheckResult, Verdict
from kafkasim.history import End, Header, History
from kafkasim.scenario.model import Scenario


class Unmet(Struct, frozen=True):
    """An expectation of a scenario's step that was not met."""

    client: str
    step: int
    """Which of its client's steps, from 1; 0: a malformed request of a workload that was obeyed, or not answered."""
    action: str
    """What the step does, as the scenario writes it: ``send``, ``barrier``, ..."""
    expected: Any
    got: Any
    where: str = ""
    """File, line and column of the step."""


class Quantiles(Struct, frozen=True):
    """How long operations took, in nanoseconds of the run's clock: quantiles of those that were answered."""

    count: int
    p50: int
    p95: int
    p99: int
    max: int


class Traffic(Struct, frozen=True):
    """How many messages the network was given, and what became of them.

    ``sent`` are those that somebody meant to send, copies of the network's own not counted. What starts a node (its
    ``init``) is none of them.
    """

    sent: int = 0
    delivered: int = 0
    lost: int = 0
    duplicated: int = 0
    cut_off: int = 0
    """Not delivered because of a partition, or because nobody was there."""
    clients: int = 0
    """Of those sent, how many a client sent or was to get."""
    servers: int = 0
    """Of those sent, how many went from node to node, or between a node and a service."""


class Pacing(Struct):
    """Whose time it was, where nodes are programs."""

    clock: Literal["virtual", "real"]
    """As the run began."""
    real_from: int | None = None
    """When the virtual clock was given up for the real one (ns of the run's clock); None: it was not."""
    reason: str = ""
    """Why it was."""
    given_up: tuple[str, ...] = ()
    """The nodes that were silent for so long, and without hope, that they were not waited for any more; each once."""


class RealtimeLag(Struct, frozen=True):
    """How far one poll of a key lagged behind the log, see `kafkasim.sim.realtime_lag`."""

    lag: int
    """For how long (ns), when the poll began, there had been a message that it could have read and did not."""
    key: str
    operation: int
    """The poll's place in the history."""
    at: int
    """When it began (ns of the run's clock)."""


class Statistics(Struct, frozen=True):
    """The figures of one run. Times are nanoseconds of the run's clock, rates operations per second of it."""

    duration: int
    """From the start to the last operation of the clients, before the final polls."""
    rate_asked: float | None
    """None: no workload was asked for."""
    rate_achieved: float
    """Of the generated clients alone, over the time that they were to act in."""
    outcomes: dict[str, dict[str, int]]
    """How many operations of each function ended how: ``{"send": {"ok": 10, "fail": 0, "info": 1}, ...}``."""
    latencies: dict[str, Quantiles]
    """By function, of the operations that asked a node and were answered."""
    traffic: Traffic
    availability: dict[str, float] = {}
    """Of the operations that asked a node, the part that succeeded, from 0 to 1: by function, and under ``all`` of all
    of them (1 where there were none, as in Maelstrom)."""
    messages_per_operation: dict[str, float] = {}
    """How many messages were sent for each operation of the history that asked a node, final polls included: ``all``,
    those of ``clients``, and those between ``servers``. Empty where nobody asked anything."""
    worst_realtime_lag: RealtimeLag | None = None
    """Of all polls but the final ones; None where no poll lagged."""


class Result(Struct):
    """One run: everything that happened and everything that follows from it."""

    scenario: Scenario
    seed: int
    history: History
    check: CheckResult
    statistics: Statistics
    unmet: list[Unmet] = field(default_factory=list)
    expectations: int = 0
    """How many expectations of steps were looked at."""
    pacing: Pacing | None = None
    """None: the nodes run in this process, where time is virtual."""
    node_logs: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """By node that is a program, the last lines that it wrote to its standard error; only of those that wrote any."""
    interrupted: bool = False
    failure: str = ""
    """Why nothing is known of the run, where the simulator itself failed or its process was ended; in words."""

    @property
    def verdict(self) -> Verdict:
        """The verdict on the history; valid where nothing but expectations was there to be checked, and they were."""
        if self.check.verdict == "unknown" and self.expectations and not self.check_failed and not self.check.gave_up:
            return "valid"
        return self.check.verdict

    @property
    def check_failed(self) -> bool:
        """Whether a checker itself failed, so that its silence means nothing."""
        return bool(self.check.failed)

    @property
    def found(self) -> set[str]:
        """The kinds of anomaly that were found; notes do not count."""
        return {anomaly.kind for anomaly in self.check.anomalies if anomaly.severity == "error"}

    @property
    def as_expected(self) -> bool:
        """Whether the run is what the scenario expects: valid, or with each of the anomalies that it names.

        An expected anomaly excuses other anomalies (one fault may show in several ways), but no unmet expectation, no
        checker that failed, and no run that was broken off.
        """
        if self.unmet or self.check_failed or self.interrupted:
            return False
        if self.scenario.expected:
            return self.found.issuperset(self.scenario.expected)
        return self.verdict == "valid"


def failed_run(scenario: Scenario, seed: int, failure: str) -> Result:
    """A run of which nothing is known but why.

    >>> failed_run(Scenario("s", "why"), 7, "the simulator failed").verdict
    'unknown'
    """
    return Result(
        scenario,
        seed,
        History(Header(scenario=scenario.name, seed=seed, consistency=scenario.level), end=End("interrupted")),
        CheckResult("unknown", scenario.level),
        Statistics(0, None, 0.0, {}, {}, Traffic()),
        failure=failure,
    )
