"""The node of ``node.py``, with one thing wrong: ``python3 faulty.py NAME``, where NAME is one of `FAULTS`."""

import json
import os
import subprocess
import sys
import threading
import time

from node import Node


class ExitsAtStart(Node):
    def run(self):
        print("no configuration found", file=sys.stderr)
        sys.exit(3)


class RefusesInit(Node):
    def answer(self, body):
        self.name = body["node_id"]
        return {"type": "error", "code": 10, "text": "one node is not enough"}


class IgnoresInit(Node):
    def say(self, message):
        pass


class Nth(Node):
    """Does something in place of its 20th answer."""

    count = 0

    def say(self, message):
        self.count += 1
        if self.count == 20:
            self.misbehave(message)
        else:
            super().say(message)


class Exits(Nth):
    def misbehave(self, message):
        print("Traceback: the index is out of range", file=sys.stderr)
        sys.exit(1)


class IsKilled(Nth):
    def misbehave(self, message):
        os.abort()


class Hangs(Nth):
    def misbehave(self, message):
        while True:
            pass


class FallsSilent(Nth):
    def misbehave(self, message):
        time.sleep(3600)


class SkipsAnAnswer(Nth):
    def misbehave(self, message):
        pass


class ClosesItsOutput(Nth):
    def misbehave(self, message):
        os.close(1)
        time.sleep(3600)


class Floods(Nth):
    def misbehave(self, message):
        while True:
            sys.stdout.write("all work and no play\n" * 1000)


class WritesALineWithoutEnd(Nth):
    def misbehave(self, message):
        while True:
            sys.stdout.write("all work and no play " * 50_000)


class PrintsForPeople(Nth):
    def misbehave(self, message):
        print("stored", json.dumps(message["body"]))
        super(Nth, self).say(message)


class AnswersTwice(Nth):
    def misbehave(self, message):
        super(Nth, self).say(message)
        super(Nth, self).say(message)


class AnswersAnother(Nth):
    def misbehave(self, message):
        message["body"]["in_reply_to"] += 1000
        super(Nth, self).say(message)


class NamesNoRequest(Nth):
    def misbehave(self, message):
        del message["body"]["in_reply_to"]
        super(Nth, self).say(message)


class WritesToNobody(Nth):
    def misbehave(self, message):
        super(Nth, self).say({"src": self.name, "dest": "n9", "body": {"type": "replicate"}})
        super(Nth, self).say(message)


class CallsItselfOtherwise(Nth):
    def misbehave(self, message):
        message["src"] = "n7"
        super(Nth, self).say(message)


class WritesOffsetsAsText(Node):
    def answer(self, body):
        reply = super().answer(body)
        if "offset" in reply:
            reply["offset"] = str(reply["offset"])
        return reply


class AddsAField(Node):
    def answer(self, body):
        reply = super().answer(body)
        return reply if reply["type"] == "init_ok" else reply | {"ok": True}


class LosesWrites(Node):
    """Forgets every fifth message that it has acknowledged."""

    def answer(self, body):
        reply = super().answer(body)
        if reply["type"] == "send_ok" and reply["offset"] % 5 == 4:
            self.logs[body["key"]][reply["offset"]] = None
        return reply

    def read(self, key, start):
        return [pair for pair in super().read(key, start) if pair[1] is not None]


class ForgetsCommits(Node):
    def answer(self, body):
        reply = super().answer(body)
        if "offsets" in reply:
            reply["offsets"] = {}
        return reply


class TrustsItsClients(Node):
    """Does not expect a request that makes no sense, and ends with it."""

    def answer(self, body):
        return self.obey(body["type"], body)


class SpeaksUnprompted(Node):
    """Correct, but for a line to itself now and then, as of a node with a timer."""

    def run(self):
        threading.Thread(target=self.tick, daemon=True).start()
        super().run()

    def tick(self):
        while True:
            time.sleep(0.001)
            if self.name:
                self.say({"src": self.name, "dest": self.name, "body": {"type": "tick"}})

    def answer(self, body):
        return None if body["type"] == "tick" else super().answer(body)

    def reply(self, message, body):
        return None if body is None else super().reply(message, body)

    def say(self, message):
        if message is not None:
            with LOCK:
                super().say(message)


class TakesItsTime(Node):
    """Correct, and slow: it sleeps over each request for a while."""

    def answer(self, body):
        time.sleep(0.003)
        return super().answer(body)


class LeavesAChildBehind(Node):
    """Correct, but for a child of its own that goes its own way."""

    def run(self):
        if os.fork() == 0:
            os.setsid()
            os.close(1)
            os.execvp("sleep", ["sleep", sys.argv[2]])
        super().run()


class RunsAnother(Node):
    """A wrapper: the node is a child of its."""

    def run(self):
        sys.exit(subprocess.call([sys.executable, __file__, "correct"]))


LOCK = threading.Lock()

FAULTS = {
    "correct": Node,
    "exits-at-start": ExitsAtStart,
    "refuses-init": RefusesInit,
    "ignores-init": IgnoresInit,
    "exits": Exits,
    "is-killed": IsKilled,
    "hangs": Hangs,
    "falls-silent": FallsSilent,
    "skips-an-answer": SkipsAnAnswer,
    "closes-its-output": ClosesItsOutput,
    "floods": Floods,
    "writes-a-line-without-end": WritesALineWithoutEnd,
    "prints-for-people": PrintsForPeople,
    "answers-twice": AnswersTwice,
    "answers-another": AnswersAnother,
    "names-no-request": NamesNoRequest,
    "writes-to-nobody": WritesToNobody,
    "calls-itself-otherwise": CallsItselfOtherwise,
    "writes-offsets-as-text": WritesOffsetsAsText,
    "adds-a-field": AddsAField,
    "loses-writes": LosesWrites,
    "forgets-commits": ForgetsCommits,
    "trusts-its-clients": TrustsItsClients,
    "speaks-unprompted": SpeaksUnprompted,
    "takes-its-time": TakesItsTime,
    "leaves-a-child-behind": LeavesAChildBehind,
    "runs-another": RunsAnother,
}

if __name__ == "__main__":
    FAULTS[sys.argv[1]]().run()
