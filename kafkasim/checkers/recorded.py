"""What a history does not record, and so nobody can judge: `Checker.unjudged` of those that need it."""

from __future__ import annotations

from kafkasim.checkers.index import Index


def no_commits(index: Index) -> str | None:
    """The reason not to judge commits and lists, where they are not recorded."""
    return None if index.history.header.commits_known else "the history does not record commits"


def no_starts(index: Index) -> str | None:
    """The reason not to judge what polls asked for, where that is not recorded."""
    return None if index.history.header.starts_known else "the history does not record what polls asked for"
