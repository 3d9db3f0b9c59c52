"""The node spoken to as Maelstrom speaks to it: by its launcher, from elsewhere, by several clients that do not wait.

Maelstrom numbers every envelope in a field of its own (``id``), which is no part of the protocol; c0 names the node;
each client counts its requests from 1.
"""

import json
import shutil
import sys
from itertools import count

import pytest

CLIENTS = ("c1", "c2", "c3", "c4")


@pytest.fixture
def maelstrom(start, request, tmp_path):
    """A node started as ``maelstrom test --bin`` does it, in a folder with a package of the same name in it."""
    launcher = tmp_path / "checkout" / "bin" / "kafkasim-node"
    launcher.parent.mkdir(parents=True)
    shutil.copy(request.config.rootpath / "bin" / "kafkasim-node", launcher)
    (tmp_path / "checkout" / ".venv").symlink_to(sys.prefix)
    elsewhere = tmp_path / "elsewhere"
    (elsewhere / "kafkasim").mkdir(parents=True)
    (elsewhere / "kafkasim" / "__init__.py").write_text("raise ImportError('the wrong kafkasim')\n")
    return start(command=[str(launcher)], cwd=elsewhere)


class Network:
    """Maelstrom's side: numbers what it sends, and knows who is to be answered what."""

    def __init__(self):
        self._ids = count()
        self._msg_ids = {client: count(1) for client in ("c0", *CLIENTS)}
        self.requests = b""
        self.expected: list[tuple[str, dict[str, object]]] = []

    def ask(self, client, request, **reply):
        """Adds one request, and what it is to be answered."""
        msg_id = next(self._msg_ids[client])
        frame = {"id": next(self._ids), "src": client, "dest": "n0", "body": request | {"msg_id": msg_id}}
        self.requests += json.dumps(frame).encode() + b"\n"
        self.expected.append((client, reply | {"in_reply_to": msg_id}))

    def ask_everything(self, client, own, own_end, shared_end):
        """Each RPC and each error, by a client that alone writes to the key ``own``, and with all others to "0"."""
        sent = {"type": "send", "key": own, "msg": [client, own_end]}
        self.ask(client, sent, type="send_ok", offset=own_end)
        self.ask(client, {"type": "send", "key": "0", "msg": shared_end}, type="send_ok", offset=shared_end)
        polled = {"type": "poll", "offsets": {own: own_end, "0": shared_end, "never": 0}}
        msgs = {own: [[own_end, [client, own_end]]], "0": [[shared_end, shared_end]]}
        self.ask(client, polled, type="poll_ok", msgs=msgs)
        self.ask(client, {"type": "commit_offsets", "offsets": {own: own_end}}, type="commit_offsets_ok")
        listed = {"type": "list_committed_offsets", "keys": [own, "0"]}
        self.ask(client, listed, type="list_committed_offsets_ok", offsets={own: own_end})
        self.ask(client, {"type": "txn", "txn": []}, type="error", code=10)
        self.ask(client, {"type": "send", "key": own}, type="error", code=12)
        self.ask(client, {"type": "commit_offsets", "offsets": {own: own_end + 1}}, type="error", code=22)


def test_every_client_of_maelstrom_gets_its_own_answers(maelstrom):
    network = Network()
    network.ask("c0", {"type": "init", "node_id": "n0", "node_ids": ["n0"]}, type="init_ok")
    for turn in range(40):
        client = CLIENTS[turn % 4]
        network.ask_everything(client, own=client[1:], own_end=turn // 4, shared_end=turn)
    maelstrom.send(network.requests)  # all of it fits in a pipe, and so do the answers

    for client, body in network.expected:
        reply = maelstrom.reply()
        reply["body"].pop("text", None)  # an error's words are for people
        assert reply == {"src": "n0", "dest": client, "body": body}
    assert maelstrom.end() == (0, b"", b"")
