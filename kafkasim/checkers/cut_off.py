"""What a history still proves where its file was cut off.

The lines of a history are in the order in which operations began, so that a cut takes away what began last. It may
have ended, and have been seen, before an operation ended whose line is there: a poll whose answer holds messages that
nobody seems to have sent. What came before the first event that is missing is a history of its own, the one of a run
that was watched up to there, and that is what is judged.
"""

from __future__ import annotations

from msgspec.structs import replace

from kafkasim.history import History, Operation


def known_part(history: History) -> History:
    """The history up to the first event that was cut off; the very history where none was, as far as can be seen.

    What ended after that is as if it had not ended yet. Which events are missing is seen only where each one before
    the last beginning has its own place in the sequence of events, 0, 1, 2, ..., as our own recorder numbers them.

    >>> from kafkasim.history import Header
    >>> poll = Operation(index=0, process=0, f="poll", request={"offsets": {"k1": 0}}, type="ok",
    ...     response={"msgs": {"k1": [[0, "sent at 1"]]}}, start=0, end=3, begin_event=0, end_event=3)
    >>> known_part(History(Header(), [poll])).operations[0].type
    'info'
    """
    if history.end.end == "complete" or not history.operations:
        return history
    last = history.operations[-1].begin_event
    places = {op.begin_event for op in history.operations}
    places.update(op.end_event for op in history.operations if op.end_event is not None)
    places.update(fault.event for fault in history.faults)
    if sum(place <= last for place in places) != last + 1:  # in whatever order: they are counted
        return history
    missing = last + 1
    while missing in places:
        missing += 1
    if missing > max(places):
        return history
    operations = [_unfinished(op) if (op.end_event or 0) > missing else op for op in history.operations]
    return replace(history, operations=operations)


def _unfinished(op: Operation) -> Operation:
    return replace(op, type="info", response=None, error=None, raw=None, end=None, end_event=None)
