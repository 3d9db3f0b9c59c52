"""Numbers, times, keys and messages as people read them: short, on one line, safe to print.

Everything that came from outside (names in a file, payloads) goes through `printable` or `brief`
before it reaches a screen: a payload must not be able to move the cursor or hide a line.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final

import msgspec

from kafkasim.forms import printable

_UNITS: Final = ((1_000_000_000, "s"), (1_000_000, "ms"), (1_000, "µs"))
_PLURAL: Final = re.compile(r"(?<=[^s])s\b")
_PLURAL_OF_Y: Final = re.compile(r"ies\b")
_PLAIN_KEY: Final = re.compile(r"[\w./-]+")


def count_of(number: int, noun: str, plural: str | None = None) -> str:
    """The number with its noun, which ends in s unless there is one of them or ``plural`` says otherwise.

    >>> count_of(1, "message"), count_of(12000, "message"), count_of(2, "expectation not met", "expectations not met")
    ('1 message', '12,000 messages', '2 expectations not met')
    """
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def counted_words(number: int, plural: str) -> str:
    """The number with a noun that is given in the plural and may have words around it.

    >>> counted_words(2, "committed offsets queried"), counted_words(1, "committed offsets queried")
    ('2 committed offsets queried', '1 committed offset queried')
    >>> counted_words(1, "replies")
    '1 reply'
    """
    if number != 1:
        return f"{number:,} {plural}"
    singular, found = _PLURAL_OF_Y.subn("y", plural, count=1)
    return f"1 {singular if found else _PLURAL.sub('', plural, count=1)}"


def duration(nanoseconds: int) -> str:
    """A length of time in the unit that suits it, to three digits or so.

    >>> duration(5_210_000), duration(1_500), duration(20_000_000_000), duration(0), duration(87_460_000_000)
    ('5.21 ms', '1.5 µs', '20 s', '0 s', '87.5 s')
    """
    for size, unit in _UNITS:
        if nanoseconds >= size:
            amount = nanoseconds / size
            digits = 2 if amount < 10 else 1 if amount < 100 else 0
            text = f"{amount:,.{digits}f}"
            return f"{text.rstrip('0').rstrip('.') if digits else text} {unit}"
    return f"{nanoseconds} ns" if nanoseconds else "0 s"


def instant(nanoseconds: int) -> str:
    """A place on the run's clock, in seconds, cut to a tenth of a millisecond so that a column of them lines up.

    >>> instant(14_302_199_999), instant(5_210_000)
    ('14.3021 s', '0.0052 s')
    """
    seconds, rest = divmod(nanoseconds, 1_000_000_000)
    return f"{seconds}.{rest // 100_000:04d} s"


def rate(per_second: float) -> str:
    """So many a second, without digits that say nothing.

    >>> rate(997.81), rate(1000), rate(0.25)
    ('998', '1,000', '0.25')
    """
    return f"{per_second:,.0f}" if per_second >= 10 else f"{per_second:.2f}".rstrip("0").rstrip(".")


def part(fraction: float) -> str:
    """A part of a whole in percent, to two digits and never rounded up: what is not all is not shown as all.

    >>> part(1.0), part(0.99957), part(0.999999), part(0.57)
    ('100 %', '99.95 %', '99.99 %', '57 %')
    """
    hundredths = int(round(fraction * 10_000, 6))  # 0.57 * 10,000 is a little less than 5,700
    return f"{hundredths / 100:.2f}".rstrip("0").rstrip(".") + " %"


def brief(value: Any, width: int = 32) -> str:
    """The value as one line of JSON, cut short with dots where it is longer than ``width``.

    >>> brief({"a": [1, None]}), brief("x" * 50, 12)
    ('{"a":[1,null]}', '"xxxxxxxx...')
    """
    try:
        text = msgspec.json.encode(value).decode()
    except (TypeError, ValueError, OverflowError, RecursionError):
        text = repr(value)
    text = printable(text)
    return text if len(text) <= width else text[: width - 3] + "..."


def key_words(key: str) -> str:
    """A key as the REPL takes it: bare where it is one word, otherwise quoted.

    >>> print(key_words("k1"), key_words("a key"), key_words("a:1"))
    k1 "a key" "a:1"
    """
    return printable(key) if _PLAIN_KEY.fullmatch(key) else brief(key)


def listed(words: Iterable[str], final: str = "and") -> str:
    """The words as a sentence lists them.

    >>> listed(["a"]), listed(["a", "b"]), listed(["a", "b", "c"])
    ('a', 'a and b', 'a, b and c')
    """
    *most, last = words
    return f"{', '.join(most)} {final} {last}" if most else last


def ranges(numbers: Iterable[int]) -> str:
    """Whole numbers in ascending order, runs of neighbours drawn together.

    >>> ranges([0, 1, 2, 5, 7, 8])
    '0-2, 5, 7-8'
    """
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return ", ".join(f"{low}" if low == high else f"{low}-{high}" for low, high in runs)
