"""docs/checks.md and the schema follow the checks."""

from __future__ import annotations

import json
import re

import jsonschema
import pytest

from kolibri_azure_plugin.doctor import catalogue
from kolibri_azure_plugin.doctor.registry import Scope


@pytest.fixture(scope="module")
def sections(repository):
    """The text of each section, by heading."""
    page = (repository / "docs" / "checks.md").read_text(encoding="utf-8")
    _, *parts = re.split(r"^## ", page, flags=re.MULTILINE)
    return {heading: text for heading, _, text in (part.partition("\n") for part in parts)}


@pytest.fixture(scope="module")
def validator(repository):
    schema = json.loads((repository / "docs" / "azure_check.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def anchor(heading):
    """GitHub's anchor for a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def test_every_check_has_its_section_in_order_and_every_section_its_check(sections):
    assert list(sections) == [check.id for check in catalogue.CHECKS]


@pytest.mark.parametrize("check", catalogue.CHECKS, ids=lambda check: check.id)
def test_a_section_explains_the_check_its_reason_and_its_remedy(check, sections):
    text = sections[check.id]
    assert "**Checks.** " in text
    assert "**Why.** " in text
    assert re.search(r"^- \*\*(Warns|Fails)", text, re.MULTILINE)
    assert check.documentation.endswith(f"docs/checks.md#{anchor(check.id)}")


def test_a_section_explains_each_kind_of_problem_that_the_tests_have_seen(repository, sections):
    words = {"warn": "- **Warns", "fail": "- **Fails"}
    files = list((repository / "tests" / "golden" / "doctor").glob("azure.*.json"))
    assert files
    for file in files:
        check = file.stem.partition("--")[0]
        entries = json.loads(file.read_text(encoding="utf-8"))["checks"]
        status = next(entry["status"] for entry in entries if entry["id"] == check)
        assert words[status] in sections[check], file.name


def test_ids_are_unique_and_ordered_by_category():
    ids = [check.id for check in catalogue.CHECKS]
    assert len(ids) == len(set(ids))
    categories = [check.category for check in catalogue.CHECKS]
    assert categories == sorted(categories, key=categories.index)


def test_every_check_is_about_an_instance_or_the_deployment():
    assert {check.scope for check in catalogue.CHECKS} == set(Scope)


def test_requirements_of_checks_exist_and_form_no_circle():
    needs = {check.id: {*check.requires, *check.after} for check in catalogue.CHECKS}
    while needs:
        free = {name for name, earlier in needs.items() if not earlier & needs.keys()}
        assert free, f"each of these waits for another: {sorted(needs)}"
        assert all(earlier <= {c.id for c in catalogue.CHECKS} for earlier in needs.values())
        needs = {name: earlier for name, earlier in needs.items() if name not in free}


def test_every_golden_document_keeps_to_the_schema(repository, validator):
    files = sorted((repository / "tests" / "golden" / "doctor").glob("*.json"))
    assert len(files) > len(catalogue.CHECKS)
    for file in files:
        validator.validate(json.loads(file.read_text(encoding="utf-8")))


def test_the_schema_refuses_a_failure_without_a_remedy(repository, validator):
    file = repository / "tests" / "golden" / "doctor" / "azure.content.mount.json"
    document = json.loads(file.read_text(encoding="utf-8"))
    document["checks"][0]["remedy"] = ""
    assert not validator.is_valid(document)
