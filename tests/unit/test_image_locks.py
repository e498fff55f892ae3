"""The lock files of image and release match the requirements, and have all hashes."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from devtools.container.locks import KOLIBRI_VERSIONS, LEFT_OUT, PYTHON, RELEASE, kolibri_lock

REPOSITORY = Path(__file__).parents[2]
DOCKER = REPOSITORY / "docker"
LOCKS = [*sorted(DOCKER.glob("*.lock")), RELEASE]

#: A package at one version, with any marker, and its hashes.
ENTRY = re.compile(
    r"^(?P<name>[\w.-]+)==(?P<version>[^\s;]+)(?P<rest>(?:.*\\\n)+.*)$", re.MULTILINE
)


def locked(path):
    return {
        canonicalize_name(entry["name"]): (entry["version"], entry["rest"])
        for entry in ENTRY.finditer(path.read_text())
    }


def asked_for_by_the_plugin():
    [requirements] = (
        ast.literal_eval(keyword.value)
        for node in ast.walk(ast.parse((REPOSITORY / "setup.py").read_text()))
        if isinstance(node, ast.Call)
        for keyword in node.keywords
        if keyword.arg == "install_requires"
    )
    return requirements


def asked_for_in(path):
    lines = path.read_text().splitlines()
    return [line for line in lines if line and not line.startswith("#")]


@pytest.mark.parametrize(
    ("lock", "requirements"),
    [
        (DOCKER / "requirements.lock", asked_for_by_the_plugin()),
        (DOCKER / "requirements.lock", asked_for_in(DOCKER / "requirements.in")),
        (DOCKER / "build.lock", asked_for_in(DOCKER / "build.in")),
        (RELEASE, asked_for_in(RELEASE.with_suffix(".in"))),
    ],
    ids=["setup.py", "requirements.in", "build.in", "release.in"],
)
def test_the_lock_holds_a_version_of_each_package_that_is_asked_for(lock, requirements):
    found = locked(lock)
    wanted = [Requirement(text) for text in requirements]
    assert wanted
    for requirement in wanted:
        name = canonicalize_name(requirement.name)
        if name not in LEFT_OUT:
            assert name in found, f"{name} is not in {lock.name}: make lock"
            version = found[name][0]
            assert requirement.specifier.contains(version), f"{name} {version}: make lock"


@pytest.mark.parametrize("version", KOLIBRI_VERSIONS)
def test_each_kolibri_that_has_a_lock_is_one_that_the_plugin_accepts(version):
    [kolibri] = [Requirement(text) for text in asked_for_by_the_plugin() if "kolibri" in text]
    assert kolibri.specifier.contains(version)
    assert {name: entry[0] for name, entry in locked(kolibri_lock(version)).items()} == {
        "kolibri": version
    }


def test_the_image_is_built_with_a_kolibri_and_a_python_that_are_locked():
    dockerfile = (DOCKER / "Dockerfile").read_text()
    versions = set(re.findall(r"^ARG KOLIBRI_VERSION=(.+)$", dockerfile, re.MULTILINE))
    bases = set(re.findall(r"^ARG PYTHON_IMAGE=(.+)$", dockerfile, re.MULTILINE))
    assert versions == {KOLIBRI_VERSIONS[-1]}
    assert {base.partition("python:")[2].split("-")[0] for base in bases} == {PYTHON}


@pytest.mark.parametrize("path", LOCKS, ids=lambda path: path.name)
def test_each_package_of_a_lock_has_hashes(path):
    text = path.read_text()
    assert text.count("==") >= len(locked(path)) > 0
    for name, (_version, rest) in locked(path).items():
        assert "--hash=sha256:" in rest, name


@pytest.mark.parametrize("path", LOCKS, ids=lambda path: path.name)
def test_a_lock_names_no_place_to_fetch_from(path):
    assert "://" not in path.read_text()
    assert "--index" not in path.read_text()
