"""A correct node for Gossip Glomers 5a, as somebody would write it who has nothing but Python. To run it:

kafkasim simulate examples/scenarios/gossip-glomers-5a.yaml --bin "python3 examples/nodes/python/node.py"
"""

import json
import sys

LIMIT = 20


class MalformedRequestError(Exception):
    """A request that is not of the protocol's form: it is refused before anything is done about it."""


def is_key(value):
    return isinstance(value, str) and value != ""


def is_anything(value):
    return True


def are_offsets(value):
    # True is an int to Python, and no offset.
    return isinstance(value, dict) and all(is_key(k) and type(n) is int and n >= 0 for k, n in value.items())


def are_keys(value):
    return isinstance(value, list) and all(map(is_key, value))


def field(body, name, is_right):
    if name not in body:
        raise MalformedRequestError(f"{name} is missing")
    if not is_right(body[name]):
        raise MalformedRequestError(f"{name} cannot be {json.dumps(body[name])}")
    return body[name]


class Node:
    def __init__(self):
        self.name = ""
        self.logs = {}
        self.committed = {}

    def answer(self, body):
        try:
            return self.obey(field(body, "type", is_key), body)
        except MalformedRequestError as problem:
            return {"type": "error", "code": 12, "text": str(problem)}

    def obey(self, kind, body):
        match kind:
            case "init":
                self.name = body["node_id"]
                return {"type": "init_ok"}
            case "send":
                key, msg = field(body, "key", is_key), field(body, "msg", is_anything)
                log = self.logs.setdefault(key, [])
                log.append(msg)
                return {"type": "send_ok", "offset": len(log) - 1}
            case "poll":
                msgs = {key: self.read(key, start) for key, start in field(body, "offsets", are_offsets).items()}
                return {"type": "poll_ok", "msgs": msgs}
            case "commit_offsets":
                for key, offset in field(body, "offsets", are_offsets).items():
                    self.committed[key] = max(offset, self.committed.get(key, -1))
                return {"type": "commit_offsets_ok"}
            case "list_committed_offsets":
                known = {key: self.committed[key] for key in field(body, "keys", are_keys) if key in self.committed}
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
