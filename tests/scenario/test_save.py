import json
import re

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kafkasim import simulate
from kafkasim.scenario import model
from kafkasim.scenario.load import loads
from kafkasim.scenario.save import save

strange = st.sampled_from(
    ["on", "1", "null", "~", "", " ", "a: b", "- x", "#", "\n", "\r\n", "\x00", "\x85", "\ufeff", "😀", "1_0"]
)
text = strange | st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
name = text.filter(bool)
number = st.integers(-(10**30), 10**30) | st.floats(allow_nan=False, allow_infinity=False)
json_value = st.recursive(
    st.none() | st.booleans() | number | text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
    max_leaves=6,
)
offset = st.integers(0, 10**20)
offsets = st.dictionaries(name, offset, max_size=3)
msgs = st.dictionaries(name, st.lists(st.tuples(offset, json_value).map(list), max_size=2), max_size=2)
keys = st.lists(name, max_size=3).map(tuple)
limit = st.none() | st.integers(1, 100)


def expecting(action, reply):
    expected = st.builds(lambda action, reply: model.Step(action, reply, True), action, reply)
    return expected | failing(action)


def failing(action):
    title = st.sampled_from([None, "precondition-failed", "timeout", "error-1001"])
    return st.builds(lambda action, title: model.Step(action, expect_error=title), action, title)


step = st.one_of(
    expecting(st.builds(model.Send, name, json_value), st.fixed_dictionaries({"offset": offset})),
    expecting(st.builds(model.Poll, st.none() | offsets, limit), msgs),
    failing(st.builds(model.CommitOffsets, offsets)),
    expecting(st.builds(model.ListCommittedOffsets, keys), offsets),
    expecting(
        st.builds(model.Raw, st.dictionaries(text, json_value, max_size=3)),
        st.dictionaries(text, json_value, max_size=2),
    ),
)
client = name.filter(lambda name: not re.fullmatch("(final-)?n[0-9]+", name))
script = st.lists(st.builds(model.ScriptStep, client, step), min_size=1, max_size=5)


def exactly(value):
    """Types told apart: Python takes 1, 1.0 and True for the same."""
    return repr(value)


def without_places(steps):
    return [model.ScriptStep(each.client, msgspec.structs.replace(each.step, where="")) for each in steps]


@given(script, name.filter(str.strip), name.filter(str.strip))
def test_what_is_saved_is_read_back_the_same(steps, name, why):
    scenario = loads(save(name, why, steps))
    assert exactly(without_places(scenario.steps)) == exactly(steps)
    assert (scenario.name, scenario.why) == (name.strip(), why.strip())


def test_a_saved_session_takes_its_time_when_it_is_run():
    step = model.Step(model.Send("k", 1))
    result = simulate.run(loads(save("n", "w", [model.ScriptStep("c1", step), model.ScriptStep("c2", step)])))
    moments = [(op.start, op.end) for op in result.history.operations if not op.final]
    assert moments == [(0, 2_000_000), (2_000_000, 4_000_000)]


def saved(msg):
    action = loads(save("n", "w", [model.ScriptStep("c1", model.Step(model.Send("k", msg)))])).steps[0].step.action
    assert isinstance(action, model.Send)
    return action.msg


def test_a_key_longer_than_yaml_allows_for_plain_ones_is_read_back():
    assert saved({"k" * 5000: {"\n" * 600: 1}}) == {"k" * 5000: {"\n" * 600: 1}}


def test_a_saved_scenario_is_readable_line_by_line():
    steps = [
        model.ScriptStep("alice", model.Step(model.Send("k1", {"on": "yes"}), {"offset": 0}, True)),
        model.ScriptStep("bob", model.Step(model.Poll({"k1": 0}, 10), {"k1": [[0, {"on": "yes"}]]}, True)),
        model.ScriptStep("bob", model.Step(model.CommitOffsets({"k1": 9}), expect_error="precondition-failed")),
    ]
    assert (
        save("two people", "To see who reads what: " + "word " * 20, steps)
        == """\
name: "two people"
why: >-
  To see who reads what: word word word word word word word word word word word
  word word word word word word word word word
network: {latency: {mean: 1ms}}
steps:
  - {as: alice, send: {key: k1, msg: {"on": "yes"}}, expect: {offset: 0}}
  - {as: bob, poll: {k1: 0}, max_messages: 10, expect: {k1: [[0, {"on": "yes"}]]}}
  - {as: bob, commit_offsets: {k1: 9}, expect_error: precondition-failed}
"""
    )


@pytest.mark.parametrize(
    "msg", [float("nan"), float("inf"), "\ud800", {"\udfff": 1}, object(), json.loads("[" * 97 + "]" * 97)]
)
def test_what_no_scenario_can_say_is_refused(msg):
    with pytest.raises(ValueError, match="cannot be saved"):
        saved(msg)


def test_a_message_as_deep_as_a_scenario_allows_is_read_back():
    deep = json.loads("[" * 96 + "]" * 96)
    assert saved(deep) == deep


def test_nothing_to_save_and_nothing_to_call_it_by_are_refused():
    step = model.ScriptStep("c1", model.Step(model.Send("k1", 1)))
    for name, why, steps in (("n", "w", []), (" ", "w", [step]), ("n", "", [step])):
        with pytest.raises(ValueError, match="expected"):
            save(name, why, steps)


@pytest.mark.parametrize(
    "action", [model.Barrier("b"), model.Sleep(1), model.Crash(), model.Commit(), model.Assign(())]
)
def test_what_is_no_request_has_no_place_in_a_session(action):
    with pytest.raises(ValueError, match="no session has such a step"):
        save("n", "w", [model.ScriptStep("c1", model.Step(action))])
