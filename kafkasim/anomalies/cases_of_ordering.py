"""The anomalies of the order in which messages come, by example."""

from __future__ import annotations

from typing import Final

from kafkasim.anomalies.definitions import SPARSE, Definition, case

ORDERING: Final = (
    Definition(
        "int-poll-skip",
        rejects=(
            case(
                "an acknowledged message is left out",
                "alice send k1 7 -> 0",
                "alice send k1 8 -> 1",
                "alice send k1 9 -> 2",
                "carol poll k1:0 -> k1 0=7 1=8",
                "bob poll k1:0 -> k1 0=7 2=9",
            ),
            case(
                "a sparse log",
                "alice send k1 7 -> 10",
                "alice send k1 8 -> 20",
                "alice send k1 9 -> 30",
                "carol poll k1:0 -> k1 10=7 20=8",
                "bob poll k1:0 -> k1 10=7 30=9",
                promises=SPARSE,
            ),
        ),
        accepts=(
            case(
                "nothing is known to be there",
                "alice send k1 7 -> 10",
                "alice send k1 9 -> 30",
                "bob poll k1:0 -> k1 10=7 30=9",
                promises=SPARSE,
            ),
            case(
                "the other key has it",
                "alice send k1 7 -> 0",
                "alice send k2 8 -> 1",
                "alice send k1 9 -> 2",
                "bob poll k1:0 k2:0 -> k1 0=7 2=9; k2 1=8",
                promises=SPARSE,
            ),
        ),
    ),
    Definition(
        "int-nonmonotonic-poll",
        rejects=(
            case(
                "backwards",
                "alice send k1 7 -> 0",
                "alice send k1 8 -> 1",
                "bob poll k1:0 -> k1 1=8 0=7",
                also="wrong-start",
            ),
            case("twice the same", "alice send k1 7 -> 0", "bob poll k1:0 -> k1 0=7 0=7"),
        ),
        accepts=(
            case("in order", "alice send k1 7 -> 0", "alice send k1 8 -> 1", "bob poll k1:0 -> k1 0=7 1=8"),
            case(
                "equal messages, one after the other",
                "alice send k1 7 -> 0",
                "alice send k1 7 -> 1",
                "bob poll k1:0 -> k1 0=7 1=7",
            ),
        ),
    ),
    Definition(
        "wrong-start",
        rejects=(
            case("below", "alice send k1 7 -> 0", "alice send k1 8 -> 1", "bob poll k1:1 -> k1 0=7 1=8"),
            case(
                "above the first that exists",
                "alice send k1 7 -> 0",
                "alice send k1 8 -> 1",
                "carol poll k1:0 -> k1 0=7",
                "bob poll k1:0 -> k1 1=8",
            ),
            case(
                "below, but not at once",
                "alice send k1 7 -> 0",
                "alice send k1 8 -> 1",
                "bob poll k1:1 -> k1 1=8 0=7",
                also="int-nonmonotonic-poll",
            ),
        ),
        accepts=(
            case("where it was asked to", "alice send k1 7 -> 0", "alice send k1 8 -> 1", "bob poll k1:1 -> k1 1=8"),
            case(
                "at the first that exists",
                "alice send k1 7 -> 5",
                "bob poll k1:0 -> k1 5=7",
                "carol poll k1:3 -> k1 5=7",
                promises=SPARSE,
            ),
            case("nothing at all", "alice send k1 7 -> 0", "bob poll k1:0 -> nothing", "carol poll k1:0 -> k1 0=7"),
        ),
    ),
    Definition(
        "poll-skip",
        rejects=(
            case(
                "the offset asked for is known",
                "alice send k1 7 -> 0",
                "alice send k1 8 -> 1",
                "alice send k1 9 -> 2",
                "carol poll k1:0 -> k1 0=7 1=8",
                "bob poll k1:0 max 1 -> k1 0=7",
                "bob poll k1:1 -> k1 2=9",
                also="wrong-start",
            ),
            case(
                "the offset asked for is unknown",
                "alice send k1 7 -> 0",
                "alice send k1 8 -> 1",
                "alice send k1 9 -> 2",
                "carol poll -> k1 0=7 1=8",
                "bob poll -> k1 0=7",
                "bob poll -> k1 2=9",
            ),
        ),
        accepts=(
            case(
                "it asked for a later offset",
                "alice send k1 7 -> 0",
                "alice send k1 8 -> 1",
                "alice send k1 9 -> 2",
                "carol poll k1:0 -> k1 0=7 1=8",
                "bob poll k1:0 max 1 -> k1 0=7",
                "bob poll k1:2 -> k1 2=9",
            ),
            case(
                "it had given the key up in between",
                "alice send k1 7 -> 0",
                "alice send k1 8 -> 1",
                "alice send k1 9 -> 2",
                "carol poll -> k1 0=7 1=8",
                "bob poll -> k1 0=7",
                "bob assign k2 -> k2:0",
                "bob assign k1 -> k1:2",
                "bob poll -> k1 2=9",
            ),
            case(
                "nothing is known to be between",
                "alice send k1 7 -> 10",
                "alice send k1 9 -> 30",
                "bob poll k1:0 max 1 -> k1 10=7",
                "bob poll k1:11 -> k1 30=9",
                promises=SPARSE,
            ),
        ),
    ),
    Definition(
        "nonmonotonic-poll",
        rejects=(
            case(
                "the offset asked for is known",
                "alice send k1 7 -> 0",
                "bob poll k1:0 -> k1 0=7",
                "bob poll k1:1 -> k1 0=7",
                also="wrong-start",
            ),
            case(
                "the offset asked for is unknown",
                "alice send k1 7 -> 0",
                "bob poll -> k1 0=7",
                "bob poll -> k1 0=7",
            ),
        ),
        accepts=(
            case(
                "it asked for the same again",
                "alice send k1 7 -> 0",
                "bob poll k1:0 -> k1 0=7",
                "bob poll k1:0 -> k1 0=7",
            ),
            case(
                "it went back to the start",
                "alice send k1 7 -> 0",
                "bob poll -> k1 0=7",
                "bob assign start k1 -> k1:0",
                "bob poll -> k1 0=7",
            ),
            case(
                "another process",
                "alice send k1 7 -> 0",
                "bob poll -> k1 0=7",
                "carol poll -> k1 0=7",
            ),
        ),
    ),
    Definition(
        "nonmonotonic-send",
        rejects=(
            case(
                "one process, backwards",
                "alice send k1 7 -> 1",
                "alice send k1 8 -> 0",
                "bob poll k1:0 -> k1 0=8 1=7",
            ),
            case(
                "a poll shows where the unanswered one came to be",
                "alice send k1 7 -> 1",
                "alice send k1 8 -> lost",
                "bob poll k1:0 -> k1 0=8 1=7",
            ),
        ),
        accepts=(
            case("forwards", "alice send k1 7 -> 0", "alice send k1 8 -> 1", "bob poll k1:0 -> k1 0=7 1=8"),
            case(
                "two processes",
                "alice send k1 7 -> 1",
                "carol send k1 8 -> 0",
                "bob poll k1:0 -> k1 0=8 1=7",
            ),
            case("two keys", "alice send k1 7 -> 1", "alice send k2 8 -> 0", "bob poll k2:0 -> k2 0=8"),
            case(
                "an offset that was lost with its process",
                "alice send k1 7 -> lost",
                "alice send k1 8 -> 0",
                "bob poll k1:0 -> k1 0=8 1=7",
            ),
        ),
    ),
)
