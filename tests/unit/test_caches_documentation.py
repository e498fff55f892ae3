"""docs/caches.md names every cache of the plugin, and how much each may keep."""

from __future__ import annotations

import importlib
import re

import pytest

from kolibri_azure_plugin.speed import freshness, passwords

#: What a module of `kolibri_azure_plugin/speed` needs to keep a value longer than one call.
KEEPS = re.compile(
    r"lru_cache|functools\.cache|ContextVar|(core|utils)\.cache|= KnownNodes\(|class CompiledQuery"
)

#: The largest number of entries, by module.
SIZES = {
    "freshness": "FRESH_ENTRIES",
    "known_nodes": "MAX_NODES",
    "known_views": "MAX_ADDRESSES",
    "passwords": "MAX_KNOWN",
}

DAY = 24 * 60 * 60


@pytest.fixture(scope="module")
def speed(repository):
    """The sources of the modules, by name."""
    folder = repository / "kolibri_azure_plugin" / "speed"
    return {path.stem: path.read_text(encoding="utf-8") for path in folder.glob("*.py")}


@pytest.fixture(scope="module")
def rows(repository):
    """The rows of the page's first table, by the names of modules in the last column."""
    page = (repository / "docs" / "caches.md").read_text(encoding="utf-8")
    table = page.partition("| module |\n")[2].partition("\n\n")[0]
    found = {}
    for row in table.splitlines()[1:]:
        for name in re.findall(r"`(\w+)`", row.rpartition("|")[0].rpartition("|")[2]):
            found.setdefault(name, []).append(row)
    return found


def test_the_page_names_every_module_that_keeps_values(rows, speed):
    assert {*rows} == {name for name, source in speed.items() if KEEPS.search(source)}


def test_every_limit_has_its_module(speed):
    limited = re.compile(r"^(MAX_(?!AGE)\w+|\w+_ENTRIES) = ", re.MULTILINE)
    found = {
        (name, limit)
        for name, source in speed.items()
        if KEEPS.search(source)
        for limit in limited.findall(source)
    }
    assert found == {*SIZES.items()}


@pytest.mark.parametrize("module", SIZES)
def test_the_page_says_how_much_a_module_keeps(module, rows):
    number = getattr(importlib.import_module(f"kolibri_azure_plugin.speed.{module}"), SIZES[module])
    assert any(f"{number:,}" in row for row in rows[module])


def test_the_page_says_for_how_long_values_are_kept(rows):
    assert f"for {freshness.FRESH_SECONDS:g} seconds" in rows["freshness"][0]
    assert f"for {passwords.KNOWN_FOR // DAY} days" in rows["passwords"][0]


def test_the_page_on_privacy_says_how_long_the_answers_about_passwords_stay(repository):
    page = (repository / "docs" / "privacy.md").read_text(encoding="utf-8")
    row = next(line for line in page.splitlines() if "#empty-passwords" in line)
    assert f"| {passwords.KNOWN_FOR // DAY} days" in row
