"""The table of faulty servers."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from kafkasim.sim.bugs import commits, processes, reads, writes
from kafkasim.sim.faulty import FaultyService


class Bug(Struct, frozen=True):
    """A fault that a server may have built in."""

    name: str
    """What ``bug:`` and ``--bug`` take."""
    does: str
    """What the server does wrong, in words."""
    caught_by: tuple[str, ...]
    """The anomalies that give it away."""
    service: type[FaultyService]
    clusters: bool = False
    """Whether it is a fault of several nodes together, and shows only there."""


BUGS: Final[dict[str, Bug]] = {
    bug.name: bug
    for bug in (
        Bug(
            "drops-acknowledged",
            "now and then an acknowledged message is not stored",
            ("lost-write", "unseen"),
            writes.DropsAcknowledged,
        ),
        Bug(
            "racy-append",
            "the offset is read and the message appended in two steps, with other requests in between",
            ("inconsistent-offsets",),
            writes.RacyAppend,
        ),
        Bug(
            "acks-before-write",
            "the reply comes before the write, and the write may fail",
            ("lost-write", "unseen"),
            writes.AcksBeforeWrite,
        ),
        Bug(
            "stores-refused", "an error is answered, yet the message is stored", ("aborted-read",), writes.StoresRefused
        ),
        Bug(
            "answers-minus-one",
            "a failed write is answered with send_ok and offset -1",
            ("malformed-reply",),
            writes.AnswersMinusOne,
        ),
        Bug("skips-message", "a poll leaves out a message in the middle", ("int-poll-skip",), reads.SkipsMessage),
        Bug("ignores-offset", "a poll starts elsewhere than asked", ("wrong-start",), reads.IgnoresOffset),
        Bug(
            "answers-all-keys",
            "polls and lists speak of keys that were not asked for",
            ("unrequested-key",),
            reads.AnswersAllKeys,
        ),
        Bug("stale-reads", "polls answer from an old copy of the logs", ("stale-poll",), reads.StaleReads),
        Bug(
            "overwrites-commits",
            "a commit overwrites the committed offset instead of keeping the higher one",
            ("commit-lost", "commit-regression"),
            commits.OverwritesCommits,
        ),
        Bug("forgets-commits", "every list of committed offsets is empty", ("commit-lost",), commits.ForgetsCommits),
        Bug(
            "invents-commits",
            "a key never committed is listed as committed at 0",
            ("commit-phantom",),
            commits.InventsCommits,
        ),
        Bug(
            "half-commits",
            "a refused commit of several keys leaves some of them behind",
            ("aborted-commit",),
            commits.HalfCommits,
        ),
        Bug(
            "fails-unknown-key",
            "a list answers an error for a key without a commit",
            ("unexpected-error",),
            commits.FailsUnknownKey,
        ),
        Bug("silent", "now and then a request is not answered", ("no-reply",), processes.Silent),
        Bug(
            "crashes-on-garbage",
            "a malformed request ends the process",
            ("node-crash",),
            processes.CrashesOnGarbage,
        ),
        Bug(
            "own-order",
            "in a cluster, each replica appends in its own order",
            ("inconsistent-offsets",),
            processes.OwnOrder,
            clusters=True,
        ),
    )
}
"""Every faulty server by its name."""
