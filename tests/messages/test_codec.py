"""Lines of bytes to requests and back: what is understood, what is refused, and in which words."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kafkasim.codec import NotAnEnvelopeError, decode_line, decode_lines, encode, request_from_body
from kafkasim.forms import mismatch
from kafkasim.messages import RPCS, BadRequest, Envelope, ErrorCode, PollOk, Send, SendOk, UnexpectedReply

PAYLOADS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)


def body_line(body: str) -> bytes:
    return f'{{"src":"c1","dest":"n0","body":{body}}}'.encode()


@given(PAYLOADS, st.booleans())
def test_a_payload_is_kept_as_it_was_written(payload, ascii_only):
    text = json.dumps(payload, ensure_ascii=ascii_only)
    if not ascii_only:
        text = text.encode(errors="replace").decode()  # halves of surrogate pairs have no UTF-8
    request = decode_line(body_line(f'{{"type":"send","key":"k","msg":{text}}}')).body
    assert isinstance(request, Send)
    assert bytes(request.msg) == text.encode()
    reply = encode([Envelope("n0", "c1", PollOk(msgs={"k": [(0, request.msg)]}))])
    assert f"[[0,{text}]]".encode() in reply


@pytest.mark.parametrize("payload", ["1e999", "1" * 5000, "-0", "1.10", '"\\u00e9"', '"\\/"', '{"a":1,"a":2}', "  7"])
def test_what_other_codecs_would_change_is_kept(payload):
    request = decode_line(body_line(f'{{"type":"send","key":"k","msg":{payload}}}')).body
    assert isinstance(request, Send)
    assert bytes(request.msg) == payload.strip().encode()


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n"])
def test_a_payload_never_holds_the_end_of_a_line(end):
    request = decode_line(body_line(f'{{"type":"send","key":"k","msg":{{"a":{end}1}}}}')).body
    assert isinstance(request, Send)
    assert json.loads(bytes(request.msg)) == {"a": 1}
    assert not {b"\r"[0], b"\n"[0]} & set(bytes(request.msg))


@pytest.mark.parametrize("name", RPCS)
def test_the_example_of_each_rpc_is_understood_and_encoded(name):
    request, reply = RPCS[name].example
    assert type(request_from_body(request)) is RPCS[name].request
    fields = {field: value for field, value in reply.items() if field != "type"}
    assert json.loads(encode([Envelope("n0", "c1", RPCS[name].reply(**fields))]))["body"] == reply


@pytest.mark.parametrize("separator", [b"", b" ", b"\n\n", b" \n", b"\r\n"])
def test_the_fast_path_takes_nothing_but_one_request_a_line(separator):
    request = body_line('{"type":"poll","offsets":{}}')
    assert len(decode_lines(request + b"\n" + request + b"\n")) == 2
    with pytest.raises(ValueError, match="one request a line"):
        decode_lines(request + separator + request)


@pytest.mark.parametrize(
    ("body", "code", "text"),
    [
        ("{}", 12, "field `type` is missing"),
        ('{"type":null}', 12, "field `type`: expected text, got null"),
        ('{"type":["send"]}', 12, 'field `type`: expected text, got ["send"]'),
        (
            '{"type":"sned"}',
            10,
            'unknown request type "sned": expected one of init, send, poll, commit_offsets, list_committed_offsets',
        ),
        ('{"type":"send","msg":1}', 12, "send: field `key` is missing (expected non-empty text)"),
        ('{"type":"send","key":"k"}', 12, "send: field `msg` is missing (expected any JSON value)"),
        ('{"type":"send","key":"","msg":1}', 12, 'send: field `key`: expected non-empty text, got ""'),
        ('{"type":"send","key":7,"msg":1}', 12, "send: field `key`: expected non-empty text, got 7"),
        (
            '{"type":"poll"}',
            12,
            "poll: field `offsets` is missing (expected an object with an integer >= 0 for each key)",
        ),
        (
            '{"type":"poll","offsets":[]}',
            12,
            "poll: field `offsets`: expected an object with an integer >= 0 for each key, got []",
        ),
        ('{"type":"poll","offsets":{"k":-1}}', 12, "poll: field `offsets.k`: expected an integer >= 0, got -1"),
        ('{"type":"poll","offsets":{"k":1.0}}', 12, "poll: field `offsets.k`: expected an integer >= 0, got 1.0"),
        ('{"type":"poll","offsets":{"k":true}}', 12, "poll: field `offsets.k`: expected an integer >= 0, got true"),
        ('{"type":"poll","offsets":{"k":"0"}}', 12, 'poll: field `offsets.k`: expected an integer >= 0, got "0"'),
        ('{"type":"poll","offsets":{"":0}}', 12, 'poll: field `offsets`: expected non-empty text as key, got ""'),
        (
            '{"type":"commit_offsets","offsets":{"k":null}}',
            12,
            "commit_offsets: field `offsets.k`: expected an integer >= 0, got null",
        ),
        (
            '{"type":"list_committed_offsets","keys":"k"}',
            12,
            'list_committed_offsets: field `keys`: expected a list, each item non-empty text, got "k"',
        ),
        (
            '{"type":"list_committed_offsets","keys":["k",7]}',
            12,
            "list_committed_offsets: field `keys[1]`: expected non-empty text, got 7",
        ),
        ('{"type":"init","node_ids":["n0"]}', 12, "init: field `node_id` is missing (expected non-empty text)"),
        ('{"type":"init","node_id":"n0","node_ids":[1]}', 12, "init: field `node_ids[0]`: expected text, got 1"),
    ],
)
@pytest.mark.parametrize("msg_id", [None, 7])
def test_a_malformed_body_is_refused_in_words(body, code, text, msg_id):
    if msg_id is not None:
        body = body[:-1] + ("," if len(body) > 2 else "") + f'"msg_id":{msg_id}}}'
    assert decode_line(body_line(body)).body == BadRequest(msg_id=msg_id, code=code, text=text)


@pytest.mark.parametrize("msg_id", ['"7"', "1.0", "true", "[]", "1" * 5000])
def test_a_msg_id_that_is_no_integer_is_refused_and_cannot_be_answered(msg_id):
    refused = decode_line(body_line(f'{{"type":"poll","offsets":{{}},"msg_id":{msg_id}}}')).body
    assert isinstance(refused, BadRequest)
    assert refused.msg_id is None
    assert refused.text.startswith("poll: field `msg_id`: expected an integer or nothing, got ")


SURROGATE = "expected text without half of a surrogate pair, got "
TOO_DEEP = "[" * 100_000 + "]" * 100_000


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ('"type":"send","key":"k","msg":NaN', "send: field `msg`: expected a JSON value, got NaN"),
        (
            '"type":"send","key":"k","msg":[1,{"a":-Infinity}]',
            "send: field `msg`: expected a JSON value, got -Infinity",
        ),
        ('"type":"send","key":"k","msg":"a\\ud800"', f"send: field `msg`: {SURROGATE}'a\\ud800'"),
        ('"type":"send","key":"k","msg":{"\\ud800":1}', f"send: field `msg`: {SURROGATE}'\\ud800'"),
        ('"type":"send","key":"\\udfff","msg":1', f"send: field `key`: {SURROGATE}'\\udfff'"),
        ('"type":"poll","offsets":{},"\\ud800":1', f"poll: field `'\\ud800'`: {SURROGATE}'\\ud800'"),
        ('"type":"poll","offsets":{"\\ud800":0}', f"poll: field `offsets`: {SURROGATE}'\\ud800'"),
        ('"type":"poll","offsets":{"k":NaN}', "poll: field `offsets.k`: expected an integer >= 0, got NaN"),
        ('"type":"poll","offsets":{"k":1e400}', "poll: field `offsets.k`: expected an integer >= 0, got 1e400"),
        (
            f'"type":"poll","offsets":{{"j":1,"k":-{"1" * 5000}}}',
            "poll: field `offsets.k`: expected an integer >= 0, got an integer of 5000 digits, too long to read",
        ),
        (
            f'"type":"send","key":"k","msg":{TOO_DEEP}',
            f"send: field `msg`: expected a value that is not nested so deeply, got {'[' * 77}...",
        ),
        (
            f'"type":"poll","offsets":{TOO_DEEP}',
            f"poll: field `offsets`: expected an object with an integer >= 0 for each key, got {'[' * 77}...",
        ),
    ],
)
def test_what_is_nearly_json_is_refused_and_its_field_is_named(body, problem):
    refused = decode_line(body_line(f'{{{body},"msg_id":7}}')).body
    assert refused == BadRequest(msg_id=7, code=ErrorCode.MALFORMED_REQUEST, text=problem)


def test_what_is_no_json_outside_of_the_body_is_refused_too():
    refused = decode_line(b'{"src":"c1","dest":"n0","body":{"type":"poll","msg_id":7,"offsets":{}},"id":NaN}').body
    assert isinstance(refused, BadRequest)
    assert (refused.msg_id, refused.code) == (7, 12)
    assert refused.text.startswith('expected JSON, got {"src":"c1"')


def test_a_reply_that_is_nearly_json_is_not_answered():
    body = '{"type":"poll_ok","msg_id":7,"in_reply_to":3,"msgs":{"k":[[0,NaN]]}}'
    assert isinstance(decode_line(body_line(body)).body, UnexpectedReply)


@pytest.mark.parametrize("deepest", ["1", '"]}"', '"\\"]"', '"\\\\"'])
def test_brackets_inside_of_text_do_not_count_as_levels(deepest):
    line = body_line(f'{{"type":"send","msg_id":7,"key":"]}}[{{","msg":{"[" * 100_000}{deepest}{"]" * 100_000}}}')
    refused = decode_line(line).body
    assert isinstance(refused, BadRequest)
    assert (refused.msg_id, refused.text[:13]) == (7, "send: field `")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32", "utf-8-sig"])
def test_a_line_in_another_encoding_is_no_message(encoding):
    with pytest.raises(NotAnEnvelopeError, match="expected JSON, got "):
        decode_line(body_line('{"type":"poll","msg_id":7,"offsets":{}}').decode().encode(encoding))


@pytest.mark.parametrize("text", [b"\xed\xa0\xbd\xed\xb8\x80", b"\xc0\x80"], ids=["surrogates", "too many bytes"])
def test_a_line_that_is_not_quite_utf_8_is_no_message(text):
    with pytest.raises(NotAnEnvelopeError, match="'utf-8' codec can't decode"):
        decode_line(body_line('{"type":"send","msg_id":7,"key":"k","msg":"X"}').replace(b"X", text))


@pytest.mark.parametrize(
    ("key", "shown"),
    [
        ("k" * 1_000_000, f'"{"k" * 76}...'),
        ("a\\nb", '"a\\nb"'),
        ("\u202e", '"\\u202e"'),
        ("a.b", '"a.b"'),
        ("k-1", "k-1"),
    ],
    ids=["long", "two lines", "invisible", "a dot", "plain"],
)
def test_an_error_is_short_and_readable_whatever_the_keys_are(key, shown):
    refused = decode_line(body_line(f'{{"type":"poll","offsets":{{"{key}":null}}}}')).body
    assert isinstance(refused, BadRequest)
    assert refused.text == f"poll: field `offsets.{shown}`: expected an integer >= 0, got null"


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (b"", "expected JSON, got an empty line: Input data was truncated"),
        (b"hello", "expected JSON, got hello: JSON is malformed: invalid character (byte 0)"),
        (b"\xff", "expected JSON, got \\xff: 'utf-8' codec can't decode byte 0xff in position 0: invalid start byte"),
        (b"[]", 'expected {"src": text, "dest": text, "body": object}, got []'),
        (
            b'{"src": 7, "dest": "n0", "body": {}}',
            'expected {"src": text, "dest": text, "body": object}, got {"src": 7, "dest": "n0", "body": {}}',
        ),
        (
            b'{"src":"c1","dest":"n0","body":{"x":' + b"[" * 100_000,
            f'expected JSON that is not nested so deeply, got {{"src":"c1","dest":"n0","body":{{"x":{"[" * 41}...',
        ),
    ],
)
def test_what_is_no_envelope_is_named(line, problem):
    with pytest.raises(NotAnEnvelopeError) as refused:
        decode_line(line)
    assert str(refused.value) == problem


def test_nobody_is_answered_whose_name_cannot_be_written():
    with pytest.raises(NotAnEnvelopeError):
        decode_line(b'{"src":"\\ud800","dest":"n0","body":{"type":"poll","offsets":{}}}')


@pytest.mark.parametrize(
    ("body", "form", "place"),
    [
        ({"type": "send_ok", "in_reply_to": 1, "offset": 0}, SendOk, None),
        (
            {"type": "send_ok", "in_reply_to": 1, "offset": 0, "ofset": 0},
            SendOk,
            "field `ofset` is not known (expected one of msg_id, in_reply_to, offset)",
        ),
        ({"type": "send", "key": "k", "msg": 1, "more": 1}, Send, None),
    ],
    ids=["a-reply", "a-reply-with-more", "a-request-with-more"],
)
def test_a_field_that_nobody_knows_is_named_where_the_form_is_closed(body, form, place):
    assert mismatch(body, form) == place
