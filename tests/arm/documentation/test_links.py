"""Links between the pages, and the buttons that open a template in the portal."""

from __future__ import annotations

import re
from urllib.parse import unquote

import pytest

from tests.arm.conftest import ARM
from tests.arm.documentation.pages import DOCS, PAGES, anchors, page

#: Pages with buttons that open a template in the portal.
BUTTON_PAGES = ("README.md", "docs/deploy.md")


@pytest.mark.parametrize("name", PAGES)
def test_links_lead_somewhere(name):
    for target in re.findall(r"\]\((?!https?:)([^)]+)\)", page(name)):
        path, _, anchor = target.partition("#")
        linked = (DOCS / path) if path else DOCS / name
        assert linked.exists(), target
        if anchor:
            assert anchor in anchors(linked.read_text(encoding="utf-8")), target


def buttons_of(name):
    text = (ARM.parent / name).read_text(encoding="utf-8")
    return re.findall(r"https://portal\.azure\.com/#create/Microsoft\.Template/uri/\S+?\)", text)


def test_the_buttons_lead_to_files_that_exist():
    addresses = re.findall(r"[uU]ri/(https%3A[^/)]+)", " ".join(buttons_of("README.md")))
    paths = [unquote(address).split("/arm/", 1)[1] for address in addresses]
    assert len(paths) == 3
    for path in paths:
        assert (ARM / path).is_file(), path


def test_each_page_with_buttons_has_the_same():
    production, trial = buttons_of("README.md")
    assert {tuple(buttons_of(name)) for name in BUTTON_PAGES} == {(production, trial)}
