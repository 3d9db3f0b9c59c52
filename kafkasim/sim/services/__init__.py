"""The services that a test bench offers to nodes, as Maelstrom does: three key-value stores and an oracle.

They are parties of the simulated network: whatever latency, loss, duplication and partitions do to messages, they do
to a node's questions and a service's answers. They are always there, and cost nothing while nobody asks them. They do
not crash.

| name | what it is |
|---|---|
| ``lin-kv`` | a linearizable key-value store: `LinearStore` |
| ``seq-kv`` | a sequentially consistent one, with stale reads: `SequentialStore` |
| ``lww-kv`` | five replicas in which the last write wins, sometimes over the only one that counts: `LastWriteStore` |
| ``lin-tso`` | numbers, each higher than all before: `TimestampOracle` |

`kafkasim.sim.services.requests` has what they can be asked, and with which errors they refuse.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from kafkasim.sim.choices import Choices, Stream
from kafkasim.sim.network import Network
from kafkasim.sim.services.last_write_store import LastWriteStore
from kafkasim.sim.services.linear_store import LinearStore
from kafkasim.sim.services.party import Carrier, Handler, ServiceParty
from kafkasim.sim.services.sequential_store import SequentialStore
from kafkasim.sim.services.timestamps import TimestampOracle

SERVICES: Final[dict[str, Callable[[Stream], Handler]]] = {
    "lin-kv": LinearStore,
    "seq-kv": SequentialStore,
    "lww-kv": LastWriteStore,
    "lin-tso": TimestampOracle,
}
"""For each service, what makes one; the stream decides what is left to chance in it."""


def new_services(carrier: Carrier, choices: Choices) -> dict[str, ServiceParty]:
    """Every service, by its name; ``carrier`` is given what they answer.

    What is left to chance in a service is drawn from the stream ``service/NAME``.
    """
    return {
        name: ServiceParty(name, handler(choices.stream(f"service/{name}")), carrier)
        for name, handler in SERVICES.items()
    }


def offer_services(network: Network, choices: Choices) -> None:
    """Gives every service its address, see `new_services`."""
    for name, service in new_services(network, choices).items():
        network.join(name, service, silent=True)
