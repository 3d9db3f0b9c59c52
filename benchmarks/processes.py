"""How long a run takes whose node is a program: on the virtual clock, on the real one, and without any program.

    python -m benchmarks.processes             20 s of the run's clock, three rounds; minutes
    python -m benchmarks.processes --quick     one second, one round, Python alone, to see that it works

The load: 4 clients, 5 keys, at most 1000 operations a second, an exponential latency of one millisecond in the mean,
one node. The nodes: ours in this process; ours as a program (``kafkasim node``); and those of ``examples/nodes``, as
many as this machine can build. They take turns in every round. For each it prints seconds of wall time, of our CPU time
and of the program's, checks included, and how much faster than real time the run was.

On the real clock a run takes as long as it takes, so a quarter of it is run, once, and its CPU time is multiplied by
four.

Absolute times say little on a machine that others use too: trust the ratios, and CPU time.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Literal

from kafkasim import simulate
from kafkasim.scenario import model
from kafkasim.scenario.model import MILLISECOND, SECOND
from tools.example_nodes import LANGUAGES, MissingToolError, make_ready

PART_IN_REAL_TIME = 4
"""On the real clock one part of so many is run."""

COLUMNS = ("wall", "our CPU", "program's", "x real", "our CPU", "program's")


@dataclass
class Figures:
    """What was measured of one node on one clock: seconds, a value a round."""

    wall: list[float] = field(default_factory=list)
    ours: list[float] = field(default_factory=list)
    """CPU time of the bench: clients, network, checks."""
    programs: list[float] = field(default_factory=list)
    """CPU time of the node."""


@dataclass
class Node:
    """A node to be measured; without a command it runs in this process."""

    name: str
    command: tuple[str, ...] = ()
    virtual: Figures = field(default_factory=Figures)
    real: Figures = field(default_factory=Figures)

    def measure(self, seconds: float, clock: Literal["virtual", "real"], figures: Figures) -> None:
        """Runs the load once."""
        wall, ours, programs = time.perf_counter(), time.process_time(), _time_of_programs()
        result = simulate.run(scenario(self.command, seconds, clock))
        figures.wall.append(time.perf_counter() - wall)
        figures.ours.append(time.process_time() - ours)
        figures.programs.append(_time_of_programs() - programs)
        if result.verdict != "valid":
            raise SystemExit(f"{self.name}: {result.verdict} on the {clock} clock: {result.check.anomalies}")


def scenario(command: tuple[str, ...], seconds: float, clock: Literal["virtual", "real"]) -> model.Scenario:
    """The load, for so long."""
    return model.Scenario(
        "programs",
        "how long it takes",
        system=model.System(command=command),
        network=model.Network(model.Latency("exponential", mean=MILLISECOND)),
        workload=model.Workload(clients=4, keys=5, rate=1000, duration=round(seconds * SECOND)),
        clock=clock,
    )


def main(argv: Sequence[str] | None = None) -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description="Measures runs whose node is a program.")
    parser.add_argument("--seconds", type=int, default=20, metavar="N", help="of the run's clock; default: %(default)s")
    parser.add_argument("--rounds", type=int, default=3, metavar="N", help="default: %(default)s")
    parser.add_argument("--quick", action="store_true", help="one second, one round, Python alone")
    options = parser.parse_args(argv)
    languages = list(LANGUAGES)
    if options.quick:
        options.seconds, options.rounds, languages = 1, 1, ["Python"]
    with tempfile.TemporaryDirectory() as folder:
        nodes = the_nodes(languages, Path(folder))
        for _ in range(options.rounds):
            for node in nodes:
                node.measure(options.seconds, "virtual", node.virtual)
        for node in nodes:
            if node.command:
                node.measure(options.seconds / PART_IN_REAL_TIME, "real", node.real)
    report(nodes, options.seconds)


def the_nodes(languages: Sequence[str], folder: Path) -> list[Node]:
    """The nodes that can be run here; those that cannot are named on standard output, with the reason."""
    nodes = [Node("in this process"), Node("kafkasim node", (sys.executable, "-m", "kafkasim", "node"))]
    for language in languages:
        try:
            nodes.append(Node(language, make_ready(language, folder)))
        except MissingToolError as missing:
            print(f"skipped: {language}: {missing}")
    return nodes


def report(nodes: Sequence[Node], seconds: int) -> None:
    """Prints the medians."""
    print(f"\n4 clients, at most 1000 operations/s, {seconds} s of the run's clock; seconds\n")
    print(f"{'':26}{'virtual clock':^40}{'real clock':^20}")
    print(f"{'':26}" + "".join(f"{column:>10}" for column in COLUMNS))
    for node in nodes:
        virtual = node.virtual
        wall = median(virtual.wall)
        shown = (wall, median(virtual.ours), median(virtual.programs), seconds / wall)
        line = f"{node.name:26}" + "".join(f"{figure:10.2f}" for figure in shown)
        if node.real.ours:
            scaled = (PART_IN_REAL_TIME * median(times) for times in (node.real.ours, node.real.programs))
            line += "".join(f"{time:10.2f}" for time in scaled)
        print(line)


def _time_of_programs() -> float:
    """Seconds of CPU time of all programs that this one has started and that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
