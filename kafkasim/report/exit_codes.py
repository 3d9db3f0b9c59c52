"""What the program tells the shell."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """The exit codes of ``simulate`` and ``check``."""

    AS_EXPECTED = 0
    """All is as expected; also where an expected anomaly was found."""
    ANOMALY = 1
    """An anomaly, or an expectation that was not met."""
    USAGE = 2
    """Wrong usage, or a file that cannot be read or written."""
    UNKNOWN = 3
    """Nothing was learned; also where a checker failed, so that its silence means nothing."""
    INTERRUPTED = 130
    """Ended by Ctrl-C; the number is what shells make of it."""
