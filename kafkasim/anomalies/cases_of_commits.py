"""The anomalies of committed offsets, by example."""

from __future__ import annotations

from typing import Final

from kafkasim.anomalies.definitions import ANY_COMMIT, LAST_WRITE, SPARSE, THREE_SENT, Definition, case

COMMITS: Final = (
    Definition(
        "commit-lost",
        rejects=(
            case("listed as nothing", "alice send k1 7 -> 0", "bob commit k1:0 -> ok", "carol list k1 -> nothing"),
            case(
                "set back by a lower commit",
                *THREE_SENT,
                "bob commit k1:2 -> ok",
                "carol commit k1:1 -> ok",
                "dave list k1 -> k1:1",
            ),
        ),
        accepts=(
            case("kept", "alice send k1 7 -> 0", "bob commit k1:0 -> ok", "carol list k1 -> k1:0"),
            case(
                "a lower commit changes nothing",
                *THREE_SENT,
                "bob commit k1:2 -> ok",
                "carol commit k1:1 -> ok",
                "dave list k1 -> k1:2",
            ),
            case(
                "the list had begun before",
                "alice send k1 7 -> 0",
                "carol list k1 ...",
                "bob commit k1:0 -> ok",
                "carol -> nothing",
            ),
            case("never acknowledged", "alice send k1 7 -> 0", "bob commit k1:0 -> lost", "carol list k1 -> nothing"),
            case("refused", "alice send k1 7 -> 0", "bob commit k1:0 -> fail 11", "carol list k1 -> nothing"),
            case("asked of another key", "alice send k1 7 -> 0", "bob commit k1:0 -> ok", "carol list k2 -> nothing"),
            case(
                "the last write wins",
                *THREE_SENT,
                "bob commit k1:2 -> ok",
                "carol commit k1:1 -> ok",
                "dave list k1 -> k1:1",
                promises=LAST_WRITE,
            ),
        ),
    ),
    Definition(
        "commit-regression",
        rejects=(
            case(
                "seen by one, gone for the next",
                "alice send k1 7 -> 0",
                "bob commit k1:0 -> lost",
                "carol list k1 -> k1:0",
                "dave list k1 -> nothing",
            ),
        ),
        accepts=(
            case(
                "seen by the second only",
                "alice send k1 7 -> 0",
                "bob commit k1:0 -> lost",
                "carol list k1 -> nothing",
                "dave list k1 -> k1:0",
            ),
            case(
                "seen by one of two at a time",
                "alice send k1 7 -> 0",
                "bob commit k1:0 -> lost",
                "carol list k1 ...",
                "dave list k1 -> k1:0",
                "carol -> nothing",
            ),
        ),
    ),
    Definition(
        "commit-phantom",
        rejects=(
            case("never committed", "alice send k1 7 -> 0", "carol list k1 -> k1:0"),
            case("committed only later", "alice send k1 7 -> 0", "carol list k1 -> k1:0", "bob commit k1:0 -> ok"),
            case("only lower ones committed", *THREE_SENT, "bob commit k1:1 -> ok", "carol list k1 -> k1:2"),
            case(
                "where the last write wins, too",
                "alice send k1 7 -> 0",
                "carol list k1 -> k1:0",
                promises=LAST_WRITE,
            ),
        ),
        accepts=(
            case(
                "the commit's reply was lost",
                "alice send k1 7 -> 0",
                "bob commit k1:0 -> lost",
                "carol list k1 -> k1:0",
            ),
            case(
                "the commit was under way",
                "alice send k1 7 -> 0",
                "bob commit k1:0 ...",
                "carol list k1 -> k1:0",
                "bob -> ok",
            ),
        ),
    ),
    Definition(
        "aborted-commit",
        rejects=(
            case("refused and kept", *THREE_SENT, "bob commit k1:1 -> fail 11", "carol list k1 -> k1:1"),
            case(
                "one key of two was refused",
                "alice send k1 7 -> 0",
                "bob commit k1:0 k2:5 -> fail 22",
                "carol list k1 -> k1:0",
            ),
        ),
        accepts=(
            case("refused and gone", *THREE_SENT, "bob commit k1:1 -> fail 11", "carol list k1 -> nothing"),
            case(
                "refused to one, taken from another",
                *THREE_SENT,
                "bob commit k1:1 -> fail 11",
                "dave commit k1:1 -> lost",
                "carol list k1 -> k1:1",
            ),
        ),
    ),
    Definition(
        "commit-past-end",
        rejects=(
            case("nothing was sent", "bob commit k1:0 -> ok"),
            case("less was sent", "alice send k1 7 -> 0", "bob commit k1:1 -> ok"),
            case("it was sent only later", "bob commit k1:0 -> ok", "alice send k1 7 -> 0"),
            case("too few sends may have happened", "alice send k1 7 -> lost", "bob commit k1:1 -> ok"),
            case("a list shows it", "bob commit k1:0 -> lost", "carol list k1 -> k1:0"),
            case("sparse offsets", "alice send k1 7 -> 10", "bob commit k1:11 -> ok", promises=SPARSE),
        ),
        accepts=(
            case("at the last message", "alice send k1 7 -> 0", "bob commit k1:0 -> ok"),
            case("sent at the same time", "bob commit k1:0 ...", "alice send k1 7 -> 0", "bob -> ok"),
            case("a send whose reply was lost", "alice send k1 7 -> lost", "bob commit k1:0 -> ok"),
            case("refused, as it should", "alice send k1 7 -> 0", "bob commit k1:1 -> fail 22"),
            case("between sparse offsets", "alice send k1 7 -> 10", "bob commit k1:3 -> ok", promises=SPARSE),
            case("not promised to be refused", "bob commit k1:0 -> ok", promises=ANY_COMMIT),
        ),
    ),
    Definition(
        "stale-commit",
        rejects=(
            case(
                "a lower commit, begun when a higher was done, is told of",
                *THREE_SENT,
                "dave list k1 ...",
                "bob commit k1:2 -> ok",
                "carol commit k1:1 -> ok",
                "dave -> k1:1",
                consistency="linearizable",
            ),
        ),
        accepts=(
            case(
                "the two commits were under way together",
                *THREE_SENT,
                "dave list k1 ...",
                "bob commit k1:2 ...",
                "carol commit k1:1 -> ok",
                "bob -> ok",
                "dave -> k1:1",
                consistency="linearizable",
            ),
        ),
    ),
)

NOTES: Final = (
    Definition(
        "commit-skip",
        rejects=(
            case(
                "committed unread",
                *THREE_SENT,
                "bob poll k1:1 -> k1 1=8 2=9",
                "bob commit k1:2 -> ok",
                "carol list k1 -> k1:2",
                "carol assign k1 -> k1:3",
            ),
            case(
                "read by somebody only later",
                "alice send k1 7 -> 0",
                "bob commit k1:0 -> ok",
                "carol list k1 -> k1:0",
                "bob poll k1:0 -> k1 0=7",
                "carol poll k1:1 -> nothing",
            ),
        ),
        accepts=(
            case(
                "read by two between them",
                *THREE_SENT,
                "bob poll k1:1 -> k1 1=8 2=9",
                "dave poll k1:0 max 1 -> k1 0=7",
                "bob commit k1:2 -> ok",
                "carol list k1 -> k1:2",
                "carol assign k1 -> k1:3",
            ),
            case(
                "read and committed while the list was under way",
                "alice send k1 7 -> 0",
                "carol list k1 ...",
                "bob poll k1:0 -> k1 0=7",
                "bob commit k1:0 -> ok",
                "carol -> k1:0",
                "carol assign k1 -> k1:1",
            ),
            case(
                "the consumer starts from the beginning",
                "alice send k1 7 -> 0",
                "bob commit k1:0 -> ok",
                "carol list k1 -> k1:0",
                "carol assign start k1 -> k1:0",
            ),
            case("nobody resumes", "alice send k1 7 -> 0", "bob commit k1:0 -> ok", "carol list k1 -> k1:0"),
        ),
    ),
)
"""Worth telling, and no error: the verdict does not hang on them."""
