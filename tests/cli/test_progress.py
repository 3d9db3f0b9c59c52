"""The progress bar: for whom, and when."""

from __future__ import annotations

import io

import pytest

from kafkasim.cli import progress
from kafkasim.cli.progress import ProgressBar


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def terminal(monkeypatch) -> Terminal:
    """Not a fixture: between the setup of a test and its call pytest puts its own streams back."""
    screen = Terminal()
    monkeypatch.setattr("sys.stderr", screen)
    monkeypatch.setenv("TERM", "xterm")
    return screen


def test_on_a_terminal_a_bar_shows_how_far_it_is_and_goes_away(monkeypatch):
    screen = terminal(monkeypatch)
    monkeypatch.setattr(progress, "_PATIENCE", 0)
    with ProgressBar("20 runs", 20, countable=True) as bar:
        bar._timer.join()
        bar.at(5)
    shown = screen.getvalue()
    assert "20 runs" in shown
    assert " 5/20" in shown
    assert shown.endswith("\x1b[2K")  # the line is wiped


def test_what_is_over_within_a_second_shows_nothing(monkeypatch):
    screen = terminal(monkeypatch)
    with ProgressBar("20 runs", 20) as bar:
        bar.at(5)
    assert screen.getvalue() == ""


def test_a_bar_that_is_late_does_not_appear_after_the_end(monkeypatch):
    screen = terminal(monkeypatch)
    bar = ProgressBar("20 runs", 20)
    with bar:
        pass
    bar._appear()
    assert screen.getvalue() == ""


@pytest.mark.parametrize("why", ["pipe", "dumb"])
def test_where_nobody_would_see_it_there_is_no_bar(monkeypatch, why):
    screen = Terminal() if why == "dumb" else io.StringIO()
    monkeypatch.setattr("sys.stderr", screen)
    monkeypatch.setenv("TERM", "dumb" if why == "dumb" else "xterm")
    monkeypatch.setattr(progress, "_PATIENCE", 0)
    with ProgressBar("20 runs", 20) as bar:
        assert not bar.wanted
        bar.at(5)
    assert screen.getvalue() == ""
