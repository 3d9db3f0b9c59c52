"""The anomalies of transactions of several steps, by example."""

from __future__ import annotations

from typing import Final

from kafkasim.anomalies.definitions import Definition, case

TRANSACTIONS: Final = (
    Definition(
        "int-send-skip",
        rejects=(
            case(
                "another message came between",
                "alice txn send k1 7 & send k1 9 ...",
                "carol send k1 8 -> 1",
                "alice -> 0 & 2",
                "bob poll k1:0 -> k1 0=7 1=8 2=9",
            ),
        ),
        accepts=(
            case(
                "one after the other",
                "alice txn send k1 7 & send k1 9 ...",
                "carol send k1 8 -> 2",
                "alice -> 0 & 1",
                "bob poll k1:0 -> k1 0=7 1=9 2=8",
            ),
            case(
                "another key",
                "alice txn send k1 7 & send k2 9 ...",
                "carol send k1 8 -> 1",
                "alice -> 0 & 0",
                "bob poll k1:0 k2:0 -> k1 0=7 1=8; k2 0=9",
            ),
        ),
    ),
    Definition(
        "int-nonmonotonic-send",
        rejects=(
            case(
                "the later send comes first", "alice txn send k1 7 & send k1 8 -> 1 & 0", "bob poll k1:0 -> k1 0=8 1=7"
            ),
        ),
        accepts=(case("in order", "alice txn send k1 7 & send k1 8 -> 0 & 1", "bob poll k1:0 -> k1 0=7 1=8"),),
    ),
    Definition(
        "precommitted-read",
        rejects=(
            case(
                "a transaction reads what it has sent",
                "alice txn send k1 7 & poll -> 0 & k1 0=7",
                "bob poll k1:0 -> k1 0=7",
            ),
        ),
        accepts=(
            case(
                "the next one reads it",
                "alice txn send k1 7 & poll -> 0 & nothing",
                "alice txn send k1 8 & poll -> 1 & k1 0=7",
                "bob poll k1:0 -> k1 0=7 1=8",
            ),
        ),
    ),
)
