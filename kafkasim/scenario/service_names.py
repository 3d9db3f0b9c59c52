"""The services that a test bench offers to nodes, by name; `kafkasim.sim.services` has what each does.

They are written down here too so that a scenario can be read without the simulator; a test holds the two lists
together.
"""

from __future__ import annotations

from typing import Final

SERVICE_NAMES: Final[tuple[str, ...]] = ("lin-kv", "seq-kv", "lww-kv", "lin-tso")
