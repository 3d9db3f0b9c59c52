"""Arguments that another thread changes in the middle of the call: obeyed as they were before, or as they are after."""

import pytest

from kafkasim import LogEngine, core
from tests.core.instructions import before_each_instruction
from tests.core.reference import Call, put


def result(call, offsets, change_at=-1, change=lambda _offsets: None):
    """What a fresh engine answers and holds when ``change`` befalls the argument before that instruction of the call.

    And how many instructions the call had.
    """
    engine = LogEngine()
    for key in "ab":
        for number in range(4):
            engine.send(key, number)
    reached = 0

    def reach(_code, _place):
        nonlocal reached
        if reached == change_at:
            change(offsets)
        reached += 1

    with before_each_instruction(core, reach):
        answer = put(Call(call, (offsets,)), engine)
    return (answer, engine.__getstate__()), reached


def spoil_an_offset(offsets):
    offsets["a"] = -1


def add_keys(offsets):
    offsets["b"] = offsets["new"] = 0


@pytest.mark.parametrize("call", ["poll", "commit_offsets"])
@pytest.mark.parametrize("offsets", [{"a": 2}, {"a": 2, "b": 2}], ids=["one-key", "two-keys"])
@pytest.mark.parametrize("change", [spoil_an_offset, add_keys])
def test_offsets_changed_at_any_instruction_count_as_before_or_as_after(call, offsets, change):
    changed = offsets.copy()
    change(changed)
    before, count = result(call, offsets.copy())
    after, _ = result(call, changed)
    seen = [result(call, offsets.copy(), place, change)[0] for place in range(count)]
    for place, found in enumerate(seen):
        assert found in (before, after), f"changed before instruction {place} of {count}"
    assert before in seen
    assert after in seen
