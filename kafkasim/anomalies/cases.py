"""For each anomaly the smallest history that shows it, and the nearest ones that do not: the definitions by example.

Tests run them, and the reference of anomalies shows them.
"""

from __future__ import annotations

from typing import Final

from kafkasim.anomalies.cases_of_commits import COMMITS, NOTES
from kafkasim.anomalies.cases_of_contents import CONTENTS
from kafkasim.anomalies.cases_of_ordering import ORDERING
from kafkasim.anomalies.cases_of_reads import READS
from kafkasim.anomalies.cases_of_real_time import REALTIME, SHARED
from kafkasim.anomalies.cases_of_replies import REPLIES
from kafkasim.anomalies.cases_of_transactions import TRANSACTIONS
from kafkasim.anomalies.definitions import Definition

DEFINITIONS: Final[tuple[Definition, ...]] = (
    *CONTENTS,
    *READS,
    *ORDERING,
    *REPLIES,
    *COMMITS,
    *NOTES,
    *REALTIME,
    *SHARED,
    *TRANSACTIONS,
)
"""A kind that shows in several ways is there several times, the plainest first."""
