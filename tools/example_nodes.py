"""The correct nodes of ``examples/nodes``, by language: what each needs, how it is built and what is run.

For tests and benchmarks, which run all those for which this machine has what they need.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

NODES: Final = Path(__file__).resolve().parents[1] / "examples" / "nodes"
_PROGRAM: Final = "PROGRAM"
"""Stands, in a command, for the program that is built."""
_LONGEST: Final = 100
"""Seconds that building may take."""


class MissingToolError(Exception):
    """A node cannot be built on this machine; the text says what it would need."""


@dataclass(frozen=True)
class Language:
    """How the node of one language is made to run."""

    tool: str
    """The program without which it cannot be."""
    command: tuple[str, ...] = (_PROGRAM,)
    """What runs it."""
    build: tuple[str, ...] = ()
    """What builds it, in ``folder``."""
    folder: str = "."
    fetch: tuple[str, ...] = ()
    """What fetches the packages that it is built from, in ``folder``: the only step that needs a network."""


LANGUAGES: Final = {
    "Python": Language(sys.executable, command=(sys.executable, str(NODES / "python" / "node.py"))),
    "Go": Language("go", build=("go", "build", "-o", _PROGRAM, "node.go"), folder="go"),
    "Go, Maelstrom's library": Language(
        "go", build=("go", "build", "-o", _PROGRAM, "."), folder="go-maelstrom", fetch=("go", "mod", "download")
    ),
    "Rust": Language("rustc", build=("rustc", "--edition", "2021", "-O", "-o", _PROGRAM, "node.rs"), folder="rust"),
    "JavaScript": Language("node", command=("node", str(NODES / "javascript" / "node.js"))),
    "C": Language("cc", build=("cc", "-O2", "-Wall", "-Wextra", "-Werror", "-o", _PROGRAM, "node.c"), folder="c"),
}


def make_ready(name: str, folder: Path) -> tuple[str, ...]:
    """The command of the node of this language, which is built into the folder where it must be.

    Raises `MissingToolError`, and `subprocess.CalledProcessError` where the source is wrong.
    """
    language = LANGUAGES[name]
    if shutil.which(language.tool) is None:
        raise MissingToolError(f"there is no {language.tool} on this machine")
    program = str(folder / f"node-{list(LANGUAGES).index(name)}")
    if language.fetch:
        fetched = _run(language.fetch, language)
        if fetched.returncode:
            raise MissingToolError(f"its packages cannot be fetched: {fetched.stderr.strip()}")
    if language.build:
        built = _run([program if word == _PROGRAM else word for word in language.build], language)
        if built.returncode:
            sys.stderr.write(built.stderr)
            built.check_returncode()
    return tuple(program if word == _PROGRAM else word for word in language.command)


def _run(command: tuple[str, ...] | list[str], language: Language) -> subprocess.CompletedProcess[str]:
    folder = NODES / language.folder
    return subprocess.run(  # noqa: S603 - the commands are those above
        command, cwd=folder, capture_output=True, text=True, timeout=_LONGEST, check=False
    )
