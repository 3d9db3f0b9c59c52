"""The command ``kafkasim``, also as ``python -m kafkasim``.

The node is sent on its way from here, before anything else is imported: a test bench starts many of them
and waits for each.
"""

from __future__ import annotations

import sys
from types import ModuleType


def main() -> int:
    """Runs the command line of this process; the exit code."""
    try:
        import signal  # noqa: PLC0415 - an interrupt during the import is caught here, and at the head is not

        # One that came while the decoder's library is being imported would end in a crash of that library.
        signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT, signal.SIGTERM))
        if sys.argv[1:2] == ["node"]:
            code: int = _node().main(sys.argv[2:])  # which lets them in when it has taken them over
            return code
        import msgspec  # noqa: F401, PLC0415 - some commands import it later, when an interrupt may come at any time

        from kafkasim import cli  # noqa: PLC0415 - it draws in what the node must not wait for

        signal.pthread_sigmask(signal.SIG_UNBLOCK, (signal.SIGINT, signal.SIGTERM))
        return cli.main()
    except KeyboardInterrupt:  # while all that is still loading
        return 130


def _node() -> ModuleType:
    """The node's module, imported without ``typing_extensions``.

    The decoder's library prefers that to ``typing`` where it is installed; for what it takes from it, every Python that
    we run on has the same in ``typing``, and a node would wait for it a third of its start.
    """
    unwanted = "typing_extensions"
    hidden = unwanted not in sys.modules
    if hidden:
        sys.modules[unwanted] = None  # type: ignore[assignment]  # the documented way to say that there is none
    try:
        from kafkasim import node  # noqa: PLC0415 - only the node, so that it starts fast
    finally:
        if hidden:
            del sys.modules[unwanted]
    return node


if __name__ == "__main__":
    sys.exit(main())
