"""Histories in files: our own JSON lines, and Jepsen's ``history.edn``, gzipped or not."""

from __future__ import annotations

import re
from itertools import chain
from pathlib import Path
from typing import Final

from kafkasim.files import DamagedError, gzipped, read_pieces, write_whole
from kafkasim.history import History, HistoryError
from kafkasim.history_lines import decode_pieces, encode_history
from kafkasim.jepsen.reading import decode_from_jepsen
from kafkasim.jepsen.writing import encode_for_jepsen

_LOOKS_LIKE_EDN: Final = re.compile(rb"[\s,]*(?:[\[(#;]|\{[\s,]*[:}])")
"""How a ``history.edn`` begins, and JSON lines do not."""


def read_history(file: str) -> History:
    """The history in a file of JSON lines or of EDN, gzipped or not, whatever its name; ``-`` is standard input.

    The file is read as a stream: that takes the memory of the history and not that of its text.
    Raises `HistoryError`, naming file and line, where it is no such history, and `OSError` where it cannot be read.
    """
    name = "standard input" if file == "-" else file
    pieces = read_pieces(file)
    try:
        first = next(pieces, b"")
        if _LOOKS_LIKE_EDN.match(first):
            return decode_from_jepsen(chain([first], pieces), name)
        return decode_pieces(chain([first], pieces), name)
    except DamagedError as error:
        raise HistoryError(f"{name}: {error}") from None


def write_history(history: History, path: Path) -> None:
    """Writes the history to a file, whole or not at all.

    As EDN where its name ends in ``.edn`` or ``.edn.gz``, else as JSON lines; gzipped where it ends in ``.gz``.
    """
    data = encode_for_jepsen(history) if ".edn" in path.suffixes[-2:] else encode_history(history)
    write_whole(path, gzipped(data) if path.suffix == ".gz" else data)
