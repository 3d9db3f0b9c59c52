"""What a scenario says, as objects. How it is written in YAML is the loader's business.

All durations and instants are integers, nanoseconds. Everything here is immutable: a scenario can be run
any number of times, by any number of threads or processes.
"""

from __future__ import annotations

from typing import Any, Final, Literal

from msgspec import Struct

from kafkasim.history import Consistency, Promises

MILLISECOND: Final = 1_000_000
SECOND: Final = 1_000_000_000
LARGEST_SEED: Final = 2**63 - 1
MOST_NODES: Final = 100

ClockKind = Literal["virtual", "real"]
"""How time passes where nodes are programs: as fast as they answer, or as it does for everybody."""

CLOCK_KINDS: Final[tuple[ClockKind, ...]] = ("virtual", "real")


class Latency(Struct, frozen=True):
    """How long a message travels. ``low`` and ``high`` bound a uniform one; ``mean`` is of the other two."""

    distribution: Literal["constant", "uniform", "exponential"] = "constant"
    mean: int = 0
    low: int = 0
    high: int = 0


class Network(Struct, frozen=True):
    """What the network does to messages. Probabilities are per message, from 0 to 1.

    ``duplicate`` repeats what may be repeated without changing what it means: replies, polls, commits, lists, what
    services are asked but for ``write`` and ``cas``, and what nodes say to each other in types of their own.
    ``duplicate_sends`` repeats sends, also those that one node hands on to another, which makes a correct log hold the
    message twice.
    """

    latency: Latency = Latency()
    loss: float = 0.0
    duplicate: float = 0.0
    duplicate_sends: float = 0.0
    client_latency: Latency | None = None
    """Of messages to and from clients; None: as of all others."""


class System(Struct, frozen=True):
    """What is tested: so many nodes, what a crashed one still has, and which fault is built in.

    Several nodes without a fault are a cluster that keeps its log with ``lin-kv``: a node that crashes loses nothing.
    ``command`` is a program and its arguments, of which each node runs one; empty: the nodes run in this process.
    """

    nodes: int = 1
    storage: Literal["memory", "durable"] = "memory"
    bug: str | None = None
    max_poll_messages: int | None = None
    command: tuple[str, ...] = ()
    command_place: str = "system: command"
    """Where the ``command`` was given, as errors name it."""


# --------------------------------------------------------------------------------------
# Steps of scripted clients
# --------------------------------------------------------------------------------------


class Send(Struct, frozen=True, tag="send"):
    """Appends a message."""

    key: str
    msg: Any


class Poll(Struct, frozen=True, tag="poll"):
    """``offsets`` None: from this consumer's positions, which it advances."""

    offsets: dict[str, int] | None = None
    max_messages: int | None = None


class CommitOffsets(Struct, frozen=True, tag="commit_offsets"):
    """Commits these offsets, whatever was polled."""

    offsets: dict[str, int]


class ListCommittedOffsets(Struct, frozen=True, tag="list_committed_offsets"):
    """Asks for the committed offsets of these keys."""

    keys: tuple[str, ...]


class Assign(Struct, frozen=True, tag="assign"):
    """Says which keys this consumer reads from now on, and from where."""

    keys: tuple[str, ...]
    start: Literal["committed", "start"] = "committed"
    """Written ``from``. ``committed``: a key that is held keeps its position, a new one starts after its committed
    offset. ``start``: every key starts at 0."""


class Commit(Struct, frozen=True, tag="commit"):
    """Commits what this consumer has polled so far."""


class Raw(Struct, frozen=True, tag="raw"):
    """Sends any body."""

    body: dict[str, Any]


class Sleep(Struct, frozen=True, tag="sleep"):
    """Waits so many nanoseconds."""

    duration: int


class Barrier(Struct, frozen=True, tag="barrier"):
    """Waits until every client that has this barrier is there."""

    name: str


class Crash(Struct, frozen=True, tag="crash"):
    """The client is thrown away, with its positions, and starts afresh."""


Action = Send | Poll | CommitOffsets | ListCommittedOffsets | Assign | Commit | Raw | Sleep | Barrier | Crash


class Step(Struct, frozen=True):
    """One action, and what is expected of it.

    ``expect`` is exactly the RPC's own field: of a send ``{"offset": 0}``, of a poll its msgs, of a list its offsets,
    of an assign the positions; of a raw body it is the whole body of the reply, but for ``msg_id`` and ``in_reply_to``.
    ``expect_error`` is the title of an error. With neither, the step must just succeed.
    """

    action: Action
    expect: Any = None
    expects: bool = False
    """Whether ``expect`` was given (it may be given as null)."""
    expect_error: str | None = None
    where: str = ""
    """File, line and column, for messages about an unmet expectation."""


class Client(Struct, frozen=True):
    """A scripted client: speaks to one node (None: client i speaks to node i mod n), one step after the other."""

    name: str
    steps: tuple[Step, ...]
    node: str | None = None


class ScriptStep(Struct, frozen=True):
    """A step of the one script over all clients: nobody begins the next before this one has ended."""

    client: str
    step: Step


class Workload(Struct, frozen=True):
    """Generated clients. ``rate`` is operations per second over all of them, a ceiling.

    ``mix`` has relative weights of ``send``, ``poll``, ``commit``, ``list``,
    ``assign``; one without ``commit`` or ``assign`` leaves it to the consumers, which commit after every few polls and
    assign themselves other keys now and then. ``max_messages`` is the consumers' own cap on what one poll keeps of
    each key.
    """

    clients: int = 1
    keys: int = 1
    rate: float = 100.0
    duration: int = 10 * SECOND
    mix: tuple[tuple[str, float], ...] = (("send", 1.0), ("poll", 1.0))
    crash_clients: float = 0.0
    probe: bool = False
    max_messages: int | None = None


class NodeCrash(Struct, frozen=True, tag="crash"):
    """``restart_after`` None: it stays down until the faults are healed at the end."""

    at: int
    node: str
    restart_after: int | None = None


class NodePause(Struct, frozen=True, tag="pause"):
    """The node does nothing for a while, and then goes on as if no time had passed. ``resume_after`` None: as above."""

    at: int
    node: str
    resume_after: int | None = None


class Partition(Struct, frozen=True, tag="partition"):
    """Who is in one group cannot be heard in another; those not named form one further group."""

    at: int
    groups: tuple[tuple[str, ...], ...]
    heal_after: int | None = None


Fault = NodeCrash | NodePause | Partition


class Scenario(Struct, frozen=True):
    """All that decides a run, but for the seed that the command line may give.

    ``expected`` is the kinds of anomaly that must be found; empty: the run must be valid.
    """

    name: str
    why: str
    seed: int = 0
    """From 0 to `LARGEST_SEED`."""
    system: System = System()
    network: Network = Network()
    timeout: int = SECOND
    clock: ClockKind = "virtual"
    """How time passes where nodes are programs; elsewhere it is virtual."""
    clients: tuple[Client, ...] = ()
    steps: tuple[ScriptStep, ...] = ()
    workload: Workload | None = None
    faults: tuple[Fault, ...] = ()
    consistency: Consistency | None = None
    """By what the history is judged; None: by what the system is to keep, see `level`."""
    expected: tuple[str, ...] = ()
    source: str = ""
    """The file it was read from, as the user named it; what the command that repeats a run names."""

    @property
    def level(self) -> Consistency:
        """By what the history is judged. A node of ours is linearizable; of others' a Kafka-like log is asked for."""
        return self.consistency or ("kafka" if self.system.command else "linearizable")

    @property
    def promises(self) -> Promises:
        """What the system promises."""
        system = self.system
        if not system.command:
            return Promises(poll_limit=system.max_poll_messages, atomic_keys=system.nodes == 1 or system.bug is None)
        return Promises(
            offsets="sparse",
            poll_limit=system.max_poll_messages,
            poll_limit_known=system.max_poll_messages is not None,
            atomic_keys=False,
            refuses_commit_past_end=False,
        )
