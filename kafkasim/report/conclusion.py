"""What a run, a check, or many of them come to: one verdict, one exit code.

Over several runs 1 outweighs 3, and 3 outweighs 0. In a sweep over seeds not every seed has to show an
expected anomaly, but at least one has to: a fault that needs luck is found by trying often.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from msgspec import Struct

from kafkasim.checkers.verdict import CheckResult, Verdict
from kafkasim.report.exit_codes import ExitCode
from kafkasim.scenario.model import Scenario
from kafkasim.sim.result import Result

_WEIGHT: Final = (ExitCode.ANOMALY, ExitCode.UNKNOWN, ExitCode.AS_EXPECTED)


def heaviest(codes: Iterable[ExitCode]) -> ExitCode:
    """The exit code of several runs together: 1 outweighs 3, 3 outweighs 0; of none it is 3, nothing was learned.

    >>> heaviest([ExitCode.AS_EXPECTED, ExitCode.UNKNOWN]), heaviest([ExitCode.UNKNOWN, ExitCode.ANOMALY])
    (<ExitCode.UNKNOWN: 3>, <ExitCode.ANOMALY: 1>)
    """
    return min(codes, key=_WEIGHT.index, default=ExitCode.UNKNOWN)


def overall(verdicts: Iterable[Verdict]) -> Verdict:
    """The verdict on several histories together: invalid outweighs unknown, unknown outweighs valid (as in Jepsen).

    >>> overall(["valid", "unknown"]), overall(["unknown", "invalid"]), overall([])
    ('unknown', 'invalid', 'unknown')
    """
    order: tuple[Verdict, ...] = ("invalid", "unknown", "valid")
    return min(verdicts, key=order.index, default="unknown")


def check_code(check: CheckResult) -> ExitCode:
    """The exit code of one check: of a history nothing is expected but that it be valid.

    >>> check_code(CheckResult("unknown", "kafka"))
    <ExitCode.UNKNOWN: 3>
    """
    if check.verdict == "invalid":
        return ExitCode.ANOMALY
    return ExitCode.AS_EXPECTED if check.verdict == "valid" else ExitCode.UNKNOWN


def reason_for_unknown(check: CheckResult, nothing_learned: str) -> str:
    """Why the verdict of a check is unknown, in words; ``nothing_learned`` where there was nothing to judge.

    >>> reason_for_unknown(CheckResult("unknown", "kafka", failed={"unseen": "KeyError: 3"}), "no message")
    'a checker failed'
    """
    if check.failed:
        return "a checker failed"
    return check.gave_up or nothing_learned


class Runs(Struct):
    """The runs of one scenario, one for each seed. They need not hold their operations."""

    scenario: Scenario
    results: Sequence[Result]

    @property
    def missing(self) -> list[str]:
        """The expected anomalies that no run showed, in the scenario's order."""
        return [kind for kind in self.scenario.expected if not any(kind in result.found for result in self.results)]

    @property
    def codes(self) -> list[ExitCode]:
        """The exit code of each of the runs, given the others: they may have found what it did not."""
        missing = bool(self.missing)
        return [self._code_of(result, missing=missing) for result in self.results]

    @property
    def failed(self) -> list[tuple[Result, ExitCode]]:
        """The runs that must be looked at, because they make the exit code what it is."""
        both = zip(self.results, self.codes, strict=True)
        return [(result, code) for result, code in both if code is not ExitCode.AS_EXPECTED]

    @property
    def code(self) -> ExitCode:
        """The exit code of all of them together."""
        return heaviest(self.codes)

    @property
    def verdict(self) -> Verdict:
        """The verdict on all of them together."""
        return overall(result.verdict for result in self.results)

    def _code_of(self, result: Result, *, missing: bool) -> ExitCode:
        if result.unmet:
            return ExitCode.ANOMALY
        if not self.scenario.expected and result.verdict == "invalid":
            return ExitCode.ANOMALY
        if result.verdict == "unknown" or result.check_failed:
            return ExitCode.UNKNOWN
        return ExitCode.ANOMALY if missing else ExitCode.AS_EXPECTED
