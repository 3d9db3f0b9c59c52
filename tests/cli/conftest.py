"""A directory with a few scenarios, and the command line in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.command_line import CommandLine, end_all

SCENARIOS = {
    "valid.yaml": """
name: hello
why: To see one message arrive.
clients:
  alice:
    - send: {key: k1, msg: hello}
      expect: {offset: 0}
    - poll: {k1: 0}
""",
    "busy.yaml": """
name: busy
why: To see many clients at once.
network: {latency: {distribution: exponential, mean: 5ms}, loss: 0.01}
workload: {clients: 3, keys: 2, rate: 200, duration: 1s}
""",
    "expected.yaml": """
name: forgotten commits
why: A consumer that resumes reads everything again.
system: {bug: forgets-commits}
clients:
  alice:
    - send: {key: k1, msg: hello}
    - poll: {k1: 0}
    - commit_offsets: {k1: 0}
    - list_committed_offsets: [k1]
expect: {anomalies: [commit-lost]}
""",
    "missing.yaml": """
name: missing
why: To see what happens where the expected anomaly is not found.
clients: {alice: [send: {key: k1, msg: hello}, poll: {k1: 0}]}
expect: {anomalies: [lost-write]}
""",
    "unmet.yaml": """
name: unmet
why: To see an expectation that is not met.
clients:
  alice:
    - send: {key: k1, msg: hello}
      expect: {offset: 7}
""",
    "unknown.yaml": """
name: idle
why: To see a run from which nothing is learned.
clients: {alice: [sleep: 1ms]}
""",
    "broken.yaml": """
name: broken
worklaod: {clients: 2}
clients: {alice: [snd: {key: k1, msg: hello}]}
""",
    "endless.yaml": """
name: endless
why: To be interrupted.
workload: {clients: 3, keys: 2, rate: 1000, duration: 100000s}
""",
}


@pytest.fixture(autouse=True)
def nothing_goes_on():
    """What a test has started outlives it in no case."""
    yield
    end_all()


@pytest.fixture
def scenarios(tmp_path: Path, monkeypatch) -> Path:
    """The directory, which is also the current one."""
    for name, text in SCENARIOS.items():
        (tmp_path / name).write_text(text.lstrip())
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    return tmp_path


@pytest.fixture
def kafkasim(scenarios, monkeypatch, capsys) -> CommandLine:
    """The command ``kafkasim``, to be called with its arguments."""
    return CommandLine(monkeypatch, capsys)
