"""Waits for several child processes at once, and takes what they write."""

from __future__ import annotations

import select
from collections.abc import Callable

from kafkasim.processes.child import Child

_HEARD = select.POLLIN | select.POLLHUP | select.POLLERR


class Children:
    """The child processes of one run."""

    def __init__(self) -> None:
        self._poll = select.poll()
        self._actions: dict[int, tuple[Callable[[], None], Callable[[], bool]]] = {}
        """By descriptor: what is done when something is there, and whether it is still worth waiting for."""
        self._by_stdin: dict[int, Child] = {}
        self._blocked: set[int] = set()
        """The standard inputs that could not take all they were sent."""

    def add(self, child: Child) -> None:
        """Waits for this one too."""
        self._actions[child.stdout] = (child.read_output, lambda: child.speaking)
        self._actions[child.stderr] = (child.read_errors, lambda: child.complaining)
        self._by_stdin[child.stdin] = child
        self._poll.register(child.stdout, _HEARD)
        self._poll.register(child.stderr, _HEARD)

    def remove(self, child: Child) -> None:
        """Waits for it no more; before its pipes are closed."""
        for descriptor in (child.stdout, child.stderr):
            if self._actions.pop(descriptor, None) is not None:
                self._poll.unregister(descriptor)
        if self._by_stdin.pop(child.stdin, None) is not None and child.stdin in self._blocked:
            self._blocked.remove(child.stdin)
            self._poll.unregister(child.stdin)

    def wait(self, seconds: float) -> bool:
        """Waits until one of them writes something or takes what it was sent, or the time is over.

        Whether there was anything.
        """
        for stdin, child in self._by_stdin.items():
            if child.unwritten and stdin not in self._blocked:
                self._blocked.add(stdin)
                self._poll.register(stdin, select.POLLOUT)
        ready = self._poll.poll(max(0.0, seconds) * 1000)
        for descriptor, _ in ready:
            writer = self._by_stdin.get(descriptor)
            if writer is not None:
                writer.flush()
                if not writer.unwritten:
                    self._blocked.remove(descriptor)
                    self._poll.unregister(descriptor)
                continue
            act, open_still = self._actions[descriptor]
            act()
            if not open_still():
                self._poll.unregister(descriptor)
                del self._actions[descriptor]
        return bool(ready)
