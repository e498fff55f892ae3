"""The README is short, and has a picture."""

from __future__ import annotations

import re

import pytest

#: Limit for a visitor's first minute.
MAX_WORDS = 450

#: Bytes of one picture.
MAX_PICTURE = 200_000


@pytest.fixture(scope="module")
def readme(repository):
    return (repository / "README.md").read_text(encoding="utf-8")


def words_of(page):
    without_targets = re.sub(r"\]\([^)]*\)", "]", page)
    return re.findall(r"[\w'-]+", without_targets)


def test_it_is_read_in_two_minutes(readme):
    assert len(words_of(readme)) <= MAX_WORDS


def test_a_picture_and_the_two_commands_come_before_everything_else(readme):
    beginning = readme.split("\n## ")[0]
    assert beginning.index("docs/pictures/") < beginning.index("make demo")
    assert beginning.index("make demo") < beginning.index("make test")


def test_the_limits_stand_before_the_buttons(readme):
    section = readme.split("## Deploy")[1].split("\n## ")[0]
    assert section.index("limits") < section.index("deploytoazurebutton")


def test_pictures_are_small_and_each_is_shown(repository):
    pictures = list((repository / "docs" / "pictures").iterdir())
    pages = [repository / "README.md", *(repository / "docs").glob("*.md")]
    text = "".join(page.read_text(encoding="utf-8") for page in pages)
    assert pictures
    for picture in pictures:
        assert picture.suffix in (".png", ".svg")
        assert picture.stat().st_size <= MAX_PICTURE
        assert f"pictures/{picture.name}" in text
