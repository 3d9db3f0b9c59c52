"""Histories written as short lines, to be read: one line an operation, or the beginning and the end of one.

::

    alice send k1 7 -> 0                 answered with offset 0; a message is JSON, or a bare word
    alice send k1 7 -> fail 22           refused with a definite error
    alice send k1 7 -> info 13           an indefinite error came
    alice send k1 7 -> lost              no reply, and the run knows why (the network lost it, a node was down)
    alice send k1 7 -> silence           no reply, and no fault explains it
    alice send k1 7 ...                  begins here,
    alice -> 0                           and ends here; one that never ends is as after "silence"
    bob poll k1:0 k2:3 -> k1 0=7 1=8; k2 3=x
    bob poll k1:0 max 2 -> nothing       the client itself keeps two messages of each key
    bob final poll k1:0 -> k1 0=7
    bob poll -> k1 0=7                   a history that does not record the offsets asked for
    bob commit k1:0 k2:1 -> ok
    bob list k1 k2 -> k1:0
    bob assign k1 k2 -> k1:0 k2:4        or: assign start k1 -> k1:0
    bob crash
    alice txn send k1 7 & poll -> 0 & k2 5=x                    a transaction of several steps
    alice send k1 7 -> raw {"type": "send_ok", "offset": -1}    a reply that its client could not take
    alice send k1 7 -> reply {"offset": -1}                     one that a careless recorder took for good
    ! crash n0                           a fault; "!! crash n0" is one that nobody asked for
    ? stray-reply n0 {"src": "n0"}       a line that a node wrote and must not write, and how that is called
    ! partition alice | n0 bob           who can speak with whom; "! heal alice | n0 bob" ends it, "! heal" ends all
"""

from __future__ import annotations

import json
from typing import Any, Final

from kafkasim.history import Breach, Consistency, End, Failure, FaultEvent, Header, History, Operation, Promises

FUNCTIONS: Final = {
    "send": "send",
    "poll": "poll",
    "commit": "commit_offsets",
    "list": "list_committed_offsets",
    "assign": "assign",
    "crash": "crash",
}
MILLISECOND: Final = 1_000_000

_WRONG: Final = {
    "malformed-message": 'expected {"src": text, "dest": text, "body": object} (protocol: Messages)',
    "stray-reply": "request 1 of alice has been answered already (protocol: Message Bodies)",
    "unknown-destination": "there is no node, client or service of that name (protocol: Nodes and Networks)",
}
"""What is said of the lines that nodes must not write."""


def build(
    *lines: str,
    complete: str = "",
    incomplete: str = "",
    promises: Promises | None = None,
    consistency: Consistency = "linearizable",
    end: Any = "complete",
) -> History:
    """The history that the lines tell. ``complete``: the keys, parted by blanks, that the final polls read whole."""
    builder = Builder()
    for line in lines:
        builder.take(line)
    final_polls: dict[str, Any] = dict.fromkeys(complete.split(), "complete")
    final_polls.update(dict.fromkeys(incomplete.split(), "incomplete"))
    return History(
        Header(
            scenario="test",
            consistency=consistency,
            promises=promises or Promises(),
            losses_known=True,
            breaches_known=True,
        ),
        builder.operations,
        builder.faults,
        End(end, final_polls),
        breaches=builder.breaches,
    )


class Builder:
    """Takes lines, in the order of what happens; ``operations``, ``faults`` and ``breaches`` are what they told."""

    def __init__(self) -> None:
        self.operations: list[Operation] = []
        self.faults: list[FaultEvent] = []
        self.breaches: list[Breach] = []
        self.event = 0
        self._processes: dict[str, int] = {}
        self._next_process = 0
        self._pending: dict[str, list[Operation]] = {}
        self._transactions = 0

    def take(self, line: str) -> None:
        """Enters a line. Raises `KeyError` or `ValueError` where it is not of the notation."""
        if line.startswith("!"):
            self._fault(line)
            return
        if line.startswith("?"):
            self._breach(line)
            return
        asked, _, answer = (part.strip() for part in line.partition("->"))
        client, _, action = asked.partition(" ")
        if action.endswith("..."):
            self._begin(client, action.removesuffix("..."))
        elif action:
            self._end(self._begin(client, action), answer or "ok")
        else:
            self._end(self._pending[client], answer)

    def _breach(self, line: str) -> None:
        kind, node, written = line.lstrip("? ").split(maxsplit=2)
        text, at = _WRONG[kind], self.event * MILLISECOND
        self.breaches.append(Breach(breach=kind, node=node, line=written, text=text, at=at, event=self.event))  # type: ignore[arg-type]  # a typo is a KeyError
        self.event += 1

    def _fault(self, line: str) -> None:
        fault, *nodes = line.lstrip("!").split()
        groups = tuple(tuple(group.split()) for group in " ".join(nodes).split("|")) if "|" in nodes else ()
        planned = not line.startswith("!!")
        at = self.event * MILLISECOND
        self.faults.append(
            FaultEvent(
                fault=fault,
                nodes=() if groups else tuple(nodes),
                groups=groups,
                at=at,
                event=self.event,
                planned=planned,
            )
        )
        self.event += 1

    def _begin(self, client: str, action: str) -> list[Operation]:
        if client not in self._processes:
            self._processes[client] = self._next_process
            self._next_process += 1
        steps = action.removeprefix("txn ").split(" & ") if action.startswith("txn ") else [action]
        begun = [self._step(client, step) for step in steps]
        if action.startswith("txn "):
            self._transactions += 1
            for op in begun:
                op.transaction = self._transactions
        self.event += 1
        self._pending[client] = begun
        return begun

    def _step(self, client: str, action: str) -> Operation:
        words = action.split(maxsplit=2 if action.startswith("send") else -1)  # a message may be JSON with blanks
        final = words[0] == "final"
        function, *rest = words[1:] if final else words
        limit = None
        if "max" in rest:
            rest, limit = rest[: rest.index("max")], int(rest[-1])
        op = Operation(
            index=len(self.operations),
            process=self._processes[client],
            client=client,
            node="n0",
            f=FUNCTIONS[function],  # type: ignore[arg-type]  # a typo is a KeyError here
            request=_request_of(function, rest),
            type="info",
            error=Failure(0, "no reply in time"),
            max_messages=limit,
            start=self.event * MILLISECOND,
            end=None,
            begin_event=self.event,
            end_event=None,
            final=final,
        )
        self.operations.append(op)
        return op

    def _end(self, begun: list[Operation], answer: str) -> None:
        client = begun[0].client
        del self._pending[client]
        word = answer.partition(" ")[0]
        answers = answer.split(" & ") if len(begun) > 1 and word not in {"fail", "info"} else [answer] * len(begun)
        if word not in {"lost", "silence"}:
            for op in begun:
                op.end, op.end_event = self.event * MILLISECOND, self.event
            self.event += 1
        for op, told in zip(begun, answers, strict=True):
            _conclude(op, told)
        if begun[0].type == "info":
            self._processes[client] = self._next_process
            self._next_process += 1


def _conclude(op: Operation, answer: str) -> None:
    """Enters how an operation ended."""
    word, _, rest = answer.partition(" ")
    if word in {"lost", "silence"}:
        op.lost = word == "lost"
    elif word in {"fail", "info"}:
        op.type = word  # type: ignore[assignment]  # one of the two
        op.error = Failure(int(rest), "refused")
    elif word == "raw":
        op.raw, op.error = json.loads(rest), None
    else:
        op.type, op.error = "ok", None
        op.response = json.loads(rest) if word == "reply" else _response_of(op.f, answer)


def _request_of(function: str, words: list[str]) -> dict[str, Any]:
    match function:
        case "send":
            return {"key": words[0], "msg": _message(words[1].strip())}
        case "poll" if not words:
            return {}
        case "poll" | "commit":
            return {"offsets": _offsets(words)}
        case "list":
            return {"keys": words}
        case "assign":
            start = words[0] == "start"
            return {"keys": words[1:] if start else words, "from": "start" if start else "committed"}
    return {}


def _response_of(function: str, answer: str) -> dict[str, Any]:
    match function:
        case "send":
            return {"offset": int(answer)}
        case "poll":
            return {"msgs": {} if answer == "nothing" else dict(map(_messages_of_key, answer.split(";")))}
        case "list_committed_offsets":
            return {"offsets": {} if answer == "nothing" else _offsets(answer.split())}
        case "assign":
            return {"positions": _offsets(answer.split())}
    return {}


def _messages_of_key(text: str) -> tuple[str, list[list[Any]]]:
    key, *pairs = text.split()
    return key, [[int(offset), _message(msg)] for offset, _, msg in (pair.partition("=") for pair in pairs)]


def _offsets(words: list[str]) -> dict[str, int]:
    return {key: int(offset) for key, _, offset in (word.partition(":") for word in words)}


def _message(text: str) -> Any:
    """JSON, or a bare word."""
    try:
        return json.loads(text)
    except ValueError:
        return text
