"""What must hold between the fields of a scenario: names that exist, bounds in order, something to run."""

from __future__ import annotations

from collections.abc import Iterable

from kafkasim.forms import show
from kafkasim.scenario import model
from kafkasim.scenario.bug_names import CLUSTER_BUGS
from kafkasim.scenario.client_names import why_reserved
from kafkasim.scenario.problems import nearest
from kafkasim.scenario.reading import Mention, Role
from kafkasim.scenario.records import Values
from kafkasim.scenario.service_names import SERVICE_NAMES


def check_latency(values: Values) -> None:
    """Each distribution has the parameters it needs, and no others."""
    distribution = values.get("distribution", "constant")
    needed = ("low", "high") if distribution == "uniform" else ("mean",)
    for field in needed:
        if field not in values.marks:
            values.reading.note(values.mark, f"`{field}` is missing: a latency that is {distribution} needs it")
    for field in values.marks:
        if field != "distribution" and field not in needed:
            wanted = " and ".join(f"`{name}`" for name in needed)
            values.note(field, f"means nothing where the distribution is {distribution}: that has {wanted}")
    if values.get("low", 0) > values.get("high", values.get("low", 0)):
        values.note("high", "expected a duration of at least `low`, got less")


def check_mix(values: Values) -> None:
    """Something is to be done at all."""
    weights = values.given.values()
    if not any(weights) and len(weights) == len(values.marks) and not values.unknown:
        values.reading.note(values.mark, "expected at least one weight above 0, got none")


def check_system(values: Values) -> None:
    """A fault of one node runs alone, one of several nodes does not; a program is as it is."""
    if "command" in values.marks:
        for field in ("bug", "storage"):
            if field in values.marks:
                values.note(field, "means nothing where `command` says what the nodes are")
        return
    nodes, bug = values.get("nodes", 1), values.get("bug")
    if nodes > 1 and bug is not None and bug not in CLUSTER_BUGS:
        values.note("nodes", f"expected 1, got {nodes}: a server with bug `{bug}` runs alone")
    if nodes == 1 and bug in CLUSTER_BUGS and ("nodes" in values) == ("nodes" in values.marks):
        values.note("bug", f"`{bug}` shows only in a cluster: say `nodes: 2` or more")


def check_partition(values: Values) -> None:
    """Nobody is on two sides."""
    seen: set[str] = set()
    for group in values.get("partition", ()):
        for party in group:
            if party in seen:
                values.note("partition", f"{show(party)} is named twice: expected each party in one group")
            seen.add(party)


def check_scenario(values: Values) -> None:
    """There is something to run, and every name in it stands for something."""
    if not {"clients", "steps", "workload"} & values.marks.keys():
        values.reading.note(values.mark, "there is nothing to run: expected `clients`, `steps` or `workload`")
    if {"clients", "steps"} <= values.marks.keys():
        values.note(
            "steps", "expected either `clients`, who run concurrently, or `steps`, one after the other, got both"
        )
    mentions = values.reading.mentions
    system, workload = values.get("system", model.System()), values.get("workload")
    system_known = ("system" in values) == ("system" in values.marks)
    workload_known = ("workload" in values) == ("workload" in values.marks)
    nodes = [f"n{number}" for number in range(system.nodes)]
    generated = [f"c{number}" for number in range(1, workload.clients + 1)] if workload else []
    scripted = list(dict.fromkeys(mention.name for mention in mentions if mention.role == "client"))
    _check_client_names(values, generated)
    _check_barriers(values)
    if system_known:
        _check_known(values, "node", nodes)
        if workload_known:
            _check_known(values, "party", [*nodes, *scripted, *generated], also=SERVICE_NAMES)


def _check_client_names(values: Values, generated: Iterable[str]) -> None:
    """A scripted client is not called like somebody else; of a name that comes often, the first place is told."""
    taken, told = set(generated), set()
    for mention in values.reading.mentions:
        if mention.role != "client" or mention.name in told:
            continue
        told.add(mention.name)
        whose = why_reserved(mention.name)
        if whose is not None:
            _note(values, mention, f"{show(mention.name)} is {whose}: choose another name for a client")
        elif mention.name in taken:
            _note(
                values, mention, f"{show(mention.name)} is what the workload calls a client of its own: choose another"
            )


def _check_known(values: Values, role: Role, known: list[str], also: tuple[str, ...] = ()) -> None:
    """Every name of this role is known; those in ``also`` are too, but not worth a word where another is wrong."""
    what = "node" if role == "node" else "node or client"
    for mention in values.reading.mentions:
        if mention.role == role and mention.name not in known and mention.name not in also:
            found = nearest(mention.name, [*known, *also]) if role == "party" else None
            shown = f"did you mean `{found}`?" if found else f"expected {_or(known)}"
            _note(values, mention, f"unknown {what} {show(mention.name)}: {shown}")


def _or(names: list[str]) -> str:
    """The names as a choice; a long list is cut short in the middle.

    >>> _or(["n0"]), _or(["n0", "n1"]), _or([f"n{number}" for number in range(9)])
    ('`n0`', '`n0` or `n1`', '`n0`, `n1`, ... or `n8`')
    """
    shown = [f"`{name}`" for name in names]
    if len(shown) > 6:
        shown = [shown[0], shown[1], "...", shown[-1]]
        return f"{', '.join(shown[:-1])} or {shown[-1]}"
    return " or ".join([", ".join(shown[:-1]), shown[-1]]) if len(shown) > 1 else shown[0]


def _check_barriers(values: Values) -> None:
    """Nobody comes to a barrier alone: neither the first time nor, where clients come to it again, any later time."""
    barriers: dict[str, dict[str, list[Mention]]] = {}
    for mention in values.reading.mentions:
        if mention.role == "barrier":
            barriers.setdefault(mention.name, {}).setdefault(mention.path[1], []).append(mention)
    for name, clients in barriers.items():
        most, comings = max(clients.items(), key=lambda client: len(client[1]))
        others = [len(each) for client, each in clients.items() if client != most]
        if not others:
            found = nearest(name, [other for other in barriers if other != name])
            hint = f": did you mean `{found}`?" if found else ": whom should it wait for?"
            _note(values, comings[0], f"only {most} has the barrier {show(name)}{hint}")
        elif len(comings) > max(others):
            times = f"{len(comings)} times, nobody else more than {max(others)}"
            _note(values, comings[max(others)], f"{most} comes to the barrier {show(name)} {times}")


def _note(values: Values, mention: Mention, text: str) -> None:
    reading = values.reading
    with reading.at(mention.path):
        reading.note(mention.mark, text)
