"""Files that are read piece by piece, gzipped or not, and written whole or not at all."""

from __future__ import annotations

import errno
import gzip
import os
import stat
import sys
import tempfile
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

_PIECE: Final = 256 * 1024
"""The most bytes that are read at once."""

_GZIP: Final = b"\x1f\x8b"
"""How a gzip file begins (RFC 1952)."""


class DamagedError(ValueError):
    """A gzip file is not what it should be; the text says how."""


def read_pieces(file: str) -> Iterator[bytes]:
    """What is in the file, piece by piece, decompressed where it is gzipped; ``-`` is standard input.

    Of a gzip file that was cut off, as much as there is. Raises `OSError` where it cannot be read, and `DamagedError`.
    Devices are refused: some never end.
    """
    if file == "-":
        yield from _unzipped(iter(lambda: sys.stdin.buffer.read(_PIECE), b""))
        return
    with Path(file).open("rb") as opened:
        mode = os.fstat(opened.fileno()).st_mode
        if stat.S_ISCHR(mode) or stat.S_ISBLK(mode):
            raise OSError(errno.EINVAL, "expected a file or a pipe, this is a device", file)
        yield from _unzipped(iter(lambda: opened.read(_PIECE), b""))


def _unzipped(pieces: Iterable[bytes]) -> Iterator[bytes]:
    zipped: bool | None = None
    member = None
    rest = b""
    for piece in pieces:
        data, rest = rest + piece, b""
        if zipped is None:
            zipped = data.startswith(_GZIP)
        if not zipped:
            yield data
            continue
        while data:  # a gzip file may be several, one after the other
            if member is None:
                if len(data) < len(_GZIP):
                    rest = data
                    break
                if not data.startswith(_GZIP):
                    return
                member = zlib.decompressobj(wbits=31)
            try:
                yield member.decompress(data)
            except zlib.error as error:
                raise DamagedError(f"the gzip file is damaged: {error}") from None
            data = member.unused_data
            if member.eof:
                member = None


def gzipped(data: bytes) -> bytes:
    """The data compressed, without date and name of a system, so that the same run gives the same bytes."""
    packed = bytearray(gzip.compress(data, mtime=0))
    packed[_GZIP_SYSTEM] = 255  # unknown; Python's versions disagree about it
    return bytes(packed)


_GZIP_SYSTEM: Final = 9
"""Where a gzip file says on what system it was written (RFC 1952)."""


def write_whole(path: Path, data: bytes) -> None:
    """Writes a file so that it is never seen half written: beside its place first, then moved there.

    A file that is there keeps its mode, and a link goes on leading to the file that it led to.
    """
    if path.exists() and not path.is_file():  # /dev/null, a pipe: there is nothing to move into place
        path.write_bytes(data)
        return
    place = Path(os.path.realpath(path))
    # Not named after the file, whose name may be as long as names can be.
    handle, name = tempfile.mkstemp(prefix=".kafkasim-", dir=place.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        Path(name).chmod(_mode_for(place))  # mkstemp makes files private; this one is a plain output
        Path(name).replace(place)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _mode_for(path: Path) -> int:
    """The permissions of the file that is there, or those that a new one gets."""
    if path.exists():
        return stat.S_IMODE(path.stat().st_mode)
    umask = os.umask(0)
    os.umask(umask)
    return 0o666 & ~umask
