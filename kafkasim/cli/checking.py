"""What ``kafkasim check`` does: read the histories, judge them, say what they come to."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from rich.text import Text

from kafkasim.check import check_file
from kafkasim.checkers import WORST_FEW
from kafkasim.cli.failures import UsageError, os_error_words
from kafkasim.cli.progress import ProgressBar
from kafkasim.forms import printable
from kafkasim.history import Consistency, HistoryError
from kafkasim.report.conclusion import check_code, heaviest
from kafkasim.report.descriptions import every_description
from kafkasim.report.document import Document, check_document, checks_document, encode_document, unread_document
from kafkasim.report.exit_codes import ExitCode
from kafkasim.report.history import check_words, history_report
from kafkasim.report.screen import make_screen, show, write


def check_command(files: Sequence[str], consistency: Consistency | None, *, json: bool) -> ExitCode:
    """Checks the histories and reports on each in turn; the exit code.

    All files are checked even where one of them cannot be read; `UsageError` is raised for those at the end, and a
    document tells of them too.
    """
    if files.count("-") > 1:
        raise UsageError("kafkasim: standard input (-) can be read only once")
    screen = make_screen(sys.stdout)
    codes: list[ExitCode] = []
    documents: list[Document] = []
    endings: list[Text] = []
    problems: list[str] = []
    for file in files:
        try:
            with ProgressBar(f"checking {printable(file)}", None):
                checked = check_file(file, consistency, examples=None if json else WORST_FEW)
        except (OSError, HistoryError) as error:
            problems.append(_problem(error))
            documents.append(unread_document(file, problems[-1], consistency))
            continue
        codes.append(check_code(checked.check))
        if json:
            documents.append(check_document(file, checked.history, checked.check))
        else:
            apart = [Text()] if endings else []
            descriptions = every_description(checked.check.consistency)
            show(screen, *apart, *history_report(screen, file, checked.history, checked.check, descriptions))
            endings.append(check_words(file, checked.history, checked.check))
    if json:
        write(sys.stdout, encode_document(documents[0] if len(files) == 1 else checks_document(documents)))
    elif len(endings) > 1:
        show(screen, Text(), *endings)
    if problems:
        raise UsageError("\n".join(problems))
    return heaviest(codes)


def _problem(error: OSError | HistoryError) -> str:
    """In a line, what is wrong with a file."""
    return f"kafkasim: {os_error_words(error)}" if isinstance(error, OSError) else str(error)
