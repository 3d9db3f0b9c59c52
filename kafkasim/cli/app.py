"""The commands and their options, with the words of their help.

Each command imports what it needs when it is called, so that ``--help``, ``--version`` and shell completion
answer at once. Arguments are hidden from the lists of options: the usage line and the command's own words name them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from kafkasim import __version__
from kafkasim.history import CONSISTENCY_LEVELS, Consistency
from kafkasim.scenario.model import CLOCK_KINDS, MOST_NODES, ClockKind

app: Final = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # boxes take a third of 80 columns, and the time to draw them
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="""\b
Examples:
  kafkasim simulate quickstart
  kafkasim repl""",
)


def _tell_version(wanted: bool) -> None:  # noqa: FBT001 - typer calls it with the flag's value
    if wanted:
        typer.echo(f"kafkasim {__version__}")
        raise typer.Exit


def _tell_scenarios(wanted: bool) -> None:  # noqa: FBT001 - as above
    if wanted:
        from kafkasim.cli.listing import list_scenarios  # noqa: PLC0415 - see the head of the file

        list_scenarios()
        raise typer.Exit


def _tell_bugs(wanted: bool) -> None:  # noqa: FBT001 - as above
    if wanted:
        from kafkasim.cli.listing import list_bugs  # noqa: PLC0415 - see the head of the file

        list_bugs()
        raise typer.Exit


def _tell_schema(wanted: bool) -> None:  # noqa: FBT001 - as above
    if wanted:
        from kafkasim.cli.listing import print_schema  # noqa: PLC0415 - see the head of the file

        print_schema()
        raise typer.Exit


def _whole_number(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise typer.BadParameter(f"expected a whole number, got {text}") from None


def _path(text: str) -> Path:
    if not text:  # which Path takes for the directory that we are in
        raise typer.BadParameter("expected the name of a file, got nothing")
    return Path(text)


_MOST: Final = 1_000_000
"""How many runs, or processes, one command is asked for at most: the results of all are kept until the end."""


def _count(text: str, most: int = _MOST) -> int:
    number = _whole_number(text)
    if not 1 <= number <= most:
        raise typer.BadParameter(f"expected 1 to {most:,}, got {text}")
    return number


def _node_count(text: str) -> int:
    return _count(text, MOST_NODES)


def _clock(text: str) -> str:
    if text not in CLOCK_KINDS:
        raise typer.BadParameter(f"expected {' or '.join(CLOCK_KINDS)}, got {text}")
    return text


def _complete_clock(beginning: str) -> list[str]:
    return [kind for kind in CLOCK_KINDS if kind.startswith(beginning)]


def _level(text: str) -> str:
    if text not in CONSISTENCY_LEVELS:
        raise typer.BadParameter(f"expected one of {', '.join(CONSISTENCY_LEVELS)}, got {text}")
    return text


def _complete_level(beginning: str) -> list[str]:
    return [level for level in CONSISTENCY_LEVELS if level.startswith(beginning)]


def _complete_bug(beginning: str) -> list[tuple[str, str]]:
    from kafkasim.sim.bugs import BUGS  # noqa: PLC0415 - see the head of the file

    return [(name, bug.does) for name, bug in BUGS.items() if name.startswith(beginning)]


ConsistencyOption = Annotated[
    Consistency | None,
    typer.Option(
        metavar="LEVEL",
        parser=_level,
        autocompletion=_complete_level,
        help="Judge at this level instead of the file's own: jepsen (what Jepsen's checker fails), kafka (what any "
        "such log must keep) or linearizable (that, and real time).",
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document, with all findings.")]


@app.callback()
def kafkasim(
    *,
    _version: Annotated[
        bool, typer.Option("--version", help="Show the version and exit.", is_eager=True, callback=_tell_version)
    ] = False,
) -> None:
    """A Kafka-style log that you can type to, break and prove."""


@app.command(
    epilog="""\b
Exit codes:
  0    all is as expected: an expected anomaly was found, too
  1    an anomaly, or an expectation that was not met
  2    wrong usage, or a file that cannot be read
  3    nothing was learned
  130  Ctrl-C

\b
Examples:
  kafkasim simulate quickstart
  kafkasim simulate quickstart --bug silent
  kafkasim simulate gossip-glomers-5a --bin './my-node --fast'
  kafkasim simulate mine.yaml --seeds 100 --jobs 4 --history 'run-{seed}.jsonl'"""
)
def simulate(
    scenarios: Annotated[list[Path], typer.Argument(metavar="SCENARIO", hidden=True, parser=_path)],
    *,
    seed: Annotated[
        int | None,
        typer.Option(
            metavar="N", parser=_whole_number, help="The seed that decides the run, instead of the file's own."
        ),
    ] = None,
    seeds: Annotated[
        int | None, typer.Option(metavar="N", parser=_count, help="Run N seeds, counting up from the first.")
    ] = None,
    jobs: Annotated[int, typer.Option(metavar="N", parser=_count, help="Use up to N processes at once.")] = 1,
    history: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            parser=_path,
            help="Write what happened to a file of JSON lines, for `kafkasim check`; as Jepsen's EDN if it ends in "
            ".edn; gzipped if it ends in .gz. "
            "With several runs the name must contain {seed}, {scenario} or both.",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            parser=_path,
            help="Keep all of each run in a directory of its own in DIR: history, report, JSON document, messages, and "
            "what programs write to standard error. `latest` there is a link to the last one.",
        ),
    ] = None,
    junit: Annotated[
        Path | None,
        typer.Option(metavar="FILE", parser=_path, help="Write the outcome as JUnit XML, for build servers."),
    ] = None,
    json: JsonOption = False,
    log_net: Annotated[
        bool,
        typer.Option("--log-net", help="Show on standard error each message as it is sent, and what becomes of it."),
    ] = False,
    bug: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Run against this faulty server, whatever the file says.",
            autocompletion=_complete_bug,
        ),
    ] = None,
    program: Annotated[
        str | None,
        typer.Option(
            "--bin",
            metavar="COMMAND",
            help="Run this program as each node, whatever the file says: any that speaks Maelstrom's protocol on its "
            "standard input and output. Arguments are split as a shell would. Judged at level kafka unless the file or "
            "--consistency says otherwise.",
        ),
    ] = None,
    nodes: Annotated[
        int | None,
        typer.Option(metavar="N", parser=_node_count, help="Run N nodes, whatever the file says: n0, n1, ..."),
    ] = None,
    clock: Annotated[
        ClockKind | None,
        typer.Option(
            metavar="CLOCK",
            parser=_clock,
            autocompletion=_complete_clock,
            help="How time passes for programs: virtual (as fast as they answer) or real.",
        ),
    ] = None,
    consistency: ConsistencyOption = None,
    _list_scenarios: Annotated[
        bool,
        typer.Option(
            "--list-scenarios",
            help="List the scenarios that come with kafkasim and exit.",
            is_eager=True,
            callback=_tell_scenarios,
        ),
    ] = False,
    _list_bugs: Annotated[
        bool,
        typer.Option("--list-bugs", help="List the faulty servers and exit.", is_eager=True, callback=_tell_bugs),
    ] = False,
    _schema: Annotated[
        bool,
        typer.Option(
            "--schema", help="Print the scenario format as JSON Schema and exit.", is_eager=True, callback=_tell_schema
        ),
    ] = False,
) -> None:
    """Run scenarios: concurrent clients and faults, replayable by seed.

    Each SCENARIO is a YAML file, or the name of one that comes with kafkasim. Every invariant is checked and every
    anomaly explained.
    """
    from kafkasim.cli.simulating import SimulateOptions, simulate_command  # noqa: PLC0415 - see the head of the file
    from kafkasim.report.command import Overrides  # noqa: PLC0415 - as above

    files = [str(path) for path in scenarios]
    pattern = None if history is None else str(history)
    overrides = Overrides(bug, consistency, program, nodes, clock)
    options = SimulateOptions(files, seed, seeds, jobs, pattern, junit, json, log_net, out, overrides)
    raise typer.Exit(simulate_command(options))


@app.command(
    epilog="""\b
Exit codes:
  0    valid
  1    an anomaly
  2    wrong usage, or a file that cannot be read
  3    nothing was learned
  130  Ctrl-C

\b
Examples:
  kafkasim check run.jsonl
  kafkasim check --consistency kafka run-*.jsonl.gz"""
)
def check(
    histories: Annotated[list[Path], typer.Argument(metavar="HISTORY", hidden=True, parser=_path)],
    *,
    consistency: ConsistencyOption = None,
    json: JsonOption = False,
) -> None:
    """Check recorded histories, with the simulator's checkers.

    Each HISTORY is a file of JSON lines as `kafkasim simulate --history` writes them, or a history.edn of Jepsen or
    Maelstrom, gzipped or not; - is standard input.
    """
    from kafkasim.cli.checking import check_command  # noqa: PLC0415 - see the head of the file

    raise typer.Exit(check_command([str(path) for path in histories], consistency, json=json))


@app.command(
    epilog="""\b
Exit codes:
  0    all went well
  2    wrong usage

\b
Examples:
  kafkasim explain
  kafkasim explain lost-write"""
)
def explain(kind: Annotated[str | None, typer.Argument(metavar="KIND", hidden=True)] = None) -> None:
    """Explain an anomaly: what it is, by example, why it is proof, and what it cannot see.

    Without a KIND all kinds are listed.
    """
    from kafkasim.cli.explaining import explain_command  # noqa: PLC0415 - see the head of the file

    explain_command(kind)


@app.command(
    epilog="""\b
Exit codes:
  0    all went well
  1    a command failed
  2    wrong usage, an unreadable file, or a program that does not start
  130  Ctrl-C

\b
Examples:
  kafkasim repl
  kafkasim repl -c 'send k1 {"a": 1}' -c 'poll k1:0'
  kafkasim repl --bin './my-node --fast'
  kafkasim repl --json commands.txt"""
)
def repl(
    file: Annotated[str | None, typer.Argument(metavar="FILE", hidden=True)] = None,
    *,
    commands: Annotated[
        list[str] | None, typer.Option("-c", metavar="COMMAND", help="Run a command; may be given again.")
    ] = None,
    program: Annotated[
        str | None,
        typer.Option(
            "--bin",
            metavar="COMMAND",
            help="Speak to this program: any node that speaks Maelstrom's protocol on its standard input and output. "
            "Arguments are split as a shell would.",
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the replies alone, as JSON, one a line.")] = False,
) -> None:
    """Type the RPCs by hand and see what the log does.

    Commands from a FILE (- is standard input), from -c or from a pipe are run without a prompt, up to the first error:
    the FILE's first, then those of -c. Where there is either, a pipe is not read.
    """
    from kafkasim import repl as frontend  # noqa: PLC0415 - see the head of the file

    if program is None:
        raise typer.Exit(frontend.main(commands or (), file, json))
    from kafkasim.cli.programs import command_of  # noqa: PLC0415 - see the head of the file

    raise typer.Exit(frontend.main(commands or (), file, json, command_of(program)))


@app.command(
    context_settings={"ignore_unknown_options": True, "allow_extra_args": True, "help_option_names": []},
)
def node(context: typer.Context) -> None:
    """Run as a Maelstrom node on standard input and output."""
    from kafkasim import node as frontend  # noqa: PLC0415 - see the head of the file

    raise typer.Exit(frontend.main(context.args))
