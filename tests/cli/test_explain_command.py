"""The command ``kafkasim explain``: a page for each anomaly, and no other."""

import pytest

from kafkasim.anomalies.reasons import REASONS
from kafkasim.report.explanation import KINDS


def test_every_kind_of_anomaly_has_reasons_and_nothing_else_has():
    assert set(REASONS) == set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_a_page_has_an_example_with_the_words_of_the_checker(kafkasim, kind):
    ended = kafkasim("explain", kind)
    assert (ended.code, ended.err) == (0, "")
    pages = ended.out.partition("The smallest history that shows it")
    shown, near = pages[2].split("One that comes close and does not")
    assert any(line.startswith("    ") for line in shown.splitlines())  # what the checker says of it
    assert not any(line.startswith("    ") for line in near.splitlines())
    assert "Why it is proof" in pages[0]
    assert "What it cannot see" in pages[0]
    assert all(len(line) <= 80 for line in pages[0].splitlines())


def test_without_a_kind_all_are_listed(kafkasim):
    ended = kafkasim("explain")
    assert ended.code == 0
    assert all(f"\n{kind} " in ended.out for kind in KINDS)


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("lost-wirte", 'expected a kind of anomaly, got "lost-wirte": did you mean lost-write?'),
        ("xyzzy", 'expected a kind of anomaly, got "xyzzy": `kafkasim explain` lists them'),
    ],
)
def test_what_is_no_kind_is_refused_with_a_hint(kafkasim, kind, told):
    ended = kafkasim("explain", kind)
    assert (ended.code, ended.out) == (2, "")
    assert told in ended.err
