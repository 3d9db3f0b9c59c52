"""The simulated world: everything that takes part in a run, and its course from start to end.

1. **Running**: scripted and generated clients act, faults strike.
2. **Draining**: the faults are healed, loss and duplication end, what is on its way arrives, timers run out.
3. **Reading**: the final polls.
4. **Closing**: malformed requests that were not answered are asked once more, and what is still on its way arrives: an
   answer that comes too late is an answer. Then the run is over.

The rules of the world:

* Nothing happens but by an event of the clock, and every choice is drawn through `Choices`. So a scenario and a
  source of choices decide all.
* Its state is plain objects that hold each other, no generators, coroutines or closures. So a world can be copied
  in the middle of a run (`copy.deepcopy`), and the copy goes on by itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum, auto
from heapq import heappop
from itertools import repeat

from kafkasim import __version__
from kafkasim.forms import show
from kafkasim.history import End, Header, History
from kafkasim.processes.child import StartError
from kafkasim.processes.children import Children
from kafkasim.processes.remains import end_marked, new_mark
from kafkasim.scenario import model
from kafkasim.sim.any_node import AnyNode
from kafkasim.sim.bugs import BUGS
from kafkasim.sim.choices import Choices
from kafkasim.sim.client import Client
from kafkasim.sim.clock import Activity, Clock
from kafkasim.sim.expectations import Expectations
from kafkasim.sim.faults import Faults
from kafkasim.sim.final_polls import PATIENCE, TIME_LIMIT, FinalReader, highest_offsets
from kafkasim.sim.journaled_network import JournaledNetwork
from kafkasim.sim.network import Network
from kafkasim.sim.nodes import Node
from kafkasim.sim.observed_network import ObservedNetwork
from kafkasim.sim.pace import Pace
from kafkasim.sim.process_nodes import ProcessNode, Program
from kafkasim.sim.recorder import Recorder
from kafkasim.sim.reminders import Reminder
from kafkasim.sim.result import Pacing, Statistics
from kafkasim.sim.scripts import Barriers, Entry, Script
from kafkasim.sim.services import SERVICES, offer_services
from kafkasim.sim.statistics import statistics_of
from kafkasim.sim.surroundings import Surroundings
from kafkasim.sim.watch import UNWATCHED, Watch
from kafkasim.sim.workload import Workload

_MOST_DRAINING_ROUNDS = 10
"""An answer to an answer to ... ends somewhere; nodes that never stop talking to each other are not waited for."""


_NODE_NAME = re.compile(r"n\d+")


class ImpossibleScenarioError(ValueError):
    """A scenario that cannot be run; the text says what it asks for and what there is."""


class _Phase(Enum):
    RUNNING = auto()
    DRAINING = auto()
    READING = auto()
    CLOSING = auto()
    OVER = auto()


class World:
    """One run of a scenario, at some point of its course.

    Raises `ImpossibleScenarioError` where the scenario cannot be run.

    >>> from kafkasim.sim.choices import SeededChoices
    >>> step = model.Step(model.Send("k1", "hello"))
    >>> world = World(model.Scenario("s", "why", clients=(model.Client("alice", (step,)),)), SeededChoices(0))
    >>> while world.advance(): pass
    >>> [operation.response for operation in world.history().operations]
    [{'offset': 0}, {'msgs': {'k1': [(0, 'hello')]}}]
    """

    def __init__(self, scenario: model.Scenario, choices: Choices, seed: int = 0, watch: Watch = UNWATCHED) -> None:
        refuse_impossible(scenario)
        self.scenario, self.seed = scenario, seed
        self.clock = Clock()
        self._activity = Activity()
        self._recorder = Recorder(self.clock)
        self._watch = watch
        self._network = self._new_network(choices)
        self._surroundings = Surroundings(self.clock, self._network, self._recorder, choices, self._activity)
        offer_services(self._network, choices)
        self._mark = new_mark()
        self._pace: Pace | None = None
        """Who lets things happen where nodes are programs; None: the clock alone."""
        self._programs: tuple[ProcessNode, ...] = ()
        self._nodes = self._new_nodes()
        self._faults = Faults(scenario.faults, self._nodes, self._surroundings)
        self.expectations = Expectations()
        self._clients: dict[str, Client] = {}
        self._workload: Workload | None = None
        self._readers: list[FinalReader] = []
        self._reminders: list[Reminder] = []
        self._highest: dict[str, int] = {}
        """What the final polls read, with the highest offset that anybody was told of before them."""
        self._phase = _Phase.RUNNING
        self._duration = 0
        self._drainings = 0
        try:
            self._start()
            if self._phase is not _Phase.OVER:
                self._people()
        except BaseException:  # a signal, too: programs that were started must not live on
            self.dissolve()
            raise

    def advance(self, events: int = 1024) -> bool:
        """Lets up to so many events happen. False once the run is over."""
        if self._pace is not None:
            return self._advance_with(self._pace, events)
        clock, activity, to_come = self.clock, self._activity, self.clock.events
        if not activity.busy and not self._go_over():
            return False
        for clock.now, _, action, argument in map(heappop, repeat(to_come, events)):  # `Clock.step`, without the call
            action(argument)
            if not activity.busy and not self._go_over():
                return False
        return True

    def _advance_with(self, pace: Pace, events: int) -> bool:
        for _ in range(events if pace.hurries else 1):
            if pace.broken_off:
                return True
            if not self._activity.busy and not self._go_over():
                return False
            pace.step()
        return True

    def history(self, *, interrupted: bool = False) -> History:
        """What has happened so far, or (``interrupted``) at all."""
        scenario = self.scenario
        end = End("interrupted")
        if self._phase is _Phase.OVER and not interrupted:
            incomplete = {key for reader in self._readers for key in reader.incomplete}
            end = End("complete", {key: "incomplete" if key in incomplete else "complete" for key in self._highest})
        return History(
            Header(
                version=__version__,
                scenario=scenario.name,
                seed=self.seed,
                consistency=scenario.level,
                promises=scenario.promises,
                losses_known=True,
                breaches_known=bool(scenario.system.command),
            ),
            self._recorder.operations,
            self._recorder.faults,
            end,
            breaches=self._recorder.breaches,
        )

    def statistics(self) -> Statistics:
        """The figures of the run so far."""
        duration = self.clock.now if self._phase is _Phase.RUNNING else self._duration
        return statistics_of(self.scenario, self._recorder.operations, duration, self._network.traffic())

    @property
    def pacing(self) -> Pacing | None:
        """Whose time it was; None: the nodes run in this process."""
        return None if self._pace is None else self._pace.pacing

    @property
    def node_logs(self) -> dict[str, tuple[str, ...]]:
        """By node that is a program, the last lines it wrote to its standard error; complete once it has ended."""
        return {node.name: node.last_words for node in self._programs if node.last_words}

    def abandon(self) -> None:
        """Ends the run here: nobody waits for an answer any longer."""
        for client in self._clients.values():
            client.abandon()

    def dissolve(self) -> None:
        """Takes the world apart, once the run is over: its parts hold each other no more.

        So it goes when nobody needs it; otherwise it would wait for the garbage collector, with all that happened.
        Programs that nodes are have ended after it, and with them whatever they have started.
        """
        self.clock.events.clear()
        self._network.disband()
        for client in self._clients.values():
            client.leave()
        for node in self._nodes.values():
            node.leave()
        if self._pace is not None:
            end_marked(self._mark)

    def _new_network(self, choices: Choices) -> Network:
        scenario = self.scenario
        if self._watch.on_message is not None:
            return JournaledNetwork(scenario.network, self.clock, choices, self._watch.on_message)
        if scenario.system.nodes == 1 and not scenario.system.command:
            return Network(scenario.network, self.clock, choices)  # a node that is alone here asks nobody anything
        return ObservedNetwork(scenario.network, self.clock, choices)

    def _new_nodes(self) -> dict[str, AnyNode]:
        system = self.scenario.system
        names = tuple(f"n{number}" for number in range(system.nodes))
        if not system.command:
            service = None if system.bug is None else BUGS[system.bug].service
            return {name: Node(name, names, system, service, self._surroundings) for name in names}
        children = Children()
        program = Program(system.command, self._mark, children, self._watch.node_log)
        nodes = {name: ProcessNode(name, names, program, self._surroundings) for name in names}
        self._programs = tuple(nodes.values())
        virtual = self.scenario.clock == "virtual"
        self._pace = Pace(
            self.clock,
            self._programs,
            children,
            self._network,
            virtual=virtual,
            wants_an_end=self._watch.wants_an_end,
        )
        return dict(nodes)

    def _start(self) -> None:
        """Starts the nodes. Where a program cannot even be started properly the run is over before it begins."""
        try:
            for node in self._nodes.values():
                node.start()
        except StartError as error:
            raise ImpossibleScenarioError(f"{self.scenario.system.command_place}: {error}") from None
        if self._pace is not None:
            self._pace.begin()
            if not all(node.up for node in self._nodes.values()):
                self._phase = _Phase.OVER

    def _people(self) -> None:
        """Brings in the clients, each with something to do."""
        scenario = self.scenario
        for client in scenario.clients:
            self._new_client(client.name, client.node)
        for scripted in scenario.steps:
            if scripted.client not in self._clients:
                self._new_client(scripted.client, None)
        barriers = Barriers()
        scripts = [
            [Entry(self._clients[client.name], number, step) for number, step in enumerate(client.steps, 1)]
            for client in scenario.clients
        ]
        if scenario.steps:
            scripts.append(self._common_script())
        for entries in scripts:
            Script(entries, self._surroundings, barriers, self.expectations)
        if scenario.workload is not None:
            clients = [self._new_client(f"c{number}", None) for number in range(1, scenario.workload.clients + 1)]
            self._workload = Workload(scenario.workload, clients, self._surroundings, self.expectations)

    def _common_script(self) -> list[Entry]:
        numbers: dict[str, int] = {}
        entries = []
        for scripted in self.scenario.steps:
            numbers[scripted.client] = number = numbers.get(scripted.client, 0) + 1
            entries.append(Entry(self._clients[scripted.client], number, scripted.step))
        return entries

    def _new_client(self, name: str, node: str | None, *, final: bool = False) -> Client:
        if name in self._clients or name in self._nodes or name in SERVICES:
            raise ImpossibleScenarioError(
                f"two clients, nodes or services are called {name}: expected each to have a name of its own"
            )
        names = list(self._nodes)
        spoken_to = names[len(self._clients) % len(names)] if node is None else node
        timeout = max(self.scenario.timeout, PATIENCE) if final else self.scenario.timeout
        client = Client(name, spoken_to, timeout, self._surroundings, final=final)
        self._nodes[spoken_to].askers.append(client)
        self._clients[name] = client
        return client

    def _go_over(self) -> bool:
        """Goes over to the next phase in which somebody has something to do. False once the run is over."""
        while not self._activity.busy:
            if self._phase is _Phase.OVER or not self._next_phase():
                return False
        return True

    def _next_phase(self) -> bool:
        """Goes over to the next phase, now that nobody has anything to do. False once the run is over."""
        match self._phase:
            case _Phase.RUNNING:
                self._duration = self.clock.now
                self._phase = _Phase.DRAINING
                self._faults.heal()
                self._begin_draining()
            case _Phase.DRAINING:
                self._phase = _Phase.READING
                self._highest = highest = highest_offsets(self._recorder.operations)
                if highest:
                    readers = [self._new_client(f"final-{name}", name, final=True) for name in self._nodes]
                    falls_behind = self._fall_behind if len(readers) > 1 else None
                    self._readers = [
                        FinalReader(reader, highest, self._surroundings, falls_behind) for reader in readers
                    ]
            case _Phase.READING:
                self._phase = _Phase.CLOSING
                self._remind()
                self._begin_draining()
            case _Phase.CLOSING:
                self._phase = _Phase.OVER
                self.abandon()
                self._judge_silence()
                for program in self._programs:
                    program.report_unfinished_line()
        return self._phase is not _Phase.OVER

    def _fall_behind(self) -> None:
        """A node has not learned yet of what another has. A program may wait with it until its own clock says so."""
        if self._pace is not None:
            self._pace.allow_for_timers(TIME_LIMIT)

    def _remind(self) -> None:
        """Asks the nodes once more for what they left unanswered."""
        if self._workload is not None:
            for node, unanswered in self._workload.unanswered.items():
                reminder = Reminder(node, unanswered, self._network)
                self._nodes[node].askers.append(reminder)
                self._reminders.append(reminder)

    def _judge_silence(self) -> None:
        """What a node has still not answered it never will."""
        for reminder in self._reminders:
            for client, body in reminder.unanswered.values():
                self.expectations.reject(client, "raw", "an error", f"no answer to {show(body)}, though asked again")

    def _quiet_at(self) -> int:
        """When what is under way now will be over."""
        return max(self._network.last_arrival(), *(node.free_at() for node in self._nodes.values()))

    def _begin_draining(self) -> None:
        self._drainings = 0
        self._activity.begin()
        self.clock.at(self._quiet_at(), self._drain)

    def _drain(self, _: None) -> None:
        self._drainings += 1
        under_way = self._network.in_flight() or any(node.working for node in self._nodes.values())
        if under_way and self._drainings < _MOST_DRAINING_ROUNDS:
            self.clock.at(self._quiet_at(), self._drain)
        else:
            self._activity.end()


def refuse_impossible(scenario: model.Scenario) -> None:
    """Raises `ImpossibleScenarioError` where the scenario cannot be run, as far as that can be told beforehand."""
    system = scenario.system
    if system.bug is not None and system.bug not in BUGS:
        raise ImpossibleScenarioError(f"system: bug: there is no {system.bug}: expected one of {', '.join(BUGS)}")
    if system.nodes < 1:
        raise ImpossibleScenarioError(f"system: nodes: expected 1 or more, got {system.nodes}")
    if system.nodes > 1 and system.bug is not None and not BUGS[system.bug].clusters:
        raise ImpossibleScenarioError(f"system: nodes: expected 1, got {system.nodes}: {system.bug} runs alone")
    nodes = [f"n{number}" for number in range(system.nodes)]
    for name, whose in _nodes_named(scenario):
        if name not in nodes:
            there_are = nodes[0] if len(nodes) == 1 else f"{nodes[0]} to {nodes[-1]}"
            raise ImpossibleScenarioError(f"{whose}: there is no node {name}: expected {there_are}")


def _nodes_named(scenario: model.Scenario) -> Iterator[tuple[str, str]]:
    """Every node that the scenario names, and where."""
    for client in scenario.clients:
        if client.node is not None:
            yield client.node, f"clients: {client.name}: node"
    for fault in scenario.faults:
        if isinstance(fault, model.Partition):
            parties = [name for group in fault.groups for name in group]
            yield from ((name, "faults: partition") for name in parties if _NODE_NAME.fullmatch(name))
        else:
            yield fault.node, "faults"
