"""Servers with a fault built in, by name: what it does, and the anomalies that give it away."""

from __future__ import annotations

from kafkasim.sim.bugs.registry import BUGS, Bug

__all__ = ["BUGS", "Bug"]
