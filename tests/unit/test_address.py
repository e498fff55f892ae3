"""The project's address: one source, matching copies, and a command that changes all of them."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from urllib.parse import unquote

import pytest

from devtools import address
from devtools.address import AddressError, Project
from kolibri_azure_plugin import PROJECT_ADDRESS, __version__
from tests.clones import git

FORK = str(Project("ministry-of-education", "Schools.online"))

#: Tests of documentation, templates and messages, run with the address of a fork.
TESTS_OF_COPIES = (
    "tests/unit/test_documentation.py",
    "tests/unit/test_checks_documentation.py",
    "tests/unit/test_doctor_report.py",
    "tests/unit/test_address.py::test_every_copy_is_the_one_address",
    "tests/unit/test_address.py::test_what_a_template_builds_by_default_is_this_project_at_its_version",
    "tests/unit/test_address.py::test_the_buttons_open_files_of_this_project",
    "tests/arm/documentation",
    "tests/arm/test_portal_form.py",
    "tests/arm/test_portal_form_values.py",
)

#: Container registries, and the name of an image in one.
IMAGE = re.compile(
    r"\b(?P<registry>ghcr\.io|docker\.io|quay\.io|public\.ecr\.aws|[\w-]+\.azurecr\.io)"
    r"/(?P<path>[\w./-]*kolibri[\w./-]*)",
    re.IGNORECASE,
)

#: Placeholders for a reader's own address.
PLACEHOLDER = re.compile(r"^(REGISTRY\.azurecr\.io/|ghcr\.io/OWNER/)")

#: Files whose tests need made-up names.
MADE_UP = ("tests/", "devtools/arm/combinations.py")


@pytest.fixture(scope="module")
def templates(repository):
    return {
        path.name: json.loads(path.read_text(encoding="utf-8"))
        for path in sorted((repository / "arm").glob("*_template.json"))
    }


def run(root, *words):
    """A module of the clone, not of this checkout."""
    return subprocess.run(
        [sys.executable, "-m", *words],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


def make_address(root, *words):
    done = run(root, "devtools.address", *words)
    assert done.returncode == 0, done.stderr
    return done.stdout


def files_that_name(root, text):
    """The files with an address of the project, found in another way than by the command."""
    project = text.partition("github.com/")[2].lower()
    written = [
        f"{host}{project}" for host in ("github.com/", "github.com:", "githubusercontent.com/")
    ]
    found = []
    for path in address.tracked_files(root):
        plain = unquote((root / path).read_bytes().decode(errors="ignore")).lower()
        if any(each in plain for each in written):
            found.append(str(path))
    return found


def test_every_copy_is_the_one_address():
    copies = list(address.copies())
    wrong = [f"{path}:{line}: {it}" for path, line, it in copies if str(it) != PROJECT_ADDRESS]
    assert wrong == [], "make address ADDRESS=" + PROJECT_ADDRESS
    assert {"README.md", "setup.py", "docker/Dockerfile", "docs/deploy.md"} - {
        str(copy.path) for copy in copies
    } == {"setup.py"}, "setup.py reads the one place, the others hold copies"


def test_what_a_template_builds_by_default_is_this_project_at_its_version(templates):
    assert templates
    for name, template in templates.items():
        parameters = template["parameters"]
        repository = parameters["repository"]["defaultValue"]
        assert repository.removesuffix(".git") == PROJECT_ADDRESS, name
        assert parameters["ref"]["defaultValue"] == f"v{__version__}", name


def test_the_form_offers_the_templates_default_image(repository):
    """The form's address and version are the template's defaults."""
    form = (repository / "arm" / "createUiDefinition.json").read_text(encoding="utf-8")
    versions = set(re.findall(r'"defaultValue": "(v\d+\.\d+\.\d+[^"]*)"', form))
    assert versions == {f"v{__version__}"}


@pytest.mark.parametrize("page", ["README.md", "docs/deploy.md"])
def test_the_buttons_open_files_of_this_project(repository, page):
    text = (repository / page).read_text(encoding="utf-8")
    opened = [
        unquote(found)
        for button in re.findall(r"https://portal\.azure\.com/#create/\S+?\)", text)
        for found in re.findall(r"[uU]ri/(https%3A[^/)]+)", button)
    ]
    files = PROJECT_ADDRESS.replace("github.com", "raw.githubusercontent.com") + "/main/"
    assert len(opened) == 3
    for each in opened:
        assert each.startswith(files)
        assert (repository / each.removeprefix(files)).is_file()


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("docker pull ghcr.io/ministry/kolibri-azure:1", "ghcr.io/ministry/kolibri-azure"),
        ("image: schools.azurecr.io/kolibri:2", "schools.azurecr.io/kolibri"),
    ],
)
def test_the_name_of_an_image_is_recognized(text, name):
    assert IMAGE.search(text)[0] == name
    assert not PLACEHOLDER.match(name)


@pytest.mark.parametrize("name", ["REGISTRY.azurecr.io/kolibri-azure", "ghcr.io/OWNER/kolibri"])
def test_a_placeholder_is_told_from_the_name_of_an_image(name):
    assert PLACEHOLDER.match(IMAGE.search(name)[0])


def test_no_file_names_an_unpublished_image(repository):
    named = [
        f"{path}: {image[0]}"
        for path in address.tracked_files(repository)
        if not str(path).startswith(MADE_UP)
        for image in IMAGE.finditer((repository / path).read_bytes().decode(errors="ignore"))
        if not PLACEHOLDER.match(image[0])
    ]
    assert named == []


def test_the_examples_take_the_image_that_the_template_builds(repository):
    files = list((repository / "arm" / "parameters").glob("*.parameters.json"))
    assert files
    for path in files:
        values = json.loads(path.read_text(encoding="utf-8"))["parameters"]
        assert values["image"]["value"] == "", path.name
        assert values["imageSource"]["value"] == "build", path.name


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://github.com/ministry/schools", "https://github.com/ministry/schools"),
        ("https://github.com/Ministry/schools.git/", "https://github.com/Ministry/schools"),
        (
            " https://github.com/ministry/schools.online ",
            "https://github.com/ministry/schools.online",
        ),
    ],
)
def test_an_address_is_taken_as_a_browser_or_git_shows_it(text, expected):
    assert str(address.parse(text)) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ministry/schools",
        "git@github.com:ministry/schools.git",
        "http://github.com/ministry/schools",
        "https://gitlab.com/ministry/schools",
        "https://github.com/ministry",
        "https://github.com/ministry/..",
        "https://github.com/ministry/schools/tree/main",
        "https://github.com/ministry/schools?tab=readme",
        "https://user:word@github.com/ministry/schools",
    ],
)
def test_any_other_form_is_refused_with_the_one_that_is_expected(text):
    with pytest.raises(AddressError, match=r"expected https://github\.com/OWNER/NAME"):
        address.parse(text)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("see https://github.com/ministry/schools.", "ministry/schools"),
        ("git clone https://github.com/ministry/schools.git", "ministry/schools"),
        ("git@github.com:ministry/schools.git", "ministry/schools"),
        (
            "uri/https%3A%2F%2Fraw.githubusercontent.com%2Fministry%2Fschools%2Fmain",
            "ministry/schools",
        ),
        ("https://raw.githubusercontent.com/ministry/schools/main/a", "ministry/schools"),
        ("[x](https://github.com/ministry/schools.online/issues)", "ministry/schools.online"),
        ("https://notgithub.com/ministry/schools", None),
        ("https://github.com.example.org/ministry/schools", None),
    ],
)
def test_a_mention_is_found_however_it_is_written(text, found):
    mention = address.MENTION.search(text)
    assert (mention and f"{mention['owner']}/{mention['name']}") == found


def test_addresses_of_upstream_and_of_forks_are_copies_and_others_are_not():
    ours = Project("ministry", "schools")

    def named(text):
        return ours.is_named_by(address.MENTION.search(text))

    assert named("github.com/Ministry/Schools")
    assert named(f"github.com/anybody/{address.USUAL_NAME}/blob/main/README.md")
    assert not named("github.com/other/schools")
    assert not named("github.com/ministry/other")
    assert not named(f"github.com/ministry/{address.USUAL_NAME}-pictures")


def test_the_address_is_set_everywhere_and_back_without_a_trace(clone):
    assert files_that_name(clone, PROJECT_ADDRESS)
    make_address(clone, FORK)
    assert files_that_name(clone, PROJECT_ADDRESS) == []
    assert f'PROJECT_ADDRESS = "{FORK}"' in (clone / address.HOME).read_text(encoding="utf-8")
    assert "0 files changed" in make_address(clone, FORK)
    make_address(clone, PROJECT_ADDRESS)
    assert git(clone, "status", "--porcelain") == ""


def test_an_interrupted_command_can_run_again(clone):
    """The source is written last, so the remaining files still count as copies."""
    assert address.set_address(address.parse(FORK), clone)[-1] == address.HOME
    git(clone, "checkout", "--quiet", "--", "README.md", str(address.HOME))
    make_address(clone, FORK)
    assert files_that_name(clone, PROJECT_ADDRESS) == []


def test_without_an_address_the_command_shows_the_one_that_is_set_and_its_copies(clone):
    shown = make_address(clone)
    assert shown.splitlines()[0] == PROJECT_ADDRESS
    assert re.search(r"\b4 x README\.md$", shown, re.MULTILINE)
    assert git(clone, "status", "--porcelain") == ""


def test_a_folder_that_is_no_clone_is_named_and_left_alone(clone):
    shutil.rmtree(clone / ".git")
    done = run(clone, "devtools.address", FORK)
    assert done.returncode == 1
    assert "Run this in a clone" in done.stderr
    assert FORK not in (clone / "README.md").read_text(encoding="utf-8")


@pytest.mark.slow
def test_the_tests_of_all_copies_pass_in_a_fork(clone):
    make_address(clone, FORK)
    done = run(clone, "pytest", "--quiet", "-p", "no:cacheprovider", *TESTS_OF_COPIES)
    assert done.returncode == 0, done.stdout[-4000:]
