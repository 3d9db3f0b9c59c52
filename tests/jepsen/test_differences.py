"""The page on differences from Jepsen's checker says what is so."""

import re
import textwrap
from pathlib import Path

import pytest

from kafkasim.anomalies.notation import build
from kafkasim.checkers import check

PAGE = Path(__file__).parents[2] / "docs" / "explanation" / "differences-from-jepsen.md"
_CASE = re.compile(
    r"\*\*(?P<name>[^*]+)\*\*(?P<text>.*?)\n\n(?P<lines>(?:    [^\n]+\n)+)\n"
    r"kafkasim: (?P<ours>[^\n.]*)\. Jepsen: (?P<theirs>[^\n.]*)\.\n",
    re.DOTALL,
)


def cases():
    for found in _CASE.finditer(PAGE.read_text()):
        level = "linearizable" if "`linearizable`" in found["text"] else "kafka"
        lines = textwrap.dedent(found["lines"]).splitlines()
        yield pytest.param(lines, level, found["ours"], found["theirs"], id=" ".join(found["name"].split()))


def told(anomalies):
    kinds = sorted({anomaly.kind for anomaly in anomalies if anomaly.severity == "error"})
    return ", ".join(f"`{kind}`" for kind in kinds) or "nothing"


@pytest.mark.parametrize(("lines", "level", "ours", "theirs"), list(cases()))
def test_the_two_differ_as_the_page_says(lines, level, ours, theirs):
    history = build(*lines, complete="k1" if any("final poll" in line for line in lines) else "")
    assert told(check(history, level).anomalies) == ours
    result = check(history, "jepsen")
    gave_up = "gives up" in result.not_checked.get("duplicate", "")
    assert ("gives up" if gave_up else told(result.anomalies)) == theirs


def test_the_page_has_all_its_cases_read():
    assert len(list(cases())) == PAGE.read_text().count("\nkafkasim: ")
