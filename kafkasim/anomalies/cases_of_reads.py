"""The anomalies of what polls return, by example."""

from __future__ import annotations

from typing import Final

from kafkasim.anomalies.definitions import Definition, case

READS: Final = (
    Definition(
        "aborted-read",
        rejects=(
            case("refused, and there", "alice send k1 7 -> fail 11", "bob poll k1:0 -> k1 0=7"),
            case(
                "refused twice, and there",
                "alice send k1 7 -> fail 11",
                "carol send k1 7 -> fail 22",
                "bob poll k1:0 -> k1 0=7",
                also="unexpected-error",
            ),
        ),
        accepts=(
            case(
                "refused, and not there",
                "alice send k1 7 -> fail 11",
                "alice send k1 8 -> 0",
                "bob poll k1:0 -> k1 0=8",
            ),
            case("an indefinite error", "alice send k1 7 -> lost", "bob poll k1:0 -> k1 0=7"),
            case(
                "refused once, accepted once",
                "alice send k1 7 -> fail 11",
                "alice send k1 7 -> 0",
                "bob poll k1:0 -> k1 0=7",
            ),
            case(
                "refused at another key",
                "alice send k1 7 -> fail 11",
                "alice send k2 7 -> 0",
                "bob poll k2:0 -> k2 0=7",
            ),
        ),
    ),
    Definition(
        "phantom-read",
        rejects=(
            case("nobody sent it", "bob poll k1:0 -> k1 0=7"),
            case("it was sent to another key", "alice send k2 7 -> 0", "bob poll k1:0 -> k1 0=7"),
            case("true is not 1", "alice send k1 1 -> lost", "bob poll k1:0 -> k1 0=true"),
            case("text is not a number", 'alice send k1 "1" -> lost', "bob poll k1:0 -> k1 0=1"),
        ),
        accepts=(
            case("somebody tried to", "alice send k1 7 -> lost", "bob poll k1:0 -> k1 0=7"),
            case("null is a message too", "alice send k1 null -> 0", "bob poll k1:0 -> k1 0=null"),
        ),
    ),
    Definition(
        "future-read",
        rejects=(
            case("polled before it was sent", "bob poll k1:0 -> k1 0=7", "alice send k1 7 -> 0"),
            case(
                "a long poll might have, a short one inside it cannot",
                "bob poll k1:0 ...",
                "carol poll k1:0 -> k1 0=7",
                "alice send k1 7 -> 0",
                "bob -> k1 0=7",
            ),
        ),
        accepts=(
            case("polled while it was sent", "bob poll k1:0 ...", "alice send k1 7 ...", "bob -> k1 0=7", "alice -> 0"),
            case(
                "the send began before the poll ended",
                "bob poll k1:0 ...",
                "alice send k1 7 -> 0",
                "bob -> k1 0=7",
            ),
            case(
                "sent once before and once after",
                "alice send k1 7 -> lost",
                "bob poll k1:0 -> k1 0=7",
                "alice send k1 7 -> 1",
            ),
        ),
    ),
)
