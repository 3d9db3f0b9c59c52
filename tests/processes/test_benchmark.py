"""The benchmark of runs with programs runs; its figures are for people."""

import subprocess
import sys


def test_the_benchmark_runs_and_every_node_is_valid(request):
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.processes", "--quick"],
        cwd=request.config.rootpath,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    for name, figures in (("in this process", 4), ("kafkasim node", 6), ("Python", 6)):
        (line,) = (line for line in lines if line.startswith(name))
        assert len(line.removeprefix(name).split()) == figures
