"""Ctrl-C in the middle of an operation: whatever it hits, the engine is whole and its lock is free.

CPython lets a signal's handler in only after a call of C code, after a jump backwards and on entering a
function. Each of these places in the engine's code is tried in turn: what the handler would raise is raised
before the next instruction.
"""

import dis
import subprocess
import sys

import pytest

from kafkasim import LogEngine, core
from tests.core.instructions import before_each_instruction
from tests.core.interrupting import OPERATIONS
from tests.core.reference import Call, ReferenceLog, put

LETS_SIGNALS_IN = ("CALL", "JUMP_BACKWARD", "RESUME")
PREPARATION = [Call("send", (key, number)) for number in range(3) for key in "ab"] + [
    Call("commit_offsets", ({"a": 0},))
]


def interrupted(engine, call, place):
    """Whether the call was interrupted at that place, counted from 0; it has fewer places otherwise."""
    left = place
    previous = ""

    def interrupt(code, offset):
        nonlocal left, previous
        if previous.startswith(LETS_SIGNALS_IN):
            left -= 1
            if left == -1:
                raise KeyboardInterrupt
        previous = dis.opname[code.co_code[offset]]

    with before_each_instruction(core, interrupt):
        try:
            getattr(engine, call.operation)(*call.arguments)
        except KeyboardInterrupt:
            return True
    return False


def prepared(log):
    for call in PREPARATION:
        put(call, log)
    return log


@pytest.mark.parametrize(
    "call",
    [
        Call("send", ("a", "msg")),
        Call("send", ("new", "msg")),
        Call("poll", ({"a": 0},)),
        Call("poll", ({"a": 0, "b": 1, "never": 0}, 2)),
        Call("commit_offsets", ({"a": 2},)),
        Call("commit_offsets", ({"a": 2, "b": 2},)),
        Call("list_committed_offsets", (["a", "b"],)),
        Call("end_offsets"),
        Call("__getstate__"),
    ],
    ids=str,
)
def test_an_interrupt_leaves_all_or_nothing_and_a_free_lock(call):
    before, after = prepared(ReferenceLog()), prepared(ReferenceLog())
    put(call, after)
    place = 0
    while interrupted(engine := prepared(LogEngine()), call, place):
        assert engine._lock.acquire(blocking=False), f"the lock is still taken after an interrupt at place {place}"
        engine._lock.release()
        assert engine.__getstate__() in (before.__getstate__(), after.__getstate__()), f"interrupted at place {place}"
        place += 1
    assert engine.__getstate__() == after.__getstate__()
    assert place >= 2, "hardly a place was found at which an interrupt can come"


@pytest.mark.parametrize("operation", OPERATIONS)
def test_real_signals_leave_all_or_nothing_and_a_free_lock(operation, request):
    command = [sys.executable, "-m", "tests.core.interrupting", operation, "1000"]
    done = subprocess.run(command, cwd=request.config.rootpath, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
