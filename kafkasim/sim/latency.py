"""How long messages travel: durations in whole nanoseconds, drawn through the run's choices.

Exponential latencies come from a table of quantiles worked out in integers. A logarithm of the machine's
mathematics library would do as well, but its last bit differs from machine to machine, and one nanosecond is
enough to give the same seed another history.
"""

from __future__ import annotations

from functools import cache
from typing import Final, Protocol

from kafkasim.scenario import model
from kafkasim.sim.choices import Stream

_STEPS: Final = 1024
"""How many quantiles the table has, each the middle of its share of the distribution."""

_BITS: Final = 20
"""The table's numbers are multiples of 2 ** -20 of the mean."""

_WORKING_BITS: Final = 80

_MANY: Final = 256
"""Constant latencies are handed out in lists of so many."""


@cache
def exponential_quantiles() -> tuple[int, ...]:
    """The quantiles of the exponential distribution with mean 2 ** 20, from the smallest to the largest.

    Quantile *i* of *n* is -ln(1 - (2 i + 1) / 2 n) = ln(2 n / m) with odd m = 2 n - 2 i - 1; each follows from
    the one before by ln(m / (m - 2)), whose series 2 (z + z^3 / 3 + z^5 / 5 + ...) with z = 1 / (m - 1) needs
    only integers.

    >>> quantiles = exponential_quantiles()
    >>> len(quantiles), quantiles[512] / 2 ** 20, quantiles[-1] / 2 ** 20
    (1024, 0.6941..., 7.62...)
    """
    total = _logarithm(2 * _STEPS, 2 * _STEPS - 1)
    quantiles = [total >> (_WORKING_BITS - _BITS)]
    for odd in range(2 * _STEPS - 1, 1, -2):
        total += _logarithm(odd, odd - 2)
        quantiles.append(total >> (_WORKING_BITS - _BITS))
    return tuple(quantiles)


def _logarithm(above: int, below: int) -> int:
    """The natural logarithm of above / below, in multiples of 2 ** -80."""
    difference, total = above - below, above + below
    power = (difference << _WORKING_BITS) // total
    result, divisor = 0, 1
    while power:
        result += power // divisor
        power = power * difference * difference // (total * total)
        divisor += 2
    return 2 * result


class Latencies(Protocol):
    """What tells how long messages travel."""

    def ahead(self) -> list[int]:
        """How long the next messages travel (ns), one or more, the very next one last: see `Stream.ahead`."""


def latencies(latency: model.Latency, stream: Stream) -> Latencies:
    """Latencies of this distribution, drawn from the stream, of which nothing else may be asked.

    >>> from kafkasim.sim.choices import SeededChoices
    >>> ahead = latencies(model.Latency("exponential", mean=5_000_000), SeededChoices(7).stream("latency")).ahead()
    >>> ahead.pop(), ahead.pop()
    (76260, 4297895)
    """
    if latency.distribution == "exponential":
        return _Listed(tuple(latency.mean * quantile >> _BITS for quantile in exponential_quantiles()), stream)
    if latency.distribution == "uniform" and latency.low < latency.high:
        return _Between(latency.low, latency.high, stream)
    return _Constant(latency.low if latency.distribution == "uniform" else latency.mean)


class _Constant:
    __slots__ = ("_duration",)

    def __init__(self, duration: int) -> None:
        self._duration = duration

    def ahead(self) -> list[int]:
        return [self._duration] * _MANY


class _Between:
    __slots__ = ("_count", "_low", "_stream")

    def __init__(self, low: int, high: int, stream: Stream) -> None:
        self._low, self._count, self._stream = low, high - low + 1, stream

    def ahead(self) -> list[int]:
        low = self._low
        return [low + pick for pick in self._stream.ahead(self._count)]


class _Listed:
    """One of the listed durations, each as likely."""

    __slots__ = ("_durations", "_stream")

    def __init__(self, durations: tuple[int, ...], stream: Stream) -> None:
        self._durations, self._stream = durations, stream

    def ahead(self) -> list[int]:
        durations = self._durations
        return list(map(durations.__getitem__, self._stream.ahead(len(durations))))
