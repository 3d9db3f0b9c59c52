"""A body means the same whether it came as bytes or as an object."""

import pytest

from kafkasim.codec import decode_line, encode, request_from_body
from kafkasim.messages import Envelope


@pytest.mark.parametrize(
    "body",
    [
        {"type": "poll", "msg_id": 1, "offsets": {"k1": 0}},
        {"type": "poll", "msg_id": 1, "offsets": {"k1": 0}, "in_reply_to": 3},
        {"type": "poll", "msg_id": 1, "offsets": {"k1": -1}, "in_reply_to": 3},
        {"type": "send_ok", "offset": 0, "in_reply_to": 3},
        {"type": ["poll"], "in_reply_to": 3},
        {"in_reply_to": 3},
    ],
)
def test_bytes_and_objects_give_the_same_request(body):
    assert decode_line(encode([Envelope("c1", "n0", body)])).body == request_from_body(body)
