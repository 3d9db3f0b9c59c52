"""The scenarios that come with kafkasim: to be run by name, wherever one is."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from kafkasim.scenario.load import load, loads
from kafkasim.scenario.model import Scenario
from kafkasim.scenario.problems import nearest

_INSTALLED: Final = Path(__file__).resolve().parent.parent / "examples" / "scenarios"
_IN_A_CHECKOUT: Final = Path(__file__).resolve().parent.parent.parent / "examples" / "scenarios"
_ENDING: Final = ".yaml"


def shipped_folder() -> Path:
    """The directory that holds them: inside the package where it was installed, beside it in a checkout."""
    return _INSTALLED if _INSTALLED.is_dir() else _IN_A_CHECKOUT


def shipped_names() -> list[str]:
    """Their names, in order: the file's own without its ending, and that of the directory it is in, if any.

    >>> names = shipped_names()
    >>> "gossip-glomers-5a" in names, "anomalies/lost-write" in names
    (True, True)
    """
    folder = shipped_folder()
    return sorted(path.relative_to(folder).with_suffix("").as_posix() for path in folder.rglob(f"*{_ENDING}"))


def load_file_or_shipped(file: str) -> Scenario:
    """The scenario in the file, or, where there is no such file, the one of that name that comes with kafkasim.

    It is called what was asked for (`Scenario.source`), so that the same word finds it again. Raises as `load`.

    >>> load_file_or_shipped("gossip-glomers-5a").name
    'gossip-glomers-5a'
    """
    if not Path(file).is_file() and file in shipped_names():
        return load_shipped(file)
    return load(file)


def load_shipped(name: str) -> Scenario:
    """The scenario of that name, one of `shipped_names`, whatever files there are where one is."""
    return loads((shipped_folder() / f"{name}{_ENDING}").read_bytes(), name)


def name_meant_by(file: str) -> str | None:
    """The name of the scenario that may be meant by the name of a file that is not there.

    >>> name_meant_by("examples/scenarios/gossip-glomers-5a.yaml"), name_meant_by("lost-wirte"), name_meant_by("xyz")
    ('gossip-glomers-5a', 'anomalies/lost-write', None)
    """
    by_last_word = {name.rpartition("/")[2]: name for name in shipped_names()}
    found = nearest(Path(file).name.removesuffix(_ENDING), by_last_word)
    return None if found is None else by_last_word[found]
