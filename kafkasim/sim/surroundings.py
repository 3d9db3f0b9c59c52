"""What everybody in the simulated world shares."""

from __future__ import annotations

from msgspec import Struct

from kafkasim.sim.choices import Choices
from kafkasim.sim.clock import Activity, Clock
from kafkasim.sim.network import Network
from kafkasim.sim.recorder import Recorder


class Surroundings(Struct, frozen=True):
    """The one clock, network and history of a run, where its choices come from, and who is still busy."""

    clock: Clock
    network: Network
    recorder: Recorder
    choices: Choices
    activity: Activity
