"""Every checker, in the order in which anomalies are told.

First what nodes do, for one that has ended explains much; then what is wrong in the log itself.
"""

from __future__ import annotations

from typing import Final

from kafkasim.checkers import (
    atomicity,
    commit_order,
    commit_skip,
    commits,
    contents,
    jepsen,
    nodes,
    ordering,
    past_end,
    reads,
    realtime,
    refused,
    replies,
)
from kafkasim.checkers.registry import Checker

CHECKERS: Final[tuple[Checker, ...]] = (
    *nodes.CHECKERS,
    *contents.CHECKERS,
    *reads.CHECKERS,
    *refused.CHECKERS,
    *ordering.CHECKERS,
    *replies.CHECKERS,
    *commits.CHECKERS,
    *past_end.CHECKERS,
    *commit_order.CHECKERS,
    *commit_skip.CHECKERS,
    *realtime.CHECKERS,
    *atomicity.CHECKERS,
    *jepsen.OF_TRANSACTIONS,
    *jepsen.CHECKERS,
)
