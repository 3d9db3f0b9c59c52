"""What scenarios expect of their steps, and what they got instead."""

from __future__ import annotations

from typing import Any, Final

from kafkasim.checkers.identity import identity
from kafkasim.messages import error_title
from kafkasim.scenario import model
from kafkasim.sim.client import Client
from kafkasim.sim.result import Unmet

_OWN_FIELD: Final = {"poll": "msgs", "list_committed_offsets": "offsets", "assign": "positions"}
"""Of which field of the response an expectation speaks; of the whole response, where the action is not here."""


class Expectations:
    """How many expectations were looked at, and those that were not met."""

    def __init__(self) -> None:
        self.looked_at = 0
        self.unmet: list[Unmet] = []

    def judge(self, client: Client, number: int, step: model.Step) -> None:
        """Compares what came of a step with what it expects: with nothing said, that it succeeds."""
        action = action_name(step)
        if step.expect_error is not None:
            met = client.failure is not None and error_title(client.failure.code) == step.expect_error
            expected: Any = {"error": step.expect_error}
        elif step.expects:
            met = client.response is not None and identity(_own_field(client, action)) == identity(step.expect)
            expected = step.expect
        elif client.response is None:
            met, expected = False, "success"
        else:
            return
        if met:
            self.looked_at += 1
        else:
            self.reject(client, action, expected, _outcome(client, action), number=number, where=step.where)

    def reject(self, client: Client, action: str, expected: Any, got: Any, *, number: int = 0, where: str = "") -> None:
        """Notes an expectation that was not met; the number is 0 where it is no step's of a script."""
        self.looked_at += 1
        self.unmet.append(Unmet(client.name, number, action, expected, got, where))


def action_name(step: model.Step) -> str:
    """What the step does, as a scenario writes it.

    >>> action_name(model.Step(model.CommitOffsets({"k1": 0})))
    'commit_offsets'
    """
    return str(step.action.__struct_config__.tag)


def _own_field(client: Client, action: str) -> Any:
    assert client.response is not None
    field = _OWN_FIELD.get(action)
    return client.response if field is None else client.response[field]


def _outcome(client: Client, action: str) -> Any:
    """What came of the step, as JSON."""
    if client.response is not None:
        return _own_field(client, action)
    if client.failure is not None:
        return {"error": error_title(client.failure.code), "text": client.failure.text}
    return {"malformed": client.malformed}
