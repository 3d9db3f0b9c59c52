"""How fast the Maelstrom node is, beside other nodes, in one run; whole processes, start-up included.

    python -m benchmarks.node             500,000 requests, three rounds, and 20,000 round trips
    python -m benchmarks.node --quick     a few requests, to see that it works

Every node gets the same file of requests (``node_requests.py``) on standard input, in rounds that alternate
between the nodes, and its CPU time is taken from the operating system. Then every node is asked one request
at a time. Absolute times say little on a machine that others use too: trust the ratios, and CPU time.

The nodes: ours; a plain Python one (``plain_node.py``); two in Go, built here where Go is installed, one on Maelstrom's
own library (``examples/nodes/go-maelstrom``) and one written for speed (``node_go``); and ``cat``, which is what the
pipes alone cost.

A bar is what ours must reach, an aim what it would be good to reach.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.node_requests import request_lines

HERE = Path(__file__).parent
GO_LIBRARY_NODE = HERE.parent / "examples" / "nodes" / "go-maelstrom"


@dataclass
class Node:
    """A node to be measured, and what was measured."""

    name: str
    command: list[str]
    answers: bool = True
    """Whether it answers requests; ``cat`` does not."""
    in_order: bool = True
    """Whether it obeys requests in the order in which they come, so that its answers can be foretold."""
    wall_seconds: list[float] = field(default_factory=list)
    cpu_seconds: list[float] = field(default_factory=list)
    p50: list[float] = field(default_factory=list)
    """Microseconds of a round trip, a value a round."""
    p99: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class Bar:
    """A ratio to another node that ours is to reach, or an aim: one that it would be good to reach."""

    what: str
    other: str
    ratio: float
    at_least: float | None = None
    at_most: float | None = None
    kind: str = "bar"

    def __str__(self) -> str:
        met = self.ratio >= self.at_least if self.at_least is not None else self.ratio <= (self.at_most or 0)
        bound = f">= {self.at_least}" if self.at_least is not None else f"<= {self.at_most}"
        return (
            f"  {'met   ' if met else 'MISSED'}  {self.what:<24} {self.ratio:6.2f} x {self.other} ({self.kind} {bound})"
        )


def main(argv: Sequence[str] | None = None) -> int:
    """Measures and prints; 1 where a node's answers are wrong."""
    parser = argparse.ArgumentParser(description="Measures the Maelstrom node beside other nodes.")
    parser.add_argument("--requests", type=int, default=500_000, metavar="N", help="default: %(default)s")
    parser.add_argument("--round-trips", type=int, default=20_000, metavar="N", help="default: %(default)s")
    parser.add_argument("--rounds", type=int, default=3, metavar="N", help="default: %(default)s")
    parser.add_argument("--without-go", action="store_true", help="leave the Go nodes out: they take most of the time")
    parser.add_argument("--quick", action="store_true", help="2,000 requests, 200 round trips, one round, without Go")
    options = parser.parse_args(argv)
    if options.quick:
        options.requests, options.round_trips, options.rounds, options.without_go = 2000, 200, 1, True
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        lines = list(request_lines(options.requests))
        load = folder / "requests"
        load.write_bytes(b"".join(lines))
        print(f"{len(lines) - 1:,} requests, {load.stat().st_size / 1e6:.1f} MB; Python {sys.version.split()[0]}")
        nodes = the_nodes(folder, without_go=options.without_go)
        for _ in range(options.rounds):
            for node in nodes:
                run(node, load, folder / f"{node.name}.out")
        problems = check_answers(nodes, folder, lines)
        for _ in range(options.rounds):
            for node in nodes:
                ping(node, lines[: options.round_trips + 1])
    report(nodes, len(lines))
    for problem in problems:
        print(f"WRONG: {problem}")
    return 1 if problems else 0


def the_nodes(folder: Path, *, without_go: bool) -> list[Node]:
    """The nodes that can be run here; those that cannot are named on standard output, with the reason."""
    nodes = [
        Node("kafkasim", [sys.executable, "-m", "kafkasim", "node"]),
        Node("plain Python", [sys.executable, str(HERE / "plain_node.py")]),
    ]
    careful = HERE / "node_go" / "careful"
    for name, package in (("Go library", GO_LIBRARY_NODE), ("Go, for speed", careful)):
        program, reason = (None, "it was not wanted") if without_go else build_go(folder, package)
        if program is None:
            print(f"skipped: {name}: {reason}")
        else:
            nodes.append(Node(name, [str(program)], in_order=package == careful))
    return [*nodes, Node("cat", ["cat"], answers=False)]


def build_go(folder: Path, package: Path) -> tuple[Path | None, str]:
    """The Go node in the folder ``package``, built; or None and the reason."""
    go = shutil.which("go")
    if go is None:
        return None, "Go is not installed"
    program = folder / package.name
    built = subprocess.run(
        [go, "build", "-o", str(program), "."],
        cwd=package,
        capture_output=True,
        text=True,
        check=False,
    )
    return (program, "") if built.returncode == 0 else (None, f"it cannot be built: {built.stderr.strip()}")


def run(node: Node, load: Path, out: Path) -> None:
    """The node on the whole load, from a file to a file."""
    with load.open("rb") as stdin, out.open("wb") as stdout:
        start = time.perf_counter()
        process = subprocess.Popen(node.command, stdin=stdin, stdout=stdout, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        node.wall_seconds.append(time.perf_counter() - start)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{node.name} ended with {process.returncode}")
    node.cpu_seconds.append(usage.ru_utime + usage.ru_stime)


def ping(node: Node, lines: Sequence[bytes]) -> None:
    """The node on one request at a time, each sent when the one before has been answered.

    Asker and node share one core: else the figure tells how long cores sleep and which of them the system chose.
    """
    if not hasattr(os, "sched_setaffinity"):  # only Linux lets a process choose
        _ping(node, lines)
        return
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cores)})
    try:
        _ping(node, lines)
    finally:
        os.sched_setaffinity(0, cores)


def _ping(node: Node, lines: Sequence[bytes]) -> None:
    process = subprocess.Popen(
        node.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=0
    )
    assert process.stdin is not None
    assert process.stdout is not None
    to_node, from_node = process.stdin.fileno(), process.stdout.fileno()
    times = []
    for line in lines:
        start = time.perf_counter_ns()
        os.write(to_node, line)
        while not os.read(from_node, 65536).endswith(b"\n"):
            pass
        times.append(time.perf_counter_ns() - start)
    process.stdin.close()
    process.wait()
    process.stdout.close()
    times = sorted(times[1:])  # the first was the handshake, and the node's start
    node.p50.append(times[len(times) // 2] / 1000)
    node.p99.append(times[len(times) * 99 // 100] / 1000)


def check_answers(nodes: Sequence[Node], folder: Path, lines: Sequence[bytes]) -> list[str]:
    """What is wrong with the answers: in order, they are those of the plain node; else, one to each request."""
    problems: list[str] = []
    for node in nodes:
        if not node.answers or node.name == "plain Python":
            continue
        ours = (folder / f"{node.name}.out").open("rb")
        plain = (folder / "plain Python.out").open("rb")
        with ours, plain:
            if node.in_order:
                differing = (
                    f"{node.name} answered {mine!r}, the plain node {other!r}"
                    for mine, other in itertools.zip_longest(map(json.loads, ours), map(json.loads, plain))
                    if mine != other
                )
                problems += itertools.islice(differing, 1)
            elif sorted(map(_what_it_answers, ours)) != sorted(map(_what_it_answers, plain)):
                problems.append(f"{node.name} did not answer each request once, with its type")
    with (folder / "plain Python.out").open("rb") as plain:
        answered = sum(1 for _ in plain)
    if answered != len(lines):
        problems.append(f"{len(lines):,} requests, {answered:,} answers")
    return problems


def _what_it_answers(line: bytes) -> tuple[int, str]:
    body: dict[str, Any] = json.loads(line)["body"]
    return body["in_reply_to"], body["type"]


def report(nodes: Sequence[Node], requests: int) -> None:
    """The table, and the bars."""
    print()
    print(f"{'':<14}{'requests/s':>12}{'CPU us/request':>16}{'p50 us':>9}{'p99 us':>9}")
    for node in nodes:
        cpu = f"{median(node.cpu_seconds) / requests * 1e6:.2f}" if node.answers else "-"
        print(
            f"{node.name:<14}{requests / median(node.wall_seconds):>12,.0f}{cpu:>16}"
            f"{median(node.p50):>9.1f}{median(node.p99):>9.1f}"
        )
    print()
    for bar in bars({node.name: node for node in nodes}):
        print(bar)


def bars(nodes: dict[str, Node]) -> list[Bar]:
    """What ours is to reach, beside the nodes that ran; each ratio is the median over the rounds."""
    ours, plain, cat = nodes["kafkasim"], nodes["plain Python"], nodes["cat"]
    go, careful = nodes.get("Go library"), nodes.get("Go, for speed")
    found = [Bar("CPU time, less", plain.name, _ratio(plain.cpu_seconds, ours.cpu_seconds), at_least=5)]
    if go is not None:
        found.append(Bar("CPU time, less", go.name, _ratio(go.cpu_seconds, ours.cpu_seconds), at_least=12))
    found.append(Bar("round trip p50", plain.name, _ratio(ours.p50, plain.p50), at_most=0.6))
    found.append(Bar("round trip p50", cat.name, _ratio(ours.p50, cat.p50), at_most=2.6))
    speed_beside_plain = _ratio(plain.wall_seconds, ours.wall_seconds)
    found.append(Bar("requests/s", plain.name, speed_beside_plain, at_least=6, kind="aim"))
    if go is not None:
        found.append(Bar("requests/s", go.name, _ratio(go.wall_seconds, ours.wall_seconds), at_least=15, kind="aim"))
    if careful is not None:
        cpu_beside_careful = _ratio(careful.cpu_seconds, ours.cpu_seconds)
        found.append(Bar("CPU time, less", careful.name, cpu_beside_careful, at_least=1.2, kind="aim"))
    found.append(Bar("round trip p50", cat.name, _ratio(ours.p50, cat.p50), at_most=2.4, kind="aim"))
    return found


def _ratio(some: Sequence[float], others: Sequence[float]) -> float:
    return median(one / other for one, other in zip(some, others, strict=True))


if __name__ == "__main__":
    sys.exit(main())
