"""A saved session is a scenario that passes: the simulator gives every reply that the REPL gave."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kafkasim import simulate
from kafkasim.console.parsing import parse
from kafkasim.console.recording import script_steps
from kafkasim.console.scanning import written
from kafkasim.console.session import Session
from kafkasim.console.statements import Ask
from kafkasim.scenario.load import loads
from kafkasim.scenario.save import save


def rerun(asks):
    """The result of simulating what a session that asked this has saved."""
    session = Session()
    for client, ask in asks:
        session.speak_as(client)
        session.ask(ask)
    return simulate.run(loads(save("saved", "why", script_steps(session.exchanges))))


def parsed(line):
    statement = parse(line)
    assert isinstance(statement, Ask)
    return statement


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
).filter(lambda value: "\\ud8" not in json.dumps(value))
KEYS = st.sampled_from(["k1", "k2", "my key", "a:b", "yes", "1", "\u2028", "日本", '"'])
OFFSETS = st.integers(0, 4)
PLACES = st.dictionaries(KEYS, OFFSETS, min_size=1, max_size=3)


def places(offsets):
    return " ".join(f"{written(key)}:{offset}" for key, offset in offsets.items())


BODIES = st.fixed_dictionaries(
    {"type": st.sampled_from(["send", "poll", "commit_offsets", "list_committed_offsets", "init", "x", 1])},
    optional={
        "key": KEYS,
        "msg": JSON_VALUES,
        "offsets": st.dictionaries(KEYS, st.integers(-1, 4), max_size=2),
        "keys": st.lists(KEYS, max_size=2),
        "msg_id": st.sampled_from([None, 1, 7, "seven"]),
        "in_reply_to": st.just(1),
        "node_id": st.just("n0"),
        "node_ids": st.sampled_from([["n0"], ["n0", "n1"]]),
    },
)
LINES = st.one_of(
    st.builds(lambda key, msg: f"send {written(key)} {json.dumps(msg)}", KEYS, JSON_VALUES),
    st.builds(lambda offsets: f"poll {places(offsets)}", PLACES),
    st.builds(lambda offsets, limit: f"poll {places(offsets)} max={limit}", PLACES, st.integers(1, 3)),
    st.builds(lambda offsets: f"commit {places(offsets)}", PLACES),
    st.builds(lambda keys: f"list {' '.join(map(written, keys))}", st.lists(KEYS, min_size=1, max_size=3, unique=True)),
    BODIES.map(json.dumps),
)
CLIENTS = st.sampled_from(["c1", "alice", "two words"])


@given(st.lists(st.tuples(CLIENTS, LINES.map(parsed)), min_size=1, max_size=12))
@settings(max_examples=60, deadline=None)
def test_any_session_that_was_saved_passes_when_it_is_simulated(asks):
    result = rerun(asks)
    assert result.unmet == []
    assert result.as_expected, result.check.anomalies


@pytest.mark.parametrize(
    "body",
    [
        '{"type": "send", "key": "k1", "msg": 1, "msg_id": null}',
        '{"type": "send_ok", "in_reply_to": 1, "offset": 0}',
        '{"type": "poll", "msg_id": "x"}',
        '{"type": "send", "key": "k1", "msg": 1, "in_reply_to": 1}',
        '{"type": "init", "node_id": "n0", "node_ids": ["n0", "n1"]}',
        "{}",
    ],
)
def test_strange_bodies_are_answered_alike_when_simulated(body):
    asks = [("c1", parsed(line)) for line in ("send k1 a", body, "send k1 b", "poll k1")]
    result = rerun(asks)
    assert result.unmet == []
    assert result.as_expected, result.check.anomalies
