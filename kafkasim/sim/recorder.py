"""Writes the run's history down while it happens."""

from __future__ import annotations

from typing import Any, Protocol

from kafkasim.history import Breach, BreachKind, FaultEvent, Function, Operation


class TellsTime(Protocol):
    """What a recorder needs of a clock: the run's own, or any other."""

    @property
    def now(self) -> int:
        """Nanoseconds since the run began."""
        ...


class Recorder:
    """What has happened in a run so far, in order, and the one sequence of events in which all of it has its place."""

    __slots__ = ("_clock", "breaches", "events", "faults", "operations", "processes")

    def __init__(self, clock: TellsTime) -> None:
        self._clock = clock
        self.operations: list[Operation] = []
        self.faults: list[FaultEvent] = []
        self.breaches: list[Breach] = []
        self.events = 0
        """How many places in the sequence of events are taken."""
        self.processes = 0
        """How many process numbers are taken."""

    def new_process(self) -> int:
        """A process number that nobody had."""
        self.processes += 1
        return self.processes - 1

    def begin(self, process: int, client: str, node: str, function: Function, request: dict[str, Any]) -> Operation:
        """Writes an invocation down; until more is known its outcome is ``info``."""
        event = self.events
        self.events = event + 1
        operation = Operation(
            index=len(self.operations),
            process=process,
            client=client,
            node=node,
            f=function,
            request=request,
            type="info",
            start=self._clock.now,
            end=None,
            begin_event=event,
            end_event=None,
        )
        self.operations.append(operation)
        return operation

    def end(self, operation: Operation) -> None:
        """Writes down that the operation ends here and now, whatever its outcome."""
        operation.end = self._clock.now
        operation.end_event = self.events
        self.events += 1

    def local(
        self, process: int, client: str, function: Function, request: dict[str, Any], response: dict[str, Any]
    ) -> None:
        """Writes down an operation that asked nobody and succeeded at once."""
        operation = self.begin(process, client, "", function, request)
        operation.type = "ok"
        operation.response = response
        self.end(operation)

    def breach(self, kind: BreachKind, node: str, line: str, text: str) -> None:
        """Writes down what a node wrote and the protocol does not allow."""
        self.breaches.append(
            Breach(breach=kind, node=node, line=line, text=text, at=self._clock.now, event=self.events)
        )
        self.events += 1

    def fault(
        self,
        fault: str,
        nodes: tuple[str, ...] = (),
        groups: tuple[tuple[str, ...], ...] = (),
        *,
        planned: bool = True,
        text: str = "",
    ) -> None:
        """Writes a fault, or the end of one, down."""
        self.faults.append(
            FaultEvent(
                fault=fault,
                nodes=nodes,
                groups=groups,
                at=self._clock.now,
                event=self.events,
                planned=planned,
                text=text,
            )
        )
        self.events += 1
