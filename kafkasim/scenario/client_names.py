"""What a client cannot be called, because somebody else is; read without drawing in YAML."""

from __future__ import annotations

import re
from typing import Final

from kafkasim.scenario.service_names import SERVICE_NAMES

_RESERVED: Final = {
    re.compile(r"n[0-9]+"): "what nodes are called",
    re.compile(r"final-n[0-9]+(-probes)?"): "who reads everything at the end",
    re.compile("|".join(SERVICE_NAMES)): "what a service for nodes is called",
}


def why_reserved(name: str) -> str | None:
    """Whose name it is; None where a client may have it.

    >>> why_reserved("n0"), why_reserved("final-n0"), why_reserved("alice")
    ('what nodes are called', 'who reads everything at the end', None)
    """
    return next((whose for form, whose in _RESERVED.items() if form.fullmatch(name)), None)
