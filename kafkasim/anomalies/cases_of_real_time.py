"""The anomalies of real time, by example."""

from __future__ import annotations

from typing import Final

from kafkasim.anomalies.definitions import ANY_COMMIT, CUT_SHORT, EACH_KEY_ALONE, SPARSE, THREE_SENT, Definition, case
from kafkasim.history import Promises

REALTIME: Final = (
    Definition(
        "stale-poll",
        rejects=(
            case(
                "misses an acknowledged message",
                "alice send k1 7 -> 0",
                "carol poll k1:0 -> nothing",
                "dave poll k1:0 -> k1 0=7",
                consistency="linearizable",
            ),
            case(
                "misses what another poll had returned",
                "alice send k1 7 -> lost",
                "bob poll k1:0 -> k1 0=7",
                "carol poll k1:0 -> nothing",
                consistency="linearizable",
            ),
            case(
                "misses the message that was committed",
                "alice send k1 7 -> lost",
                "bob commit k1:0 -> ok",
                "carol poll k1:0 -> nothing",
                consistency="linearizable",
            ),
            case(
                "ends below its limit",
                *THREE_SENT,
                "carol poll k1:0 max 2 -> k1 0=7",
                "dave poll k1:0 -> k1 0=7 1=8 2=9",
                consistency="linearizable",
            ),
        ),
        accepts=(
            case(
                "had begun before",
                "carol poll k1:0 ...",
                "alice send k1 7 -> 0",
                "carol -> nothing",
                consistency="linearizable",
            ),
            case(
                "never acknowledged",
                "alice send k1 7 -> lost",
                "carol poll k1:0 -> nothing",
                consistency="linearizable",
            ),
            case(
                "at its limit",
                *THREE_SENT,
                "carol poll k1:0 max 2 -> k1 0=7 1=8",
                consistency="linearizable",
            ),
            case(
                "polls may be cut short anywhere",
                "alice send k1 7 -> 0",
                "carol poll k1:0 -> nothing",
                promises=CUT_SHORT,
                consistency="linearizable",
            ),
            case("at level kafka", "alice send k1 7 -> 0", "carol poll k1:0 -> nothing"),
        ),
    ),
    Definition(
        "nonmonotonic-offsets",
        rejects=(
            case(
                "the later send got the smaller offset",
                "alice send k1 7 -> 1",
                "bob send k1 8 -> 0",
                "carol poll k1:0 -> k1 0=8 1=7",
                consistency="linearizable",
            ),
            case(
                "sparse offsets",
                "alice send k1 7 -> 20",
                "bob send k1 8 -> 10",
                promises=SPARSE,
                consistency="linearizable",
            ),
            case(
                "a poll had seen a higher offset",
                "alice send k1 7 -> lost",
                "carol poll k1:1 -> k1 1=7",
                "bob send k1 8 -> 0",
                consistency="linearizable",
            ),
        ),
        accepts=(
            case(
                "sent at the same time",
                "alice send k1 7 ...",
                "bob send k1 8 -> 0",
                "alice -> 1",
                consistency="linearizable",
            ),
            case(
                "the smaller offset is nobody's answer",
                "bob send k1 8 -> lost",
                "alice send k1 7 -> 1",
                "carol poll k1:0 -> k1 0=8 1=7",
                consistency="linearizable",
            ),
            case("at level kafka", "alice send k1 7 -> 20", "bob send k1 8 -> 10", promises=SPARSE),
        ),
    ),
    Definition(
        "nonatomic-poll",
        rejects=(
            case(
                "the later of two sends is there, the earlier is not",
                "carol poll k1:0 k2:0 ...",
                "alice send k1 7 -> 0",
                "alice send k2 8 -> 0",
                "carol -> k2 0=8",
                consistency="linearizable",
            ),
            case(
                "two polls see two sends in opposite orders",
                "alice send k1 7 ...",
                "bob send k2 8 ...",
                "carol poll k1:0 k2:0 ...",
                "dave poll k1:0 k2:0 ...",
                "carol -> k1 0=7",
                "dave -> k2 0=8",
                "alice -> 0",
                "bob -> 0",
                consistency="linearizable",
            ),
        ),
        accepts=(
            case(
                "the earlier of two sends is there",
                "carol poll k1:0 k2:0 ...",
                "alice send k1 7 -> 0",
                "alice send k2 8 -> 0",
                "carol -> k1 0=7",
                consistency="linearizable",
            ),
            case(
                "the two sends were under way together",
                "carol poll k1:0 k2:0 ...",
                "alice send k1 7 ...",
                "bob send k2 8 -> 0",
                "alice -> 0",
                "carol -> k2 0=8",
                consistency="linearizable",
            ),
            case(
                "each key alone is all that is promised",
                "carol poll k1:0 k2:0 ...",
                "alice send k1 7 -> 0",
                "alice send k2 8 -> 0",
                "carol -> k2 0=8",
                promises=EACH_KEY_ALONE,
                consistency="linearizable",
            ),
        ),
    ),
    Definition(
        "nonatomic-commit",
        rejects=(
            case(
                "half of a commit is seen",
                "bob commit k1:3 k2:3 ...",
                "carol list k1 k2 -> k1:3",
                "bob -> ok",
                promises=ANY_COMMIT,
                consistency="linearizable",
            ),
            case(
                "half of a commit is seen before the other half",
                "bob commit k1:3 k2:3 -> lost",
                "carol list k1 -> k1:3",
                "dave list k2 -> nothing",
                promises=ANY_COMMIT,
                consistency="linearizable",
            ),
            case(
                "a list reads one key before and one after",
                "carol list k1 k2 ...",
                "alice commit k1:3 -> ok",
                "alice commit k2:3 -> ok",
                "carol -> k2:3",
                promises=ANY_COMMIT,
                consistency="linearizable",
            ),
            case(
                "half of a commit could not have happened",
                "alice send k1 7 -> 0",
                "bob commit k1:0 k2:0 -> lost",
                "carol list k1 -> k1:0",
                consistency="linearizable",
            ),
        ),
        accepts=(
            case(
                "the whole commit is seen",
                "bob commit k1:3 k2:3 ...",
                "carol list k1 k2 -> k1:3 k2:3",
                "bob -> ok",
                promises=ANY_COMMIT,
                consistency="linearizable",
            ),
            case(
                "another commit explains the half",
                "bob commit k1:3 k2:3 -> lost",
                "erin commit k1:3 -> lost",
                "carol list k1 -> k1:3",
                "dave list k2 -> nothing",
                promises=ANY_COMMIT,
                consistency="linearizable",
            ),
            case(
                "each key alone is all that is promised",
                "bob commit k1:3 k2:3 ...",
                "carol list k1 k2 -> k1:3",
                "bob -> ok",
                promises=Promises(atomic_keys=False, refuses_commit_past_end=False),
                consistency="linearizable",
            ),
        ),
    ),
)

SHARED: Final = (
    Definition(
        "future-read",
        rejects=(
            case(
                "an equal message had been sent, but this offset was another's",
                "bob send k1 7 -> lost",
                "alice send k1 7 -> lost",
                "carol poll k1:0 -> k1 0=7",
                "dave send k1 7 -> 0",
                consistency="linearizable",
            ),
        ),
        accepts=(
            case(
                "the send was under way",
                "bob send k1 7 -> lost",
                "dave send k1 7 ...",
                "carol poll k1:0 -> k1 0=7",
                "dave -> 0",
                consistency="linearizable",
            ),
        ),
    ),
    Definition(
        "offset-gap",
        rejects=(
            case("nobody sent so much", "alice send k1 7 -> 1", consistency="linearizable"),
            case(
                "what could be there was sent too late",
                "alice send k1 7 -> 1",
                "bob send k1 8 -> lost",
                consistency="linearizable",
            ),
            case(
                "a poll went past it",
                "bob send k1 8 -> lost",
                "alice send k1 7 -> 1",
                "dave send k1 6 -> lost",
                "alice send k1 9 -> 3",
                "carol poll k1:1 -> k1 1=7 3=9",
                consistency="linearizable",
            ),
        ),
        accepts=(
            case(
                "a send whose reply was lost may be there",
                "bob send k1 8 -> lost",
                "alice send k1 7 -> 1",
                consistency="linearizable",
            ),
            case("sparse offsets", "alice send k1 7 -> 1", promises=SPARSE, consistency="linearizable"),
        ),
    ),
    Definition(
        "aborted-read",
        rejects=(
            case(
                "a refused send was stored beside its repetition",
                "alice send k1 7 -> fail 11",
                "alice send k1 7 -> 1",
                "bob poll k1:0 -> k1 0=7 1=7",
            ),
        ),
        accepts=(
            case(
                "only the repetition was stored",
                "alice send k1 7 -> fail 11",
                "alice send k1 7 -> 0",
                "bob poll k1:0 -> k1 0=7",
            ),
        ),
    ),
)
"""Kinds that other checkers find as well: here what only real time, or equal messages, show."""
