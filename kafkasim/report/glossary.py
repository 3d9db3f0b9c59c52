"""Words that others own and reports quote: what an anomaly is, what its checker counts, what a bug does."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct


class Glossary(Struct, frozen=True):
    """Words by name. What is not in it is told without them."""

    summaries: Mapping[str, str] = {}
    """Of each kind of anomaly, when it holds, in one sentence."""
    counted: Mapping[str, str] = {}
    """Of each kind of anomaly, what its checker counts: ``acknowledged messages``."""
    bugs: Mapping[str, str] = {}
    """Of each faulty server, what it does, in a few words."""
