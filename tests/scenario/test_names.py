"""Names that are written down in two places, so that a scenario can be read without the checkers and the simulator."""

from kafkasim.checkers.table import CHECKERS
from kafkasim.scenario.anomaly_kinds import ANOMALY_KINDS, NOTE_KINDS
from kafkasim.scenario.bug_names import BUG_NAMES, CLUSTER_BUGS
from kafkasim.sim.bugs import BUGS


def test_a_scenario_can_ask_for_every_faulty_server():
    assert tuple(BUGS) == BUG_NAMES
    assert tuple(name for name, bug in BUGS.items() if bug.clusters) == CLUSTER_BUGS


def test_a_scenario_can_expect_every_anomaly_that_is_looked_for():
    errors = {checker.kind for checker in CHECKERS if checker.severity == "error"}
    assert errors == set(ANOMALY_KINDS)
    assert {checker.kind for checker in CHECKERS} - errors == set(NOTE_KINDS)
