"""The kinds of anomaly that a scenario can expect, by name; `kafkasim.checkers` defines and finds them.

They are written down here a second time so that a scenario can be read without the checkers; a test holds the
two lists together. Anomalies inside transactions of several steps are not here: only histories of other systems have
them.
"""

from __future__ import annotations

from typing import Final

ANOMALY_KINDS: Final[tuple[str, ...]] = (
    "inconsistent-offsets",
    "duplicate",
    "lost-write",
    "unseen",
    "aborted-read",
    "phantom-read",
    "future-read",
    "int-poll-skip",
    "int-nonmonotonic-poll",
    "wrong-start",
    "poll-skip",
    "nonmonotonic-poll",
    "nonmonotonic-send",
    "unrequested-key",
    "malformed-reply",
    "unexpected-error",
    "no-reply",
    "node-crash",
    "malformed-message",
    "stray-reply",
    "unknown-destination",
    "offset-gap",
    "commit-lost",
    "commit-regression",
    "commit-phantom",
    "aborted-commit",
    "commit-past-end",
    "stale-commit",
    "stale-poll",
    "nonmonotonic-offsets",
    "nonatomic-poll",
    "nonatomic-commit",
)

NOTE_KINDS: Final[tuple[str, ...]] = ("commit-skip",)
"""What is only noted, since it fails no run: that cannot be expected."""
