"""The oracles: what a history proves about the system that it was recorded from.

`check` is the whole of it: it builds one index of the history (``indexing.py``), as far as the history is known
(``cut_off.py``), asks every checker of the table (``table.py``) what it finds there, and draws the verdict
(``judging.py``); ``comparison.py`` adds which anomalies Maelstrom would let pass. Each anomaly is one small function
over the index, in the module that its subject names; its docstring is its definition.

Checkers import neither the engine, nor the service, nor the simulator: an oracle that shares code with what it judges
shares its bugs. What a reply looks like they know from the description of the messages.
"""

from __future__ import annotations

from kafkasim.checkers.comparison import compare_with_maelstrom
from kafkasim.checkers.cut_off import known_part
from kafkasim.checkers.index import Index
from kafkasim.checkers.indexing import build_index
from kafkasim.checkers.jepsen import gives_up
from kafkasim.checkers.judging import failure_noted, judge
from kafkasim.checkers.table import CHECKERS
from kafkasim.checkers.verdict import WORST_FEW, Anomaly, CheckResult, Example
from kafkasim.garbage_collection import collector_at_rest
from kafkasim.history import Consistency, History

__all__ = ["CHECKERS", "WORST_FEW", "Anomaly", "CheckResult", "Example", "check"]


def check(history: History, consistency: Consistency | None = None, examples: int | None = WORST_FEW) -> CheckResult:
    """What the history proves, at the level of consistency given, or else at the one that it asks for itself.

    Of each kind of anomaly and key so many ``examples`` are told in words, the worst; None: all. The others are only
    counted, since a bad system can lose a million messages.

    The verdict is ``invalid`` where an anomaly was found that is an error; else ``unknown`` where a checker failed or
    no poll returned any message, so that nothing was learned; else ``valid``. At level ``jepsen`` it is ``unknown`` too
    where Jepsen's own checker would give up. Time and memory follow the number of operations and messages. Whatever
    requests and responses hold, nothing is raised on account of it.

    >>> from kafkasim.history import Header, Operation
    >>> send = Operation(index=0, process=0, client="alice", f="send", request={"key": "k1", "msg": "hello"},
    ...     type="ok", response={"offset": 0}, start=0, end=1, begin_event=0, end_event=1)
    >>> poll = Operation(index=1, process=1, client="bob", f="poll", request={"offsets": {"k1": 0}},
    ...     type="ok", response={"msgs": {"k1": [[0, "hallo"]]}}, start=2, end=3, begin_event=2, end_event=3)
    >>> result = check(History(Header(), [send, poll]))
    >>> result.verdict, [anomaly.kind for anomaly in result.anomalies]
    ('invalid', ['inconsistent-offsets', 'phantom-read'])
    >>> print(result.anomalies[0].examples[0].explanation)
    offset 0 of key "k1" holds two messages: bob polled "hallo" there, but "hello" was acknowledged there to alice
    """
    with collector_at_rest():
        return _judged(build_index(known_part(history), consistency), examples)


def _judged(index: Index, examples: int | None) -> CheckResult:
    result = judge(index, CHECKERS, examples)
    with failure_noted(result, "phantom-read"):
        result.gave_up = gives_up(index) or ""
    if result.gave_up:
        result.verdict = "unknown"
    if result.verdict == "invalid" and index.consistency != "jepsen":
        compare_with_maelstrom(index, result)
    return result
