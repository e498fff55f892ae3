"""The words of the administrator's page, in each language."""

from __future__ import annotations

import re
import string

import pytest

from kolibri_azure_plugin.web.status import language
from kolibri_azure_plugin.web.status.language import Wording


def fields(text):
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_each_text_is_translated_with_the_same_values():
    english, *others = (
        {key: fields(text) for key, text in language.messages(each).items()}
        for each in sorted(language.languages(), key=lambda name: name != language.ENGLISH)
    )
    assert others
    assert all(other == english for other in others)


@pytest.mark.parametrize("name", sorted(language.languages() - {language.ENGLISH}))
def test_no_text_was_left_in_english(name):
    own = language._load(name)
    assert set(own) == set(language.messages(language.ENGLISH))
    same = {key for key, text in own.items() if text == language.messages(language.ENGLISH)[key]}
    assert same == set()


def test_a_missing_translation_is_in_english(tmp_path, monkeypatch):
    (tmp_path / "en.json").write_text('{"a.b": "One", "c": "Two"}')
    (tmp_path / "sw.json").write_text('{"a.b": "Moja"}')
    monkeypatch.setattr(language, "MESSAGES", tmp_path)
    for cached in (language.messages, language._tree):
        monkeypatch.setattr(language, cached.__name__, cached.__wrapped__)

    words = Wording("sw")

    assert (words.text("a.b"), words.text("c")) == ("Moja", "Two")
    assert words.tree == {"a": {"b": "Moja"}, "c": "Two"}


def test_each_text_that_a_template_names_is_there(repository):
    folder = repository / "kolibri_azure_plugin" / "templates"
    named = {
        name
        for path in folder.rglob("*.html")
        for name in re.findall(r"words\.tree\.([\w.]+)", path.read_text(encoding="utf-8"))
    }
    assert named
    assert named <= set(language.messages(language.ENGLISH))


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0.0 KiB"), (1536, "1.5 KiB"), (5 * 2**30, "5.0 GiB")]
)
def test_a_size_is_in_the_unit_that_fits(count, text):
    assert Wording("en").size(count) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-1, "0 s ago"), (59, "59 s ago"), (60, "1 min ago"), (7199, "1 h ago"), (90_000, "1 d ago")],
)
def test_a_time_ago_is_in_its_largest_unit(seconds, text):
    assert Wording("en").ago(seconds) == text


def test_arabic_is_written_from_right_to_left():
    assert Wording("ar").direction == "rtl"
    assert Wording("en").direction == "ltr"
