"""The log node as one writes it in an hour: a loop over standard input, ``json``, ``print(flush=True)``.

A yardstick for ``benchmarks/node.py``, written fairly: no thread, no lock, no logging, no validation.
"""

import json
import sys

logs: dict[str, list[object]] = {}
committed: dict[str, int] = {}
node_id = ""

for line in sys.stdin:
    message = json.loads(line)
    request = message["body"]
    kind = request["type"]
    reply: dict[str, object] = {"type": f"{kind}_ok", "in_reply_to": request["msg_id"]}
    if kind == "send":
        log = logs.setdefault(request["key"], [])
        reply["offset"] = len(log)
        log.append(request["msg"])
    elif kind == "poll":
        msgs = {}
        for key, offset in request["offsets"].items():
            found = logs.get(key, [])[offset:]
            if found:
                msgs[key] = [[place, msg] for place, msg in enumerate(found, offset)]
        reply["msgs"] = msgs
    elif kind == "commit_offsets":
        for key, offset in request["offsets"].items():
            committed[key] = max(committed.get(key, -1), offset)
    elif kind == "list_committed_offsets":
        reply["offsets"] = {key: committed[key] for key in request["keys"] if key in committed}
    elif kind == "init":
        node_id = request["node_id"]
    print(json.dumps({"src": node_id, "dest": message["src"], "body": reply}), flush=True)
