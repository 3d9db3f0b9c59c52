"""Histories in which one thing goes wrong many times: for each kind of anomaly one with as many as are wanted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from kafkasim.history import Consistency, End, Failure, FaultEvent, Header, History, Operation, Promises

KEY: Final = "k1"


class Writer:
    """Writes down operations one after the other, each begun after the last had ended, unless it is left open."""

    def __init__(self, consistency: Consistency = "kafka", **promises: Any) -> None:
        self.history = History(
            Header(consistency=consistency, promises=Promises(**promises), losses_known=True),
            end=End("complete", {KEY: "complete"}),
        )
        self.event = -1

    def next_event(self) -> int:
        self.event += 1
        return self.event

    def op(
        self,
        f: Any,
        request: dict[str, Any],
        response: dict[str, Any] | None,
        process: int = 0,
        *,
        code: int | None = None,
        left_open: bool = False,
        **fields: Any,
    ) -> Operation:
        begin = self.next_event()
        op = Operation(
            index=len(self.history.operations),
            process=process,
            node="n0",
            f=f,
            request=request,
            type="ok" if response is not None else "info" if code is None else "fail",
            response=response,
            error=None if response is not None else Failure(code or 0, "no"),
            start=begin,
            end=None,
            begin_event=begin,
            end_event=None,
            **fields,
        )
        self.history.operations.append(op)
        if not left_open and op.type != "info":
            self.end(op)
        return op

    def end(self, op: Operation) -> None:
        op.end = op.end_event = self.next_event()

    def send(self, msg: Any, offset: int | None, process: int = 0, **how: Any) -> Operation:
        return self.op("send", {"key": KEY, "msg": msg}, None if offset is None else {"offset": offset}, process, **how)

    def poll(self, start: int | None, pairs: list[Any], process: int = 1, **how: Any) -> Operation:
        request = {} if start is None else {"offsets": {KEY: start}}
        return self.op("poll", request, {"msgs": {KEY: pairs}}, process, **how)

    def commit(self, offset: int, *, code: int | None = None, lost: bool = False, **how: Any) -> Operation:
        response: dict[str, Any] | None = None if lost or code is not None else {}
        return self.op("commit_offsets", {"offsets": {KEY: offset}}, response, code=code, **how)

    def list(self, offset: int, process: int = 1) -> Operation:
        offsets = {} if offset < 0 else {KEY: offset}
        return self.op("list_committed_offsets", {"keys": [KEY]}, {"offsets": offsets}, process)


def lost_in_one_poll(count: int) -> Writer:
    """Every second message is lost, and one poll passes over all of them."""
    writer = Writer()
    for number in range(2 * count + 2):
        writer.send(number, number)
    writer.poll(0, [[number, number] for number in range(1, 2 * count + 2, 2)], final=True)
    return writer


def never_learned(count: int) -> Writer:
    """As many readers at the end as messages, none of which came to the end, each by itself."""
    writer = Writer()
    for number in range(count):
        writer.send(number, number)
    writer.poll(0, [[number, number] for number in range(count)])
    for reader in range(count):
        writer.poll(0, [[0, 0]] if reader % 2 else [], 2 + reader, final=True)
    return writer


def learned_of_half(count: int) -> Writer:
    """One reader that ended in the middle, after as many polls."""
    writer = Writer()
    for number in range(2 * count):
        writer.send(number, number)
    writer.poll(0, [[number, number] for number in range(2 * count)], final=True)
    for number in range(count):
        writer.poll(number, [[number, number]], 2, final=True)
    return writer


def lost_one_by_one(count: int) -> Writer:
    """Each lost message is passed over by the polls after it, and there are as many polls."""
    writer = Writer(offsets="sparse")
    for number in range(count):
        writer.send(2 * number, 2 * number)
        writer.send(2 * number + 1, 2 * number + 1)
        writer.poll(2 * number, [[2 * number + 1, 2 * number + 1]])
    return writer


def duplicates(count: int) -> Writer:
    writer = Writer()
    for number in range(count):
        writer.send(number, 2 * number)
    writer.poll(0, [[place, place // 2] for place in range(2 * count)], final=True)
    return writer


def inconsistent(count: int) -> Writer:
    writer = Writer()
    for number in range(count):
        writer.send(2 * number, number, 0)
        writer.send(2 * number + 1, number, 1)
    writer.poll(0, [[number, 2 * number] for number in range(count)], final=True)
    return writer


def given_twice(count: int) -> Writer:
    """Each offset was given to two sends of equal messages."""
    writer = Writer()
    for number in range(count):
        writer.send("same", number, 0)
        writer.send("same", number, 1)
    writer.poll(0, [[number, "same"] for number in range(count)], final=True)
    return writer


def phantoms(count: int) -> Writer:
    writer = Writer()
    writer.poll(0, [[number, number] for number in range(count)], final=True)
    return writer


def aborted(count: int) -> Writer:
    """Refused sends of one message again and again, and it is at as many offsets."""
    writer = Writer()
    for _ in range(count):
        writer.send("same", None, code=14)
    for number in range(count):
        writer.send(number, None, code=14)
    writer.poll(0, [[number, "same" if number % 2 else number // 2] for number in range(2 * count)], final=True)
    return writer


def refused_twins(count: int) -> Writer:
    writer = Writer()
    for number in range(count):
        writer.send(number, None, code=14)
        writer.send(number, 2 * number)
    writer.poll(0, [[place, place // 2] for place in range(2 * count)], final=True)
    return writer


def future_reads(count: int) -> Writer:
    writer = Writer()
    writer.poll(0, [[number, number] for number in range(count)])
    for number in range(count):
        writer.send(number, number)
        writer.send(number, count + number)
    return writer


def skips_inside(count: int) -> Writer:
    """One poll leaves out every second offset, many others leave out nearly everything."""
    writer = Writer()
    for number in range(2 * count + 1):
        writer.send(number, number)
    writer.poll(0, [[number, number] for number in range(0, 2 * count + 1, 2)])
    for _ in range(count):
        writer.poll(0, [[0, 0], [2 * count, 2 * count]], 2)
    writer.poll(0, [[number, number] for number in range(2 * count + 1)], final=True)
    return writer


def disorder_inside(count: int) -> Writer:
    writer = Writer()
    for number in range(count + 1):
        writer.send(number, number)
    writer.poll(0, [[number, number] for number in range(count, -1, -1)], final=True)
    return writer


def wrong_starts(count: int) -> Writer:
    writer = Writer()
    for number in range(count + 1):
        writer.send(number, number)
    writer.poll(0, [[number, number] for number in range(count + 1)])
    for _ in range(count):
        writer.poll(0, [[count, count]])
    return writer


def skips_between(count: int) -> Writer:
    writer = Writer()
    for number in range(2 * count + 3):
        writer.send(number, number)
    for number in range(count + 1):
        writer.poll(2 * number - 1 if number else 0, [[2 * number, 2 * number]])
    writer.poll(0, [[number, number] for number in range(2 * count + 3)], 2, final=True)
    return writer


def disorder_between(count: int) -> Writer:
    writer = Writer()
    writer.send(0, 0)
    writer.send(1, 1)
    for _ in range(count + 1):
        writer.poll(None, [[1, 1]])
    return writer


def disorder_of_sends(count: int) -> Writer:
    writer = Writer("linearizable")
    for number in range(count, -1, -1):
        writer.send(number, number)
    writer.poll(0, [[number, number] for number in range(count + 1)], final=True)
    return writer


def disorder_of_several_sends(count: int) -> Writer:
    writer = Writer("linearizable")
    for number in range(count, -1, -1):
        writer.send(number, number, number)
    writer.poll(0, [[number, number] for number in range(count + 1)], final=True)
    return writer


def stale(count: int) -> Writer:
    writer = Writer("linearizable")
    for number in range(count + 1):
        writer.send(number, number)
        writer.poll(0, [[each, each] for each in range(max(0, number - 1), number)][:0])
    writer.poll(0, [[number, number] for number in range(count + 1)], final=True)
    return writer


def unrequested(count: int) -> Writer:
    """Many keys asked for in one request, and as many others in its reply."""
    writer = Writer()
    asked = {f"a{number}": 0 for number in range(count)}
    writer.op("poll", {"offsets": asked}, {"msgs": {f"b{number}": [[0, 1]] for number in range(count)}})
    return writer


def malformed(count: int) -> Writer:
    writer = Writer()
    for _ in range(count):
        writer.op("send", {"key": KEY, "msg": 1}, {"offset": -1})
    return writer


def errors(count: int) -> Writer:
    writer = Writer()
    for number in range(count):
        writer.send(number, None, code=12)
    return writer


def silences(count: int) -> Writer:
    writer = Writer()
    for number in range(count):
        writer.send(number, None, number)
    return writer


def crashes(count: int) -> Writer:
    """A node ends again and again, with more and more left undone; as much had been refused in time."""
    writer = Writer()
    for number in range(count):
        writer.send(number, None, code=11)
        writer.send(number, None, number)
        writer.history.faults.append(
            FaultEvent(fault="crash", nodes=("n0",), at=writer.event, event=writer.next_event(), planned=False)
        )
    return writer


def commits_lost(count: int) -> Writer:
    writer = read_once(count)
    for number in range(count):
        writer.commit(number)
        writer.list(-1)
    return writer


def commits_back(count: int) -> Writer:
    writer = read_once(count)
    for number in range(count):
        writer.commit(number)
    for number in range(count):
        writer.list(count - 1 - number)
    return writer


def commit_phantoms(count: int) -> Writer:
    writer = read_once(count)
    for number in range(count):
        writer.commit(2 * number)
        writer.list(2 * count + 1 + number)
    return writer


def commits_aborted(count: int) -> Writer:
    writer = read_once(count)
    for number in range(count):
        writer.commit(number, code=22)
        writer.list(number)
    return writer


def commits_past_end(count: int) -> Writer:
    writer = Writer()
    for number in range(count):
        writer.send(number, None, number)
    writer.send("seen", 0)
    for number in range(count):
        writer.commit(10 * count + number)
    return writer


def commits_stale(count: int) -> Writer:
    """For each an acknowledged higher offset, a lower one committed later, and a list that shows the lower one."""
    writer = Writer("linearizable")
    keys = [f"k{number}" for number in range(count)]
    for key in keys:
        begun = writer.op("list_committed_offsets", {"keys": [key]}, {"offsets": {key: 1}}, left_open=True)
        writer.op("commit_offsets", {"offsets": {key: 2}}, {}, 2)
        writer.op("commit_offsets", {"offsets": {key: 1}}, {}, 2)
        writer.end(begun)
    return writer


def skipped_unread(count: int) -> Writer:
    writer = read_once(count, read=False)
    for number in range(count):
        writer.commit(number)
        writer.list(number)
        writer.poll(number + 1, [])
    return writer


def gaps(count: int) -> Writer:
    writer = Writer()
    for number in range(count // 2):
        writer.send(f"unknown{number}", None, number + 2)
    for number in range(count):
        writer.send(number, 2 * number + 1)
    writer.poll(0, [[2 * number + 1, number] for number in range(count)], final=True)
    return writer


def nonatomic(count: int) -> Writer:
    """Polls of two keys that saw the second of two sends, and not the first."""
    writer = Writer("linearizable")
    for number in range(count):
        keys = [f"a{number}", f"b{number}"]
        poll = writer.op("poll", {"offsets": dict.fromkeys(keys, 0)}, {"msgs": {keys[1]: [[0, 1]]}}, 2, left_open=True)
        for key in keys:
            writer.op("send", {"key": key, "msg": 1}, {"offset": 0})
        writer.end(poll)
    return writer


def nonatomic_of_two_keys(count: int) -> Writer:
    """The same, always of the same two keys."""
    writer = Writer("linearizable")
    for number in range(count):
        poll = writer.op(
            "poll", {"offsets": {"a": number, "b": number}}, {"msgs": {"b": [[number, number]]}}, 2, left_open=True
        )
        for key in ("a", "b"):
            writer.op("send", {"key": key, "msg": number}, {"offset": number})
        writer.end(poll)
    return writer


def read_once(count: int, *, read: bool = True) -> Writer:
    """As many messages in the log, all of them read."""
    writer = Writer()
    for number in range(3 * count + 2):
        writer.send(number, number)
    writer.poll(0, [[number, number] for number in range(3 * count + 2)] if read else [])
    return writer


MANY: Final[dict[str, tuple[Callable[[int], Writer], ...]]] = {
    "lost-write": (lost_in_one_poll, lost_one_by_one),
    "unseen": (lost_in_one_poll, never_learned, learned_of_half),
    "duplicate": (duplicates,),
    "inconsistent-offsets": (inconsistent, given_twice),
    "phantom-read": (phantoms,),
    "aborted-read": (aborted, refused_twins),
    "future-read": (future_reads,),
    "int-poll-skip": (skips_inside,),
    "int-nonmonotonic-poll": (disorder_inside,),
    "wrong-start": (wrong_starts,),
    "poll-skip": (skips_between,),
    "nonmonotonic-poll": (disorder_between,),
    "nonmonotonic-send": (disorder_of_sends,),
    "nonmonotonic-offsets": (disorder_of_several_sends,),
    "stale-poll": (stale,),
    "unrequested-key": (unrequested,),
    "malformed-reply": (malformed,),
    "unexpected-error": (errors,),
    "no-reply": (silences,),
    "node-crash": (crashes,),
    "commit-lost": (commits_lost,),
    "commit-regression": (commits_back,),
    "commit-phantom": (commit_phantoms,),
    "aborted-commit": (commits_aborted,),
    "commit-past-end": (commits_past_end,),
    "stale-commit": (commits_stale,),
    "commit-skip": (skipped_unread,),
    "offset-gap": (gaps,),
    "nonatomic-poll": (nonatomic, nonatomic_of_two_keys),
}
"""By kind of anomaly, histories that have about as many of it as are asked for, at some key or at several."""
