"""The correct nodes of ``examples/nodes``, by language: what each needs, how it is built and what is run."""

import shutil
import subprocess
import sys
from dataclasses import dataclass

import pytest

from tests.processes.programs import NODES


@dataclass(frozen=True)
class Language:
    """How the node of one language is made to run."""

    tool: str
    """The program without which it cannot be."""
    build: tuple[str, ...] = ()
    """The command that builds it, in ``folder``; ``PROGRAM`` stands for where to."""
    command: tuple[str, ...] = ("PROGRAM",)
    """The command that runs it."""
    folder: str = "."
    fetch: tuple[str, ...] = ()
    """The command that fetches what it is built from, in ``folder``: the only one that needs a network."""


LANGUAGES = {
    "python": Language(sys.executable, command=(sys.executable, str(NODES / "python" / "node.py"))),
    "go": Language("go", ("go", "build", "-o", "PROGRAM", "node.go"), folder="go"),
    "go-maelstrom": Language(
        "go", ("go", "build", "-o", "PROGRAM", "."), folder="go-maelstrom", fetch=("go", "mod", "download")
    ),
    "rust": Language("rustc", ("rustc", "--edition", "2021", "-O", "-o", "PROGRAM", "node.rs"), folder="rust"),
    "javascript": Language("node", command=("node", str(NODES / "javascript" / "node.js"))),
    "c": Language("cc", ("cc", "-O2", "-Wall", "-Wextra", "-Werror", "-o", "PROGRAM", "node.c"), folder="c"),
}


def make_ready(name, folder):
    """The command of the node of this language, built into the folder. Skips the test where it cannot be."""
    language = LANGUAGES[name]
    if shutil.which(language.tool) is None:
        pytest.skip(f"there is no {language.tool} on this machine")
    program = str(folder / name)
    if language.fetch:
        fetched = _run(language.fetch, language)
        if fetched.returncode:
            pytest.skip(f"what the node in {name} is built from cannot be fetched: {fetched.stderr.strip()}")
    if language.build:
        built = _run([program if word == "PROGRAM" else word for word in language.build], language)
        assert built.returncode == 0, built.stderr
    return tuple(program if word == "PROGRAM" else word for word in language.command)


def _run(command, language):
    return subprocess.run(
        command, cwd=NODES / language.folder, capture_output=True, text=True, timeout=100, check=False
    )
