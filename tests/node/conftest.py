"""A real node in a process of its own, spoken to over real pipes."""

import json
import os
import select
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from kafkasim.node import answers
from kafkasim.service import Service

NODE = [sys.executable, "-m", "kafkasim", "node"]
PATIENCE = 30
"""Seconds after which a node that says nothing has failed the test."""


def line(body: Any, src: str = "c1") -> bytes:
    """A message to the node as one line."""
    return json.dumps({"src": src, "dest": "n0", "body": body}).encode() + b"\n"


INIT = line({"type": "init", "msg_id": 1, "node_id": "n0", "node_ids": ["n0"]})


def answer(service: Service, lines: bytes) -> bytes:
    """All that the node answers to the lines."""
    return b"".join(answers(service, lines))


@contextmanager
def pipe() -> Iterator[tuple[int, int]]:
    """A pipe's two ends, to read and to write, which are closed afterwards, if they are not yet."""
    read, write = os.pipe()
    try:
        yield read, write
    finally:
        for end in (read, write):
            with suppress(OSError):
                os.close(end)


class NodeProcess:
    """A node and its three pipes."""

    def __init__(self, *options: str, command: Sequence[str] = NODE, cwd: Path | None = None) -> None:
        pipe = subprocess.PIPE
        self.process = subprocess.Popen([*command, *options], cwd=cwd, stdin=pipe, stdout=pipe, stderr=pipe, bufsize=0)
        self._unread = b""

    def send(self, data: bytes) -> None:
        assert self.process.stdin is not None
        rest = memoryview(data)
        while rest:
            rest = rest[self.process.stdin.write(rest) or 0 :]

    def reply(self) -> Any:
        """The next message of the node, while its input stays open."""
        assert self.process.stdout is not None
        while b"\n" not in self._unread:
            ready, _, _ = select.select([self.process.stdout], [], [], PATIENCE)
            assert ready, "the node does not answer"
            data = os.read(self.process.stdout.fileno(), 1 << 20)
            assert data, "the node has ended"
            self._unread += data
        first, _, self._unread = self._unread.partition(b"\n")
        return json.loads(first)

    def ask(self, body: Any) -> Any:
        """The body of the answer to a request."""
        self.send(line(body))
        return self.reply()["body"]

    def end(self) -> tuple[int, bytes, bytes]:
        """Closes the node's input: its exit code, and what else it said on standard output and error."""
        out, err = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, self._unread + out, err

    def wait(self) -> tuple[int, bytes]:
        """Waits for a node that ends by itself: its exit code, and what it said on standard error."""
        assert self.process.stderr is not None
        err = self.process.stderr.read()
        return self.process.wait(timeout=PATIENCE), err

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            assert pipe is not None
            with suppress(BrokenPipeError):
                pipe.close()


@pytest.fixture
def start() -> Iterator[Any]:
    """Starts nodes, and ends them with the test."""
    started: list[NodeProcess] = []

    def start_one(*options: str, **how: Any) -> NodeProcess:
        started.append(NodeProcess(*options, **how))
        return started[-1]

    yield start_one
    for node in started:
        node.close()


@pytest.fixture
def node(start: Any) -> NodeProcess:
    """A node that knows its name."""
    started: NodeProcess = start()
    started.send(INIT)
    assert started.reply()["body"]["type"] == "init_ok"
    return started
