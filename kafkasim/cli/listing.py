"""What ``simulate`` tells without running anything: the scenarios that come with it, the faulty servers, the format."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator

from rich.console import RenderableType
from rich.padding import Padding
from rich.text import Text

from kafkasim.forms import printable
from kafkasim.report.figures import table_of_names
from kafkasim.report.screen import make_screen, show, write
from kafkasim.scenario.schema import json_schema
from kafkasim.scenario.shipped import load_shipped, shipped_folder, shipped_names
from kafkasim.sim.bugs import BUGS


def list_scenarios() -> None:
    """Prints the scenarios that come with kafkasim: name, and the beginning of what each is for."""
    show(make_screen(sys.stdout), *_scenarios_report())


def list_bugs() -> None:
    """Prints the faulty servers: name, what each does, and which anomaly gives it away."""
    show(make_screen(sys.stdout), *_bugs_report())


def print_schema() -> None:
    """Prints the scenario format as JSON Schema."""
    write(sys.stdout, json.dumps(json_schema(), indent=2) + "\n")


def _scenarios_report() -> Iterator[RenderableType]:
    yield Text("Scenarios that come with kafkasim, to be run by name:")
    yield Text()
    table = table_of_names("scenario", "why")
    for name in shipped_names():
        scenario = load_shipped(name)
        if not scenario.system.command:  # programs are looked for where one is, and only a checkout has these there
            table.add_row(name, _first_sentence(scenario.why))
    yield Padding(table, (0, 0, 0, 2))
    yield Text()
    yield Text("To change one, make a copy of its file. They are in")
    yield Text(f"  {printable(str(shipped_folder()))}")


def _first_sentence(text: str) -> str:
    first, stop, _ = " ".join(text.split()).partition(". ")
    return first + stop.rstrip()


def _bugs_report() -> Iterator[RenderableType]:
    yield Text("Faulty servers, to be named by `bug:` in a scenario or by --bug:")
    yield Text()
    table = table_of_names("bug", "what it does", "caught by")
    for bug in BUGS.values():
        table.add_row(bug.name, bug.does, ", ".join(bug.caught_by))
    yield Padding(table, (0, 0, 0, 2))
