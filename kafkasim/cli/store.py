"""What a run leaves in a directory of its own (``--out``), for people and programs to look at later.

In the directory that the user names, each run has one of its own, ``SCENARIO-SEED-N``, N counting up from 1:

    history.jsonl       what happened, for `kafkasim check`; not where nothing is known of the run
    results.json        the document that --json prints, of this run alone
    report.txt          the report as it is printed
    messages.jsonl      what happens to each message on the network, while it happens
    node-logs/n0.log    what the program that is n0 wrote to its standard error, all of it, while it writes, with a
                        line of ours where a life of it begins or ends

``latest`` beside them is a link to the last one that was completed. The first two files that grow can be followed
during the run; the others are written whole, ``results.json`` as the last: where it is, all is. Of a run that comes to
no result nothing is left.
"""

from __future__ import annotations

import io
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import IO, Final

import msgspec

from kafkasim.cli.failures import refusal_words
from kafkasim.cli.outputs import name_in_paths, refused
from kafkasim.files import write_whole
from kafkasim.history_files import write_history
from kafkasim.interrupts import TELLING_TO_END, signals_held_back
from kafkasim.report.command import Overrides
from kafkasim.report.conclusion import Runs
from kafkasim.report.descriptions import every_description
from kafkasim.report.document import encode_document, run_document
from kafkasim.report.exit_codes import ExitCode
from kafkasim.report.run import run_report
from kafkasim.report.screen import make_screen, show
from kafkasim.scenario.model import Scenario
from kafkasim.sim.journal import MessageEvent
from kafkasim.sim.result import Result

OPTION: Final = "--out"
LATEST: Final = "latest"


def prepare_store(store: Path) -> None:
    """Makes the directory where there is none. Raises `UsageError` where runs cannot have directories in it."""
    if str(store) == "-":
        raise refused(OPTION, store, "expected the name of a directory: standard output has the report")
    if store.exists() and not store.is_dir():
        raise refused(OPTION, store, "expected a directory, this is a file")
    try:
        store.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise refused(OPTION, store, refusal_words(error)) from None
    if not os.access(store, os.W_OK | os.X_OK):
        raise refused(OPTION, store, "permission denied")
    latest = store / LATEST
    if latest.exists() and not latest.is_symlink():
        raise refused(OPTION, latest, "expected a link to the last run, or nothing")


@contextmanager
def run_folder(store: Path, scenario: Scenario, seed: int) -> Iterator[RunFolder]:
    """Within, a run has a new directory in the store; afterwards it is gone, unless it was completed."""
    folder: RunFolder | None = None
    try:
        with signals_held_back(*TELLING_TO_END):  # between making it and knowing it nobody could take it down
            try:
                folder = RunFolder(_new_directory(store, f"{name_in_paths(scenario)}-{seed}"))
            except OSError as error:
                raise refused(OPTION, store, refusal_words(error)) from None
        yield folder
    finally:
        with signals_held_back(*TELLING_TO_END):
            if folder is not None:
                folder.close()
                if not folder.completed:
                    shutil.rmtree(folder.path, ignore_errors=True)


def _new_directory(store: Path, name: str) -> Path:
    """A directory that nobody else has, whatever other processes do here."""
    for number in count(1):
        path = store / f"{name}-{number}"
        with suppress(FileExistsError):
            path.mkdir()
            return path
    raise AssertionError


class RunFolder:
    """The directory of one run."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.completed = False
        self._messages = _Stream(path / "messages.jsonl", buffered=True)
        self._logs: dict[str, _Stream] = {}

    def on_message(self, event: MessageEvent) -> None:
        """Writes down what happens to a message; see `kafkasim.sim.watch.Watch`."""
        self._messages.write(_ENCODER.encode(event) + b"\n")

    def node_log(self, name: str) -> _Stream:
        """Where what this node writes to its standard error goes, in all its lives; see `kafkasim.sim.watch.Watch`."""
        if name not in self._logs:
            folder = self.path / "node-logs"
            with suppress(OSError):  # then its file cannot be opened, either, and that is told
                folder.mkdir(exist_ok=True)
            self._logs[name] = _Stream(folder / f"{name}.log", buffered=False)
        return self._logs[name]

    def complete(self, result: Result, overrides: Overrides) -> None:
        """Writes what the run has come to. Raises `UsageError` where anything of it could not be written."""
        self.close()
        for stream in (self._messages, *self._logs.values()):
            if stream.problem is not None:
                raise refused(OPTION, stream.path, refusal_words(stream.problem))
        try:
            if not result.failure:
                write_history(result.history, self.path / "history.jsonl")
            write_whole(self.path / "report.txt", _report(result, overrides))
            write_whole(self.path / "results.json", _document(result))
            self.completed = True
            self._be_the_latest()
        except OSError as error:
            raise refused(OPTION, self.path, refusal_words(error)) from None

    def close(self) -> None:
        """Closes the files that grow; asked again, it does nothing."""
        for stream in (self._messages, *self._logs.values()):
            stream.close()

    def _be_the_latest(self) -> None:
        link = self.path.parent / f".{LATEST}-{self.path.name}"
        link.symlink_to(self.path.name)
        link.replace(self.path.parent / LATEST)


class _Stream:
    """A file that is written while a run goes on. What the system refuses breaks no run: it is told afterwards."""

    def __init__(self, path: Path, *, buffered: bool) -> None:
        self.path = path
        self.problem: OSError | None = None
        self._file: IO[bytes] | None = None
        try:
            self._file = path.open("wb", buffering=-1 if buffered else 0)
        except OSError as error:
            self.problem = error

    def write(self, data: bytes) -> None:
        """Writes it, unless something was refused before."""
        if self.problem is None and self._file is not None:
            try:
                self._file.write(data)
            except OSError as error:
                self.problem = error

    def close(self) -> None:
        """Closes the file."""
        if self._file is not None:
            try:
                self._file.close()
            except OSError as error:
                self.problem = self.problem or error
            self._file = None


_ENCODER: Final = msgspec.json.Encoder(decimal_format="number")


def _report(result: Result, overrides: Overrides) -> bytes:
    text = io.StringIO()
    screen = make_screen(text)
    show(screen, *run_report(screen, result, every_description(result.scenario.level), overrides))
    return text.getvalue().encode(errors="backslashreplace")


def _document(result: Result) -> bytes:
    as_expected = Runs(result.scenario, [result]).code is ExitCode.AS_EXPECTED and not result.interrupted
    return encode_document(run_document(result, expected=as_expected)).encode()
