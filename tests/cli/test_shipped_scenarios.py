"""The scenarios that come with kafkasim are run by name, from a checkout and from where it was installed."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from kafkasim.scenario.shipped import shipped_folder, shipped_names

CHECKOUT = Path(__file__).parent.parent.parent


def test_a_name_runs_the_scenario_and_repeats_it(kafkasim):
    ended = kafkasim("simulate", "quickstart", "--seed", "3")
    assert ended.code == 0
    assert ended.out.startswith("quickstart, seed 3  quickstart\n")


def test_what_is_to_be_typed_to_see_a_failure_again_has_the_name(kafkasim):
    ended = kafkasim("simulate", "anomalies/lost-write", "--bug", "forgets-commits")
    assert ended.code == 1
    assert ended.out.endswith("  kafkasim simulate anomalies/lost-write --seed 3 --bug forgets-commits\n")


def test_a_file_of_that_name_comes_first(kafkasim, scenarios):
    Path("quickstart").write_text(Path("unmet.yaml").read_text())
    assert kafkasim("simulate", "quickstart").code == 1


def test_a_directory_of_that_name_is_no_scenario_and_hides_none(kafkasim, scenarios):
    Path("quickstart").mkdir()
    assert kafkasim("simulate", "quickstart").code == 0


@pytest.mark.parametrize(
    ("asked", "meant"),
    [
        ("examples/scenarios/gossip-glomers-5a.yaml", "gossip-glomers-5a"),
        ("gossip-glomers-5a.yaml", "gossip-glomers-5a"),
        ("lost-wirte", "anomalies/lost-write"),
    ],
)
def test_the_name_of_a_file_that_is_not_there_is_answered_with_the_scenario_that_is_meant(kafkasim, asked, meant):
    ended = kafkasim("simulate", asked)
    assert ended.code == 2
    assert ended.err == (
        f"kafkasim: {asked}: no such file or directory: did you mean {meant}, which comes with kafkasim?\n"
    )


def test_a_word_like_no_name_is_a_file_that_is_not_there(kafkasim):
    assert kafkasim("simulate", "xyz").err == "kafkasim: xyz: no such file or directory\n"


def test_the_list_has_each_that_runs_anywhere_and_says_where_their_files_are(kafkasim):
    ended = kafkasim("simulate", "--list-scenarios")
    assert ended.code == 0
    first_words = [line.split()[0] for line in ended.out.splitlines() if line.startswith("  ") and line[2] != " "]
    about_programs = {"anomalies/malformed-message", "anomalies/stray-reply", "anomalies/unknown-destination"}
    assert first_words[1:-1] == [name for name in shipped_names() if name not in about_programs]
    assert str(shipped_folder()) in ended.out


def test_a_file_that_has_the_name_of_one_is_none_of_those_that_come_with_it(kafkasim, scenarios):
    listed = kafkasim("simulate", "--list-scenarios").out
    Path("quickstart").write_text(Path("broken.yaml").read_text())
    assert kafkasim("simulate", "--list-scenarios").out == listed


def test_an_installed_package_has_all_of_them(tmp_path):
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=CHECKOUT, check=True, capture_output=True, timeout=60)
    (wheel,) = tmp_path.glob("*.whl")
    zipfile.ZipFile(wheel).extractall(tmp_path / "installed")
    ask = "from kafkasim.scenario.shipped import *; print(shipped_folder()); print(*shipped_names(), sep='\\n')"
    environment = os.environ | {"PYTHONPATH": str(tmp_path / "installed")}
    told = subprocess.run(
        [sys.executable, "-c", ask], cwd=tmp_path, env=environment, check=True, capture_output=True, timeout=60
    )
    folder, *names = told.stdout.decode().splitlines()
    assert folder == str(tmp_path / "installed" / "kafkasim" / "examples" / "scenarios")
    assert names == shipped_names()
