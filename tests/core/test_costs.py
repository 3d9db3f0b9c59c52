"""What an operation costs on a long log is what it costs on a short one, counted instead of timed.

Counted are the engine's bytecode instructions, and what it takes out of its lists. One instruction can hide a walk
over a whole list (a copy, say), so the logs and the table of committed offsets are replaced by some that can only do
what costs the same however much they hold; whatever else the engine asked of them would fail.
"""

import pytest

from kafkasim import LogEngine, core
from tests.core.instructions import before_each_instruction


class FrugalLog:
    """A log that tells its length, appends and gives slices, and counts the messages that it gave."""

    def __init__(self, length):
        self.messages = list(range(length))
        self.given = 0

    def __len__(self):
        return len(self.messages)

    def append(self, msg):
        self.messages.append(msg)

    def __getitem__(self, place):
        assert isinstance(place, slice)
        found = self.messages[place]
        self.given += len(found)
        return found


class FrugalTable:
    """A dict that looks up and sets the keys it is told, and walks over nothing."""

    def __init__(self, content):
        self._content = content
        self.get = content.get
        self.update = content.update

    def __getitem__(self, key):
        return self._content[key]

    def __setitem__(self, key, value):
        self._content[key] = value


def cost(operation, arguments, length):
    """How many instructions the call takes where everything is so long, and how many messages it takes out of logs."""
    a, b = FrugalLog(length), FrugalLog(length)
    others = [str(number) for number in range(length)]
    engine = LogEngine()
    engine._logs = FrugalTable(dict.fromkeys(others, a) | {"a": a, "b": b})  # type: ignore[assignment]  # on purpose
    engine._committed = FrugalTable(dict.fromkeys([*others, "a", "b"], 0))  # type: ignore[assignment]  # as above
    instructions = 0

    def count(_code, _place):
        nonlocal instructions
        instructions += 1

    with before_each_instruction(core, count):
        getattr(engine, operation)(*arguments)
    return instructions, a.given + b.given


@pytest.mark.parametrize(
    ("operation", "arguments_at", "taken"),
    [
        ("send", lambda _: ("a", "msg"), 0),
        ("send", lambda _: ("new", "msg"), 0),
        ("poll", lambda end: ({"a": end},), 0),
        ("poll", lambda end: ({"a": end - 3},), 3),
        ("poll", lambda _: ({"a": 0}, 4), 4),
        ("poll", lambda end: ({"a": end, "b": end},), 0),
        ("poll", lambda end: ({"a": end - 3, "b": end - 2, "never": 0},), 5),
        ("poll", lambda _: ({"a": 0, "b": 5}, 4), 8),
        ("commit_offsets", lambda end: ({"a": end - 1},), 0),
        ("commit_offsets", lambda end: ({"a": end - 1, "b": 0},), 0),
        ("check_commit", lambda end: ({"a": end - 1, "b": 0},), 0),
        ("list_committed_offsets", lambda _: (["a"],), 0),
        ("list_committed_offsets", lambda _: (["a", "b", "never"],), 0),
    ],
)
def test_an_operation_costs_what_it_answers_however_long_the_logs_and_however_many_the_keys(
    operation, arguments_at, taken
):
    short, long = (cost(operation, arguments_at(length), length) for length in (10, 100_000))
    assert short == long
    assert short[0] > 5, "hardly an instruction was counted"
    assert short[1] == taken
