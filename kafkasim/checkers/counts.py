"""What checkers look at, counted: `Checker.count` of those that look at the same things."""

from __future__ import annotations

from kafkasim.checkers.index import Index


def known_offsets(index: Index) -> int:
    """The offsets known to exist."""
    return sum(len(log.offsets) for log in index.keys.values())


def acknowledged_messages(index: Index) -> int:
    """The sends that were answered with an offset."""
    return sum(len(log.acknowledged) for log in index.keys.values())


def polls_of_a_key(index: Index) -> int:
    """The ``ok`` polls, each as often as it asked for a key."""
    return len(index.readings)


def committed_offsets_listed(index: Index) -> int:
    """The ``ok`` lists, each as often as it asked for a key."""
    return sum(len(log.listings) for log in index.keys.values())
