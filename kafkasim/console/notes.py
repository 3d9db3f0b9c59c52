"""What a node that is a program writes besides its replies, and what becomes of it, as lines for people."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from msgspec import Struct
from rich.text import Text

from kafkasim.forms import printable


class Note(Struct, frozen=True):
    """Something that a person should see: a line that ``node`` wrote to ``stream``, or what is said of the node.

    ``remark`` says what is wrong with the line, or what became of the node where no stream is named.

    >>> for line in note_lines(Note("n0", "stdout", "stored a", "expected one message a line")):
    ...     print(line.plain)
    n0 stdout | stored a
      expected one message a line
    """

    node: str
    stream: str = ""
    line: str = ""
    remark: str = ""


def note_lines(note: Note) -> list[Text]:
    """The note as it is shown: what the node wrote is dim, what is said of it stands out."""
    if not note.stream:
        return [Text.assemble((note.node, "bold red"), f" {printable(note.remark)}")]
    written = Text(f"{note.node} {note.stream} | {printable(note.line)}", "dim")
    return [written, Text(f"  {printable(note.remark)}", "yellow")] if note.remark else [written]


_MOST_AT_ONCE: Final = {"stderr": 200, "stdout": 10}
"""How many notes of each stream are shown between two requests: who floods is not to drown the replies."""


class Notes:
    """Notes to be told to somebody as soon as that can be done."""

    def __init__(self, node: str, tell: Callable[[Note], None]) -> None:
        self._node = node
        self._tell = tell
        self._waiting: list[Note] = []
        self._left = dict(_MOST_AT_ONCE)
        self._begun = b""
        """The beginning of a line on standard error whose end has not come yet."""

    def begin(self) -> None:
        """A request is made: from here on as much is shown as before the last."""
        self._left = dict(_MOST_AT_ONCE)

    def wrote(self, stream: str, line: str, remark: str = "") -> None:
        """The node has written a line."""
        self._left[stream] -= 1
        if self._left[stream] >= 0:
            self._waiting.append(Note(self._node, stream, line, remark))
        elif self._left[stream] == -1:
            self._waiting.append(Note(self._node, stream, "... and more, which is not shown up to the next request"))

    def write(self, data: bytes) -> None:
        """The node has written this to its standard error."""
        *lines, self._begun = (self._begun + data).split(b"\n")
        for line in lines:
            self.wrote("stderr", line.decode(errors="backslashreplace").rstrip("\r"))

    def finish(self) -> None:
        """The node has nothing more to say: a line that it has begun is over."""
        if self._begun:
            self.write(b"\n")

    def became(self, remark: str) -> None:
        """Something has become of the node."""
        self._waiting.append(Note(self._node, remark=remark))

    def __bool__(self) -> bool:
        """Whether there is something to tell."""
        return bool(self._waiting)

    def tell(self) -> None:
        """Tells what there is."""
        waiting, self._waiting = self._waiting, []
        for note in waiting:
            self._tell(note)
