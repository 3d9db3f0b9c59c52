"""Long random histories of consumers and producers at a naive log: correct by construction, until one thing is spoilt.

Clients begin, something happens at one instant, they end; who moves next is drawn. Consumers assign themselves keys,
poll on from where they are, and crash; sends and polls get lost, are refused, or are cut short; offsets are dense
or sparse. In the end everything is read. `SPOILERS` has, for each anomaly, what makes such a history show it.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any, Final

from kafkasim.history import Consistency, End, Failure, FaultEvent, Function, Header, History, Operation, Promises
from tests.checkers.naive_runs import Draws

KEYS: Final = ("k1", "k2", "k3")
UNEVEN_MESSAGES: Final[tuple[Any, ...]] = (True, 1, 1.5, "1", None, {"a": [1, True]}, [], "")


class Client:
    """What a client holds and does: its process, its positions, its operation under way."""

    def __init__(self, name: str, process: int) -> None:
        self.name = name
        self.process = process
        self.positions: dict[str, int] = {}
        self.op: Operation | None = None
        self.happened = False


class Run:
    """One run by the seed; ``history`` is its result."""

    def __init__(self, seed: int, *, starts_known: bool | None = None, level: Consistency = "linearizable") -> None:
        self.draws = draws = Draws(seed)
        self.unique = level == "jepsen"  # Jepsen's checker takes it for granted that no message is sent twice
        self.sparse = draws.chance(0.5)
        self.starts_known = draws.chance(0.7) if starts_known is None else starts_known
        self.logs: dict[str, list[tuple[int, Any]]] = {key: [] for key in KEYS}
        self.next_offset = draws.below(3) if self.sparse else 0
        self.operations: list[Operation] = []
        self.event = 0
        self.messages = 0
        self.troubled = draws.chance(0.5)
        self.limit = draws.one_of([None, None, 1, 3])
        self.clients = [Client(f"c{number}", number) for number in range(1 + draws.below(4))]
        self.processes = len(self.clients)
        for _ in range(50 + draws.below(300)):
            self._move(draws.one_of(self.clients))
        while any(client.op is not None for client in self.clients):
            self._move(next(client for client in self.clients if client.op is not None))
        self._read_everything()
        promises = Promises(
            offsets="sparse" if self.sparse else "dense", poll_limit=self.limit, poll_limit_known=self.starts_known
        )
        self.history = History(
            Header(consistency=level, promises=promises, losses_known=True),
            self.operations,
            end=End("complete", dict.fromkeys(KEYS, "complete")),
        )

    def _move(self, client: Client) -> None:
        if client.op is None:
            self._begin(client)
        elif not client.happened:
            self._happen(client, client.op)
        else:
            self._end(client, client.op)

    def _begin(self, client: Client, *, final: bool = False) -> None:
        draws = self.draws
        f: Function
        request: dict[str, Any]
        if not final and (not client.positions or draws.chance(0.05)):
            f, request = "assign", {"keys": [key for key in KEYS if draws.chance(0.6)], "from": "committed"}
        elif not final and draws.chance(0.5):
            f, request = "send", {"key": draws.one_of(KEYS), "msg": self._message()}
        else:
            f, request = "poll", {"offsets": dict(client.positions)} if self.starts_known else {}
        client.op = Operation(
            index=len(self.operations),
            process=client.process,
            client=client.name,
            node="n0",
            f=f,
            request=request,
            type="info",
            error=Failure(0, "no reply in time"),
            start=self.event,
            end=None,
            begin_event=self.event,
            end_event=None,
            lost=True,
            final=final,
        )
        client.happened = False
        self.event += 1
        self.operations.append(client.op)

    def _message(self) -> Any:
        self.messages += 1
        uneven = self.draws.chance(0.1) and not self.unique
        return self.draws.one_of(UNEVEN_MESSAGES) if uneven else self.messages

    def _happen(self, client: Client, op: Operation) -> None:
        client.happened = True
        lost = self.troubled and self.draws.chance(0.1)
        if op.f == "send" and not lost:
            key = op.request["key"]
            offset = self.next_offset if self.sparse else len(self.logs[key])
            self.next_offset = offset + 1 + self.draws.below(4)
            self.logs[key].append((offset, op.request["msg"]))
            op.response = {"offset": offset}
        elif op.f == "poll" and not lost:
            found = {key: self._from(key, start) for key, start in client.positions.items()}
            op.response = {"msgs": {key: pairs for key, pairs in found.items() if pairs or self.draws.chance(0.1)}}
        elif op.f == "assign":
            op.response = {"positions": {key: client.positions.get(key, 0) for key in op.request["keys"]}}
        elif op.f == "send" and self.draws.chance(0.5):
            op.error = Failure(11, "not now")

    def _from(self, key: str, start: int) -> list[list[Any]]:
        return [[offset, msg] for offset, msg in self.logs[key] if offset >= start][: self.limit]

    def _end(self, client: Client, op: Operation) -> None:
        client.op = None
        refused = op.error is not None and op.error.code == 11
        if refused:
            op.type = "fail"
        elif op.response is not None and not (self.troubled and op.f != "assign" and self.draws.chance(0.1)):
            op.type, op.error = "ok", None
        else:
            op.response = None
            client.process = self.processes
            self.processes += 1
            return
        op.lost = False
        op.end = op.end_event = self.event
        self.event += 1
        if op.f == "assign":
            client.positions = dict((op.response or {})["positions"])
        elif op.f == "poll":
            for key, pairs in (op.response or {})["msgs"].items():
                if pairs:
                    client.positions[key] = pairs[-1][0] + 1

    def _read_everything(self) -> None:
        self.troubled = False
        for name in ("reader", "another reader"):
            reader = Client(name, self.processes)
            reader.positions = dict.fromkeys(KEYS, 0)
            self.processes += 1
            while any(self._from(key, start) for key, start in reader.positions.items()):
                self._begin(reader, final=True)
                while reader.op is not None:
                    self._move(reader)


# --------------------------------------------------------------------------------------
# Spoiling
# --------------------------------------------------------------------------------------


def sends(history: History, *outcomes: str) -> list[Operation]:
    return [op for op in history.operations if op.f == "send" and op.type in (outcomes or ("ok",))]


def answers(history: History, least: int = 1, *, final: bool | None = None) -> list[tuple[Operation, str, Any]]:
    """Every list of pairs that an ``ok`` poll returned, with the poll and the key."""
    return [
        (op, key, pairs)
        for op in history.operations
        if op.f == "poll" and op.type == "ok" and op.response is not None and final in (None, op.final)
        for key, pairs in op.response["msgs"].items()
        if len(pairs) >= least
    ]


def unique_sends(history: History) -> list[Operation]:
    """The acknowledged sends of messages that were sent once; these are integers above 1."""
    return [op for op in sends(history) if type(op.request["msg"]) is int and op.request["msg"] > 1]


def unpoll(history: History, send: Operation) -> None:
    for _, key, pairs in answers(history):
        if key == send.request["key"]:
            pairs[:] = [pair for pair in pairs if pair[1] != send.request["msg"] or type(pair[1]) is not int]


def reindex(history: History) -> None:
    history.operations.sort(key=lambda op: op.begin_event)
    for index, op in enumerate(history.operations):
        op.index = index


def lose(history: History, draws: Draws) -> bool:
    """A message that a poll returned before another was acknowledged, and nobody gets it."""
    passed = {(key, pair[0]) for _, key, pairs in answers(history, 2, final=True) for pair in pairs[:-1]}
    candidates = [op for op in unique_sends(history) if (op.request["key"], (op.response or {})["offset"]) in passed]
    if candidates:
        unpoll(history, draws.one_of(candidates))
    return bool(candidates)


def hide(history: History, draws: Draws) -> bool:
    """Any acknowledged message, and nobody gets it."""
    candidates = unique_sends(history)
    if candidates:
        unpoll(history, draws.one_of(candidates))
    return bool(candidates)


def fall_behind(history: History) -> bool:
    """The last final poll of all does not get to the last message of a key, which had been acknowledged."""
    acknowledged = {(op.request["key"], (op.response or {})["offset"]) for op in sends(history)}
    for op, key, pairs in answers(history, final=True):
        if op is history.operations[-1] and op.request and (key, pairs[-1][0]) in acknowledged:
            pairs.pop()
            return True
    return False


def leave_unseen(history: History, draws: Draws) -> bool:
    return fall_behind(history) if draws.chance(0.5) else hide(history, draws)


def contradict(history: History, draws: Draws) -> bool:
    """A poll returns another message than the one that was acknowledged at the offset."""
    acknowledged = {(op.request["key"], (op.response or {})["offset"]) for op in sends(history)}
    candidates = [pair for _, key, pairs in answers(history) for pair in pairs if (key, pair[0]) in acknowledged]
    if candidates:
        draws.one_of(candidates)[1] = "something else"
    return bool(candidates)


def repeat(history: History, draws: Draws) -> bool:
    candidates = unique_sends(history)
    if candidates:
        send = draws.one_of(candidates)
        _, _, pairs = [found for found in answers(history) if found[1] == send.request["key"]][-1]
        pairs.append([pairs[-1][0] + 1, send.request["msg"]])
    return bool(candidates)


def refuse(history: History, draws: Draws) -> bool:
    candidates = unique_sends(history)
    if candidates:
        send = draws.one_of(candidates)
        send.type, send.response, send.error = "fail", None, Failure(11, "not now")
    return bool(candidates)


def unsend(history: History, draws: Draws) -> bool:
    candidates = unique_sends(history)
    if candidates:
        draws.one_of(candidates).request["msg"] = "never mind"
    return bool(candidates)


def postpone(history: History, draws: Draws) -> bool:
    """A send begins when all is over."""
    candidates = unique_sends(history)
    if candidates:
        send = draws.one_of(candidates)
        last = max(op.end_event or 0 for op in history.operations)
        send.begin_event, send.end_event = last + 1, last + 2
        reindex(history)
    return bool(candidates)


def leave_out(history: History, draws: Draws) -> bool:
    candidates = answers(history, 3, final=False)
    if candidates:
        pairs = draws.one_of(candidates)[2]
        del pairs[1 + draws.below(len(pairs) - 2)]
    return bool(candidates)


def swap(history: History, draws: Draws) -> bool:
    candidates = answers(history, 2)
    if candidates:
        pairs = draws.one_of(candidates)[2]
        pairs[:2] = pairs[1], pairs[0]
    return bool(candidates)


def start_late(history: History, draws: Draws) -> bool:
    candidates = [found for found in answers(history, 2, final=False) if found[0].request]
    if candidates:
        del draws.one_of(candidates)[2][0]
    return bool(candidates)


def continued(history: History, least: int) -> list[tuple[Any, Any]]:
    """The answers by which a process went on in a key where its last answer had ended, with that one."""
    last: dict[tuple[int, str], Any] = {}
    found = []
    for op, key, pairs in answers(history):
        before = last.get((op.process, key))
        if before is not None and len(pairs) >= least and pairs[0][0] > before[-1][0] and not op.final:
            between = history.operations[before_index(history, before) : op.index]
            if not any(each.f == "assign" and each.process == op.process for each in between):
                found.append((before, pairs))
        last[op.process, key] = pairs
    return found


def before_index(history: History, wanted: Any) -> int:
    return next(op.index for op, _, pairs in answers(history) if pairs is wanted)


def skip(history: History, draws: Draws) -> bool:
    candidates = continued(history, 2)
    if candidates:
        del draws.one_of(candidates)[1][0]
    return bool(candidates)


def go_back(history: History, draws: Draws) -> bool:
    candidates = continued(history, 1)
    if candidates:
        before, pairs = draws.one_of(candidates)
        pairs.insert(0, list(before[-1]))
    return bool(candidates)


def exchange(history: History, draws: Draws) -> bool:
    """Two sends of one process and key exchange their offsets."""
    by_process: dict[tuple[int, str], list[Operation]] = {}
    for op in sends(history):
        by_process.setdefault((op.process, op.request["key"]), []).append(op)
    candidates = [ops for ops in by_process.values() if len(ops) > 1]
    if candidates:
        first, second = draws.one_of(candidates)[:2]
        first.response, second.response = second.response, first.response
    return bool(candidates)


def answer_more(history: History, draws: Draws) -> bool:
    candidates = [found for found in answers(history) if found[0].request and "k9" not in found[0].request["offsets"]]
    if candidates:
        (draws.one_of(candidates)[0].response or {})["msgs"]["k9"] = []
    return bool(candidates)


def garble(history: History, draws: Draws) -> bool:
    candidates = answers(history)
    if candidates:
        draws.one_of(draws.one_of(candidates)[2])[0] = draws.one_of([-1, True, 1.0, "0", None, []])
    return bool(candidates)


def fail(history: History, draws: Draws) -> bool:
    candidates = [found for found in answers(history) if found[0].request]
    if candidates:
        op = draws.one_of(candidates)[0]
        op.type, op.response, op.error = "fail", None, Failure(20, "no such key")
    return bool(candidates)


def silence(history: History, draws: Draws) -> bool:
    candidates = answers(history)
    if candidates:
        op = draws.one_of(candidates)[0]
        op.type, op.response, op.error, op.end, op.end_event = "info", None, Failure(0, "no reply"), None, None
    return bool(candidates)


def crash(history: History, draws: Draws) -> bool:
    history.faults.append(FaultEvent(fault="crash", nodes=("n0",), at=0, event=draws.below(100), planned=False))
    return True


def remove(history: History, draws: Draws) -> bool:
    """A message in the middle of a dense log is gone, and was never acknowledged: its send was refused."""
    if history.header.promises.offsets != "dense" or sends(history, "info") or not lose(history, draws):
        return False
    returned = {repr(pair[1]) for _, _, pairs in answers(history) for pair in pairs}
    gone = next(op for op in unique_sends(history) if repr(op.request["msg"]) not in returned)
    gone.type, gone.response, gone.error = "fail", None, Failure(11, "not now")
    return True


SPOILERS: Final[dict[str, Callable[[History, Draws], bool]]] = {
    "inconsistent-offsets": contradict,
    "duplicate": repeat,
    "lost-write": lose,
    "unseen": leave_unseen,
    "offset-gap": remove,
    "aborted-read": refuse,
    "phantom-read": unsend,
    "future-read": postpone,
    "int-poll-skip": leave_out,
    "int-nonmonotonic-poll": swap,
    "wrong-start": start_late,
    "poll-skip": skip,
    "nonmonotonic-poll": go_back,
    "nonmonotonic-send": exchange,
    "unrequested-key": answer_more,
    "malformed-reply": garble,
    "unexpected-error": fail,
    "no-reply": silence,
    "node-crash": crash,
}


def spoilt(history: History, kind: str, seed: int) -> History | None:
    """A copy that shows the anomaly; None where this history has nothing that could be spoilt so."""
    history = copy.deepcopy(history)
    return history if SPOILERS[kind](history, Draws(seed)) else None
