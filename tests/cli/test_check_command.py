"""``kafkasim check``, from its arguments to its exit code."""

from __future__ import annotations

import gzip
import io
import json
import sys

import jsonschema
import pytest

from kafkasim.anomalies.notation import build
from kafkasim.history import End, Header, History
from kafkasim.history_files import write_history
from kafkasim.history_lines import encode_history
from tests.checkers.many_findings import lost_in_one_poll
from tests.report.schema import CHECK, SEVERAL


@pytest.fixture
def histories(kafkasim, scenarios):
    """A valid, an invalid and an empty history."""
    kafkasim("simulate", "valid.yaml", "--history", "valid.jsonl.gz")
    kafkasim("simulate", "expected.yaml", "--history", "invalid.jsonl")
    write_history(History(Header(scenario="empty"), end=End("complete")), scenarios / "empty.jsonl")
    (scenarios / "broken.jsonl").write_text('{"kafkasim_history": 1}\n{"index": "x"}\n')
    data = bytearray((scenarios / "valid.jsonl.gz").read_bytes())
    data[20:40] = b"x" * 20
    (scenarios / "damaged.jsonl.gz").write_bytes(data)
    (scenarios / "jepsen.edn").write_text("{:index 0}")
    return scenarios


@pytest.mark.parametrize(
    ("files", "code"),
    [
        (["valid.jsonl.gz"], 0),
        (["invalid.jsonl"], 1),
        (["empty.jsonl"], 3),
        (["broken.jsonl"], 2),
        (["damaged.jsonl.gz"], 2),
        (["jepsen.edn"], 2),
        (["nowhere.jsonl"], 2),
        (["."], 2),
        ([], 2),
        (["valid.jsonl.gz", "empty.jsonl"], 3),
        (["valid.jsonl.gz", "empty.jsonl", "invalid.jsonl"], 1),
        (["invalid.jsonl", "broken.jsonl"], 2),
    ],
)
def test_exit_codes(kafkasim, histories, files, code):
    ended = kafkasim("check", *files)
    assert ended.code == code
    assert "Traceback" not in ended.out + ended.err


def test_an_anomaly_is_told_with_the_operations_that_prove_it(kafkasim, histories):
    out = kafkasim("check", "invalid.jsonl").out
    assert out.startswith("invalid.jsonl, scenario forgotten commits, seed 0, as linearizable\n")
    assert "alice → n0  commit k1:0" in out
    assert "n0 → alice  ok: nothing committed" in out
    assert out.splitlines()[-1] == "INVALID: commit-lost found (invalid.jsonl)"


def test_standard_input_may_be_zipped(kafkasim, histories, monkeypatch):
    data = (histories / "valid.jsonl.gz").read_bytes()
    for given in (data, gzip.decompress(data)):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(given)))
        ended = kafkasim("check", "-")
        assert (ended.code, ended.err) == (0, "")
    assert kafkasim("check", "-", "-").err == "kafkasim: standard input (-) can be read only once\n"


def test_consistency_replaces_the_files_own(kafkasim, histories):
    document = json.loads(kafkasim("check", "valid.jsonl.gz", "--json", "--consistency", "jepsen").out)
    assert document["consistency"] == "jepsen"
    assert "commit-lost" not in document["checked"]
    assert kafkasim("check", "invalid.jsonl", "--consistency", "jepsen").code == 0


def test_an_anomaly_is_described_as_the_level_judges_it(kafkasim, scenarios):
    lines = ("alice send k1 7 -> 0", "bob poll k1:0 -> k1 0=7", "alice send k1 8 -> 1")
    write_history(build(*lines), scenarios / "unseen.jsonl")
    words = " ".join(kafkasim("check", "unseen.jsonl", "--consistency", "jepsen").out.split())
    assert "unseen once at key k1 A message that was acknowledged, and that no ok poll had returned by" in words
    assert "checked: 2 messages sent" in words


def test_where_jepsen_gives_up_the_conclusion_says_so(kafkasim, scenarios):
    write_history(build("alice send k1 7 -> 0", "bob poll k1:0 -> k1 0=9"), scenarios / "phantom.jsonl")
    ended = kafkasim("check", "phantom.jsonl", "--consistency", "jepsen")
    assert ended.code == 3
    assert "UNKNOWN: Jepsen's checker gives up: a poll returned what nobody sent" in " ".join(ended.out.split())


def test_json_of_one_file_and_of_several(kafkasim, histories):
    one = json.loads(kafkasim("check", "invalid.jsonl", "--json").out)
    jsonschema.validate(one, CHECK)
    assert (one["file"], one["verdict"], one["expected"]) == ("invalid.jsonl", "invalid", False)
    several = json.loads(kafkasim("check", "valid.jsonl.gz", "invalid.jsonl", "--json").out)
    jsonschema.validate(several, SEVERAL)
    assert several["verdict"] == "invalid"
    assert several["runs"][1] == one


def test_json_has_every_finding_and_the_words_have_a_few_and_count_the_rest(kafkasim, scenarios):
    write_history(lost_in_one_poll(1000).history, scenarios / "lost.jsonl")
    document = json.loads(kafkasim("check", "lost.jsonl", "--json").out)
    jsonschema.validate(document, CHECK)
    lost = next(anomaly for anomaly in document["anomalies"] if anomaly["kind"] == "lost-write")
    assert lost["count"] == len(lost["examples"]) == 1001
    assert lost["examples"][0] == {"explanation": lost["explanation"], "operations": lost["operations"]}
    assert len({tuple(example["operations"]) for example in lost["examples"]}) == 1001
    words = kafkasim("check", "lost.jsonl").out
    assert "... and 1,000 more like this." in words
    assert len(words.splitlines()) < 100


def test_text_that_is_no_unicode_is_told_in_words_and_in_json(kafkasim, scenarios):
    lines = encode_history(build('alice send k1 "a" -> 0', 'bob poll k1:0 -> k1 0="b"')).decode()
    (scenarios / "odd.jsonl").write_text(lines.replace('"k1"', r'"\ud800"').replace('"a"', r'"\udfff"'))
    ended = kafkasim("check", "odd.jsonl")
    assert ended.code == 1
    assert r"offset 0 of key '\ud800' holds two messages" in " ".join(ended.out.split())
    document = json.loads(kafkasim("check", "odd.jsonl", "--json").out)
    assert document["anomalies"][0]["key"] == "\ud800"


def test_fifty_thousand_lost_messages_are_all_told(kafkasim, scenarios):
    write_history(lost_in_one_poll(50_000).history, scenarios / "lost.jsonl")
    document = json.loads(kafkasim("check", "lost.jsonl", "--json").out)
    assert {len(each["examples"]) for each in document["anomalies"] if each["kind"] == "lost-write"} == {50_001}


def test_json_tells_of_files_that_cannot_be_read(kafkasim, histories):
    one = kafkasim("check", "nowhere.jsonl", "--json", "--consistency", "kafka")
    document = json.loads(one.out)
    jsonschema.validate(document, CHECK)
    assert (one.code, document["verdict"], document["expected"]) == (2, "unknown", False)
    assert (document["file"], document["consistency"]) == ("nowhere.jsonl", "kafka")
    assert document["failure"] == "kafkasim: nowhere.jsonl: no such file or directory"
    several = kafkasim("check", "--json", "valid.jsonl.gz", "broken.jsonl")
    document = json.loads(several.out)
    jsonschema.validate(document, SEVERAL)
    assert (several.code, document["verdict"]) == (2, "unknown")
    assert document["runs"][1]["failure"] == 'broken.jsonl:2: field `index`: expected an integer, got "x"'


def test_files_that_cannot_be_read_are_told_after_the_others_were_checked(kafkasim, histories):
    ended = kafkasim("check", "broken.jsonl", "jepsen.edn", "damaged.jsonl.gz", "nowhere.jsonl", "valid.jsonl.gz")
    assert "VALID: nothing wrong" in ended.out
    broken, edn, damaged, nowhere = ended.err.splitlines()
    assert broken == 'broken.jsonl:2: field `index`: expected an integer, got "x"'
    assert edn == "jepsen.edn: event 0: field :type: expected :invoke, :ok, :fail or :info, got nil"
    assert damaged.startswith("damaged.jsonl.gz: the gzip file is damaged")
    assert nowhere == "kafkasim: nowhere.jsonl: no such file or directory"


def test_a_device_is_refused_since_it_may_never_end(kafkasim):
    ended = kafkasim("check", "/dev/zero")
    assert (ended.code, ended.err) == (2, "kafkasim: /dev/zero: expected a file or a pipe, this is a device\n")


def test_a_file_without_a_name_is_not_taken_for_the_directory(kafkasim):
    ended = kafkasim("check", "")
    assert ended.code == 2
    assert "expected the name of a file, got nothing" in ended.err


def test_a_checker_that_fails_makes_the_verdict_unknown(kafkasim, histories, monkeypatch):
    from msgspec.structs import replace

    from kafkasim import checkers

    def fail(_):
        raise KeyError("oh")

    failing = (replace(checkers.CHECKERS[0], find=fail), *checkers.CHECKERS[1:])
    monkeypatch.setattr(checkers, "CHECKERS", failing)
    ended = kafkasim("check", "valid.jsonl.gz")
    assert ended.code == 3
    assert "itself failed: KeyError: 'oh'" in ended.out
    assert json.loads(kafkasim("check", "valid.jsonl.gz", "--json").out)["failed"]
