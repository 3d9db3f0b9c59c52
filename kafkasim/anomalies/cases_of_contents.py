"""The anomalies of what is in the log, by example."""

from __future__ import annotations

from typing import Final

from kafkasim.anomalies.definitions import SPARSE, Definition, case

CONTENTS: Final = (
    Definition(
        "inconsistent-offsets",
        rejects=(
            case(
                "a poll and a send disagree",
                "alice send k1 7 -> 0",
                "carol send k1 8 -> lost",
                "bob poll k1:0 -> k1 0=8",
            ),
            case(
                "two polls disagree",
                "alice send k1 7 -> lost",
                "carol send k1 8 -> lost",
                "bob poll k1:0 -> k1 0=7",
                "dave poll k1:0 -> k1 0=8",
            ),
            case(
                "one is true and the other 1",
                "alice send k1 1 -> lost",
                "carol send k1 true -> lost",
                "bob poll k1:0 -> k1 0=1",
                "dave poll k1:0 -> k1 0=true",
            ),
            case(
                "two sends of equal messages were given one offset",
                "alice send k1 7 -> 0",
                "carol send k1 7 -> 0",
                "bob poll k1:0 -> k1 0=7",
            ),
        ),
        accepts=(
            case(
                "one message in two spellings",
                'alice send k1 {"a":1,"b":[2]} -> 0',
                'bob poll k1:0 -> k1 0={"b":[2.0],"a":1}',
                "carol send k1 1.0 -> 1",
                "bob poll k1:1 -> k1 1=1",
            ),
            case(
                "the same offset of two keys",
                "alice send k1 7 -> 0",
                "alice send k2 8 -> 0",
                "bob poll k1:0 k2:0 -> k1 0=7; k2 0=8",
            ),
        ),
    ),
    Definition(
        "duplicate",
        rejects=(
            case("sent once, there twice", "alice send k1 7 -> 0", "bob poll k1:0 -> k1 0=7 1=7"),
            case(
                "sent twice, there three times",
                "alice send k1 7 -> 0",
                "alice send k1 7 -> 1",
                "bob poll k1:0 -> k1 0=7 1=7 2=7",
            ),
            case(
                "refused once, sent once, there three times",
                "alice send k1 7 -> fail 11",
                "alice send k1 7 -> 0",
                "bob poll k1:0 -> k1 0=7 1=7 2=7",
            ),
        ),
        accepts=(
            case(
                "sent twice, there twice",
                "alice send k1 7 -> 0",
                "carol send k1 7 -> 1",
                "bob poll k1:0 -> k1 0=7 1=7",
            ),
            case(
                "sent once to each of two keys",
                "alice send k1 7 -> 0",
                "alice send k2 7 -> 0",
                "bob poll k1:0 k2:0 -> k1 0=7; k2 0=7",
            ),
            case(
                "sent again after a time-out",
                "alice send k1 7 -> lost",
                "alice send k1 7 -> 1",
                "bob poll k1:0 -> k1 0=7 1=7",
            ),
        ),
    ),
    Definition(
        "lost-write",
        rejects=(
            case(
                "passed over by a later poll",
                "alice send k1 7 -> 0",
                "alice send k1 8 -> 1",
                "bob poll k1:0 -> k1 1=8",
                also="wrong-start",
            ),
            case(
                "passed over inside a poll",
                "alice send k1 7 -> 0",
                "alice send k1 8 -> 1",
                "alice send k1 9 -> 2",
                "bob poll k1:0 -> k1 0=7 2=9",
                also="int-poll-skip",
            ),
            case(
                "passed over by a poll of unknown beginning",
                "alice send k1 7 -> 0",
                "alice send k1 8 -> 1",
                "alice send k1 9 -> 2",
                "bob poll -> k1 0=7 2=9",
                also="int-poll-skip",
            ),
            case(
                "no poll's beginning is known, and they came to the end",
                "alice send k1 7 -> 0",
                "alice send k1 8 -> 1",
                "bob final poll -> k1 1=8",
                complete="k1",
                also="unseen",
            ),
            case(
                "of two alike one is gone",
                "alice send k1 7 -> 0",
                "alice send k1 7 -> 1",
                "alice send k1 8 -> 2",
                "bob poll k1:0 -> k1 0=7 2=8",
                also="int-poll-skip",
            ),
        ),
        accepts=(
            case(
                "nobody asked for it",
                "alice send k1 7 -> 0",
                "alice send k1 8 -> 1",
                "bob poll k1:1 -> k1 1=8",
            ),
            case(
                "the poll may have begun above it",
                "alice send k1 7 -> 0",
                "alice send k1 8 -> 1",
                "bob poll -> k1 1=8",
                consistency="linearizable",
            ),
            case(
                "nobody got behind it",
                "alice send k1 7 -> 0",
                "alice send k1 8 -> 1",
                "bob poll k1:0 -> k1 0=7",
            ),
            case(
                "it was never acknowledged",
                "alice send k1 7 -> lost",
                "alice send k1 8 -> 0",
                "bob poll k1:0 -> k1 0=8",
            ),
            case(
                "somebody else got it",
                "alice send k1 7 -> 0",
                "alice send k1 8 -> 5",
                "carol poll k1:0 -> k1 0=7",
                "bob poll k1:1 -> k1 5=8",
                promises=SPARSE,
            ),
        ),
    ),
    Definition(
        "unseen",
        rejects=(
            case(
                "the last message is gone",
                "alice send k1 7 -> 0",
                "alice send k1 8 -> 1",
                "bob final poll k1:0 -> k1 0=7",
                complete="k1",
            ),
            case("the whole log is gone", "alice send k1 7 -> 0", "bob final poll k1:0 -> nothing", complete="k1"),
            case(
                "one of two nodes never learned of it",
                "alice send k1 7 -> 0",
                "bob final poll k1:0 -> k1 0=7",
                "carol final poll k1:0 -> nothing",
                complete="k1",
            ),
            case(
                "one of two nodes learned of the first message only",
                "alice send k1 7 -> 0",
                "alice send k1 8 -> 1",
                "bob final poll k1:0 -> k1 0=7 1=8",
                "carol final poll k1:0 -> k1 0=7",
                complete="k1",
            ),
            case(
                "it was never acknowledged, but somebody got it before",
                "alice send k1 7 -> lost",
                "dave poll k1:0 -> k1 0=7",
                "bob final poll k1:0 -> k1 0=7",
                "carol final poll k1:0 -> nothing",
                complete="k1",
            ),
            case(
                "somebody got it before, and at the end nobody does",
                "alice send k1 7 -> 0",
                "dave poll k1:0 -> k1 0=7",
                "bob final poll k1:0 -> nothing",
                complete="k1",
            ),
            case(
                "those who shared the reading did not get to it",
                "alice send k1 7 -> 0",
                "alice send k1 8 -> 1",
                "alice send k1 9 -> 2",
                "dave poll k1:2 -> k1 2=9",
                "bob final poll k1:0 -> k1 0=7",
                "carol final poll k1:1 -> k1 1=8",
                complete="k1",
            ),
        ),
        accepts=(
            case("everything was read", "alice send k1 7 -> 0", "bob final poll k1:0 -> k1 0=7", complete="k1"),
            case(
                "each node knows it at the end, though one did not at first",
                "alice send k1 7 -> 0",
                "bob final poll k1:0 -> k1 0=7",
                "carol final poll k1:0 -> nothing",
                "carol final poll k1:0 -> k1 0=7",
                complete="k1",
            ),
            case(
                "of a send of unknown outcome one node may learn after it was read",
                "alice send k1 7 -> lost",
                "carol final poll k1:0 -> nothing",
                "bob final poll k1:0 -> k1 0=7",
                complete="k1",
            ),
            case(
                "it was sent while the final polls were under way",
                "carol final poll k1:0 -> nothing",
                "alice send k1 7 -> 0",
                "bob final poll k1:0 -> k1 0=7",
                complete="k1",
            ),
            case(
                "a reader without an answer read nothing",
                "alice send k1 7 -> 0",
                "bob final poll k1:0 -> k1 0=7",
                "carol final poll k1:0 -> lost",
                complete="k1",
            ),
            case(
                "one reader goes on where another had ended",
                "alice send k1 7 -> 0",
                "alice send k1 8 -> 1",
                "bob final poll k1:0 -> k1 0=7",
                "carol final poll k1:1 -> k1 1=8",
                complete="k1",
            ),
            case(
                "from where they read is not known",
                "alice send k1 7 -> 0",
                "bob final poll -> k1 0=7",
                "carol final poll -> nothing",
                complete="k1",
            ),
            case(
                "the final polls did not come to the end",
                "alice send k1 7 -> 0",
                "alice send k1 8 -> 1",
                "bob final poll k1:0 -> k1 0=7",
            ),
            case(
                "another key was read to its end",
                "alice send k1 7 -> 0",
                "alice send k2 8 -> 0",
                "bob final poll k2:0 -> k2 0=8",
                complete="k2",
            ),
        ),
    ),
    Definition(
        "offset-gap",
        rejects=(
            case("a poll came over it", "alice send k1 7 -> 1", "bob poll k1:0 -> k1 1=7"),
            case(
                "the final polls found nothing there",
                "alice send k1 7 -> 0",
                "alice send k1 8 -> 2",
                "bob poll k1:0 max 1 -> k1 0=7",
                "bob final poll k1:1 -> k1 2=8",
                complete="k1",
            ),
            case(
                "one send of unknown outcome cannot be at two offsets",
                "carol send k1 6 -> lost",
                "alice send k1 7 -> 2",
                "bob poll k1:0 -> k1 2=7",
            ),
        ),
        accepts=(
            case("offsets may be sparse", "alice send k1 7 -> 1", "bob poll k1:0 -> k1 1=7", promises=SPARSE),
            case(
                "a send of unknown outcome may be there",
                "carol send k1 6 -> lost",
                "alice send k1 7 -> 1",
                "bob poll k1:0 -> k1 1=7",
            ),
            case(
                "one of equal messages may be there, of which another was seen",
                "carol send k1 7 -> lost",
                "alice send k1 7 -> 1",
                "bob poll k1:0 -> k1 1=7",
            ),
            case("nobody looked", "alice send k1 7 -> 1", "bob poll k1:1 -> k1 1=7"),
        ),
    ),
)
