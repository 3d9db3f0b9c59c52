"""Runs scenarios with the programs in ``examples/nodes``."""

import sys
from pathlib import Path

from msgspec.structs import replace

from kafkasim.scenario import model
from kafkasim.scenario.model import MILLISECOND, SECOND
from kafkasim.simulate import run

NODES = Path(__file__).parents[2] / "examples" / "nodes"
CORRECT = (sys.executable, str(NODES / "python" / "node.py"))
REPLICATED = (sys.executable, str(NODES / "python" / "replicated.py"))
"""For several nodes."""


_ASKING = f"""
import json, sys
sys.path.insert(0, {str(NODES / "python")!r})
from replicated import ReplicatedNode
class Asking(ReplicatedNode):
    def obey(self, kind, body):
        answer = super().obey(kind, body)
        if kind == "init":
            swap = {{"type": "cas", "key": "first", "from": self.name, "to": self.name, "create_if_not_exists": True}}
            told = self.ask(swap)
            print(self.name, told["type"], file=sys.stderr, flush=True)
        return answer
Asking("lin-kv").run()
"""
ASKING = (sys.executable, "-c", _ASKING)
"""Nodes that ask a service, and wait for its answer, before they answer init. The first to ask is told so."""


def faulty(fault, *arguments):
    """The command of a node with this fault; see `faulty.py`."""
    return (sys.executable, str(NODES / "python" / "faulty.py"), fault, *arguments)


def scenario(command, **changes):
    """A short workload on one node that is a program."""
    nodes = changes.pop("nodes", 1)
    workload = changes.pop("workload", model.Workload(clients=3, keys=3, rate=200.0, duration=SECOND))
    fields = {"network": model.Network(model.Latency("exponential", 2 * MILLISECOND)), "workload": workload} | changes
    return replace(
        model.Scenario("programs", "to see what comes of it", system=model.System(nodes, command=tuple(command))),
        **fields,
    )


def result_of(command, seed=1, **changes):
    return run(scenario(command, **changes), seed=seed)


def explanations(result):
    return "\n".join(example.explanation for anomaly in result.check.anomalies for example in anomaly.examples)
