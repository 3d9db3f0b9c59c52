"""Reads scenario files."""

from __future__ import annotations

from pathlib import Path

from kafkasim.scenario.format import SCENARIO
from kafkasim.scenario.model import Scenario
from kafkasim.scenario.problems import Mark
from kafkasim.scenario.reading import Reading, RejectedError
from kafkasim.scenario.tree import read_tree


def load(path: str | Path) -> Scenario:
    """The scenario in a file, which is YAML 1.2 in UTF-8.

    Raises `ScenarioError` with everything that is wrong with it and where, and `OSError` where the
    file cannot be read.
    """
    return loads(Path(path).read_bytes(), str(path))


def loads(text: str | bytes, source: str = "scenario") -> Scenario:
    r"""The scenario that the text is; ``source`` is what errors call it. Raises `ScenarioError`, as `load`.

    >>> scenario = loads("name: hello\nwhy: To see one message.\nclients: {alice: [send: {key: k1, msg: hello}]}")
    >>> scenario.clients[0].steps[0].action
    Send(key='k1', msg='hello')
    >>> loads("name: hello\nwhy: To see an error.\nworklaod: {clients: 2}", "hello.yaml")
    Traceback (most recent call last):
    kafkasim.scenario.problems.ScenarioError: hello.yaml:3:1: unknown field "worklaod": did you mean `workload`?
    """
    reading = Reading(source)
    try:
        scenario = SCENARIO.read(read_tree(_decoded(text, reading), reading), reading)
    except RejectedError:
        raise reading.error() from None
    if reading.problems:
        raise reading.error()
    return scenario


def _decoded(text: str | bytes, reading: Reading) -> str:
    if isinstance(text, str):
        return text
    try:
        return text.decode()
    except UnicodeDecodeError as error:
        before = text[: error.start]
        column = len(before[before.rfind(b"\n") + 1 :].decode(errors="replace")) + 1
        mark = Mark(before.count(b"\n") + 1, column)
        raise reading.rejected(
            mark, f"this is not text: expected UTF-8, got the byte 0x{text[error.start]:02x}"
        ) from None
