"""The page of failed deployments explains the errors that a deployment may end with."""

from __future__ import annotations

import json
import re

import pytest

from tests.arm.conftest import ARM
from tests.arm.documentation.pages import chapter


def test_each_error_that_the_template_tries_again_on_is_explained():
    template = (ARM / "prod_deployment_template.json").read_text(encoding="utf-8")
    tried_again = {
        code
        for codes in re.findall(r'"retryOn": \[\[(.*?)\]', template)
        for code in json.loads(f"[{codes}]")
    }
    assert tried_again
    explained = " ".join(error for error, *_ in errors_explained())
    assert {code for code in tried_again if f"`{code}`" not in explained} == set()


def errors_explained():
    """The error and the remedy in each row of the error tables."""
    section = chapter("failed-deployments.md", "## Errors and fixes")
    rows = re.findall(r"^\| (.+?) \| (.+?) \| (.+?) \| (.+?) \|$", section, re.MULTILINE)
    assert len(rows) == len(re.findall(r"^\| ", section, re.MULTILINE))
    tables = re.findall(r"^### (.+)$", section, re.MULTILINE)
    assert tables == ["Before it begins", "While it runs", "Afterwards"]
    heads = [row for row in rows if row[0] == "error"]
    assert len(heads) == len(tables)
    return [row for row in rows if row not in heads]


@pytest.mark.parametrize("template", ["prod", "test"])
def test_each_refusal_of_the_templates_is_explained(template):
    text = (ARM / f"{template}_deployment_template.json").read_text(encoding="utf-8")
    refusals = re.findall(r"fail\((?:format\()?'((?:[^']|'')+)'", text)
    assert refusals
    parts = [
        part.strip()
        for error, *_ in errors_explained()
        for shown in re.findall(r"`([^`]+)`", error)
        for part in shown.split("…")
    ]
    for refusal in refusals:
        assert any(part in refusal for part in parts if len(part.split()) > 1), refusal
