"""The pages of docs/reference that the program writes are what it would write now."""

import pytest

from tools import reference


@pytest.mark.parametrize("name", reference.PAGES)
def test_a_page_of_the_reference_is_what_the_program_would_write(name):
    written = (reference.FOLDER / name).read_text()
    assert written == reference.written(name), "run `make reference`"


def test_every_page_of_the_reference_is_linked_from_the_index():
    index = (reference.FOLDER.parent / "README.md").read_text()
    for page in sorted(reference.FOLDER.glob("*.md")):
        assert f"(reference/{page.name})" in index
