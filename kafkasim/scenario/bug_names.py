"""The faulty servers that a scenario can ask for, by name; `kafkasim.sim.bugs` has what each does.

They are written down here a second time so that a scenario can be read without the simulator; a test holds the
two lists together.
"""

from __future__ import annotations

from typing import Final

BUG_NAMES: Final[tuple[str, ...]] = (
    "drops-acknowledged",
    "racy-append",
    "acks-before-write",
    "stores-refused",
    "answers-minus-one",
    "skips-message",
    "ignores-offset",
    "answers-all-keys",
    "stale-reads",
    "overwrites-commits",
    "forgets-commits",
    "invents-commits",
    "half-commits",
    "fails-unknown-key",
    "silent",
    "crashes-on-garbage",
    "own-order",
)

CLUSTER_BUGS: Final[tuple[str, ...]] = ("own-order",)
"""Those that are a fault of several nodes together; with any other, a node runs alone."""
