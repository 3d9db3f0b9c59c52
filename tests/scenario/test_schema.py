"""The schema for editors takes what the loader takes, and refuses what it refuses, as far as a schema can tell."""

import copy
import json

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kafkasim.scenario.load import loads
from kafkasim.scenario.problems import ScenarioError
from kafkasim.scenario.schema import json_schema

VALIDATOR = jsonschema.Draft202012Validator(json_schema())

WHOLE = {
    "name": "n",
    "why": "w",
    "seed": 7,
    "system": {"nodes": 2, "storage": "durable", "bug": "own-order", "max_poll_messages": 3},
    "network": {"latency": {"distribution": "uniform", "low": "1ms", "high": "2ms"}, "loss": 0.1, "duplicate": 0.2},
    "timeout": "1.5s",
    "clients": {
        "alice": [
            {"send": {"key": "k", "msg": {"a": [1, None]}}, "expect": {"offset": 0}},
            {"poll": {"k": 0}, "expect": {"k": [[0, "x"]]}},
            {"poll": None, "max_messages": 10},
            {"commit_offsets": {"k": 9}, "expect_error": "precondition-failed"},
            {"list_committed_offsets": ["k"], "expect": {"k": 0}},
            {"barrier": "b"},
        ],
        "bob": {
            "node": "n1",
            "steps": [
                {"assign": ["k"]},
                {"assign": {"keys": ["k"], "from": "start"}, "expect": {"k": 0}},
                {"commit": None},
                {"raw": {"type": "x"}, "expect_error": "error-1001"},
                {"sleep": "10ms"},
                {"barrier": "b"},
                {"crash": None},
            ],
        },
    },
    "workload": {
        "clients": 4,
        "keys": 5,
        "rate": 1000,
        "duration": 20,
        "mix": {"send": 1.5, "poll": 0},
        "crash_clients": 0.01,
        "probe": True,
        "max_messages": 9,
    },
    "faults": [
        {"at": "2s", "crash": "n0", "restart_after": "500ms"},
        {"at": 4, "partition": [["n0"], ["c1", "alice"]], "heal_after": 0},
    ],
    "consistency": "kafka",
    "expect": {"anomalies": ["unseen"]},
}
SCRIPT = {
    "name": "n",
    "why": "w",
    "system": {"bug": "silent"},
    "network": {"latency": {"distribution": "exponential", "mean": "1ms"}},
    "steps": [{"as": "alice", "send": {"key": "k", "msg": 1}, "expect": {"offset": 0}}, {"as": "bob", "crash": None}],
    "expect": "valid",
}
PROGRAMS = {
    "name": "n",
    "why": "w",
    "system": {"command": ["./node", "--fast"], "nodes": 3, "max_poll_messages": 9},
    "clock": "real",
    "network": {"client_latency": {"mean": 0}},
    "workload": {"clients": 2},
    "faults": [{"at": 0, "pause": "n0", "resume_after": 1}],
}


def loader_takes(document):
    try:
        loads(json.dumps(document))
    except ScenarioError:
        return False
    return True


def test_the_schema_is_a_schema():
    jsonschema.Draft202012Validator.check_schema(json_schema())


@pytest.mark.parametrize("document", [WHOLE, SCRIPT, PROGRAMS])
def test_both_take_every_field(document):
    VALIDATOR.validate(document)
    assert loader_takes(document)


def places(node, path=()):
    """Every place in the document that may be changed without a name's coming to stand for nothing."""
    yield path
    if isinstance(node, dict):
        for key, value in node.items():
            if key not in ("barrier", "node", "crash", "partition", "nodes", "bug"):
                yield from places(value, (*path, key))
    elif isinstance(node, list):
        for place, value in enumerate(node):
            yield from places(value, (*path, place))


def changed(document, path, change):
    document = copy.deepcopy(document)
    if not path:
        return change(document)
    parent = document
    for step in path[:-1]:
        parent = parent[step]
    parent[path[-1]] = change(parent[path[-1]])
    return document


plain = st.sampled_from(
    [None, True, 0, 1, -1, 0.5, 1.5, 10**12, "", "x", "1s", "0s", "1 s", "+1s", " 1s", "valid", "timeout"]
)
values = plain | st.sampled_from([[], {}, [1], ["k"], {"k": 0}, {"a": None}])
fields = st.sampled_from(["name", "expect", "expect_error", "max_messages", "as", "from", "mean", "at", "sned"])


@st.composite
def mutations(draw):
    document = draw(st.sampled_from([WHOLE, SCRIPT, PROGRAMS]))
    path = draw(st.sampled_from(list(places(document))))

    def change(old):
        if isinstance(old, dict):
            if draw(st.booleans()):
                return old | {draw(fields): draw(values)}
            if old and draw(st.booleans()):
                gone = draw(st.sampled_from(list(old)))
                return {key: value for key, value in old.items() if key != gone}
        return draw(values)

    return changed(document, path, change)


def beyond_a_schema(document):
    """Whether the document is refused for what no schema can tell."""
    try:
        loads(json.dumps(document))
    except ScenarioError as error:
        return all(
            any(words in problem.text for words in ("unknown node", "has the barrier", "at least `low`"))
            for problem in error.problems
        )
    return False


@settings(max_examples=60)
@given(mutations())
def test_both_agree_on_what_is_nearly_a_scenario(document):
    assert VALIDATOR.is_valid(document) == (loader_takes(document) or beyond_a_schema(document))
