"""The faults of a scenario: nodes that crash and start again, or stand still; partitions that come and go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct

from kafkasim.scenario import model
from kafkasim.sim.any_node import AnyNode
from kafkasim.sim.surroundings import Surroundings


class _Cut(Struct, frozen=True):
    """A partition in force."""

    partition: dict[str, int]
    """As the network knows it."""
    groups: tuple[tuple[str, ...], ...]
    """As a history tells it."""


class Faults:
    """Injects the faults at their times, and heals them."""

    def __init__(
        self,
        faults: Sequence[model.Fault],
        nodes: Mapping[str, AnyNode],
        surroundings: Surroundings,
    ) -> None:
        self._nodes = nodes
        self._clock, self._network = surroundings.clock, surroundings.network
        self._recorder = surroundings.recorder
        self._partitions: list[_Cut] = []
        """The partitions in force."""
        self._over = False
        for fault in faults:
            self._clock.at(fault.at, self._strike, fault)

    def heal(self) -> None:
        """Ends all faults for good: every node is up and goes on, everybody hears everybody, nothing is lost."""
        self._over = True
        self._network.heal()
        for cut in self._partitions:
            self._recorder.fault("heal", groups=cut.groups)
        self._partitions = []
        for node in self._nodes.values():
            node.resume()
            node.restart()

    def _strike(self, fault: model.Fault) -> None:
        if self._over:
            return
        match fault:
            case model.NodeCrash(node=name, restart_after=delay):
                node = self._nodes[name]
                if node.up:
                    node.crash()
                    if delay is not None:
                        node.restart_after(delay)
            case model.NodePause(node=name, resume_after=delay):
                node = self._nodes[name]
                if node.up and not node.paused:
                    node.pause()
                    if delay is not None:
                        node.resume_after(delay)
            case model.Partition(groups=groups, heal_after=delay):
                cut = _Cut(self._network.part(groups), self._network.grouped(groups))
                self._partitions.append(cut)
                self._recorder.fault("partition", groups=cut.groups)
                if delay is not None:
                    self._clock.after(delay, self._rejoin, cut)

    def _rejoin(self, cut: _Cut) -> None:
        remaining = [other for other in self._partitions if other is not cut]
        if len(remaining) < len(self._partitions):
            self._partitions = remaining
            self._network.rejoin(cut.partition)
            self._recorder.fault("heal", groups=cut.groups)
