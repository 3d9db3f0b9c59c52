"""Runs the examples in the docs, and writes their output into the docs.

An example is a fenced block marked ``console``: a line ``$ command``, then exactly what it prints (standard output and
error, as a terminal would show them). A last line ``[exit N]`` says that the command ends with N instead of 0. A line
``...`` in the output stands for any number of lines::

    python tools/doc_examples.py            says which examples no longer print what the docs show
    python tools/doc_examples.py --write    puts what they print into the docs: read the difference before committing it

Where ``...`` left lines out of an example, they are left out of what is written, too.

The commands of a page run in order, in one fresh directory that has the project's ``examples``, with the program of
the same Python.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
_BLOCK: Final = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_ANY_LINES: Final = "..."


@dataclass(frozen=True)
class Example:
    """A command in a page of the docs, and what the page says that it prints."""

    command: str
    output: str


def pages() -> list[Path]:
    """Every page that may hold examples, in a fixed order."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def examples_of(text: str) -> list[Example]:
    """The examples of a page, in order."""
    return [example for match in _BLOCK.finditer(text) for example in _examples(match.group(1))]


def _examples(block: str) -> Iterator[Example]:
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        command, _, output = part.partition("\n")
        while command.endswith("\\"):
            line, _, output = output.partition("\n")
            command += "\n" + line
        yield Example(command, output)


def run(examples: list[Example]) -> list[str]:
    """What each of the commands prints, run in order in one fresh directory."""
    with tempfile.TemporaryDirectory() as directory:
        (Path(directory) / "examples").symlink_to(ROOT / "examples")
        return [_run_one(example.command, directory) for example in examples]


def _run_one(command: str, directory: str) -> str:
    environment = {
        "PATH": sysconfig.get_path("scripts") + os.pathsep + os.environ["PATH"],
        "HOME": directory,
        "COLUMNS": "80",
        "LANG": "C.UTF-8",
        "PYTHONPATH": str(ROOT),
    }
    done = subprocess.run(  # noqa: S603 - the commands are those of our own pages
        ["bash", "-c", command],  # noqa: S607 - any bash will do
        cwd=directory,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=60,
    )
    printed = done.stdout if not done.stdout or done.stdout.endswith("\n") else done.stdout + "\n"
    return printed + (f"[exit {done.returncode}]\n" if done.returncode else "")


def agrees(shown: str, printed: str) -> bool:
    r"""Whether what is printed is what the page shows, where ``...`` stands for any lines.

    >>> agrees("a\n...\nd\n", "a\nb\nc\nd\n"), agrees("a\n", "b\n")
    (True, False)
    """
    parts = re.split(rf"^{re.escape(_ANY_LINES)}\n", shown, flags=re.MULTILINE)
    return re.fullmatch("(?:.*\n)*?".join(map(re.escape, parts)), printed) is not None


def excerpt(shown: str, printed: str) -> str:
    r"""Of what is printed, the parts that the page shows; all of it where one of them cannot be found again.

    Lines are found again by what is in them but for numbers. What follows ``...`` is shown to the next ``...``.

    >>> excerpt("run 1\\n...\\nfound 3\\n  at 4\\n...\\n", "run 2\\nand\\nso on\\nfound 5\\n  at 6\\nthe end\\n")
    'run 2\\n...\\nfound 5\\n  at 6\\n...\\n'
    >>> excerpt("found\\n...\\n", "lost\\n")
    'lost\\n'
    """
    old, new = shown.splitlines(), printed.splitlines()
    if _ANY_LINES not in old:
        return printed
    again: dict[int, int] = {}
    matcher = SequenceMatcher(a=list(map(_without_numbers, old)), b=list(map(_without_numbers, new)), autojunk=False)
    for ours, theirs, size in matcher.get_matching_blocks():
        again.update(zip(range(ours, ours + size), range(theirs, theirs + size), strict=True))
    lines: list[str] = []
    start = 0
    cuts = [place for place, line in enumerate(old) if line == _ANY_LINES]
    for end in [*cuts, len(old)]:
        found = [place for place in range(start, end) if place in again]
        if found:
            first = again[found[0]] - (found[0] - start)
            last = again[found[-1]] + (end - found[-1])
            lines += new[max(first, 0) : last]
        elif start < end:
            return printed
        lines += [_ANY_LINES] if end < len(old) else []
        start = end + 1
    written = "".join(f"{line}\n" for line in lines)
    return written if agrees(written, printed) else printed


def _without_numbers(line: str) -> str:
    return re.sub(r"\d+", "0", line)


def rewritten(text: str) -> str:
    """The page with the output of its examples as they print it now; one that still agrees stays as it is."""
    printed = iter(run(examples_of(text)))

    def block(match: re.Match[str]) -> str:
        shown = (
            f"$ {example.command}\n{example.output if agrees(example.output, now) else excerpt(example.output, now)}"
            for example, now in zip(_examples(match.group(1)), printed, strict=False)
        )
        return f"```console\n{''.join(shown)}```"

    return _BLOCK.sub(block, text)


def main(arguments: list[str]) -> int:
    """Checks, or with ``--write`` rewrites, all pages; the exit code is 1 where one does not agree."""
    stale = 0
    for page in pages():
        text = page.read_text()
        new = rewritten(text)
        if new == text:
            continue
        stale += 1
        print(f"{page.relative_to(ROOT)}: {'rewritten' if '--write' in arguments else 'shows what is not printed'}")
        if "--write" in arguments:
            page.write_text(new)
    return 0 if "--write" in arguments else min(stale, 1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
