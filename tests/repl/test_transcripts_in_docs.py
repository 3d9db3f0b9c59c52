"""The sessions that the docs show are sessions: typed again, they print what the page shows."""

import re
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "use-the-repl.md"
BLOCK = re.compile(r"^```text\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PROMPT = re.compile(r"^(\w+)> (.*)$")


def test_every_transcript_on_the_page_is_what_the_repl_prints(repl):
    repl.runner.printer._err = repl.runner.printer._out  # as on a terminal, where both come to the same place
    blocks = BLOCK.findall(PAGE.read_text(encoding="utf-8"))
    assert len(blocks) >= 4
    for block in blocks:
        shown, printed = block.splitlines(), []
        for line in shown:
            prompt = PROMPT.match(line)
            if prompt is not None:
                assert prompt.group(1) == repl.session.known.client
                printed += [line, *repl.type(prompt.group(2)).splitlines()]
        assert printed == shown
