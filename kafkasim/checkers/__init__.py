"""The oracles: what a history proves about the system that it was recorded from.

`check` is the whole of it: it builds one index of the history (``indexing.py``), as far as the history is known
(``cut_off.py``), asks every checker of the table (``table.py``) what it finds there, and draws the verdict
(``judging.py``). Each anomaly is one small function over the index, in the module that its subject names; its docstring
is its definition.

Checkers import neither the engine, nor the service, nor the simulator: an oracle that shares code with what it judges
shares its bugs. What a reply looks like they know from the description of the messages.
"""

from __future__ import annotations

from kafkasim.checkers.cut_off import known_part
from kafkasim.checkers.indexing import build_index
from kafkasim.checkers.judging import judge
from kafkasim.checkers.table import CHECKERS, NEVER_CHECKED
from kafkasim.checkers.verdict import Anomaly, CheckResult, Example
from kafkasim.garbage_collection import collector_at_rest
from kafkasim.history import Consistency, History

__all__ = ["CHECKERS", "Anomaly", "CheckResult", "Example", "check"]


def check(history: History, consistency: Consistency | None = None) -> CheckResult:
    """What the history proves, at the level of consistency given, or else at the one that it asks for itself.

    The verdict is ``invalid`` where an anomaly was found that is an error; else ``unknown`` where a checker failed or
    no poll returned any message, so that nothing was learned; else ``valid``. Time and memory follow the number of
    operations and messages. Whatever requests and responses hold, nothing is raised on account of it.

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
        result = judge(build_index(known_part(history), consistency), CHECKERS)
    result.not_checked.update(NEVER_CHECKED)
    return result
