"""What could be typed next, as a pure function of what has been typed and what is known."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Final

from msgspec import Struct

from kafkasim.console.commands import COMMANDS, Arguments, Command, find_command
from kafkasim.console.rendering import counted
from kafkasim.console.scanning import LineError, Reader, quoted, written
from kafkasim.console.session import Known, KnownLog
from kafkasim.messages import RPCS

_MOST_OFFSETS: Final = 12
"""How many offsets are offered besides the ones that stand out."""


class Candidate(Struct, frozen=True):
    """A text that may stand from ``start`` (an index into what was typed) on, and what it would mean."""

    text: str
    start: int
    note: str = ""


def complete(text: str, known: Known) -> list[Candidate]:
    """What could stand at the end of the text, the likeliest first.

    >>> [candidate.text for candidate in complete("po", Known())]
    ['poll']
    >>> known = Known(logs={"k1": KnownLog(end=3, committed=0), "my key": KnownLog(end=1)})
    >>> [candidate.text for candidate in complete("poll ", known)]
    ['k1', '"my key"']
    >>> [(candidate.text, candidate.note) for candidate in complete("poll k1:", known)]
    [('0', 'the start, committed'), ('1', 'where to go on'), ('2', 'the last message'), ('3', 'the end: nothing yet')]
    """
    start = len(text) - len(text.lstrip())
    typed = text[start:]
    if typed.startswith("{"):
        return list(_bodies(typed, start))
    reader = Reader(text)
    reader.at_end()
    name = reader.word() if typed else ""
    if reader.place == len(text):
        return [Candidate(each, start, note) for each, note in _command_names() if each.startswith(name.lower())]
    command = find_command(name)
    if command is None:
        return []
    done = list(_words_done(reader))
    candidates = _arguments(command, done, text[reader.place :], known)
    return [Candidate(each.text, reader.place + each.start, each.note) for each in candidates]


def _words_done(reader: Reader) -> Iterator[str]:
    """The keys (or other words) that a blank ends; the reader is left where the word begins that is being typed."""
    while not reader.at_end():
        start = reader.place
        try:
            word = reader.key()
            if reader.peek() == ":":
                reader.word()
        except LineError:  # not closed yet, or no key at all
            word = ""
        if not word or reader.place == len(reader.line):
            reader.place = start
            return
        yield word


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
        case Arguments.MESSAGE | Arguments.LOG | Arguments.LOGS if done:
            return ()
        case Arguments.MESSAGE | Arguments.KEYS | Arguments.LOGS:
            return _keys(done, current, known)
        case Arguments.READS | Arguments.COMMITS | Arguments.LOG:
            return _places(command.arguments, done, current, known)
        case Arguments.TOPIC if not done:
            return (Candidate(name, 0, note) for name, note in _command_names() if name.startswith(current.lower()))
        case Arguments.CLIENT if not done:
            names = [name for name in known.clients if name != known.client and name.startswith(_begun(current))]
            return (Candidate(_as_begun(name, current), 0) for name in names)
    return ()


def _places(arguments: Arguments, done: list[str], current: str, known: Known) -> Iterable[Candidate]:
    """Keys, or, after a key and its colon, offsets."""
    reader = Reader(current)
    key = None
    with suppress(LineError):
        key = reader.key() if current else None
    if key is None or reader.peek() != ":":
        limit = arguments is Arguments.READS and done and _MAX.startswith(current) and "max" not in _names(done)
        return [*_keys(done, current, known), *([Candidate(_MAX, 0, "at most so many of each key")] if limit else [])]
    typed = current[reader.place + 1 :]
    log = known.logs.get(key)
    if log is None or typed.strip("0123456789"):
        return ()
    return (Candidate(str(offset), reader.place + 1, note) for offset, note in _offsets(arguments, typed, log))


_MAX: Final = "max="


def _names(done: list[str]) -> set[str]:
    """What stands before an equals sign in the words."""
    return {word.partition("=")[0] for word in done if "=" in word}


def _keys(done: list[str], current: str, known: Known) -> Iterator[Candidate]:
    """The keys that are not on the line already and begin as the word does, in quotes where that is."""
    for key, log in known.logs.items():
        if key not in done and key.startswith(_begun(current)):
            yield Candidate(_as_begun(key, current), 0, counted(log.end, "message"))


def _begun(word: str) -> str:
    """As much of a key as a word is, whatever it is written with.

    >>> _begun("my"), _begun('"my k'), _begun('"my key"')
    ('my', 'my k', 'my key')
    """
    if not word.startswith('"'):
        return word
    for text in (word, f'{word}"'):
        with suppress(ValueError):
            return str(json.loads(text))
    return word


def _as_begun(name: str, word: str) -> str:
    return quoted(name) if word.startswith('"') else written(name)


def _offsets(arguments: Arguments, typed: str, log: KnownLog) -> Iterator[tuple[int, str]]:
    """Offsets that begin with the digits typed: those that stand out with a note, and others that exist.

    Where no digit is typed yet, those that stand out come first: a menu has room for few.
    """
    found: dict[int, str] = {}
    for offset, note in _standing_out(arguments, log):
        if str(offset).startswith(typed):
            found[offset] = f"{found[offset]}, {note}" if offset in found else note
    for offset in _beginning_with(typed, log.end):
        if len(found) >= _MOST_OFFSETS:
            break
        found.setdefault(offset, "")
    return ((offset, found[offset]) for offset in sorted(found, key=lambda each: (not typed and not found[each], each)))


def _standing_out(arguments: Arguments, log: KnownLog) -> Iterator[tuple[int, str]]:
    """The offsets that mean something for such arguments; one may mean several things."""
    if arguments is not Arguments.COMMITS:
        yield 0, "the start"
    if log.committed is not None:
        yield log.committed, "committed"
        if arguments is Arguments.READS and log.resume < log.end:
            yield log.resume, "where to go on"
    if log.end:
        yield log.end - 1, "the last message"
    if arguments is Arguments.READS:
        yield log.end, "the end: nothing yet"


def _beginning_with(typed: str, end: int) -> Iterator[int]:
    """The offsets below the end whose digits begin so, ascending.

    >>> list(_beginning_with("1", 13)), list(_beginning_with("", 3)), list(_beginning_with("07", 99))
    ([1, 10, 11, 12], [0, 1, 2], [])
    """
    if not typed:
        yield from range(end)
        return
    if len(typed) > len(str(end)) or (typed[0] == "0" and typed != "0"):
        return
    low, high = int(typed), int(typed) + 1
    while low < end:
        yield from range(low, min(high, end))
        low, high = (low * 10, high * 10) if low else (end, end)
