"""What errors quote of the values that they are about."""

import datetime as dt
import uuid
from enum import IntEnum

import pytest

from kafkasim import LogEngine
from kafkasim.forms import show
from kafkasim.messages import CommitPastEndError, MalformedRequestError


class Level(IntEnum):
    LOW = 1


@pytest.mark.parametrize(
    "value",
    [
        b"k",
        float("nan"),
        float("inf"),
        {1},
        {1: 2},
        {"a": b"k"},
        uuid.UUID(int=1),
        dt.date(2024, 1, 2),
        Level.LOW,
    ],
)
def test_what_is_no_json_shows_as_python_writes_it(value):
    assert show(value) == repr(value)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ({"a": [1, None, "é", 1.5, True]}, '{"a":[1,null,"é",1.5,true]}'),
        ("\x7f\u202e", '"\\u007f\\u202e"'),
        ("\ud800", "'\\ud800'"),
        (10**5000, "<integer of 16610 bits>"),
        ([10**5000], "<list>"),
    ],
    ids=["JSON", "invisible characters", "half of a surrogate pair", "a long integer", "a long integer in a list"],
)
def test_everything_can_be_shown(value, shown):
    assert show(value) == shown


def test_errors_show_what_python_callers_gave():
    engine = LogEngine()
    with pytest.raises(MalformedRequestError, match=r"got b'k'$"):
        engine.send(b"k", 1)  # type: ignore[arg-type]  # that is the point
    with pytest.raises(MalformedRequestError, match=r"got <Level.LOW: 1>$"):
        engine.poll({"k": Level.LOW})
    with pytest.raises(MalformedRequestError, match=r"got true$"):
        engine.commit_offsets({"k": True})


def test_offsets_may_be_longer_than_python_writes_integers():
    engine = LogEngine()
    engine.send("k", 1)
    assert engine.poll({"k": 10**5000}) == {}
    with pytest.raises(MalformedRequestError, match=r"got <integer of 16610 bits>$"):
        engine.poll({"k": -(10**5000)})
    with pytest.raises(CommitPastEndError, match=r"offset <integer of 16610 bits>: its last message is at offset 0$"):
        engine.commit_offsets({"k": 10**5000})
