"""The command line: the commands, their options, what they print and the exit codes they end with."""

from __future__ import annotations


def main() -> int:
    """Runs the command line of this process; the exit code. Nothing that goes wrong ends in a traceback.

    The exit codes are those of `kafkasim.report.conclusion.ExitCode`.
    """
    from kafkasim.cli.failures import guarded  # noqa: PLC0415 - whoever imports this package need not run it

    return guarded(_run_app)


def _run_app() -> int:
    from kafkasim.cli.app import app  # noqa: PLC0415 - inside the guard, so that Ctrl-C while loading is quiet too

    app(prog_name="kafkasim")
    return 0
