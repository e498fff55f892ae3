"""Docs follow the code: each error has its section, and each linked page exists."""

from __future__ import annotations

import ast
import re

import pytest

CODE = re.compile(r"[a-z]+(-[a-z]+)+")

#: Names of secrets look like codes: ``kolibri-secret-key``.
NO_CODE = "kolibri-"


@pytest.fixture(scope="module")
def sections(repository):
    page = (repository / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
    return re.findall(r"^## (.+)$", page, re.MULTILINE)


@pytest.fixture(scope="module")
def sources(repository):
    files = list((repository / "kolibri_azure_plugin").rglob("*.py"))
    assert files
    return {file: ast.parse(file.read_text(encoding="utf-8")) for file in files}


def literals(tree):
    return {n.value for n in ast.walk(tree) if isinstance(n, ast.Constant)} - {None}


def codes_of(tree):
    """Values of ``code=...`` and of the key ``"code"``."""
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg == "code":
            yield node.value
        if isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values):
                if isinstance(key, ast.Constant) and key.value == "code":
                    yield value


def test_every_error_has_its_section(sources, sections):
    given = {
        value.value
        for tree in sources.values()
        for value in codes_of(tree)
        if isinstance(value, ast.Constant)
    }
    assert given - set(sections) == set()


def test_every_word_that_looks_like_a_code_has_its_section(sources, sections):
    families = {section.partition("-")[0] for section in sections}
    looking = {
        text
        for tree in sources.values()
        for text in literals(tree)
        if isinstance(text, str)
        and CODE.fullmatch(text)
        and text.partition("-")[0] in families
        and not text.startswith(NO_CODE)
    }
    assert looking - set(sections) == set()


def test_every_section_belongs_to_an_error(sources, sections):
    every = set().union(*(literals(tree) for tree in sources.values()))
    # Its address is written out, as it belongs to errors that are not of our classes.
    assert set(sections) - every == {"unexpected"}


def test_no_section_stands_twice(sections):
    assert len(sections) == len(set(sections))


def test_every_link_leads_somewhere(repository):
    pages = [repository / "README.md", repository / "CONTRIBUTING.md"]
    pages += sorted((repository / "docs").glob("*.md"))
    lost = [
        f"{page.name}: {target}"
        for page in pages
        for target in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text(encoding="utf-8"))
        if "://" not in target and not (page.parent / target).exists()
    ]
    assert lost == []


def test_each_module_has_its_place_in_the_architecture(repository):
    page = (repository / "docs" / "architecture.md").read_text(encoding="utf-8")
    table = page.partition("## Layers")[2].partition("## ")[0]
    package = repository / "kolibri_azure_plugin"
    modules = {path.stem for path in package.glob("*.py")} - {"__init__"}
    folders = {f"{path.parent.name}/" for path in package.glob("*/__init__.py")}
    assert set(re.findall(r"`([a-z_]+/?)`", table)) == modules | folders
