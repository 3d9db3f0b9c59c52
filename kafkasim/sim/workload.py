"""Generated clients: producers and consumers at once, as Jepsen's and Maelstrom's are.

Each does one operation at a time. Together they keep to the rate asked for, as a ceiling: time is cut into slots of
1 / rate, each slot is one operation's, which begins somewhere inside it, and a slot that comes while all are
waiting for answers passes unused.

A consumer works as Kafka's do: it assigns itself some keys, polls from where it stands, and commits what it polled.
Unless the mix says how often, it commits after every few polls and assigns itself other keys now and then.
"""

from __future__ import annotations

from bisect import bisect_right
from fractions import Fraction
from itertools import accumulate
from math import ceil
from typing import Any, Final

from kafkasim.scenario import model
from kafkasim.scenario.model import SECOND
from kafkasim.sim.choices import Stream
from kafkasim.sim.client import Client
from kafkasim.sim.expectations import Expectations
from kafkasim.sim.surroundings import Surroundings

_POLLS_TO_A_COMMIT: Final = 5
"""A consumer that the mix does not tell when to commit does it after so many polls."""

_POLLS_TO_AN_ASSIGN: Final = 50
"""And it assigns itself other keys once in so many polls."""

_MANY_KEYS: Final = 50
"""A client asks for about so many keys at once and no more: every request of its would name them all."""

_PROBE_CHANCE: Final = 0.02

_OVERREACHES: Final = 12
"""Beside `PROBES`, so many of the probes are commits of what was polled and of one key far past its end."""

_FAR: Final = 1_000_000_000

_SCALE: Final = 1 << 20
"""Weights are compared as multiples of this part of their sum."""

PROBES: Final[tuple[dict[str, Any], ...]] = (
    {"type": "frobnicate"},
    {"type": "send", "key": "k1"},
    {"type": "send", "key": 7, "msg": "a number is no key"},
    {"type": "send", "key": "", "msg": "nor is nothing"},
    {"type": "poll", "offsets": {"k1": -1}},
    {"type": "poll", "offsets": ["k1"]},
    {"type": "poll", "offsets": {"k1": "0"}},
    {"type": "commit_offsets", "offsets": {"k1": True}},
    {"type": "commit_offsets"},
    {"type": "list_committed_offsets", "keys": "k1"},
    {"type": "list_committed_offsets", "keys": [None]},
    {"key": "k1", "msg": "no type"},
)
"""Requests of no RPC's form, each of which must be answered with an error."""


class Workload:
    """What the generated clients have in common: the keys, the messages still unsent, the slots."""

    def __init__(
        self,
        asked: model.Workload,
        clients: list[Client],
        surroundings: Surroundings,
        expectations: Expectations,
    ) -> None:
        self.asked = asked
        self._duration = asked.duration
        self._clock, self._activity, self.expectations = surroundings.clock, surroundings.activity, expectations
        choices = surroundings.choices
        self.keys = [f"k{number}" for number in range(1, asked.keys + 1)]
        self._sent = [0] * asked.keys
        """How many messages were made for each key. They count upwards from 0, so no two of a key are the same."""
        self.unanswered: dict[str, dict[int, tuple[Client, dict[str, Any]]]] = {}
        """By node, the probes that it did not answer in time: each by its place, with who asked."""
        self._pace = choices.stream("pace")
        self._places: list[int] = []
        """Where in their slots the next operations begin (ns), as many as were drawn ahead; the very next one last."""
        self._slot_length = ceil(SECOND / Fraction(asked.rate))
        self._next_slot = 0
        weights = [weight for _, weight in asked.mix]
        self.actions = [action for action, _ in asked.mix]
        self.thresholds = [int(part / sum(weights) * _SCALE) for part in accumulate(weights)][:-1]
        self.commits_by_itself = "commit" not in self.actions
        self.assigns_by_itself = "assign" not in self.actions
        for client in clients:
            consumer = GeneratedClient(self, client, choices.stream(f"workload/{client.name}"))
            self._activity.begin()
            consumer.go_on()

    def next_message(self, place: int) -> int:
        """A message for the key with this place that was never sent to it.

        They count from 1, offsets from 0: a node that takes one for the other must not come to the same numbers.
        """
        self._sent[place] += 1
        return self._sent[place]

    def give_slot(self, consumer: GeneratedClient) -> None:
        """Has the client begin its next operation in the next slot, unless the workload's time is over."""
        clock, length, slot = self._clock, self._slot_length, self._next_slot
        if not self._places:
            self._places = self._pace.ahead(length)
        now, time = clock.now, slot * length + self._places.pop()
        if time < now:
            slot = max(slot, now // length)
            time = now
        self._next_slot = slot + 1
        if time < self._duration:
            clock.at(time, consumer.act)
        else:
            self._activity.end()


class GeneratedClient:
    """One generated client."""

    __slots__ = ("_client", "_polls", "_probe_place", "_stream", "_workload")

    def __init__(self, workload: Workload, client: Client, stream: Stream) -> None:
        self._workload, self._client, self._stream = workload, client, stream
        self._polls = 0
        """Since the last commit of its own accord."""
        self._probe_place = 0

    def go_on(self) -> None:
        """Takes a slot for the next operation; ends where the workload's time is over."""
        self._workload.give_slot(self)

    def act(self, _: None = None) -> None:
        """Begins the next operation."""
        workload, stream = self._workload, self._stream
        asked = workload.asked
        if asked.crash_clients and stream.chance(asked.crash_clients):
            self._client.crash(self.go_on)
            return
        if asked.probe and stream.chance(_PROBE_CHANCE):
            self._probe()
            return
        action = workload.actions[bisect_right(workload.thresholds, stream.pick(_SCALE))]
        if action == "send":
            place = stream.pick(len(workload.keys))
            self._client.send(workload.keys[place], workload.next_message(place), self.go_on)
        else:
            self._consume(action)

    def _probe(self) -> None:
        """Asks for what must be refused."""
        client, place = self._client, self._stream.pick(len(PROBES) + _OVERREACHES)
        if place < len(PROBES):
            self._probe_place = place
            client.raw(PROBES[place], self._probed)
        else:
            beyond = self._workload.keys[self._stream.pick(len(self._workload.keys))]
            offsets = {key: offset for key, offset in client.polled.items() if key != beyond}
            client.commit_offsets(offsets | {beyond: _FAR}, self.go_on)

    def _consume(self, action: str) -> None:
        workload, client = self._workload, self._client
        if action == "list":
            client.list_committed_offsets(list(client.positions) or self._some_keys(), self.go_on)
            return
        if action == "assign" or not client.positions:
            self._assign()
            return
        if action == "commit" and client.polled:
            self._commit()
            return
        self._polls += 1
        if workload.commits_by_itself and self._polls > _POLLS_TO_A_COMMIT and client.polled:
            self._commit()
        elif workload.assigns_by_itself and self._stream.pick(_POLLS_TO_AN_ASSIGN) == _POLLS_TO_AN_ASSIGN - 1:
            self._assign()
        else:
            client.poll(None, workload.asked.max_messages, self.go_on)

    def _commit(self) -> None:
        self._polls = 0
        self._client.commit(self.go_on)

    def _assign(self) -> None:
        self._client.assign(tuple(self._some_keys()), "committed", self.go_on)

    def _some_keys(self) -> list[str]:
        """Each key with probability one half, but at least one; of very many keys, a few."""
        keys = self._workload.keys
        if len(keys) > 2 * _MANY_KEYS:
            places = [self._stream.pick(len(keys)) for _ in range(_MANY_KEYS)]
            return [keys[place] for place in sorted(dict.fromkeys(places))]
        chosen = [key for key in keys if not self._stream.pick(2)]
        return chosen or [keys[self._stream.pick(len(keys))]]

    def _probed(self) -> None:
        """A malformed request is over: obeyed it must not have been."""
        client, place = self._client, self._probe_place
        if client.failure is None:
            self._workload.expectations.reject(client, "raw", "an error", client.response)
        elif client.ignored:
            self._workload.unanswered.setdefault(client.node, {}).setdefault(place, (client, PROBES[place]))
        self.go_on()
