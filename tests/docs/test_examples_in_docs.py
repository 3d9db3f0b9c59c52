"""Every example in the docs prints what the docs show."""

import doctest

import pytest

from tools import doc_examples

PAGES = {
    str(page.relative_to(doc_examples.ROOT)): examples
    for page in doc_examples.pages()
    if (examples := doc_examples.examples_of(page.read_text()))
}


def test_the_readme_the_tutorial_and_the_command_line_have_examples():
    assert {"README.md", "docs/tutorial/first-lost-write.md", "docs/reference/command-line.md"} <= PAGES.keys()


@pytest.mark.parametrize("page", PAGES)
def test_the_examples_of_a_page_print_what_it_shows(page):
    for example, printed in zip(PAGES[page], doc_examples.run(PAGES[page]), strict=True):
        if not doc_examples.agrees(example.output, printed):
            assert printed == example.output, f"$ {example.command}"


@pytest.mark.parametrize("page", doc_examples.pages(), ids=lambda page: page.name)
def test_the_python_of_a_page_does_what_it_shows(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # some write files
    assert doctest.testfile(str(page), module_relative=False).failed == 0


@pytest.mark.parametrize(
    ("shown", "printed", "same"),
    [
        ("a\n", "a\n", True),
        ("a\n", "a\nb\n", False),
        ("a\n...\n", "a\nb\nc\n", True),
        ("...\nc\n", "a\nb\nc\n", True),
        ("a\n...\nc\n", "a\nc\n", True),
        ("a.\n", "ab\n", False),
    ],
)
def test_three_dots_stand_for_any_lines_and_nothing_else_does(shown, printed, same):
    assert doc_examples.agrees(shown, printed) is same


@pytest.mark.parametrize(
    ("shown", "printed", "written"),
    [
        ("a\n", "b\n", "b\n"),
        ("a 1\n...\nz 1\n", "a 2\nb\nz 2\n", "a 2\n...\nz 2\n"),
        ("...\nm 1\n  told\n...\n", "a\nm 2\n  told\nz\n", "...\nm 2\n  told\n...\n"),
        (
            "...\nm\n  told 1\nover\n...\n",
            "a\nm\n  told\n  at length\nover\nz\n",
            "...\nm\n  told\n  at length\nover\n...\n",
        ),
        ("...\nm\n...\n", "a\nb\n", "a\nb\n"),
    ],
)
def test_an_excerpt_stays_one_when_the_page_is_written(shown, printed, written):
    assert doc_examples.excerpt(shown, printed) == written
    assert doc_examples.agrees(written, printed)


def test_a_command_that_fails_says_so_in_its_output():
    assert doc_examples.run([doc_examples.Example("echo no; exit 3", "")]) == ["no\n[exit 3]\n"]
