"""Pieces of Markdown of which the pages of docs/reference are made."""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Iterable
from typing import Any, Final

WIDTH: Final = 120


def table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A table of Markdown; cells may hold anything but line breaks."""
    heads = list(heads)
    lines = [heads, ["---"] * len(heads), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines) + "\n"


def paragraph(text: str) -> str:
    """A paragraph of prose, as wide as the others."""
    return textwrap.fill(text, WIDTH, break_long_words=False, break_on_hyphens=False) + "\n\n"


def listed(items: Iterable[str]) -> str:
    """Names, one after the other, as code.

    >>> listed(["a", "b"])
    '`a`, `b`'
    """
    return ", ".join(f"`{item}`" for item in items)


def text_of(documented: Any) -> str:
    """The docstring, without the examples, which are tests before they are reading."""
    kept: list[str] = []
    in_example = False
    for line in inspect.getdoc(documented).splitlines():  # type: ignore[union-attr]  # the linter demands one
        in_example = line.startswith(">>>") or (in_example and bool(line))
        if not in_example:
            kept.append(f"{line.removesuffix('::')}:" if line.endswith("::") else line)
    return "\n".join(kept).replace("``", "`").strip() + "\n"
