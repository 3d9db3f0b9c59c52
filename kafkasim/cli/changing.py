"""What the command line changes about a scenario: what is run, how many of it, in whose time, and how it is judged."""

from __future__ import annotations

from msgspec.structs import replace

from kafkasim.cli.failures import UsageError
from kafkasim.cli.programs import check_command, command_of
from kafkasim.forms import printable
from kafkasim.report.command import Overrides
from kafkasim.scenario.bug_names import CLUSTER_BUGS
from kafkasim.scenario.model import Scenario, System
from kafkasim.scenario.problems import did_you_mean
from kafkasim.sim.bugs import BUGS
from kafkasim.simulate import ImpossibleScenarioError, refuse_impossible


def check_overrides(overrides: Overrides) -> None:
    """Raises `UsageError` where they are wrong whatever the scenario is."""
    if overrides.bug is not None and overrides.bin is not None:
        raise UsageError("kafkasim: --bug and --bin: expected one of them: the faulty servers are none of your program")
    if overrides.bug is not None and overrides.bug not in BUGS:
        raise UsageError(f"kafkasim: --bug: unknown bug {overrides.bug}: {did_you_mean(overrides.bug, BUGS)}")
    if overrides.bin is not None:
        command_of(overrides.bin)


def changed(scenario: Scenario, overrides: Overrides) -> Scenario:
    """The scenario as the command line wants it. Raises `UsageError` where it cannot be had so."""
    if overrides.nodes is not None:
        scenario = replace(scenario, system=replace(scenario.system, nodes=overrides.nodes))
    if overrides.bin is not None:
        scenario = _with_program(scenario, command_of(overrides.bin))
    elif scenario.system.command:
        check_command(scenario)
    if overrides.bug is not None:
        if overrides.bug in CLUSTER_BUGS and scenario.system.nodes == 1:
            raise UsageError(
                f"kafkasim: --bug: {overrides.bug} shows only in a cluster: expected more than one node, "
                f"got 1 in {printable(scenario.source)}"
            )
        scenario = replace(scenario, system=replace(scenario.system, bug=overrides.bug))
    if overrides.clock is not None:
        if overrides.clock == "real" and not scenario.system.command:
            raise UsageError(
                f"kafkasim: --clock: real is for nodes that are programs: expected --bin, or `command` in "
                f"{printable(scenario.source)}"
            )
        scenario = replace(scenario, clock=overrides.clock)
    if overrides.consistency is not None:
        scenario = replace(scenario, consistency=overrides.consistency)
    if overrides.nodes is not None:
        try:
            refuse_impossible(scenario)
        except ImpossibleScenarioError as error:
            raise UsageError(f"kafkasim: --nodes {overrides.nodes}: {printable(scenario.source)}: {error}") from None
    return scenario


def _with_program(scenario: Scenario, command: tuple[str, ...]) -> Scenario:
    """The scenario with this program for its nodes.

    What our own nodes would be (their bug, their storage, how much they return) is no business of a program, and the
    anomalies that their bug was to show are not expected of it. How much a program returns at most, a scenario for
    programs may say.
    """
    system = scenario.system
    limit = system.max_poll_messages if system.command else None
    expected = scenario.expected if system.bug is None else ()
    return replace(
        scenario,
        system=System(system.nodes, max_poll_messages=limit, command=command, command_place="--bin"),
        expected=expected,
    )
