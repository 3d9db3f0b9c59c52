"""Small concurrent programs for the engine, each of which collides where one of its methods holds the lock."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from tests.core.interleaving import interleave
from tests.core.linearizability import Completed, linearization
from tests.core.reference import Call

EVERYTHING = Call("poll", ({"a": 0, "b": 0, "c": 0},))
BOTH = Call("poll", ({"a": 0, "b": 0},))
COMMITTED = Call("list_committed_offsets", (["a", "b", "c"],))
FINAL_READS = (EVERYTHING, COMMITTED, Call("end_offsets"))


def send(key: str, msg: Any) -> Call:
    return Call("send", (key, msg))


def commit(**offsets: int) -> Call:
    return Call("commit_offsets", (offsets,))


@dataclass(frozen=True)
class Workload:
    """Threads whose operations collide where one method holds the lock."""

    threads: tuple[tuple[Call, ...], ...]
    before: tuple[Call, ...] = ()
    seeds: range = range(60)
    """Enough for the copy without the lock to fail under several of them on every supported Python."""


NINE_MESSAGES = tuple(send(key, number) for number in range(3) for key in "abc")

WORKLOADS: Final = {
    "send": Workload(((send("a", 1), send("a", 2)), (send("a", 3), send("a", 4)))),
    "poll": Workload(
        ((BOTH,) * 5, tuple(send(key, number) for number in range(5) for key in "ab")),
        seeds=range(240),  # ends must move between two looks, and again during the third
    ),
    "commit_offsets": Workload(((commit(a=2, b=0), COMMITTED), (commit(a=0, b=2), COMMITTED)), before=NINE_MESSAGES),
    "list_committed_offsets": Workload(
        ((COMMITTED,) * 3, (commit(a=0, b=0, c=0), commit(a=1, b=1, c=1), commit(c=2), commit(a=2))),
        before=NINE_MESSAGES,
    ),
    "end_offsets": Workload(((Call("end_offsets"),) * 3, (send("a", 1), send("b", 2), send("c", 3)))),
    "__getstate__": Workload(
        (
            (Call("__getstate__"),) * 4,
            (send("a", 1), commit(a=0), *(send(key, number) for number in range(4) for key in "ba"), commit(b=0)),
        ),
        before=NINE_MESSAGES[:2],
        seeds=range(120),
    ),
}
"""By the name of the method whose lock they need."""


def outcome(name: str, seed: int, unlocked: frozenset[str] = frozenset()) -> list[Completed]:
    """What the workload of that name is answered under the seed; in the methods ``unlocked`` the lock has no effect."""
    workload = WORKLOADS[name]
    return interleave(workload.threads, seed, before=workload.before, after=FINAL_READS, unlocked=unlocked)


def failing_seeds(name: str, unlocked: frozenset[str]) -> list[int]:
    """The seeds whose answers no order of the operations explains."""
    return [seed for seed in WORKLOADS[name].seeds if linearization(outcome(name, seed, unlocked)) is None]
