"""What can be told of each message on the network: that it was sent, and that it arrived or was lost, and why.

These are events, told in the order in which they happen, which times alone do not tell: they tie. One ``id`` joins the
events of a message. A copy that the network makes is told as a message of its own. A message of which no second event
is told was still under way when the run ended.

>>> import msgspec
>>> print(msgspec.json.encode(Arrived(id=0, at=5, src="c1", dest="n0", sent_at=2)).decode())
{"type":"arrived","id":0,"at":5,"src":"c1","dest":"n0","sent_at":2}
"""

from __future__ import annotations

from typing import Any, Literal

from msgspec import Struct

Obstacle = Literal["partition", "node-down", "nobody-there"]
"""What keeps a message from being heard where it was sent to: a partition, a node that is down or still starting, or
that nobody has such an address."""

WhyLost = Literal["loss"] | Obstacle
"""Why a message is lost; ``loss``: the network loses it, as it is sent."""


class _MessageEvent(Struct, frozen=True, omit_defaults=True, kw_only=True, tag_field="type"):
    id: int
    """Which message of the run, from 0."""
    at: int
    """When (ns of the run's clock)."""
    src: str
    """Who sends it."""
    dest: str
    """Whom it is for."""


class Sent(_MessageEvent, frozen=True, kw_only=True, tag="sent"):
    """A message is sent."""

    copy_of: int | None = None
    """The message of which the network makes this copy; None: somebody sends it."""
    body: Any
    """Its body as it is on the wire: what encodes to that JSON."""


class Arrived(_MessageEvent, frozen=True, kw_only=True, tag="arrived"):
    """A message is heard by whom it is for."""

    sent_at: int
    """When it was sent (ns of the run's clock)."""
    too_late: bool = False
    """Whether it is for a client that waits for no such answer, or not any more."""


class Lost(_MessageEvent, frozen=True, kw_only=True, tag="lost"):
    """A message is lost. The network loses it as it is sent; what else it meets, it meets where it would arrive."""

    sent_at: int
    """When it was sent (ns of the run's clock)."""
    why: WhyLost


MessageEvent = Sent | Arrived | Lost
