"""What a guardian does: it waits for the end of the process that has started it, and ends what that one has left.

Its argument is the mark that all runs of that process have in common. Its standard input is a pipe whose other end that
process alone has, and which so ends with it. What comes there are process groups, one a line: ``+123`` was started,
``-123`` has ended.

Most often there is nothing to do, and this one is ended while it waits. So it is run as a plain file, and imports only
what it needs then and there: to start it costs no more than to start Python.
"""

from __future__ import annotations

import os
import sys
import time

_PAUSES = (0.0, 0.01, 0.1, 0.4, 1.0)
"""Seconds before each look for what is left.

One look may come too early: a program that was being started just then does not bear its mark yet.
"""


def main() -> None:
    """Waits, and then ends it all."""
    os.chdir("/")  # where it was started may be removed, or unmounted, before it is done
    groups: dict[int, None] = {}
    for line in sys.stdin:
        group = int(line)
        if group > 0:
            groups[group] = None
        else:
            groups.pop(-group, None)

    sys.path.append(__file__.rpartition("/kafkasim/")[0])
    from kafkasim.processes.remains import end_group, end_marked  # noqa: PLC0415 - see above

    for group in groups:
        end_group(group)
    for pause in _PAUSES:
        time.sleep(pause)
        end_marked(sys.argv[1])


if __name__ == "__main__":
    main()
