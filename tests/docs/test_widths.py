"""Prose in the docs is no wider than the code: what is longer does not fit beside a difference."""

import re

import pytest

from tests.docs.test_links import PAGES
from tools import doc_examples

WIDTH = 120
TABLES_AND_HTML = ("|", "<")


def prose(text):
    """The lines of a page outside blocks of code, tables and links that are lines of their own."""
    outside = re.sub(r"^ *```.*?^ *```$", "", text, flags=re.MULTILINE | re.DOTALL)
    return [line for line in outside.splitlines() if not line.startswith(("    ", *TABLES_AND_HTML))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(doc_examples.ROOT)))
def test_the_prose_of_a_page_is_wrapped(page):
    assert [line for line in prose(page.read_text(encoding="utf-8")) if len(line) > WIDTH] == []
