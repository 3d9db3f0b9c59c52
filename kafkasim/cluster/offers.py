"""The entries that are to come into the log and are not there yet, and who is told once they are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from msgspec import Struct

from kafkasim.cluster.bodies import Entry, kept
from kafkasim.messages import Envelope


class Offer(Struct):
    """One entry that is to come into the log."""

    entry: Entry
    came: int
    """At which moment of its node's."""
    asker: Envelope[Any] | None
    """The client's request; None: another node's client asks."""
    offered: int = -1
    """At which moment it was first told to anybody; -1: it was not."""
    carrier: int = -1
    """The number of the last request that is to bring it into the log."""


class Offers:
    """The offers of a node, by the numbers of their entries; some are *idle*: nobody is busy with them.

    >>> from kafkasim.cluster.bodies import SendEntry
    >>> offers = Offers()
    >>> offers.add(SendEntry("n0.1", "k", "a"), 1, None)
    >>> offers.take(["n0.1"], 2)
    [SendEntry(id='n0.1', key='k', msg='a')]
    >>> offers.idle
    []
    """

    def __init__(self) -> None:
        self._offers: dict[str, Offer] = {}
        self._idle: dict[str, None] = {}
        self._owed: dict[str, dict[str, int]] = {}
        """By node, the entries that it asked for and was not told of yet, each with the last request that did."""

    def __contains__(self, entry_id: object) -> bool:
        return entry_id in self._offers

    def __iter__(self) -> Iterator[str]:
        return iter(self._offers)

    @property
    def idle(self) -> list[str]:
        """The numbers of those that nobody is busy with."""
        return list(self._idle)

    def idle_of_clients(self) -> list[str]:
        """Those of them that clients of this node ask for."""
        return [entry_id for entry_id in self._idle if self._offers[entry_id].asker is not None]

    def waiting_since(self) -> int:
        """The moment at which the last of the idle came; -1 where there is none."""
        return max((self._offers[entry_id].came for entry_id in self._idle), default=-1)

    def add(self, entry: Entry, moment: int, asker: Envelope[Any] | None) -> None:
        """One more, which nobody is busy with."""
        self._offers[entry.id] = Offer(kept(entry), moment, asker)
        self._idle[entry.id] = None

    def take(self, entry_ids: Iterable[str], moment: int) -> list[Entry]:
        """The entries with these numbers, which were idle; now somebody is busy with them, and is told of them."""
        taken = [self._offers[entry_id] for entry_id in entry_ids]
        for offer in taken:
            del self._idle[offer.entry.id]
            if offer.offered < 0:
                offer.offered = moment
        return [offer.entry for offer in taken]

    def tell_all(self, moment: int) -> list[Entry]:
        """All the entries, of which somebody is told now, whoever is busy with them."""
        for offer in self._offers.values():
            if offer.offered < 0:
                offer.offered = moment
        return [offer.entry for offer in self._offers.values()]

    def carry(self, entry_ids: Iterable[str], request: int) -> None:
        """The request with this number is to bring them into the log."""
        for entry_id in entry_ids:
            self._offers[entry_id].carrier = request

    def give_back(self, entry_ids: Iterable[str]) -> None:
        """Nobody is busy with these any more; those that are in the log by now are no offers."""
        for entry_id in entry_ids:
            if entry_id in self._offers:
                self._idle[entry_id] = None

    def fulfil(self, entry_id: str) -> Offer | None:
        """An entry is in the log: the offer, which is none any more; None where it was none of this node's."""
        self._idle.pop(entry_id, None)
        return self._offers.pop(entry_id, None)

    def withdraw(self, moment: int) -> Iterator[Offer]:
        """Takes out the idle ones that clients have asked for at that moment or before, one after the other."""
        for entry_id in self.idle_of_clients():
            if self._offers[entry_id].came <= moment:
                del self._idle[entry_id]
                yield self._offers.pop(entry_id)

    # What other nodes ask.

    def owe(self, node: str, entries: Iterable[Entry], request: int, moment: int) -> None:
        """Another node wants these in the log, and to be told by an answer to this request once they all are."""
        owed = self._owed.setdefault(node, {})
        for entry in entries:
            owed[entry.id] = request
            if entry.id not in self._offers:
                self.add(entry, moment, None)

    def due(self, in_the_log: Callable[[str], bool]) -> list[tuple[str, int]]:
        """Which nodes are to be told now, as an answer to which of their requests.

        Each is told once, however often it asked: the last request all of whose entries are there is answered. No
        request is answered twice.
        """
        due: list[tuple[str, int]] = []
        for node, owed in list(self._owed.items()):
            left = {entry_id: number for entry_id, number in owed.items() if not in_the_log(entry_id)}
            if len(left) == len(owed):
                continue
            to_come = set(left.values())
            there = [number for entry_id, number in owed.items() if entry_id not in left and number not in to_come]
            if there:
                due.append((node, there[-1]))
            self._owed[node] = left
            if not left:
                del self._owed[node]
        return due

    def drop_for_others(self, moment: int) -> None:
        """Forgets what other nodes asked at that moment or before: they find other ways, and may ask again."""
        for entry_id in list(self._idle):
            offer = self._offers[entry_id]
            if offer.asker is None and offer.came <= moment:
                del self._offers[entry_id], self._idle[entry_id]
                for owed in self._owed.values():
                    owed.pop(entry_id, None)
