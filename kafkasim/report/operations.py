"""Operations as lines that a person reads: who asked whom for what, what was answered, and when.

An anomaly is proven by a few operations. They are told as a timeline, one line for each request and
one for each reply, in the order in which they happened, because that order *is* the proof::

    #12  0.0120 s  alice → n0  send k1 7
    #40  0.0130 s  bob → n0    poll k1:0
    #12  0.0201 s  n0 → alice  ok: offset 3
    #40  0.0410 s  n0 → bob    ok: [0] 1, ..., [2] 4, [3] missing, [4] 9 (12 messages)

Requests are written as the REPL takes them, messages of a poll as it shows them: each after its offset in brackets.
Of many messages only those are shown that matter to the anomaly, with their neighbours.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from msgspec import Struct

from kafkasim.forms import printable
from kafkasim.history import FaultEvent, Operation
from kafkasim.messages import error_title
from kafkasim.report.words import brief, count_of, instant, key_words

HARMLESS: Final = ("poll", "list_committed_offsets")
"""The operations that change nothing: whether they happened matters to nobody but their client."""

Message = Sequence[Any]
"""``[offset, msg]``, as a poll's reply has it."""


class Line(Struct, frozen=True):
    """One line of a timeline: a request, or a reply, of the operation at ``index``; or (None) a fault."""

    index: int | None
    when: str
    who: str
    what: str
    outcome: str | None
    """None for a request or a fault; of a reply, the operation's ``type``."""


def timeline(operations: Sequence[Operation], key: str | None = None, faults: Sequence[FaultEvent] = ()) -> list[Line]:
    """The requests and replies of the operations, in the order in which they happened.

    ``key`` is the one that the anomaly is about: of operations on several keys only it is shown. Of the
    ``faults`` those are told that happened in between.

    >>> send = Operation(index=0, process=0, client="alice", node="n0", f="send", request={"key": "k1", "msg": 7},
    ...     type="ok", response={"offset": 0}, start=0, end=5_000_000, begin_event=0, end_event=1)
    >>> for line in timeline([send]):
    ...     print(line.when, "|", line.who, "|", line.what)
    0.0000 s | alice → n0 | send k1 7
    0.0050 s | n0 → alice | ok: offset 0
    """
    focus = _offsets_that_matter(operations, key)
    placed: list[tuple[float, Line]] = []
    for op in operations:
        name = printable(op.client) or f"process {op.process}"
        node = printable(op.node)
        asking = f"{name} → {node}" if node else name
        placed.append((op.begin_event, Line(op.index, instant(op.start), asking, _asked(op, key), None)))
        answering = f"{node} → {name}" if node else f"→ {name}"
        when = "never" if op.end is None else instant(op.end)
        # What was never answered stands last: it may still happen after everything else.
        place = float("inf") if op.end_event is None else op.end_event
        placed.append((place, Line(op.index, when, answering, _answered(op, key, focus), op.type)))
    placed += [(fault.event, _fault(fault)) for fault in _between(faults, operations)]
    placed.sort(key=lambda item: item[0])
    return [line for _, line in placed]


def _between(faults: Sequence[FaultEvent], operations: Sequence[Operation], most: int = 6) -> list[FaultEvent]:
    """The faults from the first request to the last event of the operations; the last few, if they are many."""
    if not operations:
        return []
    first = min(op.begin_event for op in operations)
    last = max(op.begin_event if op.end_event is None else op.end_event for op in operations)
    return [fault for fault in faults if first < fault.event < last][-most:]


def _fault(fault: FaultEvent) -> Line:
    who = printable(", ".join(fault.nodes)) or "network"
    groups = printable(" | ".join(", ".join(group) for group in fault.groups))
    match fault.fault:
        case "crash":
            what = "crashes" if fault.planned else f"ends by itself: {printable(fault.text.partition(';')[0])}"
        case "restart":
            what = "starts again"
        case "partition":
            what = f"is cut: {groups}"
        case "heal":
            what = f"is no longer cut: {groups}" if groups else "heals a partition"
        case other:
            what = printable(other)
    return Line(None, instant(fault.at), who, what, None)


# --------------------------------------------------------------------------------------
# What was asked
# --------------------------------------------------------------------------------------


def _asked(op: Operation, key: str | None) -> str:
    text = _request(op.f, op.request, key)
    if op.max_messages is not None:
        text += f" (keeps {op.max_messages} of a key)"
    return f"{text} (final poll)" if op.final else text


def _request(f: str, request: dict[str, Any], key: str | None) -> str:
    match f, request:
        case "send", {"key": str(log), "msg": msg}:
            return f"send {key_words(log)} {brief(msg)}"
        case "poll", {"offsets": dict(offsets)}:
            return f"poll {_offsets(offsets, key)}"
        case "commit_offsets", {"offsets": dict(offsets)}:
            return f"commit {_offsets(offsets, key)}"
        case "list_committed_offsets", {"keys": list(keys)}:
            return f"list {_keys(keys, key)}"
        case "assign", {"keys": list(keys)}:
            return f"assign {_keys(keys, key)}" + (" from the start" if request.get("from") == "start" else "")
    # A foreign history need not know what was asked (Jepsen's polls do not); then the name must do.
    return f"{f} {brief(request, 60)}" if request else f


def _offsets(offsets: Mapping[Any, Any], key: str | None) -> str:
    shown, hidden = _of_interest(offsets, key)
    return " ".join(f"{key_words(str(log))}:{brief(offsets[log])}" for log in shown) + hidden


def _keys(keys: Sequence[Any], key: str | None) -> str:
    shown, hidden = _of_interest(keys, key)
    return " ".join(key_words(str(log)) for log in shown) + hidden


def _of_interest(keys: Iterable[Any], key: str | None, most: int = 4) -> tuple[list[Any], str]:
    """Which keys to show, and words for the others."""
    every = list(keys)
    shown = [key] if key in every else every[:most]
    hidden = len(every) - len(shown)
    return shown, f" (and {count_of(hidden, 'more key')})" if hidden else ""


# --------------------------------------------------------------------------------------
# What was answered
# --------------------------------------------------------------------------------------


def _answered(op: Operation, key: str | None, focus: set[int]) -> str:
    if op.raw is not None:
        return f"malformed reply: {brief(op.raw, 60)}"
    if op.type == "ok":
        return _reply(op, key, focus)
    if op.error is None:
        return "no reply" + ("" if op.f in HARMLESS else ": it may or may not have happened")
    text = f": {printable(op.error.text)}" if op.error.text else ""
    if op.type == "fail":
        return f"refused, {error_title(op.error.code)}{text}"
    if op.error.code == 0:
        return "no reply in time" + ("" if op.f in HARMLESS else ": it may or may not have happened")
    return f"failed, {error_title(op.error.code)} (it may have happened){text}"


def _reply(op: Operation, key: str | None, focus: set[int]) -> str:
    response = op.response or {}
    match op.f, response:
        case "send", {"offset": offset}:
            return f"ok: offset {brief(offset)}"
        case "poll", {"msgs": dict(msgs)}:
            asked = op.request.get("offsets")
            unasked = key is not None and isinstance(asked, dict) and key not in asked
            return f"ok: {_messages(msgs, key, focus, named=unasked)}"
        case "list_committed_offsets", {"offsets": dict(offsets)}:
            return f"ok: {_offsets(offsets, key)}" if offsets else "ok: nothing committed"
        case "assign", {"positions": dict(positions)}:
            return f"ok: reads on from {_offsets(positions, key)}" if positions else "ok"
    return f"ok: {brief(response, 60)}" if response else "ok"


def _messages(msgs: dict[Any, Any], key: str | None, focus: set[int], *, named: bool) -> str:
    if key is not None and key not in msgs and msgs:
        return f"nothing of {key_words(key)} ({count_of(len(msgs), 'other key')})"
    shown, hidden = _of_interest(msgs, key)
    if not shown:
        return "nothing"
    texts = [_messages_of(msgs[log], focus) for log in shown]
    if named or len(shown) > 1:
        texts = [f"{key_words(str(log))} {text}" for log, text in zip(shown, texts, strict=True)]
    return "; ".join(texts) + ("" if key in msgs else hidden)


def _messages_of(messages: Any, focus: set[int]) -> str:
    if not _well_formed(messages):
        return brief(messages, 60)
    if not messages:
        return "nothing"
    shown = _places_shown(messages, focus)
    parts: list[str] = []
    before = -1
    for place in shown:
        if place > before + 1:
            parts.append("...")
        elif place:
            parts += [f"[{gap}] missing" for gap in _missing(messages[before][0], messages[place][0], focus)]
        parts.append(f"[{messages[place][0]}] {brief(messages[place][1], 20)}")
        before = place
    total = f" ({count_of(len(messages), 'message')})" if len(shown) < len(messages) else ""
    return ", ".join(parts) + total


def _missing(low: int, high: int, focus: set[int]) -> list[int]:
    """The offsets that matter and that a poll leaves out between two neighbours."""
    return sorted(offset for offset in focus if low < offset < high)[:3]


def _well_formed(messages: Any) -> bool:
    return isinstance(messages, list) and all(
        isinstance(item, list | tuple) and len(item) == 2 and type(item[0]) is int for item in messages
    )


def _places_shown(messages: Sequence[Message], focus: set[int], few: int = 5, breaks: int = 3) -> list[int]:
    """Which messages of a poll to show: all of a few, otherwise the ends and what matters with its neighbours."""
    last = len(messages) - 1
    if len(messages) <= few:
        return list(range(last + 1))
    offsets = [item[0] for item in messages]
    places = {0, last}
    steps = [place for place in range(last) if offsets[place + 1] != offsets[place] + 1]
    if len(steps) <= breaks:  # otherwise the log is sparse, and its gaps say nothing
        places.update(place + side for place in steps for side in (0, 1))
    for offset in sorted(focus)[:breaks]:
        near = next((place for place, there in enumerate(offsets) if there >= offset), None)
        if near is not None:
            after = near + 1 if offsets[near] == offset else near
            places.update(place for place in (near - 1, near, after) if 0 <= place <= last)
    return sorted(places)


def _offsets_that_matter(operations: Sequence[Operation], key: str | None) -> set[int]:
    """The offsets that the operations' sends were given, and those at which their replies disagree."""
    seen: dict[int, str] = {}
    focus: set[int] = set()
    for op in operations:
        match op.f, op.response:
            case "send", {"offset": int(offset)} if op.request.get("key") == key:
                focus.add(offset)
            case "poll", {"msgs": dict(msgs)} if _well_formed(msgs.get(key)):
                for offset, msg in msgs[key]:
                    text = brief(msg, 1000)
                    if seen.setdefault(offset, text) != text:
                        focus.add(offset)
    return focus
