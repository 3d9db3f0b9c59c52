"""The benchmark of the cluster runs; its figures are for people."""

import subprocess
import sys


def test_the_benchmark_runs_and_finds_nothing_wrong(request):
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.cluster", "--quick"],
        cwd=request.config.rootpath,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "100.0%" in done.stdout
    assert "ANOMALIES" not in done.stdout
