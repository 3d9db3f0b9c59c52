"""What happens to each message of a run, on standard error, while it happens (``--log-net``)."""

from __future__ import annotations

from typing import Final

import msgspec

from kafkasim.cli.failures import say
from kafkasim.report.words import duration
from kafkasim.sim.clock import stamp
from kafkasim.sim.journal import Arrived, MessageEvent, Sent, WhyLost

_ENCODER = msgspec.json.Encoder(decimal_format="number")

_OBSTACLES: Final[dict[WhyLost, str]] = {
    "partition": "a partition lies between them",
    "node-down": "the node is down",
    "nobody-there": "nobody has that address",
}


def tell(event: MessageEvent) -> None:
    """Writes the event to standard error."""
    say(event_words(event))


def event_words(event: MessageEvent) -> str:
    """What happens to a message in a line: when, which message it is, from whom to whom; its body as it is sent.

    >>> event_words(Sent(id=7, at=5_210_000, src="c1", dest="n0", body={"type": "poll", "offsets": {}}))
    '0.005210 s  7  c1 -> n0  {"type":"poll","offsets":{}}'
    >>> event_words(Arrived(id=7, at=9_210_000, src="c1", dest="n0", sent_at=5_210_000))
    '0.009210 s  7  c1 -> n0  arrived after 4 ms'
    """
    return f"{stamp(event.at)}  {event.id}  {event.src} -> {event.dest}  {_what(event)}"


def _what(event: MessageEvent) -> str:
    if isinstance(event, Sent):
        body = _ENCODER.encode(event.body).decode()
        return body if event.copy_of is None else f"{body}  (copy of {event.copy_of})"
    under_way = duration(event.at - event.sent_at)
    if isinstance(event, Arrived):
        return f"arrived after {under_way}" + (", too late: nobody waits for it" if event.too_late else "")
    return "lost" if event.why == "loss" else f"lost after {under_way}: {_OBSTACLES[event.why]}"
