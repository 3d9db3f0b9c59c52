"""A node of several (Gossip Glomers 5b) that keeps the logs in a service: ``python3 replicated.py [lin-kv]``.

It asks one thing at a time and waits for the answer; what comes meanwhile is done afterwards. Each message costs two
questions at least, and each key of a poll one: simple, correct with lin-kv, and not cheap.
"""

import json
import sys
from collections import deque

from node import LIMIT, Node, are_keys, are_offsets, field, is_anything, is_key


class ReplicatedNode(Node):
    def __init__(self, service):
        super().__init__()
        self.service = service
        self.asked = 0
        self.waiting = deque()

    def obey(self, kind, body):
        match kind:
            case "send":
                key, msg = field(body, "key", is_key), field(body, "msg", is_anything)
                log = self.change("log", key, lambda old: [*(old or []), msg])
                return {"type": "send_ok", "offset": len(log) - 1}
            case "poll":
                msgs = {key: self.read(key, start) for key, start in field(body, "offsets", are_offsets).items()}
                return {"type": "poll_ok", "msgs": msgs}
            case "commit_offsets":
                for key, offset in field(body, "offsets", are_offsets).items():
                    self.change("committed", key, lambda old, offset=offset: max(offset, -1 if old is None else old))
                return {"type": "commit_offsets_ok"}
            case "list_committed_offsets":
                offsets = {key: self.value("committed", key) for key in field(body, "keys", are_keys)}
                known = {key: offset for key, offset in offsets.items() if offset is not None}
                return {"type": "list_committed_offsets_ok", "offsets": known}
        return super().obey(kind, body)

    def read(self, key, start):
        log = self.value("log", key) or []
        return [[offset, msg] for offset, msg in enumerate(log)][start : start + LIMIT]

    def change(self, kind, key, new_of):
        """Changes a value, whoever else does so at the same time; what it is now."""
        while True:
            old = self.value(kind, key)
            new = new_of(old)
            if old == new:
                return new
            swap = {"type": "cas", "key": f"{kind}/{key}", "from": old, "to": new, "create_if_not_exists": True}
            if self.ask(swap)["type"] == "cas_ok":
                return new

    def value(self, kind, key):
        return self.ask({"type": "read", "key": f"{kind}/{key}"}).get("value")

    def ask(self, body):
        self.asked += 1
        number = self.asked
        self.say({"src": self.name, "dest": self.service, "body": body | {"msg_id": number}})
        while True:
            message = self.next_line()
            if "in_reply_to" not in message["body"]:
                self.waiting.append(message)
            elif message["body"]["in_reply_to"] == number:
                return message["body"]

    def next_line(self):
        line = sys.stdin.readline()
        if not line:
            sys.exit()
        return json.loads(line)

    def run(self):
        while True:
            message = self.waiting.popleft() if self.waiting else self.next_line()
            if "in_reply_to" not in message["body"]:
                self.say(self.reply(message, self.answer(message["body"])))


if __name__ == "__main__":
    ReplicatedNode(*sys.argv[1:] or ["lin-kv"]).run()
