"""The faults of a scenario: nodes that crash and start again, and partitions that come and go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from kafkasim.scenario import model
from kafkasim.sim.nodes import Node
from kafkasim.sim.surroundings import Surroundings


class Faults:
    """Injects the faults at their times, and heals them."""

    def __init__(
        self,
        faults: Sequence[model.Fault],
        nodes: Mapping[str, Node],
        surroundings: Surroundings,
    ) -> None:
        self._nodes = nodes
        self._clock, self._network = surroundings.clock, surroundings.network
        self._recorder = surroundings.recorder
        self._partitions: list[dict[str, int]] = []
        """The partitions in force, as the network knows them."""
        self._over = False
        for fault in faults:
            self._clock.at(fault.at, self._strike, fault)

    def heal(self) -> None:
        """Ends all faults for good: every node is up, everybody hears everybody, nothing is lost."""
        self._over = True
        self._network.heal()
        if self._partitions:
            self._partitions = []
            self._recorder.fault("heal")
        for node in self._nodes.values():
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
            case model.Partition(groups=groups, heal_after=delay):
                partition = self._network.part(groups)
                self._partitions.append(partition)
                self._recorder.fault("partition", groups=self._network.grouped(groups))
                if delay is not None:
                    self._clock.after(delay, self._rejoin, partition)

    def _rejoin(self, partition: dict[str, int]) -> None:
        remaining = [other for other in self._partitions if other is not partition]
        if len(remaining) < len(self._partitions):
            self._partitions = remaining
            self._network.rejoin(partition)
            self._recorder.fault("heal")
