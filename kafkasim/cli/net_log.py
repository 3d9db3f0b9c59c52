"""Each message of a run on standard error, while it is sent (``--log-net``)."""

from __future__ import annotations

import msgspec

from kafkasim.cli.failures import say
from kafkasim.sim.watch import Passage

_ENCODER = msgspec.json.Encoder(decimal_format="number")


def tell(passage: Passage) -> None:
    """Writes the message to standard error."""
    say(message_words(passage))


def message_words(passage: Passage) -> str:
    """A message in a line: when it was sent, by whom to whom, its body, and what the network has done to it.

    >>> message_words(Passage(5_210_000, "c1", "n0", {"type": "poll", "offsets": {}}, lost=1))
    '0.005210 s  c1 -> n0  {"type":"poll","offsets":{}}  (lost)'
    """
    seconds, rest = divmod(passage.at, 1_000_000_000)
    body = _ENCODER.encode(passage.body).decode()
    fate = _fate(passage)
    line = f"{seconds}.{rest // 1000:06d} s  {passage.src} -> {passage.dest}  {body}"
    return f"{line}  ({fate})" if fate else line


def _fate(passage: Passage) -> str:
    if passage.cut_off:
        return "cut off"
    if passage.copies == 1:
        return "lost" if passage.lost else ""
    return ("twice", "twice, one of them lost", "twice, both lost")[passage.lost]
