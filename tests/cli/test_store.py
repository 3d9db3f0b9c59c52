"""``kafkasim simulate --out``: what each run leaves in a directory of its own."""

from __future__ import annotations

import json
import os
import shlex
import signal
import time
from contextlib import suppress
from pathlib import Path

import jsonschema
import pytest

from kafkasim.history_files import read_history
from tests.cli.command_line import ended, run, start
from tests.cli.test_processes import TELLS_WHEN_A_RUN_HAS_ENDED, TELLS_WHEN_THE_RUN_HAS_BEGUN
from tests.processes.programs import CORRECT
from tests.report.schema import RUN

FILES = ["history.jsonl", "messages.jsonl", "report.txt", "results.json"]
TALKATIVE = shlex.join(["sh", "-c", 'echo "node says hello" >&2; exec "$@"', "sh", *CORRECT])

not_as_root = pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_run_leaves_all_of_it_in_a_directory_of_its_own(kafkasim, scenarios):
    shown = kafkasim("simulate", "busy.yaml", "--bug", "silent", "--seed", "3", "--out", "some/store")
    folder = scenarios / "some" / "store" / "busy-3-1"
    assert shown.err == "kafkasim: --out: written to some/store/busy-3-1\n"
    assert names(folder) == FILES
    assert (folder / "report.txt").read_text() == shown.out
    plain = kafkasim("simulate", "busy.yaml", "--bug", "silent", "--seed", "3", "--json", "--history", "h.jsonl")
    assert (folder / "results.json").read_text() == plain.out
    assert (folder / "history.jsonl").read_bytes() == Path("h.jsonl").read_bytes()
    assert read_history(str(folder / "history.jsonl")).header.seed == 3


def test_what_happens_to_each_message_is_kept_one_event_a_line(kafkasim, scenarios):
    kafkasim("simulate", "busy.yaml", "--out", "store")
    lines = [json.loads(line) for line in Path("store/latest/messages.jsonl").read_text().splitlines()]
    traffic = json.loads(Path("store/latest/results.json").read_text())["stats"]["traffic"]
    fields = {
        "sent": {"type", "id", "at", "src", "dest", "body"},
        "arrived": {"type", "id", "at", "src", "dest", "sent_at"},
        "lost": {"type", "id", "at", "src", "dest", "sent_at", "why"},
    }
    for line in lines:
        assert line.keys() - {"too_late", "copy_of"} == fields[line["type"]]
    counts = {kind: sum(line["type"] == kind for line in lines) for kind in fields}
    assert counts == {"sent": traffic["sent"], "arrived": traffic["delivered"], "lost": traffic["lost"]}
    assert traffic["lost"] > 0
    assert (lines[0]["id"], lines[0]["dest"], lines[0]["body"]["msg_id"]) == (0, "n0", 1)


@pytest.mark.usefixtures("_no_timers")
def test_what_programs_say_for_people_is_kept_by_node(kafkasim):
    shown = kafkasim("simulate", "busy.yaml", "--bin", TALKATIVE, "--nodes", "2", "--out", "store")
    assert "node says hello" not in shown.err
    for name in ("n0", "n1"):
        begins, says, ends = Path(f"store/latest/node-logs/{name}.log").read_text().splitlines()
        assert (begins.split(" at ")[0], says) == (f"==== kafkasim: {name} begins its life 1", "node says hello")
        assert ends.split(" at ")[0] == f"==== kafkasim: {name} ends its life 1"
    assert names(Path("store/latest")) == sorted([*FILES, "node-logs"])


def test_no_run_takes_the_place_of_another_and_latest_is_the_last(kafkasim):
    for count in (1, 2, 3):
        kafkasim("simulate", "valid.yaml", "--out", "store")
        assert Path("store/latest").readlink() == Path(f"hello-0-{count}")
    assert names(Path("store")) == ["hello-0-1", "hello-0-2", "hello-0-3", "latest"]
    documents = {Path(f"store/hello-0-{count}/results.json").read_text() for count in (1, 2, 3)}
    assert len(documents) == 1


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_each_run_of_a_sweep_has_its_own(kafkasim, jobs):
    arguments = ["simulate", "expected.yaml", "busy.yaml", "--seeds", "2", "--jobs", jobs, "--out", "store"]
    shown = kafkasim(*arguments)
    assert (shown.code, shown.err) == (0, "kafkasim: --out: 4 runs written to store\n")
    runs = ["busy-0-1", "busy-1-1", "forgotten-commits-0-1", "forgotten-commits-1-1"]
    assert names(Path("store")) == [*runs, "latest"]
    for one in runs:
        folder = Path("store", one)
        assert names(folder) == FILES
        document = json.loads((folder / "results.json").read_text())
        jsonschema.validate(document, RUN)
        assert f"{document['scenario'].replace(' ', '-')}-{document['seed']}-1" == one
    assert Path("store/latest").readlink().name in runs


def test_the_report_that_is_kept_ends_with_the_command_that_repeats_the_run(kafkasim):
    kafkasim("simulate", "unmet.yaml", "--bin", TALKATIVE, "--seeds", "2", "--out", "store")
    last = Path("store/unmet-1-1/report.txt").read_text().splitlines()[-1]
    assert last == f"  kafkasim simulate unmet.yaml --seed 1 --bin {shlex.quote(TALKATIVE)}"


def test_the_messages_can_be_shown_and_kept_at_once(kafkasim):
    shown = kafkasim("simulate", "valid.yaml", "--log-net", "--out", "store")
    kept = Path("store/latest/messages.jsonl").read_text().splitlines()
    assert len(shown.err.splitlines()) == len(kept) + 1


def test_a_directory_that_cannot_be_written_is_told_before_anything_is_run(kafkasim, scenarios):
    Path("full").mkdir()
    Path("full/latest").mkdir()
    for out, problem in (
        ("valid.yaml", "valid.yaml: expected a directory, this is a file"),
        ("valid.yaml/store", "valid.yaml/store: not a directory"),
        ("full", "full/latest: expected a link to the last run, or nothing"),
        ("-", "-: expected the name of a directory: standard output has the report"),
    ):
        shown = kafkasim("simulate", "valid.yaml", "--out", out)
        assert (shown.code, shown.out, shown.err) == (2, "", f"kafkasim: --out: {problem}\n")
    assert kafkasim("simulate", "broken.yaml", "--out", "store").code == 2
    assert not Path("store").exists()


@not_as_root
def test_a_directory_that_others_own_is_told_before_anything_is_run(kafkasim, scenarios):
    Path("theirs").mkdir(mode=0o555)
    for out in ("theirs", "theirs/store"):
        shown = kafkasim("simulate", "valid.yaml", "--out", out)
        assert (shown.code, shown.out, shown.err) == (2, "", f"kafkasim: --out: {out}: permission denied\n")


def test_a_name_that_is_too_long_for_a_directory_is_told_in_a_line(kafkasim, scenarios):
    Path("long.yaml").write_text(Path("valid.yaml").read_text().replace("hello", "x" * 300, 1))
    shown = kafkasim("simulate", "long.yaml", "--out", "store")
    assert (shown.code, shown.out, shown.err) == (2, "", "kafkasim: --out: store: file name too long\n")


def test_a_disk_that_fills_up_breaks_no_run_and_leaves_no_half_of_one(scenarios):
    small = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))\n"
    ignored = "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
    done = run("simulate", "busy.yaml", "--out", "store", cwd=scenarios, program=small + ignored)
    assert done.code == 2
    assert "VALID" in done.out
    assert done.err == "kafkasim: --out: store/busy-0-1/messages.jsonl: file too large\n"
    assert names(scenarios / "store") == []


def test_of_a_run_that_cannot_be_made_nothing_is_left(kafkasim):
    Path("node").write_text("print()\n")  # it lacks its first line, which only the system finds
    Path("node").chmod(0o755)
    shown = kafkasim("simulate", "valid.yaml", "--bin", "./node", "--out", "store")
    assert (shown.code, shown.out, names(Path("store"))) == (2, "", [])


def test_a_run_that_is_broken_off_is_kept_as_far_as_it_came(scenarios):
    arguments = ["simulate", "endless.yaml", "--out", "store"]
    process = start(*arguments, cwd=scenarios, program=TELLS_WHEN_THE_RUN_HAS_BEGUN)
    assert process.stderr is not None
    assert process.stderr.readline() == "begun\n"
    process.send_signal(signal.SIGINT)
    done = ended(process)
    assert (done.code, done.err) == (130, "kafkasim: --out: written to store/endless-0-1\n")
    folder = scenarios / "store" / "latest"
    assert names(folder) == FILES
    assert json.loads((folder / "results.json").read_text())["interrupted"]
    assert read_history(str(folder / "history.jsonl")).end.end == "interrupted"


def test_a_run_that_comes_to_no_result_leaves_nothing(scenarios):
    arguments = ["simulate", "endless.yaml", "--out", "store"]
    process = start(*arguments, cwd=scenarios, program=TELLS_WHEN_THE_RUN_HAS_BEGUN)
    assert process.stderr is not None
    assert process.stderr.readline() == "begun\n"
    process.send_signal(signal.SIGTERM)
    assert ended(process).code == 128 + signal.SIGTERM
    assert names(scenarios / "store") == []


def test_a_sweep_that_is_told_to_end_leaves_whole_runs_and_no_programs(scenarios):
    stays = 'echo $$ >> pids; "$@"; sleep 1000'
    program = shlex.join(["sh", "-c", stays, "sh", *CORRECT])
    arguments = ["simulate", "busy.yaml", "--bin", program, "--seeds", "100000", "--jobs", "2", "--out", "store"]
    process = start(*arguments, cwd=scenarios, program=TELLS_WHEN_A_RUN_HAS_ENDED)
    assert process.stderr is not None
    assert process.stderr.readline() == "begun\n"
    process.send_signal(signal.SIGTERM)
    assert ended(process).code == 128 + signal.SIGTERM
    pids = [int(line) for line in (scenarios / "pids").read_text().splitlines()]
    assert pids
    assert not [pid for pid in pids if lives(pid)]
    for folder in (scenarios / "store").iterdir():
        assert (folder / "results.json").exists()


def lives(pid: int) -> bool:
    """Whether it still runs a while later. One that has ended, and that nobody has taken note of yet, does not."""
    for _ in range(300):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
        with suppress(OSError):  # not every system tells
            if Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[0] == b"Z":
                return False
        time.sleep(0.01)
    return True
