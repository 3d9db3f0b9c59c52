"""Nodes of a cluster as processes, over real pipes; the test is the network between them, and lin-kv."""

import json
import os
import select
import subprocess
import sys
import time

import pytest

from kafkasim.messages import Envelope
from kafkasim.scenario import model
from kafkasim.scenario.model import MILLISECOND, SECOND
from kafkasim.sim.services.linear_store import LinearStore
from kafkasim.sim.services.party import ServiceParty
from kafkasim.simulate import run

NODE = [sys.executable, "-m", "kafkasim", "node"]
PATIENCE = 30
"""Seconds after which a cluster that does not answer has failed the test."""


class Bench:
    """Carries lines between nodes, lin-kv and one client, at once; those between ``cut`` pairs are dropped."""

    def __init__(self, names):
        self.names, self.nodes, self.unread = names, {}, {}
        self.store = ServiceParty("lin-kv", LinearStore(), self)
        self.cut, self.answers, self.number, self.among_servers = set(), {}, 0, 0
        for name in names:
            self.start(name)

    def start(self, name):
        pipe = subprocess.PIPE
        self.nodes[name] = subprocess.Popen(NODE, stdin=pipe, stdout=pipe, bufsize=0)
        self.unread[name] = b""
        assert self.ask(name, {"type": "init", "node_id": name, "node_ids": self.names})["type"] == "init_ok"

    def kill(self, name):
        process = self.nodes.pop(name)
        process.kill()
        for stream in (process.stdin, process.stdout):
            stream.close()
        process.wait()

    def close(self):
        for name in list(self.nodes):
            self.kill(name)

    def mention(self, name):
        """See `kafkasim.sim.network.Network.mention`."""

    def send(self, envelope):
        src, dest = envelope.src, envelope.dest
        self.among_servers += "c1" not in (src, dest)
        if {src, dest} in self.cut:
            return
        if dest == "c1":
            self.answers[envelope.body["in_reply_to"]] = envelope.body
        elif dest == "lin-kv":
            self.store.receive(envelope)
        elif dest in self.nodes:
            line = json.dumps({"src": src, "dest": dest, "body": envelope.body}).encode() + b"\n"
            self.nodes[dest].stdin.write(line)

    def carry(self, seconds):
        """Carries what comes within so many seconds, or the first of it."""
        streams = {process.stdout: name for name, process in self.nodes.items()}
        for stream in select.select(list(streams), [], [], seconds)[0]:
            name = streams[stream]
            data = os.read(stream.fileno(), 1 << 20)
            assert data, f"{name} has ended"
            *lines, self.unread[name] = (self.unread[name] + data).split(b"\n")
            for line in lines:
                message = json.loads(line)
                assert message["src"] == name
                self.send(Envelope(name, message["dest"], message["body"]))

    def begin(self, name, body):
        self.number += 1
        self.send(Envelope("c1", name, body | {"msg_id": self.number}))
        return self.number

    def answer(self, number):
        until = time.monotonic() + PATIENCE
        while number not in self.answers:
            assert time.monotonic() < until, "the cluster does not answer"
            self.carry(0.1)
        return {name: value for name, value in self.answers[number].items() if name not in ("in_reply_to", "text")}

    def ask(self, name, body):
        return self.answer(self.begin(name, body))


@pytest.fixture
def bench():
    started = []

    def start(*names):
        started.append(Bench(list(names)))
        return started[-1]

    yield start
    for each in started:
        each.close()


def send(msg, key="k"):
    return {"type": "send", "key": key, "msg": msg}


def poll(offset=0, key="k"):
    return {"type": "poll", "offsets": {key: offset}}


def test_nodes_serve_one_log(bench):
    cluster = bench("n0", "n1", "n2")
    messages = ["a", None, {"a": [1.50, 10**30]}, "ü\n", True]
    for place, msg in enumerate(messages):
        assert cluster.ask(f"n{place % 3}", send(msg)) == {"type": "send_ok", "offset": place}
    for name in cluster.names:
        polled = cluster.ask(name, poll())
        assert polled == {"type": "poll_ok", "msgs": {"k": [[place, msg] for place, msg in enumerate(messages)]}}
    assert cluster.ask("n1", {"type": "commit_offsets", "offsets": {"k": 3}}) == {"type": "commit_offsets_ok"}
    listed = {"type": "list_committed_offsets_ok", "offsets": {"k": 3}}
    assert cluster.ask("n2", {"type": "list_committed_offsets", "keys": ["k", "other"]}) == listed
    assert cluster.ask("n2", {"type": "commit_offsets", "offsets": {"k": 5}}) == {"type": "error", "code": 22}


def test_requests_that_come_together_are_appended_together(bench):
    cluster = bench("n0", "n1")
    numbers = [cluster.begin(f"n{number % 2}", send(number)) for number in range(200)]
    offsets = [cluster.answer(number)["offset"] for number in numbers]
    assert sorted(offsets) == list(range(200))
    polled = dict(map(tuple, cluster.ask("n1", poll())["msgs"]["k"]))
    assert [polled[offset] for offset in offsets] == list(range(200))
    assert cluster.among_servers < 400


def test_an_idle_cluster_says_nothing(bench):
    cluster = bench("n0", "n1")
    cluster.carry(0.5)
    assert cluster.among_servers == 0
    cluster.ask("n1", send(1))
    said = cluster.among_servers
    for _ in range(10):
        cluster.carry(0.1)
    assert cluster.among_servers == said


def test_the_others_go_on_without_the_first_node_and_it_comes_back(bench):
    cluster = bench("n0", "n1")
    cluster.ask("n0", send("a"))
    cluster.kill("n0")
    assert cluster.ask("n1", send("b")) == {"type": "send_ok", "offset": 1}
    assert cluster.ask("n1", send("c")) == {"type": "send_ok", "offset": 2}
    cluster.start("n0")
    assert cluster.ask("n0", send("d")) == {"type": "send_ok", "offset": 3}
    everything = {"k": [[place, msg] for place, msg in enumerate("abcd")]}
    assert [cluster.ask(name, poll())["msgs"] for name in cluster.names] == [everything] * 2


def test_a_node_that_reaches_nobody_refuses_and_one_that_reaches_another_does_not(bench):
    cluster = bench("n0", "n1")
    cluster.ask("n1", send("a"))
    cluster.cut = [{"n1", "lin-kv"}]
    assert cluster.ask("n1", send("b")) == {"type": "send_ok", "offset": 1}
    assert cluster.ask("n1", poll(1)) == {"type": "poll_ok", "msgs": {"k": [[1, "b"]]}}
    cluster.cut = [{"n1", "lin-kv"}, {"n1", "n0"}]
    assert cluster.ask("n1", poll())["type"] == "error"
    refused = cluster.ask("n1", send("c"))
    assert refused in ({"type": "error", "code": 11}, {"type": "error", "code": 0})
    assert cluster.ask("n1", send("d")) == {"type": "error", "code": 11}
    cluster.cut = []
    assert cluster.ask("n0", poll(2))["msgs"] in ({}, {"k": [[2, "c"]]})
    assert cluster.ask("n1", send("e"))["type"] == "send_ok"


def test_a_lost_answer_of_lin_kv_appends_nothing_twice(bench):
    cluster = bench("n0", "n1")
    cluster.ask("n0", send("a"))
    number = cluster.begin("n0", send("b"))
    receive = cluster.store.receive

    def receive_and_say_nothing(envelope):
        cluster.cut = [{"lin-kv", "n0"}]
        receive(envelope)
        cluster.cut, cluster.store.receive = [], receive

    cluster.store.receive = receive_and_say_nothing
    assert cluster.answer(number) == {"type": "send_ok", "offset": 1}
    assert cluster.ask("n1", poll(1)) == {"type": "poll_ok", "msgs": {"k": [[1, "b"]]}}


def test_what_is_malformed_is_refused_in_a_cluster_too(bench):
    cluster = bench("n0", "n1")
    assert cluster.ask("n0", {"type": "send", "key": 7, "msg": 1}) == {"type": "error", "code": 12}
    assert cluster.ask("n0", {"type": "frobnicate"}) == {"type": "error", "code": 10}
    cluster.nodes["n0"].stdin.write(b'garbage\n{"src": "c1"}\n\n')
    assert cluster.ask("n0", send("a")) == {"type": "send_ok", "offset": 0}
    names = {"type": "init", "node_id": "n9", "node_ids": ["n0", "n1"]}
    assert cluster.ask("n0", names) == {"type": "error", "code": 10}
    assert cluster.ask("n0", send("b")) == {"type": "send_ok", "offset": 1}


def test_a_cluster_ends_with_its_input(bench):
    process = bench("n0", "n1").nodes["n0"]
    process.stdin.close()
    assert process.wait(PATIENCE) == 0


def test_init_and_requests_may_come_in_one_piece_and_the_last_line_without_an_end():
    lines = [
        {"type": "poll", "msg_id": 1, "offsets": {}},
        {"type": "init", "msg_id": 2, "node_id": "n0", "node_ids": ["n0", "n1"]},
        {"type": "commit_offsets", "msg_id": 3, "offsets": {}},
        send("a") | {"msg_id": 4},
    ]
    data = "\n".join(json.dumps({"src": "c1", "dest": "n0", "body": body}) for body in lines)
    done = subprocess.run(NODE, input=data.encode(), stdout=subprocess.PIPE, timeout=PATIENCE, check=True)
    said = [json.loads(line)["body"]["type"] for line in done.stdout.splitlines()]
    assert said == ["error", "init_ok", "commit_offsets_ok", "cas"]


def test_a_node_alone_does_not_load_what_a_cluster_needs():
    look = "import sys; import kafkasim.node; sys.exit(any('cluster' in name for name in sys.modules))"
    assert subprocess.run([sys.executable, "-c", look], check=False, timeout=PATIENCE).returncode == 0


@pytest.mark.parametrize("seed", range(3))
def test_nodes_are_not_accused_whatever_the_network_does(seed):
    """Each of these seeds loses what nodes and lin-kv say to each other, after which only a timer helps."""
    network = model.Network(model.Latency("exponential", 2 * MILLISECOND), loss=0.02, duplicate=0.05)
    cut_off = model.Partition(300 * MILLISECOND, (("n0", "n1"), ("n2", "lin-kv")), 300 * MILLISECOND)
    scenario = model.Scenario(
        "cluster",
        "to see what comes of it",
        system=model.System(3, command=tuple(NODE)),
        network=network,
        timeout=2 * SECOND,
        workload=model.Workload(clients=6, keys=3, rate=100.0, duration=SECOND),
        faults=(cut_off,),
    )
    result = run(scenario, seed)

    assert (result.verdict, result.check.anomalies) == ("valid", [])
    assert result.pacing
    assert result.pacing.real_from is not None
