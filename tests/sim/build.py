"""Short ways to build scenarios in Python, and to run them."""

from typing import Any

from kafkasim import simulate
from kafkasim.history import Operation
from kafkasim.scenario import model
from kafkasim.scenario.model import MILLISECOND, SECOND
from kafkasim.sim.result import Result

FIVE_MILLISECONDS = model.Network(model.Latency("exponential", mean=5 * MILLISECOND))


def step(action: model.Action, **expectations: Any) -> model.Step:
    """A step; ``expect=...`` and ``expect_error=...`` say what it expects."""
    return model.Step(action, expects="expect" in expectations, **expectations)


def client(name: str, *actions: model.Action | model.Step, node: str | None = None) -> model.Client:
    """A scripted client."""
    steps = tuple(action if isinstance(action, model.Step) else model.Step(action) for action in actions)
    return model.Client(name, steps, node)


def scripted(*clients: model.Client, **fields: Any) -> model.Scenario:
    """A scenario of scripted clients."""
    return model.Scenario("scripted", "a test", clients=clients, **fields)


def generated(**fields: Any) -> model.Scenario:
    """A scenario of generated clients; fields of the workload may be given as ``workload={...}``."""
    workload = {"clients": 4, "keys": 3, "rate": 200, "duration": 2 * SECOND} | fields.pop("workload", {})
    return model.Scenario(
        "generated",
        "a test",
        **({"network": FIVE_MILLISECONDS, "workload": model.Workload(**workload)} | fields),
    )


def run(scenario: model.Scenario, seed: int = 0) -> Result:
    """Runs the scenario."""
    return simulate.run(scenario, seed)


def operations(result: Result, f: str | None = None) -> list[Operation]:
    """The operations before the final polls, or those of one function."""
    return [op for op in result.history.operations if not op.final and f in (None, op.f)]
