"""Why a program cannot be started, in words that say what to do about it.

The system's own are few: "no such file or directory" it also says of a script whose interpreter there is not.
"""

from __future__ import annotations

import errno
import os
import re
import shutil
import stat
from pathlib import Path
from typing import Final

from kafkasim.forms import printable

_FIRST_LINE: Final = 256
"""So many bytes of a script the system looks at for its interpreter."""

_NO_PROGRAM: Final = "it is no program for this machine; a script needs a first line such as #!/usr/bin/env python3"


def why_not(program: str) -> str:
    """What keeps the program from being started, as far as that can be told beforehand; empty: nothing.

    A name with a slash in it is a file, looked up from the current directory; any other is looked for on ``PATH``.

    >>> why_not("sh"), why_not("/"), why_not("/nowhere/node")
    ('', 'expected a program, this is a directory', 'there is no such file')
    """
    if not program:
        return "expected a program, got an empty text"
    if "\0" in program:
        return "no file's name has a zero byte in it"
    found = shutil.which(program)
    if found is not None:
        return _why_not_interpreted(Path(found))
    file = Path(program)
    try:
        mode = file.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return _nowhere(program)
    except (OSError, ValueError) as error:
        return _words(error)
    if stat.S_ISDIR(mode):
        return "expected a program, this is a directory"
    if "/" not in program and os.access(file, os.X_OK):
        return f"there is no such program on PATH; the one in {_here()} is ./{printable(program)}"
    return "this file cannot be run: try `chmod +x`"


def refusal(program: str, error: OSError | ValueError) -> str:
    """Why the system has refused to start the program."""
    if isinstance(error, OSError) and error.errno == errno.ENOEXEC:
        return _NO_PROGRAM
    reason = why_not(program)
    if reason:
        return reason
    if isinstance(error, FileNotFoundError):
        return "the file is there, but not what loads it: it was built for another system"
    return _words(error)


def _nowhere(program: str) -> str:
    if "/" not in program:
        return f"there is no such program, neither on PATH nor in {_here()}"
    return "there is no such file" + ("" if Path(program).is_absolute() else f", looked for in {_here()}")


def _why_not_interpreted(file: Path) -> str:
    """What is wrong with the interpreter that the first line of a script names; empty: nothing, or it is no script."""
    try:
        with file.open("rb") as script:
            line = script.read(_FIRST_LINE).split(b"\n", 1)[0]
    except OSError:  # it may be run all the same
        return ""
    if not line.startswith(b"#!"):
        return ""
    name = os.fsdecode(re.split(rb"[ \t]", line[2:].strip(b" \t"), maxsplit=1)[0])
    if not name or (os.access(name, os.X_OK) and Path(name).is_file()):
        return ""
    if name.endswith("\r"):
        return f"its lines end as on Windows, so that its first names {printable(name)}: try `dos2unix`"
    if os.access(name, os.F_OK):
        return f"its first line names {printable(name)}, which cannot be run"
    return f"its first line names {printable(name)}, and there is no such file"


def _here() -> str:
    """The current directory."""
    try:
        return printable(str(Path.cwd()))
    except OSError:
        return "the current directory, which is gone"


def _words(error: OSError | ValueError) -> str:
    reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
    return reason[:1].lower() + reason[1:]
