"""Problems that prevent a release."""

from __future__ import annotations

import re

import pytest

from devtools.release.readiness import EXAMPLES, FORM, TEMPLATES, problems
from devtools.release.source import PACKAGE
from kolibri_azure_plugin import PROJECT_ADDRESS, __version__
from tests.unit.release_source import DATED, TAG, change, make_source


@pytest.fixture
def source(repository, tmp_path):
    return make_source(repository, tmp_path / "source")


def the_one(found):
    [text] = list(found)
    return text


def test_a_commit_in_which_everything_fits_together_may_be_released(source):
    assert list(problems(source, tag=TAG, address=PROJECT_ADDRESS)) == []


def test_a_tag_of_another_version_is_refused(source):
    assert "as " + TAG in the_one(problems(source, tag="v9.9.9"))


def test_a_tag_without_its_letter_is_refused(source):
    assert "as " + TAG in the_one(problems(source, tag=__version__))


@pytest.mark.parametrize("version", ["0.2", "0.2.0rc1", "0.2.0-rc.1", "1.02.0", "0.2.0+x"])
def test_a_version_that_kolibri_pypi_or_a_template_would_write_otherwise_is_refused(
    source, version
):
    change(source, PACKAGE, r'__version__ = ".+"', f'__version__ = "{version}"')
    assert any("three numbers" in each for each in problems(source))


def test_a_version_without_a_day_is_refused(source):
    change(source, "CHANGELOG.md", re.escape(DATED), f"## {__version__} - unreleased")
    assert "YEAR-MONTH-DAY" in the_one(problems(source))


def test_a_version_without_changes_is_refused(source):
    change(source, "CHANGELOG.md", re.escape(DATED), "## 9.9.9 - 2027-01-15")
    assert "has no section" in the_one(problems(source))


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_template_that_builds_another_version_is_refused(source, template):
    change(source, template, f'"defaultValue": "{re.escape(TAG)}"', '"defaultValue": "v9.9.9"')
    problem = the_one(problems(source))
    assert template in problem
    assert "v9.9.9" in problem
    assert TAG in problem


def test_a_template_that_builds_another_project_is_refused(source):
    change(
        source, TEMPLATES[0], re.escape(f'"{PROJECT_ADDRESS}.git"'), '"https://example.org/x.git"'
    )
    assert "repository" in the_one(problems(source))


@pytest.mark.parametrize(
    ("before", "parameter", "value", "other"),
    [
        ('"defaultValue": "', "ref", TAG, "v9.9.9"),
        ("steps\\('image'\\).ref, '", "ref", TAG, "v9.9.9"),
        ('"defaultValue": "', "repository", f"{PROJECT_ADDRESS}.git", "https://example.org/x.git"),
        (
            *("steps\\('image'\\).repository, '", "repository"),
            *(f"{PROJECT_ADDRESS}.git", "https://example.org/x.git"),
        ),
    ],
)
def test_a_form_that_builds_another_version_or_project_is_refused(
    source, before, parameter, value, other
):
    change(source, FORM, f"({before}){re.escape(value)}", rf"\g<1>{other}")
    problem = the_one(problems(source))
    assert FORM in problem
    assert parameter in problem
    assert other in problem
    assert value in problem


@pytest.mark.parametrize("size", ["small", "medium", "large"])
def test_an_example_that_builds_another_version_is_refused(source, size):
    path = f"arm/parameters/{size}.parameters.json"
    change(source, path, f'"{re.escape(TAG)}"', '"v9.9.9"')
    problem = the_one(problems(source))
    assert path in problem
    assert "v9.9.9" in problem
    assert TAG in problem


def test_whatever_holds_the_version_is_named_where_the_docs_say_how_to_release_one(
    source, repository
):
    change(source, PACKAGE, r'__version__ = ".+"', '__version__ = "9.9.9"')
    named = {problem.split()[0] for problem in problems(source)}
    examples = {str(path.relative_to(source.folder)) for path in source.folder.glob(EXAMPLES)}
    assert named == {"CHANGELOG.md", *TEMPLATES, FORM, *examples}
    text = (repository / "docs" / "release.md").read_text(encoding="utf-8")
    step = text.partition("1. In one commit on the main branch:\n")[2].partition("\n\n")[0]
    for place in (str(PACKAGE), "both templates", FORM, "arm/parameters/", "CHANGELOG.md"):
        assert place in step, place


def test_a_fork_that_has_not_set_its_address_is_refused(source):
    fork = "https://github.com/ministry/schools"
    assert f"make address ADDRESS={fork}" in the_one(problems(source, address=fork))


def test_owners_and_names_are_compared_as_github_does(source):
    host, owner, name = PROJECT_ADDRESS.rsplit("/", 2)
    assert list(problems(source, address=f"{host}/{owner.upper()}/{name.title()}.git")) == []
