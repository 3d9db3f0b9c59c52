"""Stopping before each bytecode instruction of one module, in whichever thread, on every supported Python."""

from __future__ import annotations

import inspect
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import CodeType, FrameType, ModuleType
from typing import Any

Reach = Callable[[CodeType, int], object]
"""What is called with the code that is running and the place in it (bytes) of the instruction that comes next."""


@contextmanager
def before_each_instruction(module: ModuleType, reach: Reach) -> Iterator[None]:
    """Within it, ``reach`` is called before each instruction of the module's functions and methods.

    By this thread and by those that it starts. What ``reach`` raises is raised at that instruction.
    """
    codes = frozenset(_codes_of(module))
    with _watched(codes, reach):
        yield


def _codes_of(holder: object) -> Iterator[CodeType]:
    """The code of a module's, class's or function's functions, with that of the functions inside them."""
    if isinstance(holder, CodeType):
        yield holder
        for constant in holder.co_consts:
            if isinstance(constant, CodeType):
                yield from _codes_of(constant)
    elif inspect.isfunction(holder):
        yield from _codes_of(holder.__code__)
    else:
        name = holder.__name__ if inspect.ismodule(holder) else getattr(holder, "__module__", None)
        for member in vars(holder).values():
            if (inspect.isfunction(member) or inspect.isclass(member)) and member.__module__ == name:
                yield from _codes_of(member)


# Tracing by instruction crashes some releases of CPython 3.12 as soon as there are several threads; there, and
# later, instructions are monitored, which 3.11 cannot do yet.
if sys.version_info >= (3, 12):

    @contextmanager
    def _watched(codes: frozenset[CodeType], reach: Reach) -> Iterator[None]:
        monitoring = sys.monitoring
        tool = 4  # those below 4 have users by convention: debuggers, coverage, profilers
        monitoring.use_tool_id(tool, "before_each_instruction")
        monitoring.register_callback(tool, monitoring.events.INSTRUCTION, reach)
        try:
            for code in codes:
                monitoring.set_local_events(tool, code, monitoring.events.INSTRUCTION)
            yield
        finally:
            for code in codes:
                monitoring.set_local_events(tool, code, monitoring.events.NO_EVENTS)
            monitoring.register_callback(tool, monitoring.events.INSTRUCTION, None)
            monitoring.free_tool_id(tool)

else:

    @contextmanager
    def _watched(codes: frozenset[CodeType], reach: Reach) -> Iterator[None]:
        def on_call(frame: FrameType, _event: str, _argument: Any) -> Callable[..., Any] | None:
            if frame.f_code not in codes:
                return None
            frame.f_trace_lines = False
            frame.f_trace_opcodes = True
            return on_event

        def on_event(frame: FrameType, event: str, _argument: Any) -> Callable[..., Any]:
            if event == "opcode":
                reach(frame.f_code, frame.f_lasti)
            return on_event

        tracer, tracer_of_threads = sys.gettrace(), threading.gettrace()
        threading.settrace(on_call)
        sys.settrace(on_call)
        try:
            yield
        finally:
            sys.settrace(tracer)
            threading.settrace(tracer_of_threads)
