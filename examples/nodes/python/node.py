"""A correct node for Gossip Glomers 5a, as somebody would write it who has nothing but Python. To run it:

kafkasim simulate examples/scenarios/gossip-glomers-5a.yaml --bin "python3 examples/nodes/python/node.py"
"""

import json
import sys

LIMIT = 20


class Node:
    def __init__(self):
        self.name = ""
        self.logs = {}
        self.committed = {}

    def answer(self, body):
        match body["type"]:
            case "init":
                self.name = body["node_id"]
                return {"type": "init_ok"}
            case "send":
                log = self.logs.setdefault(body["key"], [])
                log.append(body["msg"])
                return {"type": "send_ok", "offset": len(log) - 1}
            case "poll":
                msgs = {key: self.read(key, start) for key, start in body["offsets"].items()}
                return {"type": "poll_ok", "msgs": msgs}
            case "commit_offsets":
                for key, offset in body["offsets"].items():
                    self.committed[key] = max(offset, self.committed.get(key, -1))
                return {"type": "commit_offsets_ok"}
            case "list_committed_offsets":
                known = {key: self.committed[key] for key in body["keys"] if key in self.committed}
                return {"type": "list_committed_offsets_ok", "offsets": known}
        return {"type": "error", "code": 10, "text": "unknown request"}

    def read(self, key, start):
        return [[offset, msg] for offset, msg in enumerate(self.logs.get(key, []))][start : start + LIMIT]

    def reply(self, message, body):
        body["in_reply_to"] = message["body"].get("msg_id")
        return {"src": self.name, "dest": message["src"], "body": body}

    def say(self, message):
        print(json.dumps(message), flush=True)

    def run(self):
        for line in sys.stdin:
            message = json.loads(line)
            self.say(self.reply(message, self.answer(message["body"])))


if __name__ == "__main__":
    Node().run()
