"""What ``simulate`` tells without running anything: the faulty servers, and the scenario format."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator

from rich.console import RenderableType
from rich.padding import Padding
from rich.text import Text

from kafkasim.report.figures import plain_table
from kafkasim.report.screen import make_screen, show, write
from kafkasim.scenario.schema import json_schema
from kafkasim.sim.bugs import BUGS


def list_bugs() -> None:
    """Prints the faulty servers: name, what each does, and which anomaly gives it away."""
    show(make_screen(sys.stdout), *_bugs_report())


def print_schema() -> None:
    """Prints the scenario format as JSON Schema."""
    write(sys.stdout, json.dumps(json_schema(), indent=2) + "\n")


def _bugs_report() -> Iterator[RenderableType]:
    yield Text("Faulty servers, to be named by `bug:` in a scenario or by --bug:")
    yield Text()
    table = plain_table()
    table.add_column("bug", no_wrap=True, style="name")
    table.add_column("what it does")
    table.add_column("caught by")
    for bug in BUGS.values():
        table.add_row(bug.name, bug.does, ", ".join(bug.caught_by))
    yield Padding(table, (0, 0, 0, 2))
