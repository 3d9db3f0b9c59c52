"""Whatever the file holds, the loader answers with a scenario or with problems that have a place in it."""

from hypothesis import given, settings
from hypothesis import strategies as st

from kafkasim.scenario import model
from kafkasim.scenario.load import loads
from kafkasim.scenario.problems import ScenarioError

WHOLE = """\
name: all
why: >
  To see everything.
seed: 0x7
system: {nodes: 2, storage: durable, bug: own-order}
network: {latency: {distribution: uniform, low: 1ms, high: 2ms}, loss: 0.1}
timeout: 1.5s
clients:
  alice: &steps
    - send: {key: k, msg: {"a": [1, null, .5, '\\']}}
      expect: {offset: 0}
    - poll:
    - barrier: b
  bob: {node: n1, steps: *steps}
workload: {clients: 4, mix: {send: 1.5, poll: 0}}
faults:
  - {at: 2s, crash: n0, restart_after: 500ms}
  - {at: 4, partition: [[n0], [c1, alice]]}
expect: {anomalies: [unseen]}
"""
PIECES = [
    "\t",
    "\n",
    "  ",
    "- ",
    ": ",
    ":",
    "{",
    "}",
    "[",
    "]",
    "&a ",
    "*a",
    "*steps",
    "<<: ",
    "? ",
    "| ",
    "> ",
    "'",
    '"',
]
PIECES += [
    "!!str ",
    "!x ",
    "%",
    "@",
    "#",
    "---",
    "...",
    "\ufeff",
    "\u2028",
    "\x85",
    "\x00",
    "\ud800",
    "1",
    "-1",
    ".nan",
    "null",
    ",",
]


def answers(text):
    try:
        answer: model.Scenario | ScenarioError = loads(text, "a.yaml")
    except ScenarioError as error:
        answer = error
    if isinstance(answer, model.Scenario):
        return
    lines = len(text.splitlines()) + 2
    assert answer.problems
    assert all(1 <= problem.line <= lines and problem.column >= 1 and problem.text for problem in answer.problems)


@st.composite
def damaged(draw):
    text = WHOLE
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.integers(0, 12)))
        text = text[:start] + draw(st.sampled_from(["", *PIECES]) | st.text(max_size=3)) + text[end:]
    return text


def test_the_file_is_right_before_it_is_damaged():
    assert loads(WHOLE).seed == 7


@settings(max_examples=200)
@given(damaged())
def test_a_damaged_file_is_read_or_refused(text):
    answers(text)


@given(st.binary(max_size=60) | st.lists(st.sampled_from(PIECES), max_size=12).map("".join))
def test_any_bytes_and_any_heap_of_signs_are_read_or_refused(text):
    answers(text)
