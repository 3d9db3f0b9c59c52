"""Whether the system answers: at all, in its form, about what was asked, with no needless error."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping
from functools import partial
from itertools import accumulate
from typing import Any, Final

from kafkasim.checkers.index import Index, Problem, Reading
from kafkasim.checkers.recorded import no_starts
from kafkasim.checkers.registry import KAFKA_AND_UP, Checker, Finding
from kafkasim.checkers.verdict import Example
from kafkasim.checkers.words import listed, moment, who
from kafkasim.forms import mismatch, shorten, show
from kafkasim.history import BREACH_KINDS, FaultEvent, Operation
from kafkasim.messages import RPCS, Error, error_title

_REQUESTS: Final = {
    "send": "send",
    "poll": "poll",
    "commit_offsets": "commit",
    "list_committed_offsets": "question for the committed offsets",
}
"""How a sentence names a request."""

_BY_KEY: Final = {"poll": "msgs", "list_committed_offsets": "offsets"}
"""The fields in which replies speak of keys."""

_WORKLOAD: Final = "the kafka workload"
"""Where the protocol says of what form the replies are, see
https://github.com/jepsen-io/maelstrom/blob/main/doc/workloads.md
"""

_ERRORS: Final = "Errors"
"""Where it says of what form errors are, see https://github.com/jepsen-io/maelstrom/blob/main/doc/protocol.md#errors
"""

_ERROR: Final = 300
"""How many characters of an error's text are told: some are as long as a stack trace."""


def _asked(op: Operation) -> str:
    return f"{who(op)}'s {_REQUESTS[op.f]}"


def _node(op: Operation) -> str:
    return shorten(op.node) or "the system"


def _only_key(op: Operation) -> str | None:
    """The key that a request speaks of; None where there is not just one."""
    if op.f == "send":
        keys = [op.request.get("key")]
    else:
        named = op.request.get("offsets" if op.f in {"poll", "commit_offsets"} else "keys")
        keys = list(named) if isinstance(named, dict | list | tuple) else []
    return keys[0] if len(keys) == 1 and isinstance(keys[0], str) else None


# --------------------------------------------------------------------------------------
# unrequested-key
# --------------------------------------------------------------------------------------


def find_unrequested_keys(index: Index) -> Iterator[Finding]:
    """A reply speaks of a key that was not asked for. One finding a reply and key."""
    for problem in index.unrequested:
        yield Finding(problem.key, partial(_explain_unrequested, problem))


def _explain_unrequested(problem: Problem) -> Example:
    op = problem.op
    keys = op.request.get("offsets" if op.f == "poll" else "keys") or ()
    asked = listed(keys, lambda key: show(str(key))) or "nothing"
    return Example(
        f"{_asked(op)} was about {asked}, but {_node(op)} answered about key {show(str(problem.key))} as well: "
        f"{show(problem.part)}",
        (op.index,),
    )


# --------------------------------------------------------------------------------------
# malformed-reply
# --------------------------------------------------------------------------------------


def find_malformed_replies(index: Index) -> Iterator[Finding]:
    """A reply that is not of the protocol's form: a missing, negative or non-integer offset, a wrong type, an unknown
    field.

    Either its client could not take it (``Operation.raw``), or a recorder took it as it came. Maelstrom's schemas are
    closed: a field beyond the RPC's own is an error there too. One finding a reply and place.
    """
    for problem in index.malformed:
        key = problem.key if problem.key is not None else _only_key(problem.op)
        yield Finding(key, partial(_explain_malformed, problem.op, _malformed_part(problem)))
    for op in index.unsuccessful:
        if op.raw is not None:
            yield Finding(_only_key(op), partial(_explain_malformed, op, op.raw))


def _malformed_part(problem: Problem) -> Any:
    """The reply without what is wrong at other places: those have problems of their own."""
    response = problem.op.response
    by_key = _BY_KEY.get(problem.op.f)
    if by_key is None or not isinstance(response, Mapping) or not isinstance(response.get(by_key), Mapping):
        return response
    if problem.key is not None:
        return {by_key: {problem.key: problem.part}}
    return {**response, by_key: {}}


def _explain_malformed(op: Operation, body: Any) -> Example:
    said = f"{_node(op)} answered {_asked(op)} with {_what_is_wrong(op, body)}"
    is_error = isinstance(body, Mapping) and body.get("type") == "error"
    return Example(f"{said} (protocol: {_ERRORS if is_error else f'{_WORKLOAD}, {op.f}'})", (op.index,))


def _what_is_wrong(op: Operation, body: Any) -> str:
    if not isinstance(body, Mapping):
        return f"no object, but {show(body)}"
    rpc = RPCS[op.f]
    expected = str(rpc.reply.__struct_config__.tag)
    if body.get("type") == "error" and (place := mismatch(body, Error)):
        return f"an error that is not of its form: {place}; it was {show(body)}"
    if "type" in body and body["type"] != expected:
        return f"a reply of type {show(body['type'])}, where {show(expected)} was expected"
    place = mismatch(body, rpc.reply)
    problem = f"a reply that is not of its form: {place}" if place else "what its client could not take"
    return f"{problem}; it was {show(body)}"


# --------------------------------------------------------------------------------------
# unexpected-error
# --------------------------------------------------------------------------------------

_TRY_AGAIN: Final = frozenset({0, 1, 11, 14, 30})
"""Codes by which a system says no more than "not now": timeout, node-not-found (said by the test bench),
temporarily-unavailable, abort, txn-conflict."""

_NO_SUCH_MESSAGE: Final = frozenset({20, 22})
"""Codes that rightly refuse a commit where no message is: key-does-not-exist, precondition-failed."""


def find_unexpected_errors(index: Index) -> Iterator[Finding]:
    """An error where the protocol promises success.

    Promised to succeed is every well-formed send, poll and list, of whatever key, and a commit of offsets that an
    ``ok`` poll had returned before the commit began. Excused are the errors that only ask to try again (timeout,
    node-not-found, temporarily-unavailable, abort, txn-conflict), errors that came while a fault was in force, or after
    the network had lost what nodes and services say to each other (`Operation.lost`), and, once a node has crashed, the
    refusal of a commit as past the end: what was polled may be gone. One finding an error.
    """
    faults = _FaultTimes(index.faults)
    reach = _PolledBefore(index)
    for op in index.unsuccessful:
        error = op.error
        if error is None or op.raw is not None or error.code in _TRY_AGAIN or op.lost:
            continue
        if mismatch(op.request, RPCS[op.f].request):
            continue
        if op.f == "commit_offsets" and not (op.request["offsets"] and reach.all(op)):
            continue
        if faults.in_force(op) or (error.code in _NO_SUCH_MESSAGE and faults.crashed_before(op)):
            continue
        yield Finding(_only_key(op), partial(_explain_error, op))


class _FaultTimes:
    """When faults were in force, as places in the sequence of events."""

    def __init__(self, faults: list[FaultEvent]) -> None:
        self._first_crash = min((fault.event for fault in faults if fault.fault == "crash"), default=float("inf"))
        spans = sorted(_spans(faults))
        self._begins = [begin for begin, _ in spans]
        self._healed = list(accumulate((healed for _, healed in spans), max, initial=-1.0))
        """Of so many first spans, where the last of them was over."""

    def in_force(self, op: Operation) -> bool:
        """Whether any fault was in force at any moment of the operation."""
        end = float("inf") if op.end_event is None else op.end_event
        return op.begin_event <= self._healed[bisect_right(self._begins, end)]

    def crashed_before(self, op: Operation) -> bool:
        """Whether a node had crashed before the operation ended."""
        return op.end_event is None or self._first_crash <= op.end_event


def _spans(faults: list[FaultEvent]) -> Iterator[tuple[int, float]]:
    """From where to where each fault was in force: a crash until its nodes have started again, a pause until they go
    on, a partition until it is healed, or all are, any other for good.
    """
    never = float("inf")
    all_healed = any_started = never
    healed: dict[tuple[tuple[str, ...], ...], int] = {}
    started: dict[str, int] = {}
    resumed: dict[str, int] = {}
    for fault in reversed(faults):
        match fault.fault:
            case "heal" if fault.groups:
                healed[fault.groups] = fault.event
            case "heal":
                all_healed = fault.event
            case "restart":
                any_started = fault.event
                started.update(dict.fromkeys(fault.nodes, fault.event))
            case "resume":
                resumed.update(dict.fromkeys(fault.nodes, fault.event))
            case "pause":
                ends = [min(resumed.get(node, never), started.get(node, never)) for node in fault.nodes]
                yield fault.event, max(ends, default=never)
            case "partition":
                yield fault.event, min(all_healed, healed.get(fault.groups, never))
            case "crash":
                yield fault.event, max((started.get(node, never) for node in fault.nodes), default=any_started)
            case _:
                yield fault.event, never


class _PolledBefore:
    """How far each key had been polled by when. A key is prepared when it is first asked for."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._reached: dict[str, list[tuple[int, int]]] = {}

    def all(self, op: Operation) -> bool:
        """Whether each offset of a commit is one that a poll returned which had ended before the commit began."""
        offsets: dict[str, int] = op.request["offsets"]
        return all(self._before(op, key, offset) for key, offset in offsets.items())

    def _before(self, op: Operation, key: str, offset: int) -> bool:
        log = self._index.keys.get(key)
        if log is None or offset not in log.polled:
            return False
        reached = self._reached.get(key)
        if reached is None:
            reached = self._reached[key] = _milestones(log.readings)
        place = bisect_left(reached, offset, key=lambda milestone: milestone[1])
        return place < len(reached) and reached[place][0] < op.begin_event


def _milestones(readings: list[Reading]) -> list[tuple[int, int]]:
    """The ends of the polls that read further than any that had ended before, with the last offset that each read."""
    ends = sorted(
        (reading.op.end_event, reading.last)
        for reading in readings
        if reading.pairs and reading.op.end_event is not None
    )
    milestones: list[tuple[int, int]] = []
    for end, last in ends:
        if not milestones or last > milestones[-1][1]:
            milestones.append((end, last))
    return milestones


def _explain_error(op: Operation) -> Example:
    error = op.error
    assert error is not None  # it was found by its error
    text = f" ({shorten(error.text, _ERROR)})" if error.text else ""
    promised = (
        "offsets that had been polled before can be committed"
        if op.f == "commit_offsets"
        else "the protocol promises that it succeeds, whatever the key"
    )
    key = _only_key(op)
    about = f" of key {show(key)}" if key is not None else ""
    return Example(
        f"{_node(op)} answered {_asked(op)}{about} with the error {error_title(error.code)}{text}, and no fault "
        f"explains it: {promised}",
        (op.index,),
    )


# --------------------------------------------------------------------------------------
# no-reply
# --------------------------------------------------------------------------------------


def find_missing_replies(index: Index) -> Iterator[Finding]:
    """A request was never answered although no fault touched it, its answer or its node.

    Whether a fault did, only the run itself knows (`Operation.lost`): histories that do not say so
    (`Header.losses_known`) are not judged, nor is what a broken-off run left open. One finding a request; the final
    polls, of which no scenario speaks, are told after what clients asked of their own.
    """
    for op in index.unsuccessful:
        if op.end is None and not op.lost and op.error is not None and op.error.code == 0:
            yield Finding(_only_key(op), partial(_explain_missing_reply, index, op), aside=op.final)


def _explain_missing_reply(index: Index, op: Operation) -> Example:
    key = _only_key(op)
    about = f" of key {show(key)}" if key is not None else ""
    kinds = _breaches_after(index, op)
    meant = f"; what it wrote then (see {listed(kinds)}) may be meant for one" if kinds else ""
    return Example(
        f"{_node(op)} never answered {_asked(op)}{about}, begun at {moment(op.start)}, although the request "
        f"arrived, no answer to it was lost, and the node was up{meant}",
        (op.index,),
    )


def _breaches_after(index: Index, op: Operation) -> list[str]:
    """In which ways the node of an operation has broken the protocol after its beginning."""
    last: dict[tuple[str, str], int] | None = index.derived.get("last breaches")
    if last is None:
        breaches = index.history.breaches
        last = index.derived["last breaches"] = {(breach.node, breach.breach): breach.event for breach in breaches}
    return [kind for kind in BREACH_KINDS if op.begin_event < last.get((op.node, kind), -1)]


def _losses_unknown(index: Index) -> str | None:
    if not index.history.header.losses_known:
        return "the history does not say which requests and replies the network lost"
    return "the run was broken off" if index.history.end.end != "complete" else None


CHECKERS: Final = (
    Checker(
        kind="unrequested-key",
        summary="A reply speaks of a key that was not asked for.",
        levels=KAFKA_AND_UP,
        unjudged=no_starts,
        find=find_unrequested_keys,
        count=lambda index: index.replies,
        counted="replies",
    ),
    Checker(
        kind="malformed-reply",
        summary="A reply that is not of the protocol's form.",
        levels=KAFKA_AND_UP,
        find=find_malformed_replies,
        count=lambda index: index.replies + sum(op.end is not None for op in index.unsuccessful),
        counted="replies",
    ),
    Checker(
        kind="unexpected-error",
        summary="An error where the protocol promises success.",
        levels=KAFKA_AND_UP,
        find=find_unexpected_errors,
        count=lambda index: index.replies + sum(op.end is not None for op in index.unsuccessful),
        counted="replies",
    ),
    Checker(
        kind="no-reply",
        summary="A request was never answered although no fault touched it, its answer or its node.",
        levels=KAFKA_AND_UP,
        promise="a history that says what the network lost",
        unjudged=_losses_unknown,
        find=find_missing_replies,
        count=lambda index: index.requests,
        counted="requests",
    ),
)
