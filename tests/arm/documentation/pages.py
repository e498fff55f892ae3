"""The pages about the templates, and parts of them."""

from __future__ import annotations

import re

from tests.arm.conftest import ARM

DOCS = ARM.parent / "docs"

PAGES = (
    "deploy.md",
    "failed-deployments.md",
    "templates.md",
    "operate.md",
    "parameters.md",
    "cost.md",
    "security.md",
)


def page(name):
    return (DOCS / name).read_text(encoding="utf-8")


def chapter(name, heading):
    """The text below a heading, up to the next of level 2."""
    return page(name).split(f"\n{heading}")[1].split("\n## ")[0]


def sums():
    """What each size costs in a month, and the test template, by the page of costs."""
    found = re.findall(
        r"^\| \*\*Sum, (\w+)\*\* .*\*\*([\d,]+)\*\* \|$", page("cost.md"), re.MULTILINE
    )
    return dict(found)


def blocks_of(name, language):
    return re.findall(rf"^```{language}\n(.*?)^```$", page(name), re.MULTILINE | re.DOTALL)


def anchors(text):
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", each.lower()).strip().replace(" ", "-") for each in headings}
