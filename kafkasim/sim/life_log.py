"""What a program that is a node writes to its standard error, with lines that tell its lives apart."""

from __future__ import annotations

from kafkasim.processes.child import TakesBytes
from kafkasim.sim.clock import stamp


class LifeLog:
    """Passes on to ``sink`` what the node of this name writes, and where each of its lives begins and ends.

    >>> import io
    >>> sink = io.BytesIO()
    >>> log = LifeLog("n0", sink)
    >>> log.begin(1, 0)
    >>> _ = log.write(b"no newline at the end")
    >>> log.end(2_500_000_000, "it exited with status 3")
    >>> print(sink.getvalue().decode(), end="")
    ==== kafkasim: n0 begins its life 1 at 0.000000 s ====
    no newline at the end
    ==== kafkasim: n0 ends its life 1 at 2.500000 s: it exited with status 3 ====
    """

    def __init__(self, name: str, sink: TakesBytes) -> None:
        self._name, self._sink = name, sink
        self._life = 0
        self._in_a_line = False
        """Whether the line that the node wrote last has not ended yet."""

    def begin(self, life: int, at: int) -> None:
        """The node is started, for the ``life``-th time; ``at`` is when (ns of the run's clock)."""
        self._life = life
        self._mark("begins", at, "")

    def write(self, data: bytes) -> None:
        """Passes on what the node writes."""
        self._in_a_line = not data.endswith(b"\n")
        self._sink.write(data)

    def end(self, at: int, how: str) -> None:
        """The node has ended; ``how``, in words. All that it wrote must have been passed on."""
        self._mark("ends", at, f": {how}")

    def _mark(self, what: str, at: int, rest: str) -> None:
        line = f"==== kafkasim: {self._name} {what} its life {self._life} at {stamp(at)}{rest} ====\n"
        if self._in_a_line:
            line, self._in_a_line = "\n" + line, False
        self._sink.write(line.encode())
