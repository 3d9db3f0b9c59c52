"""The words in which explanations speak of clients, messages and keys."""

from __future__ import annotations

from collections.abc import Callable, Collection
from itertools import islice
from typing import Any, Final

from kafkasim.forms import shorten, show
from kafkasim.history import Operation


def who(op: Operation) -> str:
    """The client of an operation, its name cut short where it is long; its process where it has none."""
    return shorten(op.client) or f"process {op.process}"


def payload(op: Operation) -> str:
    """The message of a send, as JSON, cut short where it is long."""
    return show(op.request.get("msg"))


def times(count: int) -> str:
    """How often.

    >>> times(1), times(2), times(3)
    ('once', 'twice', '3 times')
    """
    return {1: "once", 2: "twice"}.get(count, f"{count} times")


FEW: Final = 4
"""How many things a sentence lists."""


def listed(items: Collection[Any], tell: Callable[[Any], str] = str, count: int | None = None) -> str:
    """The items in a sentence, the first few of them where there are many; only these are put into words by ``tell``.

    ``count``: how many there are, where more than `FEW` of them need not be at hand.

    >>> listed(["a"]), listed(["a", "b", "c"]), listed("abcdef"), listed(range(1000), hex)
    ('a', 'a, b and c', 'a, b, c, d and 2 more', '0x0, 0x1, 0x2, 0x3 and 996 more')
    """
    count = len(items) if count is None else count
    told = list(map(tell, islice(items, FEW)))
    if count > FEW:
        return f"{', '.join(told)} and {count - FEW} more"
    return f"{', '.join(told[:-1])} and {told[-1]}" if len(told) > 1 else "".join(told)


def moment(nanoseconds: int) -> str:
    """A time of the run's clock, as exact as it is.

    >>> moment(0), moment(5_210_000), moment(2_000_000_001)
    ('0 ms', '5.21 ms', '2.000000001 s')
    """
    unit, digits = ("s", 9) if nanoseconds >= 1_000_000_000 else ("ms", 6)
    whole, part = divmod(nanoseconds, 10**digits)
    decimals = f"{part:0{digits}}".rstrip("0")
    return f"{whole}.{decimals} {unit}" if decimals else f"{whole} {unit}"


def ended_at(op: Operation) -> str:
    """The time at which an operation ended; at which it began, where it never did."""
    return moment(op.start if op.end is None else op.end)


def after(earlier: Operation, op: Operation) -> str:
    """When an operation began that began after another had ended; the clock may not tell the two apart.

    >>> first = Operation(index=0, process=0, f="send", request={}, type="ok", start=0, end=5_000_000,
    ...     begin_event=0, end_event=1)
    >>> second = Operation(index=1, process=1, f="poll", request={}, type="ok", start=8_000_000, end=9_000_000,
    ...     begin_event=2, end_event=3)
    >>> after(first, second), after(first, first)
    ('later, at 8 ms', 'later, at 0 ms')
    """
    return "right after that" if op.start == earlier.end else f"later, at {moment(op.start)}"
