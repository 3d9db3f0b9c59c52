"""The lines typed in earlier sessions: where they are kept, and a keeper that never gets in the way.

They are called typed lines because a *history* is something else in this project.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from prompt_toolkit.history import FileHistory


def typed_lines_path(environment: Mapping[str, str] = os.environ, platform: str = sys.platform) -> Path:
    """The file: below ``XDG_STATE_HOME`` where that is set, else where the platform keeps such things.

    Raises `RuntimeError` where there is no home.

    >>> typed_lines_path({"XDG_STATE_HOME": "/var/state"}, "linux").as_posix()
    '/var/state/kafkasim/history'
    """
    state = environment.get("XDG_STATE_HOME", "")
    if Path(state).is_absolute():
        return Path(state) / "kafkasim" / "history"
    local = environment.get("LOCALAPPDATA", "")
    if platform == "win32" and local:
        return Path(local) / "kafkasim" / "history"
    if platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "kafkasim" / "history"
    return Path.home() / ".local" / "state" / "kafkasim" / "history"


class TypedLines(FileHistory):
    """Lines in a file that several sessions may append to. What cannot be read or written is done without.

    Payloads may be private, so the file is for its owner alone.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(str(path))
        self._path = path

    def load_history_strings(self) -> Iterable[str]:
        """The lines, the latest first; none where the file cannot be read."""
        try:
            return [line for line in super().load_history_strings() if line.strip()]
        except OSError:
            return []

    def append_string(self, string: str) -> None:
        """Takes in a line, unless it is blank: nobody wants that one back."""
        if string.strip():
            super().append_string(string)

    def store_string(self, string: str) -> None:
        """Appends a line; where that cannot be done, it is remembered for this session only."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._path.touch(mode=0o600)
            super().store_string(string)
        except (OSError, UnicodeEncodeError):
            return
