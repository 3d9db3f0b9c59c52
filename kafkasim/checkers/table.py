"""Every checker, in the order in which anomalies are told: what is wrong in the log itself comes first."""

from __future__ import annotations

from typing import Final

from kafkasim.checkers import (
    atomicity,
    commit_order,
    commit_skip,
    commits,
    contents,
    ordering,
    past_end,
    reads,
    realtime,
    refused,
    replies,
)
from kafkasim.checkers.registry import Checker

CHECKERS: Final[tuple[Checker, ...]] = (
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
)

NEVER_CHECKED: Final[dict[str, str]] = dict.fromkeys(
    ("int-send-skip", "int-nonmonotonic-send", "precommitted-read"),
    "needs transactions of several steps, which these histories do not have",
)
"""Anomalies that Jepsen's checker names and this one does not look for, with the reason."""
