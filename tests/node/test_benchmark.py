"""The benchmark of the node runs; its figures are for people."""

import subprocess
import sys


def test_the_benchmark_runs_and_finds_all_answers_right(request):
    done = subprocess.run(
        [sys.executable, "benchmarks/node.py", "--quick"],
        cwd=request.config.rootpath,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2,000 requests" in done.stdout
    assert "skipped: Go library: it was not wanted" in done.stdout
    assert "WRONG" not in done.stdout
