"""A correct node that, besides, does what a message tells it: ``python3 obedient_node.py``."""

import os
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "examples" / "nodes" / "python"))

from node import Node  # type: ignore[import-not-found]  # it stands beside the examples, not in a package


class ObedientNode(Node):  # type: ignore[misc]  # so its type is not known either
    def answer(self, body):
        match body.get("msg"):
            case ["complain", words]:
                os.write(2, words.encode())
            case ["sleep", seconds]:
                os.write(2, b"asleep\n")
                time.sleep(seconds)
            case ["write", message]:
                self.say(message)
            case ["write late", seconds, message]:
                if os.fork() == 0:
                    time.sleep(seconds)
                    self.say(message)
                    os._exit(0)
            case ["answer", reply]:
                return reply
            case ["exit", status]:
                sys.exit(status)
            case ["exit late", seconds]:
                if os.fork() == 0:
                    time.sleep(seconds)
                    os.kill(os.getppid(), 9)
                    os._exit(0)
        return super().answer(body)


if __name__ == "__main__":
    ObedientNode().run()
