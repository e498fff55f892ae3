"""The package is a map: few rooms, fewer modules at its top, short modules, and declared imports.

`lint-imports` (pyproject.toml, run by `make lint`) holds their order, and that there is no circle.
The development tools have a page that names them.
"""

from __future__ import annotations

import ast
import importlib.metadata
import re
import subprocess
import sys

import pytest

MAX_MODULES, MAX_ROOMS = 8, 16

#: Of any module, also of tests and tools. A longer one has more than one concern.
MAX_LINES = 300

PACKAGE = "kolibri_azure_plugin"

#: Packages in Kolibri's own wheel, in kolibri/dist.
WITH_KOLIBRI = {
    *("configobj", "cherrypy", "cheroot", "django", "django_filters", "magicbus", "morango"),
    *("rest_framework", "semver", "sqlalchemy", "whitenoise"),
    *("diskcache", "le_utils", "pytz"),
}

#: Packages that only the container's programs import, from the image's requirements.
OF_THE_IMAGE = {"asyncssh", "brotli", "gunicorn", "kolibri_sync_extras_plugin"}


def top_level(repository):
    folder = repository / PACKAGE
    modules = {path.stem for path in folder.glob("*.py")} - {"__init__"}
    rooms = {path.parent.name for path in folder.glob("*/__init__.py")}
    return modules, rooms


def imported(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


@pytest.fixture(scope="module")
def declared():
    """The top-level names of the packages that setup.py requires."""
    requirements = importlib.metadata.requires("kolibri-azure-plugin") or []
    plain = [text for text in requirements if "extra ==" not in text]
    names = {re.split(r"[^\w-]", text)[0] for text in plain}
    return {
        file.parts[0].partition(".")[0]
        for name in names
        for file in importlib.metadata.distribution(name).files or []
    }


def test_the_top_of_the_package_is_a_map(repository, counts):
    modules, rooms = top_level(repository)
    counts(
        f"{len(modules)} modules: {', '.join(sorted(modules))}\n"
        f"{len(rooms)} rooms: {', '.join(sorted(rooms))}"
    )
    assert 0 < len(modules) <= MAX_MODULES
    assert 0 < len(rooms) <= MAX_ROOMS


def test_the_page_of_the_development_tools_names_them_all(repository):
    folder = repository / "devtools"
    page = (folder / "README.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(\w+(?:/|\.py|\.sh))`", page))
    programs = {f"{name}/" for name in re.findall(r"-m devtools\.(\w+)", page)}
    modules = {path.name for kind in ("*.py", "*.sh") for path in folder.glob(kind)}
    packages = {f"{path.parent.name}/" for path in folder.glob("*/__init__.py")}
    there = modules - {"__init__.py"} | packages
    assert there - named - programs == set()
    assert named - there == set()


def test_no_module_is_long(repository):
    command = ["git", "ls-files", "--", "*.py"]
    listed = subprocess.run(command, cwd=repository, capture_output=True, check=True, text=True)
    lines = {
        name: len((repository / name).read_text(encoding="utf-8").splitlines())
        for name in listed.stdout.splitlines()
        if (repository / name).exists()
    }
    assert f"{PACKAGE}/__init__.py" in lines
    assert {name: count for name, count in lines.items() if count > MAX_LINES} == {}


@pytest.mark.skipif(sys.version_info < (3, 10), reason="Python 3.9 can't list its own modules")
def test_every_import_is_declared(repository, declared):
    known = {PACKAGE, *sys.stdlib_module_names, *declared, *WITH_KOLIBRI, *OF_THE_IMAGE}
    missing = {
        f"{path.relative_to(repository)}: {name}"
        for path in (repository / PACKAGE).rglob("*.py")
        for name in imported(path)
        if name not in known
    }
    assert not missing
