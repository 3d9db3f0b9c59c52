"""The anomalies of whether and how the system answers, by example."""

from __future__ import annotations

from typing import Final

from kafkasim.anomalies.definitions import Definition, case

REPLIES: Final = (
    Definition(
        "unrequested-key",
        rejects=(
            case(
                "a poll",
                "alice send k1 7 -> 0",
                "alice send k2 8 -> 0",
                "bob poll k1:0 -> k1 0=7; k2 0=8",
            ),
            case(
                "a list",
                "alice send k1 7 -> 0",
                "bob poll k1:0 -> k1 0=7",
                "bob list k2 -> k1:0",
            ),
        ),
        accepts=(
            case("fewer keys than asked for", "alice send k1 7 -> 0", "bob poll k1:0 k2:0 -> k1 0=7"),
            case("an empty list for a key", "alice send k1 7 -> 0", "bob poll k1:0 k2:0 -> k1 0=7; k2"),
        ),
    ),
    Definition(
        "malformed-reply",
        rejects=(
            case("a negative offset", 'alice send k1 7 -> raw {"type": "send_ok", "offset": -1}'),
            case("a recorder took it for good", 'alice send k1 7 -> reply {"offset": -1}'),
            case("the offset is missing", "alice send k1 7 -> reply {}"),
            case("the offset is true", 'alice send k1 7 -> reply {"offset": true}'),
            case("the offset is a fraction", 'alice send k1 7 -> reply {"offset": 0.5}'),
            case("an unknown field", 'alice send k1 7 -> reply {"offset": 0, "term": 3}'),
            case(
                "an unknown field of a commit",
                "alice send k1 7 -> 0",
                'bob commit k1:0 -> reply {"offsets": {"k1": 0}}',
            ),
            case("messages without offsets", "alice send k1 7 -> 0", 'bob poll k1:0 -> reply {"msgs": {"k1": [7]}}'),
            case("pairs of three", "alice send k1 7 -> 0", 'bob poll k1:0 -> reply {"msgs": {"k1": [[0, 7, 1]]}}'),
            case("a list of pairs instead of keys", 'bob poll k1:0 -> reply {"msgs": [[0, 7]]}'),
            case("a committed offset of null", 'bob list k1 -> reply {"offsets": {"k1": null}}'),
            case("no object", "bob list k1 -> raw [1, 2]"),
        ),
        accepts=(
            case(
                "of its form",
                "alice send k1 7 -> 0",
                "bob poll k1:0 -> k1 0=7",
                "bob commit k1:0 -> ok",
                "bob list k1 -> k1:0",
            ),
        ),
    ),
    Definition(
        "unexpected-error",
        rejects=(
            case("a poll of an unknown key", "bob poll k1:0 -> fail 20"),
            case("a list of a key without a commit", "bob list k1 -> fail 20"),
            case("a send", "alice send k1 7 -> info 13"),
            case("an error of its own", "alice send k1 7 -> info 1000"),
            case(
                "after both nodes have started again",
                "! crash n0 n1",
                "! restart n1",
                "! restart n0",
                "alice send k1 7 -> info 13",
            ),
            case(
                "a commit of what was polled",
                "alice send k1 7 -> 0",
                "bob poll k1:0 -> k1 0=7",
                "bob commit k1:0 -> fail 22",
            ),
        ),
        accepts=(
            case("try again", "bob poll k1:0 -> fail 11", "bob poll k1:0 -> fail 30"),
            case(
                "a commit past the end", "alice send k1 7 -> 0", "bob poll k1:0 -> k1 0=7", "bob commit k1:1 -> fail 22"
            ),
            case(
                "a commit of what was polled only afterwards",
                "alice send k1 7 -> 0",
                "carol poll k1:0 ...",
                "bob commit k1:0 -> fail 22",
                "carol -> k1 0=7",
            ),
            case(
                "what was polled is gone with the node's memory",
                "alice send k1 7 -> 0",
                "bob poll k1:0 -> k1 0=7",
                "! crash n0",
                "! restart n0",
                "bob commit k1:0 -> fail 22",
            ),
            case(
                "while one of two nodes is down",
                "! crash n0 n1",
                "! restart n1",
                "alice send k1 7 -> info 13",
                "! restart n0",
            ),
            case("during a partition", "! partition", "alice send k1 7 -> info 13", "! heal"),
            case(
                "during a partition, when another is over",
                "! partition alice | n0",
                "! partition bob | n0",
                "! heal bob | n0",
                "alice send k1 7 -> info 13",
            ),
        ),
    ),
    Definition(
        "no-reply",
        rejects=(case("silence", "alice send k1 7 -> silence"),),
        accepts=(
            case("the network lost it", "alice send k1 7 -> lost"),
            case("an indefinite error is a reply", "alice send k1 7 -> info 11"),
            case("the run was broken off", "alice send k1 7 ...", end="interrupted"),
        ),
    ),
    Definition(
        "node-crash",
        rejects=(case("by itself", "!! crash n0"),),
        accepts=(case("as planned", "! crash n0", "! restart n0"),),
    ),
    Definition(
        "malformed-message",
        rejects=(case("a line for people", "? malformed-message n0 ready to serve"),),
        accepts=(case("a reply that nobody can use is another matter", "alice send k1 7 -> 0"),),
    ),
    Definition(
        "stray-reply",
        rejects=(
            case(
                "answered twice",
                "alice send k1 7 -> 0",
                '? stray-reply n0 {"src":"n0","dest":"alice","body":{"type":"send_ok","in_reply_to":1,"offset":0}}',
            ),
        ),
        accepts=(case("answered once", "alice send k1 7 -> 0"),),
    ),
    Definition(
        "unknown-destination",
        rejects=(case("to nobody", '? unknown-destination n0 {"src":"n0","dest":"n9","body":{"type":"hello"}}'),),
        accepts=(case("to who has asked", "alice send k1 7 -> 0"),),
    ),
)
