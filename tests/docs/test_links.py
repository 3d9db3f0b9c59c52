"""Links between the pages lead somewhere."""

import re

import pytest

from tools import doc_examples

LINK = re.compile(r"\]\((?!https?://)([^)#]*)(?:#([^)]*))?\)")
PAGES = [
    *(doc_examples.ROOT / page for page in ("CONTRIBUTING.md", "CHANGELOG.md")),
    *(doc_examples.ROOT / "examples" / folder / "README.md" for folder in ("nodes", "scenarios")),
    *doc_examples.pages(),
]


def anchors(text):
    """The headings, as a link names them."""
    headings = re.findall(r"^#+ (.*)$", re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(doc_examples.ROOT)))
def test_links_of_a_page_lead_somewhere(page):
    for path, anchor in LINK.findall(page.read_text()):
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), path
        if anchor:
            assert anchor in anchors(target.read_text()), f"{path}#{anchor}"


def test_there_are_links_to_follow():
    assert sum(len(LINK.findall(page.read_text())) for page in PAGES) > 50
