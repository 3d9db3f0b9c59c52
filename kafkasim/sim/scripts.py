"""Scripted clients: the steps of a scenario, one after the other, and the barriers at which they meet."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from kafkasim.forms import show
from kafkasim.scenario import model
from kafkasim.sim.client import Client
from kafkasim.sim.expectations import Expectations
from kafkasim.sim.surroundings import Surroundings


class Entry(Struct, frozen=True):
    """One step of a script: whose it is and which of that client's steps, from 1."""

    client: Client
    number: int
    step: model.Step


class Script:
    """Steps of one client or of several, each begun when the one before is over."""

    def __init__(
        self,
        entries: Sequence[Entry],
        surroundings: Surroundings,
        barriers: Barriers,
        expectations: Expectations,
    ) -> None:
        self._entries = entries
        self._clock, self._activity = surroundings.clock, surroundings.activity
        self._barriers, self._expectations = barriers, expectations
        self._place = 0
        """Which step is next."""
        self._rounds: dict[str, int] = {}
        """How often each barrier was come to."""
        barriers.enter([entry.step.action.name for entry in entries if isinstance(entry.step.action, model.Barrier)])
        self._activity.begin()
        self._clock.after(0, self.next)

    def next(self, _: None = None) -> None:
        """Begins the next step, if there is one."""
        if self._place == len(self._entries):
            self._activity.end()
            self._barriers.leave()
            return
        entry = self._entries[self._place]
        self._place += 1
        client = entry.client
        match entry.step.action:
            case model.Send(key, msg):
                client.send(key, msg, self._over)
            case model.Poll(offsets, max_messages):
                client.poll(offsets, max_messages, self._over)
            case model.CommitOffsets(offsets):
                client.commit_offsets(offsets, self._over)
            case model.ListCommittedOffsets(keys):
                client.list_committed_offsets(list(keys), self._over)
            case model.Assign(keys, start):
                client.assign(keys, start, self._over)
            case model.Commit():
                client.commit(self._over)
            case model.Raw(body):
                client.raw(body, self._over)
            case model.Crash():
                client.crash(self._over)
            case model.Sleep(duration):
                self._clock.after(duration, self.next)
            case model.Barrier(name):
                self._rounds[name] = self._rounds.get(name, 0) + 1
                self._barriers.come(self, name, self._rounds[name])

    def pass_barrier(self) -> None:
        """Everybody is there: goes on."""
        self._clock.after(0, self.next)

    def give_barrier_up(self, name: str) -> None:
        """Not everybody will ever be there: notes it and goes on."""
        entry = self._entries[self._place - 1]
        self._expectations.reject(
            entry.client,
            "barrier",
            f"every client that has the barrier {show(name)} comes to it",
            "nobody who is still missing can reach it any more",
            number=entry.number,
            where=entry.step.where,
        )
        self._clock.after(0, self.next)

    def _over(self) -> None:
        entry = self._entries[self._place - 1]
        self._expectations.judge(entry.client, entry.number, entry.step)
        self.next()


class Barriers:
    """Places at which scripts wait for each other.

    A script that comes to a barrier for the *n*-th time waits for all that have it at least *n* times. When every
    script that is not over waits, nobody can come any more: then the barrier that was first waited at is given up.
    """

    def __init__(self) -> None:
        self._expected: dict[tuple[str, int], int] = {}
        self._waiting: dict[tuple[str, int], list[Script]] = {}
        """In the order in which they were first come to."""
        self._moving = 0
        """How many scripts are neither over nor waiting."""

    def enter(self, names: Sequence[str]) -> None:
        """One more script takes part, which has these barriers, repeated as often as it comes to them."""
        self._moving += 1
        rounds: dict[str, int] = {}
        for name in names:
            rounds[name] = rounds.get(name, 0) + 1
            place = (name, rounds[name])
            self._expected[place] = self._expected.get(place, 0) + 1

    def come(self, script: Script, name: str, number: int) -> None:
        """The script waits at the barrier, to which it has come so many times."""
        place = (name, number)
        waiting = self._waiting.setdefault(place, [])
        waiting.append(script)
        self._moving -= 1
        if len(waiting) == self._expected[place]:
            del self._waiting[place]
            self._moving += len(waiting)
            for each in waiting:
                each.pass_barrier()
        self._give_up_if_stuck()

    def leave(self) -> None:
        """A script is over."""
        self._moving -= 1
        self._give_up_if_stuck()

    def _give_up_if_stuck(self) -> None:
        if self._moving or not self._waiting:
            return
        place = next(iter(self._waiting))
        waiting = self._waiting.pop(place)
        self._moving += len(waiting)
        for script in waiting:
            script.give_barrier_up(place[0])
