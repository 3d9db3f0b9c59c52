"""What a program says, held against the protocol: what is wrong is told once, with the section that says so."""

import json

import pytest

from kafkasim.scenario.service_names import SERVICE_NAMES
from kafkasim.sim.hearing import Hearing


class Somebody:
    """The addressees of a run with nodes n0 and n1 and client c1."""

    def knows(self, name):
        return name in ("n0", "n1", "c1", *SERVICE_NAMES)

    def takes_requests(self, name):
        return name != "c1"


def heard(*lines, asked=()):
    """What n0, which was given requests with these numbers by c1, is told about its lines; and what of them goes on."""
    reports, passed = [], []
    hearing = Hearing("n0", Somebody(), lambda kind, _, text: reports.append((kind, text)))
    for number in asked:
        hearing.asked("c1", number)
    for line in lines:
        envelope = hearing.hear(line if isinstance(line, bytes) else json.dumps(line).encode())
        if envelope is not None:
            passed.append(envelope.dest)
    return reports, passed


def message(dest="c1", src="n0", **body):
    return {"src": src, "dest": dest, "body": body}


MESSAGES = "(protocol: Messages)"
BODIES = "(protocol: Message Bodies)"
ONE_A_LINE = f"expected one message a line, as JSON {MESSAGES}"
NO_JSON = f"{ONE_A_LINE}; what is meant for people belongs on standard error"
FRAME = f'expected {{"src": text, "dest": text, "body": object}} {MESSAGES}'
NO_REPLY = f"body: `in_reply_to` is missing: a client takes replies alone, and each names its request {BODIES}"


@pytest.mark.parametrize(
    ("line", "kind", "text"),
    [
        (b"ready to serve", "malformed-message", NO_JSON),
        (
            b"{'src': 'n0'}",
            "malformed-message",
            f"{ONE_A_LINE}: JSON is malformed: object keys must be strings (byte 1)",
        ),
        (b"{", "malformed-message", f"{ONE_A_LINE}: the line ends before the message does"),
        (
            b"\xef\xbb\xbf{}",
            "malformed-message",
            f"{ONE_A_LINE}: it begins with a byte order mark, which JSON has not",
        ),
        (
            b'\xff\xfe{\x00"\x00',
            "malformed-message",
            f"{ONE_A_LINE}: it is not in UTF-8, the byte 0xff at place 1 is not",
        ),
        (b"{\x00}\x00", "malformed-message", f"{ONE_A_LINE}: it has zero bytes in it, as UTF-16 has"),
        (
            b'{"src": NaN}',
            "malformed-message",
            f"{ONE_A_LINE}: JSON is malformed: invalid character (byte 8)",
        ),
        (b"[1]", "malformed-message", FRAME),
        ({"dest": "c1", "body": {}}, "malformed-message", f"{FRAME}: field `src` is missing (expected text)"),
        (
            {"src": "n0", "dest": "c1", "body": []},
            "malformed-message",
            f"{FRAME}: field `body`: expected an object, got []",
        ),
        (message(in_reply_to=1), "malformed-message", f"body: `type` is missing {BODIES}"),
        (
            message("lin-kv", type=7),
            "malformed-message",
            f"body: field `type`: expected text, got 7 {BODIES}",
        ),
        (
            message(type="send_ok", in_reply_to="1", offset=0),
            "malformed-message",
            f'body: field `in_reply_to`: expected an integer, got "1" {BODIES}',
        ),
        (message(type="send_ok", offset=0), "malformed-message", NO_REPLY),
        (message(type="gossip"), "malformed-message", NO_REPLY),
        (message("c0", type="init_ok"), "malformed-message", NO_REPLY),
        (message("c0", type="init_ok", in_reply_to=None), "malformed-message", NO_REPLY),
        (
            message(type="send_ok", in_reply_to=7, offset=0),
            "stray-reply",
            f"request 7 of c1 was never asked of n0 {BODIES}",
        ),
        (
            message("n9", type="gossip"),
            "unknown-destination",
            'there is no node, client or service "n9" (protocol: Nodes and Networks)',
        ),
        (
            message("c0", type="init_ok", in_reply_to=1),
            "stray-reply",
            "init, request 1 of c0, has been answered already (protocol: Initialization)",
        ),
    ],
)
def test_what_breaks_the_protocol_goes_nowhere_and_the_section_that_says_so_is_named(line, kind, text):
    assert heard(line) == ([(kind, text)], [])


def test_whoever_writes_to_a_client_that_is_not_there_yet_is_told_who_asked_for_init():
    reports = []
    hearing = Hearing("n0", Somebody(), lambda kind, _, text: reports.append((kind, text)))
    hearing.begin(["n0"])
    assert hearing.hear(json.dumps(message("c2", type="init_ok", in_reply_to=1)).encode()) is None

    expected = "expected init_ok to c0, who asked for it as request 1 (protocol: Initialization)"
    assert reports == [("unknown-destination", f'no client "c2" has asked n0 anything yet: {expected}')]
    assert hearing.starting


def test_a_node_that_calls_itself_otherwise_is_understood_all_the_same():
    problem = 'field `src`: expected "n0", its name, got "n7" (protocol: Initialization)'
    line = message(src="n7", type="send_ok", in_reply_to=1, offset=0)

    assert heard(line, asked=[1]) == ([("malformed-message", problem)], ["c1"])


def test_a_second_answer_to_a_client_is_stray():
    line = message(type="send_ok", in_reply_to=1, offset=0)

    assert heard(line, line, asked=[1]) == (
        [("stray-reply", f"request 1 of c1 has been answered already {BODIES}")],
        ["c1"],
    )


def test_what_nodes_say_to_each_other_may_be_of_any_form():
    answer = message("n1", type="got_it", in_reply_to=1)
    bodies = [message("n1"), message("n1", type=7), message("n1", msg_id="a"), answer, answer]

    assert heard(*bodies) == ([], ["n1"] * 5)
