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
def test_the_python_of_a_page_does_what_it_shows(page):
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


def test_a_command_that_fails_says_so_in_its_output():
    assert doc_examples.run([doc_examples.Example("echo no; exit 3", "")]) == ["no\n[exit 3]\n"]
