"""Random small histories of a naive log that does one thing at a time: correct by construction, until mutated.

Every operation gets three places in the run's sequence of events: it begins, it happens, it ends. A dict of
lists is asked in the order in which they happen, so whatever it answers is linearizable.
`mutated` then spoils an answer or a place, which mostly, but not always, makes a history that is not.
"""

from __future__ import annotations

import copy
import random
from dataclasses import dataclass, field
from typing import Any

import msgspec

from kafkasim.history import End, Function, Header, History, Operation, Outcome, Promises

KEYS = ("a", "b")


@dataclass
class NaiveLog:
    """A log for each key and the committed offsets, in plain dicts. ``steps`` is how far a sparse offset jumps."""

    promises: Promises
    logs: dict[str, list[tuple[int, Any]]] = field(default_factory=dict)
    committed: dict[str, int] = field(default_factory=dict)

    def send(self, key: str, msg: Any, jump: int) -> dict[str, Any]:
        log = self.logs.setdefault(key, [])
        offset = (log[-1][0] if log else -1) + (1 if self.promises.offsets == "dense" else jump)
        log.append((offset, msg))
        return {"offset": offset}

    def poll(self, key: str, start: int, limit: int | None) -> list[list[Any]]:
        there = [[offset, msg] for offset, msg in self.logs.get(key, []) if offset >= start]
        return there if limit is None else there[:limit]

    def past_end(self, key: str, offset: int) -> bool:
        log = self.logs.get(key, [])
        return offset > (log[-1][0] if log else -1)

    def commit(self, key: str, offset: int) -> None:
        if self.promises.commits == "max":
            offset = max(offset, self.committed.get(key, -1))
        self.committed[key] = offset

    def listed(self, key: str) -> int:
        return self.committed.get(key, -1)


class Draws:
    """Random choices made of nothing but `random.Random.random`, which stays the same from version to version."""

    def __init__(self, seed: int) -> None:
        self._rng = random.Random(seed)

    def below(self, bound: int) -> int:
        return int(self._rng.random() * bound)

    def chance(self, probability: float) -> bool:
        return self._rng.random() < probability

    def shuffle(self, items: list[Any]) -> None:
        for place in range(len(items) - 1, 0, -1):
            other = self.below(place + 1)
            items[place], items[other] = items[other], items[place]

    def one_of(self, choices: Any) -> Any:
        return choices[self.below(len(choices))]


def random_promises(draws: Draws) -> Promises:
    """Any mixture of promises."""
    return Promises(
        offsets="dense" if draws.chance(0.6) else "sparse",
        poll_limit=draws.one_of([None, None, 1, 2]),
        poll_limit_known=draws.chance(0.8),
        atomic_keys=draws.chance(0.7),
        commits="max" if draws.chance(0.85) else "last-write",
        refuses_commit_past_end=draws.chance(0.6),
    )


def random_history(seed: int, most: int = 8, *, torn: bool = False) -> History:
    """A history of one to ``most`` operations by the seed: correct, unless it is ``torn``.

    Then the keys of an operation are served at an instant each, though the history says that they share one.
    """
    draws = Draws(seed)
    promises = msgspec.structs.replace(random_promises(draws), **({"atomic_keys": False} if torn else {}))
    count = 1 + draws.below(most)
    plans = _planned(draws, count)
    operations = [_request(draws, index, *plan) for index, plan in enumerate(plans)]
    log = NaiveLog(promises)
    parts: list[tuple[int, int, int, str]] = []
    for op, (_, end) in zip(operations, plans, strict=True):
        keys = _keys(op)
        instants = [op.begin_event + 1 + draws.below(end - op.begin_event - 1) for _ in keys]
        if promises.atomic_keys:
            instants = [instants[0]] * len(keys)
        parts += [
            (instant, op.index, place, key) for place, (instant, key) in enumerate(zip(instants, keys, strict=True))
        ]
    refused = _play(draws, log, operations, sorted(parts))
    for op in operations:
        _conclude(draws, op, refused, atomic=promises.atomic_keys)
    if torn:
        promises = msgspec.structs.replace(promises, atomic_keys=True)
    header = Header(consistency="linearizable", promises=promises)
    return renumbered(History(header, operations, end=End("complete")))


def _planned(draws: Draws, count: int) -> list[tuple[int, int]]:
    """Where each operation begins and ends, in order of beginning; always with room to happen in between."""
    patience = draws.one_of([2, 6, 20])
    plans: list[tuple[int, int]] = []
    begin = 0
    for _ in range(count):
        begin += 1 + draws.below(draws.one_of([2, 10]))
        plans.append((begin * 4, begin * 4 + 2 + draws.below(patience * 4)))
    return plans


def _request(draws: Draws, index: int, begin: int, end: int) -> Operation:
    f: Function = draws.one_of(["send", "send", "send", "poll", "poll", "commit_offsets", "list_committed_offsets"])
    keys = list(KEYS) if draws.chance(0.6) else [draws.one_of(KEYS)]
    draws.shuffle(keys)
    request: dict[str, Any]
    match f:
        case "send":
            request = {"key": keys[0], "msg": index if draws.chance(0.8) else 0}
        case "poll":
            request = {"offsets": {key: draws.below(3) if draws.chance(0.4) else 0 for key in keys}}
        case "commit_offsets":
            request = {"offsets": {key: draws.below(3) for key in keys}}
        case _:
            request = {"keys": keys}
    return Operation(
        index=index,
        process=index,
        client=f"c{index}",
        f=f,
        request=request,
        type="ok",
        start=begin,
        end=end,
        begin_event=begin,
        end_event=end,
        max_messages=1 if f == "poll" and draws.chance(0.1) else None,
    )


def _keys(op: Operation) -> list[str]:
    if op.f == "send":
        return [op.request["key"]]
    return list(op.request.get("keys") or op.request["offsets"])


def _play(draws: Draws, log: NaiveLog, operations: list[Operation], parts: list[tuple[int, int, int, str]]) -> set[int]:
    """Lets everything happen in order; fills in the responses and gives back which operations were refused."""
    refused: set[int] = set()
    for _, index, place, key in parts:
        op = operations[index]
        match op.f:
            case "send":
                if draws.chance(0.1):
                    refused.add(index)
                else:
                    op.response = log.send(key, op.request["msg"], 1 + draws.below(3))
            case "poll":
                response = op.response = op.response or {"msgs": {}}
                if got := log.poll(key, op.request["offsets"][key], _limit(draws, op, log.promises)):
                    response["msgs"][key] = got
            case "commit_offsets":
                op.response = {}
                offsets = op.request["offsets"]
                together = list(offsets) if log.promises.atomic_keys else [key]
                if log.promises.refuses_commit_past_end and any(log.past_end(k, offsets[k]) for k in together):
                    refused.add(index)
                elif place == 0 or not log.promises.atomic_keys:
                    for each in together:
                        log.commit(each, offsets[each])
            case _:
                response = op.response = op.response or {"offsets": {}}
                if (committed := log.listed(key)) >= 0:
                    response["offsets"][key] = committed
    return refused


def _limit(draws: Draws, op: Operation, promises: Promises) -> int | None:
    limits = [limit for limit in (promises.poll_limit, op.max_messages) if limit is not None]
    if not promises.poll_limit_known and draws.chance(0.5):
        limits.append(draws.below(3))
    return min(limits, default=None)


def _conclude(draws: Draws, op: Operation, refused: set[int], *, atomic: bool) -> None:
    """Says what the client learned: a refusal, an answer, or nothing."""
    outcome: Outcome = "ok"
    if op.index in refused:
        outcome = "fail" if atomic or len(_keys(op)) == 1 else "info"
    if draws.chance(0.15):
        outcome = "info"
    op.type = outcome
    if outcome != "ok":
        op.response = None
    if outcome == "info":
        op.end = op.end_event = None


def renumbered(history: History) -> History:
    """The same history with each place in the sequence of events used once, in the same order.

    And with as few processes as can have done it, since a process does one thing at a time and stops after an ``info``.
    """
    places = sorted(
        (event, last, op.index)
        for op in history.operations
        for event, last in ((op.begin_event, 1), (op.end_event, 0))
        if event is not None
    )
    new = {(last, index): place for place, (_, last, index) in enumerate(places)}
    for op in history.operations:
        op.begin_event = op.start = new[1, op.index]
        if op.end_event is not None:
            op.end_event = op.end = new[0, op.index]
    history.operations.sort(key=lambda op: op.begin_event)
    free_from: list[float] = []
    for index, op in enumerate(history.operations):
        free = (process for process, end in enumerate(free_from) if end < op.begin_event)
        op.index, op.process = index, next(free, len(free_from))
        if op.process == len(free_from):
            free_from.append(0)
        free_from[op.process] = float("inf") if op.type == "info" or op.end_event is None else op.end_event
    return history


def mutated(history: History, seed: int) -> History:
    """A copy with one or two things spoilt: an offset, a message, a place in time, an outcome."""
    draws = Draws(seed)
    history = copy.deepcopy(history)
    for _ in range(1 + draws.below(2)):
        op = draws.one_of(history.operations)
        kind = draws.below(4)
        if kind == 0 or op.response is None:
            _move(draws, op)
        else:
            _spoil_answer(draws, op)
    return renumbered(history)


def _move(draws: Draws, op: Operation) -> None:
    length = 2 if op.end_event is None else max(1, op.end_event - op.begin_event)
    op.begin_event = max(0, op.begin_event - 12 + draws.below(24))
    if op.end_event is not None:
        op.end_event = op.begin_event + 1 + draws.below(length * 2)


def _spoil_answer(draws: Draws, op: Operation) -> None:
    response: dict[str, Any] = op.response or {}
    match op.f:
        case "send":
            response["offset"] = max(0, response["offset"] + draws.one_of([-1, 1, 2]))
        case "poll":
            _spoil_messages(draws, op.request["offsets"], response["msgs"])
        case "commit_offsets":
            key = draws.one_of(list(op.request["offsets"]))
            op.request["offsets"][key] = draws.below(4)
        case _:
            key = draws.one_of(op.request["keys"])
            if draws.chance(0.3):
                response["offsets"].pop(key, None)
            else:
                response["offsets"][key] = draws.below(4)


def _spoil_messages(draws: Draws, asked: dict[str, int], msgs: dict[str, list[list[Any]]]) -> None:
    if not msgs or draws.chance(0.2):
        key = draws.one_of(list(asked))
        msgs.pop(key, None)
        return
    key = draws.one_of(list(msgs))
    match draws.below(4):
        case 0:
            del msgs[key][draws.below(len(msgs[key]))]
        case 1:
            msgs[key].pop()
        case 2:
            draws.one_of(msgs[key])[0] += 1
        case _:
            draws.one_of(msgs[key])[1] = draws.below(8)
    if not msgs[key]:
        del msgs[key]
