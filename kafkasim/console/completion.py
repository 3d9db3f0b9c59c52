"""What could be typed next, as a pure function of what has been typed and what is known."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Final

from msgspec import Struct

from kafkasim.console.commands import COMMANDS, Arguments, Command, find_command
from kafkasim.console.scanning import is_bare, written
from kafkasim.console.session import Known, KnownLog
from kafkasim.messages import RPCS

_MOST_OFFSETS: Final = 12
"""How many offsets are offered besides the ones that stand out."""


class Candidate(Struct, frozen=True):
    """A text that may stand from ``start`` (an index into what was typed) on, and what it would mean."""

    text: str
    start: int
    note: str = ""


_WORD: Final = re.compile(r'"(?:[^"\\]|\\.)*(?:"(?::\S*)?|$)|\S+')
"""A word of a command: a key in quotes (with its offset, or not closed yet), or everything up to a blank."""

_PLACE: Final = re.compile(r'("(?:[^"\\]|\\.)*"|[^\s:"]+):([0-9]*)')
"""A key with a colon, and as much of an offset as there is."""


def complete(text: str, known: Known) -> list[Candidate]:
    """What could stand at the end of the text, the likeliest first.

    >>> [candidate.text for candidate in complete("po", Known())]
    ['poll']
    >>> known = Known(logs={"k1": KnownLog(end=3, committed=0), "my key": KnownLog(end=1)})
    >>> [candidate.text for candidate in complete("poll ", known)]
    ['k1', '"my key"']
    >>> [(candidate.text, candidate.note) for candidate in complete("poll k1:", known)]
    [('0', 'committed'), ('1', 'where to go on'), ('2', 'the last message'), ('3', 'the end: nothing yet')]
    """
    start = len(text) - len(text.lstrip())
    typed = text[start:]
    if typed.startswith("{"):
        return list(_bodies(typed, start))
    words = list(_WORD.finditer(text))
    if not words or (len(words) == 1 and words[0].end() == len(text)):
        return [Candidate(name, start, note) for name, note in _command_names() if name.startswith(typed)]
    command = find_command(words[0].group())
    if command is None:
        return []
    open_word = words[-1].end() == len(text) and (text[-1:].strip() != "" or words[-1].group().startswith('"'))
    done = words[1:-1] if open_word else words[1:]
    current = words[-1].group() if open_word else ""
    candidates = _arguments(command, [word.group() for word in done], current, known)
    begin = len(text) - len(current)
    return [Candidate(each.text, begin + each.start, each.note) for each in candidates]


def _command_names() -> Iterator[tuple[str, str]]:
    """Names first, then the aliases."""
    for command in COMMANDS:
        yield command.name, command.summary
    for command in COMMANDS:
        for alias in command.aliases:
            yield alias, f"the same as {command.name}"


def _bodies(typed: str, start: int) -> Iterator[Candidate]:
    for rpc in RPCS.values():
        body = json.dumps(rpc.example[0])
        if body.startswith(typed):
            yield Candidate(body, start, rpc.name)


def _arguments(command: Command, done: list[str], current: str, known: Known) -> Iterable[Candidate]:
    """Candidates for the current word; their starts count from where it begins."""
    match command.arguments:
        case Arguments.MESSAGE | Arguments.LOG if done:
            return ()
        case Arguments.MESSAGE | Arguments.KEYS:
            return _keys(done, current, known)
        case Arguments.READS | Arguments.COMMITS | Arguments.LOG:
            return _places(command.arguments, done, current, known)
        case Arguments.TOPIC if not done:
            return (Candidate(name, 0, note) for name, note in _command_names() if name.startswith(current))
        case Arguments.CLIENT if not done:
            names = [client for client in known.clients if client != known.client]
            return (Candidate(written(name), 0) for name in names if written(name).startswith(current))
    return ()


def _places(arguments: Arguments, done: list[str], current: str, known: Known) -> Iterable[Candidate]:
    """Keys, or, after a key and its colon, offsets."""
    place = _PLACE.fullmatch(current)
    if place is None:
        return _keys(done, current, known)
    log = known.logs.get(_unquoted(place.group(1)))
    offsets = () if log is None else _offsets(arguments, place.group(2), log)
    return (Candidate(str(offset), place.start(2), note) for offset, note in offsets)


def _keys(done: list[str], current: str, known: Known) -> Iterator[Candidate]:
    """The keys that are not on the line already."""
    taken = {_unquoted(word.rpartition(":")[0] or word) for word in done} | {_unquoted(word) for word in done}
    for key, log in known.logs.items():
        shown = json.dumps(key, ensure_ascii=not is_bare(key)) if current.startswith('"') else written(key)
        if key not in taken and shown.startswith(current):
            yield Candidate(shown, 0, f"{log.end} messages" if log.end != 1 else "1 message")


def _unquoted(word: str) -> str:
    """The key that a word is."""
    if word.startswith('"'):
        try:
            return str(json.loads(word))
        except ValueError:
            return word
    return word


def _offsets(arguments: Arguments, typed: str, log: KnownLog) -> Iterator[tuple[int, str]]:
    """Offsets that begin with the digits typed: those that stand out with a note, and others that exist."""
    notes = {0: "the start"} if arguments is not Arguments.COMMITS else {}
    if log.committed is not None:
        notes[log.committed] = "committed"
        if arguments is Arguments.READS and log.resume < log.end:
            notes[log.resume] = "where to go on"
    if log.end:
        notes[log.end - 1] = "the last message"
    if arguments is Arguments.READS:
        notes[log.end] = "the end: nothing yet"
    found = {offset: note for offset, note in notes.items() if str(offset).startswith(typed)}
    for offset in _beginning_with(typed, log.end):
        if len(found) >= _MOST_OFFSETS:
            break
        found.setdefault(offset, "")
    return ((offset, found[offset]) for offset in sorted(found))


def _beginning_with(typed: str, end: int) -> Iterator[int]:
    """The offsets below the end whose digits begin so, ascending.

    >>> list(_beginning_with("1", 13)), list(_beginning_with("", 3)), list(_beginning_with("07", 99))
    ([1, 10, 11, 12], [0, 1, 2], [])
    """
    if not typed:
        yield from range(end)
        return
    if typed != str(int(typed)):
        return
    low, high = int(typed), int(typed) + 1
    while low < end:
        yield from range(low, min(high, end))
        low, high = (low * 10, high * 10) if low else (end, end)
