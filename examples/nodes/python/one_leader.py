"""A node of several, of which the first has the log: ``python3 one_leader.py [SECONDS]``.

The others hand on to it what they are asked, and answer polls from their own copy of the log. With a number of seconds
the first node sends them its log so often: they are behind for a while, and right in the end. Without, they never
learn of anything, and polls of theirs return nothing for ever.
"""

import json
import sys
import threading
import time

from node import Node


class NodeWithALeader(Node):
    def __init__(self, interval):
        super().__init__()
        self.interval = interval
        self.leader = ""
        self.others = []
        self.handed_on = []
        self.writing = threading.Lock()

    def answer(self, body):
        if body["type"] == "init":
            self.leader, *self.others = body["node_ids"]
        return super().answer(body)

    def take(self, message):
        body = message["body"]
        if body["type"] == "tick":
            for other in self.others:
                self.say({"src": self.name, "dest": other, "body": {"type": "gossip", "logs": self.logs}})
        elif body["type"] == "gossip":
            self.logs = body["logs"]
        elif "in_reply_to" in body:
            client, number = self.handed_on[body["in_reply_to"]]
            self.say({"src": self.name, "dest": client, "body": body | {"in_reply_to": number}})
        elif body["type"] in ("init", "poll") or self.name == self.leader:
            self.say(self.reply(message, self.answer(body)))
        else:
            self.say({"src": self.name, "dest": self.leader, "body": body | {"msg_id": len(self.handed_on)}})
            self.handed_on.append((message["src"], body.get("msg_id")))

    def tick(self):
        """Has itself woken by messages, so that only one thread ever touches the log."""
        while True:
            time.sleep(self.interval)
            if self.name and self.name == self.leader:
                self.say({"src": self.name, "dest": self.name, "body": {"type": "tick"}})

    def say(self, message):
        with self.writing:
            super().say(message)

    def run(self):
        if self.interval:
            threading.Thread(target=self.tick, daemon=True).start()
        for line in sys.stdin:
            self.take(json.loads(line))


if __name__ == "__main__":
    NodeWithALeader(float(sys.argv[1]) if sys.argv[1:] else 0).run()
