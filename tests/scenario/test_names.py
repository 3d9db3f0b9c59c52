"""Names that are written down in two places, so that a scenario can be read without the checkers and the simulator."""

from kafkasim.checkers.jepsen import OF_TRANSACTIONS
from kafkasim.checkers.table import CHECKERS
from kafkasim.scenario.anomaly_kinds import ANOMALY_KINDS, NOTE_KINDS
from kafkasim.scenario.bug_names import BUG_NAMES, CLUSTER_BUGS
from kafkasim.sim.bugs import BUGS


def test_a_scenario_can_ask_for_every_faulty_server():
    assert tuple(BUGS) == BUG_NAMES
    assert tuple(name for name, bug in BUGS.items() if bug.clusters) == CLUSTER_BUGS


def test_a_scenario_can_expect_every_anomaly_that_is_looked_for():
    judged = [checker for checker in CHECKERS if checker not in OF_TRANSACTIONS]  # scenarios have no transactions
    errors = {checker.kind for checker in judged if checker.severity == "error"}
    assert errors == set(ANOMALY_KINDS)
    assert {checker.kind for checker in judged} - errors == set(NOTE_KINDS)
