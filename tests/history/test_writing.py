"""How files are written: whole or not at all."""

import sys
from pathlib import Path

import pytest

from kafkasim.files import write_whole


def test_whoever_looks_sees_the_old_file_or_the_new_one_and_never_half_of_one(tmp_path: Path):
    path = tmp_path / "h.jsonl"
    old, new = b"old" * 100_000, b"new" * 100_000
    path.write_bytes(old)
    seen = []

    def look(_frame, _event, _argument):
        seen.append(path.read_bytes())
        return look

    before = sys.gettrace()
    sys.settrace(look)
    try:
        write_whole(path, new)
    finally:
        sys.settrace(before)
    assert seen[0] == old
    assert path.read_bytes() == new
    assert all(content in (old, new) for content in seen)


@pytest.mark.parametrize("step", ["chmod", "replace"])
@pytest.mark.parametrize("failure", [OSError, KeyboardInterrupt, SystemExit])
def test_what_ends_the_writing_leaves_the_old_file_and_nothing_beside_it(tmp_path: Path, monkeypatch, step, failure):
    def fail(*_):
        raise failure

    path = tmp_path / "h.jsonl"
    path.write_bytes(b"old")
    with monkeypatch.context() as patched:
        patched.setattr(Path, step, fail)
        with pytest.raises(failure):
            write_whole(path, b"new")
    assert list(tmp_path.iterdir()) == [path]
    assert path.read_bytes() == b"old"
