"""The load of the node's benchmark: requests as Maelstrom's clients write them, the same ones every time."""

import json
from collections.abc import Iterator
from random import Random
from typing import Any

KEYS = tuple(f"k{number}" for number in range(10))
CLIENTS = 5


def request_lines(count: int, seed: int = 1) -> Iterator[bytes]:
    """An ``init``, then so many requests: 45 % send, 35 % poll near the tail, 10 % commit, 10 % list; a line each.

    Commits are of messages that exist by then, if requests are obeyed in order.
    """
    yield _line(1, {"type": "init", "node_id": "n0", "node_ids": ["n0"]})
    rng = Random(seed)
    ends = dict.fromkeys(KEYS, 0)
    for number in range(2, count + 2):
        key = KEYS[int(rng.random() * len(KEYS))]
        yield _line(number, _body(rng, key, ends, number))


def _body(rng: Random, key: str, ends: dict[str, int], number: int) -> dict[str, Any]:
    draw = rng.random()
    if draw < 0.45 or not ends[key]:
        ends[key] += 1
        return {"type": "send", "key": key, "msg": number}
    if draw < 0.80:
        behind = int(rng.random() * 5)  # from caught up to four messages behind
        return {"type": "poll", "offsets": {key: max(0, ends[key] - behind)}}
    if draw < 0.90:
        return {"type": "commit_offsets", "offsets": {key: int(rng.random() * ends[key])}}
    return {"type": "list_committed_offsets", "keys": [key]}


def _line(number: int, body: dict[str, Any]) -> bytes:
    envelope = {"id": number, "src": f"c{number % CLIENTS}", "dest": "n0", "body": body | {"msg_id": number}}
    return json.dumps(envelope, separators=(",", ":")).encode() + b"\n"
