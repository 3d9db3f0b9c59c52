"""How nodes that cannot hear each other share the register: who always loses it writes down what it wishes for.

Two nodes that do not hear each other, while both reach ``lin-kv``, both append. Who has just appended knows the head,
and can append again after one round trip; who has lost must read it first, which takes one more. So a busy node wins
every time, where latencies are about constant, and the other one's clients wait in vain. Therefore the loser writes
what it wants in the log to a key of its own, and who appends looks there for those whom it has not heard for a while.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from msgspec import Struct

_LOSSES: Final = 2
"""So many swaps lost in a row, and it is no accident."""

_SOON: Final = 8
"""The wishes of a node that was heard are read after so many swaps without a word from it. All nodes of a busy cluster
are heard more often, so that it costs them nothing."""

_SELDOM: Final = 64
"""The wishes of a node that goes on wishing nothing are read after so many swaps at last."""


class Wishes:
    """Whether a node is to tell in ``lin-kv`` what it wishes others to append, and of what it has told already.

    >>> wishes = Wishes()
    >>> wishes.lost(), wishes.lost()
    (None, None)
    >>> wishes.untold(["n1.7"])
    True
    >>> wishes.tell(["n1.7"])
    >>> wishes.untold(["n1.7"]), wishes.untold(["n1.7", "n1.8"])
    (False, True)
    """

    def __init__(self) -> None:
        self._losses = 0
        """How many swaps in a row were lost to other nodes."""
        self._told: dict[str, None] = {}
        """The entries that were told of last."""

    def lost(self) -> None:
        """Another node had swapped the register before this one could."""
        self._losses += 1

    def unrivalled(self) -> None:
        """This node has swapped the register, or has another one to append for it."""
        self._losses = 0

    def untold(self, entry_ids: Iterable[str]) -> bool:
        """Whether of these entries, which are to come into the log, there are some to be told of."""
        return self._losses >= _LOSSES and not self._told.keys() >= set(entry_ids)

    def tell(self, entry_ids: Iterable[str]) -> None:
        """These are told of now."""
        self._told = dict.fromkeys(entry_ids)


class _Unheard(Struct):
    left: int = _SOON
    """How many swaps of this node more until the other's wishes are to be read."""
    interval: int = _SOON
    """How many swaps lie between reading them and reading them again."""


class Listening:
    """Whose wishes a node that appends reads, and when: of those that it does not hear.

    >>> listening = Listening()
    >>> listening.peers(["n1", "n2"])
    >>> [listening.swaps() for _ in range(7)] == [[]] * 7
    True
    >>> listening.heard("n2")
    >>> listening.swaps()
    ['n1']
    >>> listening.read("n1", found=True)
    >>> listening.swaps()
    ['n1']
    """

    def __init__(self) -> None:
        self._unheard: dict[str, _Unheard] = {}

    def peers(self, names: Iterable[str]) -> None:
        """These are the other nodes."""
        self._unheard = {name: _Unheard() for name in names}

    def heard(self, name: str) -> None:
        """There was a word from somebody."""
        if name in self._unheard:
            self._unheard[name] = _Unheard()

    def swaps(self) -> list[str]:
        """This node swaps the register; whose wishes it is to read with that."""
        due: list[str] = []
        for name, unheard in self._unheard.items():
            unheard.left -= 1
            if unheard.left <= 0:
                unheard.left = unheard.interval
                due.append(name)
        return due

    def read(self, name: str, *, found: bool) -> None:
        """The wishes of a node were read; whether there was anything new among them."""
        unheard = self._unheard[name]
        unheard.interval = 1 if found else min(2 * unheard.interval, _SELDOM)
        unheard.left = unheard.interval
