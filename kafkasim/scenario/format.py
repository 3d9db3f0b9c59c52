"""The scenario format, declared once: every field with its form, its meaning and what it becomes.

`kafkasim.scenario.load` reads files by it, `kafkasim.scenario.schema` tells editors about it and
`kafkasim.scenario.reference` writes it up for people. Steps are declared in `kafkasim.scenario.actions`.
"""

from __future__ import annotations

from typing import Any, Final

from kafkasim.history import CONSISTENCY_LEVELS
from kafkasim.scenario import model
from kafkasim.scenario.actions import SCRIPT_STEP, STEP
from kafkasim.scenario.anomaly_kinds import ANOMALY_KINDS, NOTE_KINDS
from kafkasim.scenario.bug_names import BUG_NAMES, CLUSTER_BUGS
from kafkasim.scenario.cross_checks import (
    check_latency,
    check_mix,
    check_partition,
    check_scenario,
    check_system,
)
from kafkasim.scenario.records import Either, Field, ListOf, MapOf, Record, Values, Variants
from kafkasim.scenario.tree import Mapping, Scalar, Sequence
from kafkasim.scenario.values import (
    PROBABILITY,
    Boolean,
    Duration,
    Integer,
    Mentioned,
    Number,
    OneOf,
    Prose,
    Text,
)

LATENCY: Final = Record(
    "a latency such as {mean: 5ms}",
    [
        Field(
            "distribution",
            OneOf("a distribution", ("constant", "uniform", "exponential")),
            "how latencies are spread: `constant` and `exponential` have a `mean`, `uniform` has `low` and `high`",
        ),
        Field("mean", Duration(), "the latency, or its mean", shows_default=False),
        Field("low", Duration(), "the shortest latency", shows_default=False),
        Field("high", Duration(), "the longest latency", shows_default=False),
    ],
    model.Latency,
    check=check_latency,
    also={
        "if": {"properties": {"distribution": {"const": "uniform"}}, "required": ["distribution"]},
        "then": {"properties": {"mean": False}, "required": ["low", "high"]},
        "else": {"properties": {"low": False, "high": False}, "required": ["mean"]},
    },
)

NETWORK: Final = Record(
    "a network",
    [
        Field("latency", LATENCY, "how long a message travels; default: no time at all"),
        Field(
            "client_latency", LATENCY, "how long a message to or from a client travels; default: as long as any other"
        ),
        Field("loss", PROBABILITY, "the probability that a message never arrives"),
        Field(
            "duplicate",
            PROBABILITY,
            "the probability that a message arrives twice which may, and still means the same: a reply, a poll, a "
            "commit, a list, what a node asks of a service but for `write` and `cas`, and what nodes say to each other "
            "in types of their own, whose copies they can know by their numbers",
        ),
        Field(
            "duplicate_sends",
            PROBABILITY,
            "the probability that a send arrives twice, a client's or one that a node hands on; a correct log then "
            "holds the message twice, which is what `duplicate` among the anomalies means",
        ),
    ],
    model.Network,
)


def _system(values: Values) -> model.System:
    command = values.marks.get("command")
    if command is None:
        return model.System(**values.given)
    place = f"{values.reading.file}:{command.line}:{command.column}: `system.command`"
    return model.System(**values.given, command_place=place)


SYSTEM: Final = Record(
    "a system",
    [
        Field(
            "nodes",
            Integer(1, model.MOST_NODES),
            "how many nodes there are: n0, n1, ...; several are a cluster, which keeps its log with `lin-kv`",
        ),
        Field(
            "command",
            ListOf(Text("a word"), "words: a program and its arguments", least=1),
            "a program that speaks the protocol on its standard input and output, of which each node runs one; it is "
            "started, and a relative path looked up, where kafkasim was started; default: the nodes of this project",
        ),
        Field(
            "storage",
            OneOf("a storage", ("memory", "durable")),
            "what a crashed node still has: `memory`, nothing; `durable`, all it acknowledged; in a cluster, "
            "where `lin-kv` has it all, it does not matter",
        ),
        Field("bug", OneOf("a bug", BUG_NAMES), "a faulty server by its name, instead of the correct one"),
        Field(
            "max_poll_messages", Integer(1), "how many messages of each key a node returns at most; default: all it has"
        ),
    ],
    model.System,
    build=_system,
    check=check_system,
    also={
        "if": {"properties": {"bug": {"enum": list(CLUSTER_BUGS)}}, "required": ["bug"]},
        "then": {"properties": {"nodes": {"minimum": 2}}, "required": ["nodes"]},
        "else": {"if": {"required": ["bug"]}, "then": {"properties": {"nodes": {"maximum": 1}}}},
        "not": {"anyOf": [{"required": ["command", other]} for other in ("bug", "storage")]},
    },
)

CLIENT_NAME: Final = Mentioned("client", "the name of a client")

_OWN_STEPS: Final = ListOf(STEP, "steps", least=1)

CLIENT: Final = Record(
    "a client",
    [
        Field("node", Mentioned("node", "the name of a node"), "whom it speaks to; default: client i to node i mod n"),
        Field("steps", _OWN_STEPS, "what it does, one step after the other", required=True),
    ],
    build=lambda values: values.given,
)

CLIENTS: Final = MapOf(
    CLIENT_NAME,
    Either([(Sequence, _OWN_STEPS), (Mapping, CLIENT)], "a list of steps, or a mapping with `node` and `steps`"),
    "a mapping from the names of clients to their steps",
    least=1,
)

_WEIGHT: Final = Number(0, 1_000_000)

_MIX: Final = [
    Field("send", _WEIGHT, "appends a message"),
    Field("poll", _WEIGHT, "reads on from the client's positions"),
    Field("commit", _WEIGHT, "commits what the client has polled"),
    Field("list", _WEIGHT, "asks for the committed offsets of the client's keys"),
    Field("assign", _WEIGHT, "changes the keys that the client reads"),
]

MIX: Final = Record(
    "a mix",
    _MIX,
    build=lambda values: tuple(values.given.items()),
    check=check_mix,
    also={"anyOf": [{"properties": {field.name: {"exclusiveMinimum": 0}}, "required": [field.name]} for field in _MIX]},
)

WORKLOAD: Final = Record(
    "a workload",
    [
        Field("clients", Integer(1, 10_000), "how many clients are generated: c1, c2, ..."),
        Field("keys", Integer(1, 100_000), "how many keys they use between them"),
        Field(
            "rate",
            Number(0.001, 1_000_000_000),
            "operations per second over all of them: a ceiling, since each waits for replies",
        ),
        Field("duration", Duration(above_zero=True), "for how long they go on"),
        Field(
            "mix",
            MIX,
            "how often what is done, as relative weights; clients that are not told when to "
            "commit and assign do it now and then, as Kafka's; default: send 1, poll 1",
        ),
        Field(
            "crash_clients", PROBABILITY, "the probability, per operation, that the client crashes and starts afresh"
        ),
        Field(
            "probe", Boolean(), "whether now and then a malformed request is sent, which a node must refuse and survive"
        ),
        Field(
            "max_messages",
            Integer(1),
            "how many messages of each key a client keeps of one poll; default: all that come",
        ),
    ],
    model.Workload,
)

PARTY: Final = Mentioned("party", "the name of a node, client or service")
_AT: Final = Field("at", Duration(), "when, since the start", required=True)

FAULT: Final = Variants(
    "a fault",
    {
        "crash": Record(
            "a crash",
            [
                _AT,
                Field("crash", Mentioned("node", "the name of a node"), "the node that stops", True, "node"),
                Field(
                    "restart_after",
                    Duration(),
                    "how much later it starts again; default: at the end, when faults are healed",
                ),
            ],
            model.NodeCrash,
            elsewhere={
                "heal_after": "a crash has `restart_after`",
                "resume_after": "a crash has `restart_after`",
            },
        ),
        "pause": Record(
            "a pause",
            [
                _AT,
                Field("pause", Mentioned("node", "the name of a node"), "the node that stands still", True, "node"),
                Field(
                    "resume_after",
                    Duration(),
                    "how much later it goes on; default: at the end, when faults are healed",
                ),
            ],
            model.NodePause,
            elsewhere={
                "heal_after": "a pause has `resume_after`",
                "restart_after": "a pause has `resume_after`",
            },
        ),
        "partition": Record(
            "a partition",
            [
                _AT,
                Field(
                    "partition",
                    ListOf(ListOf(PARTY, "names of nodes, clients and services", least=1), "groups", least=1),
                    "groups that cannot hear each other; those not named form one further group",
                    True,
                    "groups",
                ),
                Field("heal_after", Duration(), "how much later it ends; default: at the end, when faults are healed"),
            ],
            model.Partition,
            check=check_partition,
            elsewhere={
                "restart_after": "a partition has `heal_after`",
                "resume_after": "a partition has `heal_after`",
            },
        ),
    },
)

EXPECTED: Final = Record(
    "what is expected",
    [
        Field(
            "anomalies",
            ListOf(
                OneOf("an anomaly", ANOMALY_KINDS, dict.fromkeys(NOTE_KINDS, "that is a note, which fails no run")),
                "kinds of anomaly",
                least=1,
            ),
            "each of these is found; one fault may show in other ways too",
            required=True,
        )
    ],
    build=lambda values: tuple(dict.fromkeys(values.get("anomalies"))),
)


def _clients(written: dict[str, Any]) -> tuple[model.Client, ...]:
    """The clients of the short form, a list of steps, and of the long one."""
    return tuple(
        model.Client(name, client["steps"], client.get("node"))
        if isinstance(client, dict)
        else model.Client(name, client)
        for name, client in written.items()
    )


def _scenario(values: Values) -> model.Scenario:
    arguments = SCENARIO.arguments(values)
    if "clients" in arguments:
        arguments["clients"] = _clients(arguments["clients"])
    if arguments.get("expected") == "valid":
        del arguments["expected"]
    return model.Scenario(**arguments, source=values.reading.file)


SCENARIO: Final[Record[model.Scenario]] = Record(
    "a scenario",
    [
        Field("name", Prose(), "what the scenario is called", required=True),
        Field("why", Prose(), "what one learns from it", required=True),
        Field(
            "seed", Integer(0, model.LARGEST_SEED), "decides everything that is left to chance; `--seed` wins over it"
        ),
        Field("system", SYSTEM, "what is tested; default: one correct node"),
        Field("network", NETWORK, "what the network does to messages; default: it delivers each, once, at once"),
        Field("timeout", Duration(above_zero=True), "how long a client waits for one reply"),
        Field(
            "clock",
            OneOf("a clock", model.CLOCK_KINDS),
            "how time passes where nodes are programs: `virtual`, as fast as they answer, or `real`",
        ),
        Field("clients", CLIENTS, "scripted clients, by name; they run concurrently"),
        Field(
            "steps",
            ListOf(SCRIPT_STEP, "steps", least=1),
            "one script over all clients: each step ends before the next begins",
        ),
        Field("workload", WORKLOAD, "generated clients, beside the scripted ones or instead of them"),
        Field("faults", ListOf(FAULT, "faults"), "what goes wrong, and when"),
        Field("consistency", OneOf("a level", CONSISTENCY_LEVELS), "by what the history is judged"),
        Field(
            "expect",
            Either(
                [(Scalar, OneOf("a verdict", ("valid",))), (Mapping, EXPECTED)],
                "`valid`, or a mapping with `anomalies`",
            ),
            "what the run must yield: `valid`, or `{anomalies: [...]}`; default: `valid`",
            attribute="expected",
        ),
    ],
    model.Scenario,
    build=_scenario,
    check=check_scenario,
    also={
        "anyOf": [{"required": ["clients"]}, {"required": ["steps"]}, {"required": ["workload"]}],
        "not": {"required": ["clients", "steps"]},
    },
    elsewhere={
        field: f"it stands inside `{record}`"
        for record, parts in (("system", SYSTEM), ("network", NETWORK), ("workload", WORKLOAD))
        for field in parts.fields
    },
)
"""The whole file."""
