"""Tells a circle of operations in words, step by step."""

from __future__ import annotations

from typing import Final

from kafkasim.checkers.commits import said
from kafkasim.checkers.realtime import messages_of
from kafkasim.checkers.tracing_circles import Circle, Step
from kafkasim.checkers.verdict import MOST_OPERATIONS
from kafkasim.checkers.words import FEW, ended_at, listed, moment, payload, who
from kafkasim.forms import show
from kafkasim.history import History, Operation

_STEPS: Final = MOST_OPERATIONS
"""How many steps of a circle are told: they have no more operations than that."""

_NAMES: Final = {"send": "send", "poll": "poll", "commit_offsets": "commit", "list_committed_offsets": "list"}


def tell(history: History, circle: Circle) -> str:
    """The steps of the circle as one sentence; they are numbered, and the last closes it.

    Of a circle of very many the first are told.
    """
    steps = [f"({place}) {_step(history, step)}" for place, step in enumerate(circle.steps[:_STEPS], 1)]
    if len(circle.steps) > _STEPS:
        steps.append(f"and so on, in {len(circle.steps) - _STEPS} more steps")
    impossible = "".join(
        f"; {'and' if place else 'but'} {_never(history, index)}" for place, index in enumerate(circle.impossible[:FEW])
    )
    branches = {(step.after, step.link): step.among for step in circle.steps if step.among > 1}
    if branches:
        others = sum(branches.values()) - sum(step.among > 1 for step in circle.steps)
        end = f"; the same is true of the {others} others" if others else ""
        end += "; so none of them can have come first"
    else:
        end = "" if circle.impossible else ": nothing can come before itself"
    return f"{'; '.join(steps)}{impossible}{end}"


def _never(history: History, index: int) -> str:
    commit = history.operations[index]
    keys = listed(commit.request["offsets"].items(), lambda item: f"{show(item[0])} at offset {item[1]}")
    return (
        f"{_name(history, commit)} cannot have happened at all: it was of {keys}, and not "
        "every one of these can have had a message there, or above"
    )


def _step(history: History, step: Step) -> str:
    before, after = history.operations[step.before], history.operations[step.after]
    first, then = _name(history, before), _name(history, after)
    key = step.link.key
    if key is None:
        return f"{first} had ended, at {ended_at(before)}, when {then} began, at {moment(after.start)}"
    if step.link.relation == "set":
        if step.among > 1:
            return (
                f"{first} is one of {step.among} commits of which one came before {then}, "
                f"which was told what that one had committed of {show(key)}"
            )
        return f"{first} came before {then}, which was told what it had committed of {show(key)}"
    return f"{first} came before {then}, for of {show(key)} it {_shown(before, key)} and the other {_shown(after, key)}"


def _name(history: History, op: Operation) -> str:
    return f"{who(op)}'s {_NAMES[op.f]} (operation {history.number(op.index)})"


def _shown(op: Operation, key: str) -> str:
    """What the operation shows of the key, as what follows a subject."""
    match op.f:
        case "send":
            where = f" at offset {op.response['offset']}" if op.response else ""
            return f"put {payload(op)}{where}"
        case "poll":
            pairs = messages_of(op, key)
            if pairs:
                return f"returned up to offset {pairs[-1][0]}"
            return f"returned nothing from offset {op.request['offsets'][key]} on"
        case "commit_offsets":
            return f"committed offset {op.request['offsets'][key]}"
        case _:
            return f"was told {said((op.response or {'offsets': {}})['offsets'].get(key, -1))}"
