"""What all tests share: golden files, and how Hypothesis goes to work.

Golden files hold output that was read by somebody once, and must stay as it is.
`pytest --rewrite-golden` writes them anew, for the tests that it runs. Read every change before you commit it: a
golden file that nobody has read proves nothing.
"""

import signal
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("kafkasim", deadline=None)  # how long a machine takes says nothing about the program
settings.load_profile("kafkasim")

REWRITTEN = pytest.StashKey[list[str]]()


def pytest_addoption(parser):
    parser.addoption("--rewrite-golden", action="store_true", help="write golden files anew instead of comparing")


def pytest_configure(config):
    config.stash[REWRITTEN] = []
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        # In the background a shell ignores it, and so would every program that a test starts and interrupts.
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_terminal_summary(terminalreporter, config):
    rewritten = config.stash[REWRITTEN]
    if rewritten:
        terminalreporter.section("golden files rewritten", red=True)
        terminalreporter.line("Read each before you commit it:")
        for path in rewritten:
            terminalreporter.line(f"  {path}")


@pytest.fixture
def golden(request):
    """Compares a text with a file, or writes the file where that was asked for."""

    def compare(path: Path, text: str) -> None:
        if request.config.getoption("--rewrite-golden"):
            if not path.exists() or path.read_text(encoding="utf-8") != text:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
                request.config.stash[REWRITTEN].append(str(path.relative_to(request.config.rootpath)))
            return
        assert path.exists(), f"{path} is missing: pytest --rewrite-golden writes it"
        assert text == path.read_text(encoding="utf-8")

    return compare


@pytest.fixture
def _no_timers(monkeypatch):
    """For nodes of which the test knows that they do nothing by their own clock, and need no time for it."""
    monkeypatch.setattr("kafkasim.sim.world.TIME_LIMIT", 0)
