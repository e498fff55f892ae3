"""The Python packages of a release: reproducible, and made of nothing but the plugin."""

from __future__ import annotations

import re
import tarfile
import zipfile
from email import message_from_bytes

import pytest

from kolibri_azure_plugin import PROJECT_ADDRESS, __version__
from tests.image.release.files import TAG, bill, sha256

pytestmark = pytest.mark.slow


def metadata(output):
    with zipfile.ZipFile(output.wheel()) as wheel:
        [name] = [each for each in wheel.namelist() if each.endswith(".dist-info/METADATA")]
        return message_from_bytes(wheel.read(name))


def test_the_packages_do_not_depend_on_the_builder_or_the_time(run, packages, tmp_path):
    done = run("packages", "--output", tmp_path, umask=0o077)
    assert done.returncode == 0, done.stderr
    again = {path.name: sha256(path) for path in (tmp_path / "packages").iterdir()}
    assert again == {path.name: sha256(path) for path in packages.packages.iterdir()}
    assert len(again) == 2


def test_the_packages_say_which_project_and_version_they_are(packages):
    told = metadata(packages)
    assert (told["Name"], told["Version"]) == ("kolibri-azure-plugin", __version__)
    assert told["Home-page"] == PROJECT_ADDRESS
    assert len(told.get_all("Project-URL")) == 3
    for address in told.get_all("Project-URL"):
        assert address.partition(", ")[2].startswith(f"{PROJECT_ADDRESS}/")


def test_each_link_on_the_package_s_page_leads_to_the_released_version(packages, commit_to_release):
    links = re.findall(r"\]\(([^)]+)\)", metadata(packages).get_payload())
    ours = f"{PROJECT_ADDRESS}/blob/{TAG}/"
    files = [link.removeprefix(ours).partition("#")[0] for link in links if link.startswith(ours)]
    assert len(files) > 10
    for file in files:
        assert (commit_to_release / file).exists(), file
    assert all(link.startswith("https://") for link in links)


def test_the_packages_hold_the_plugin_and_nothing_else_of_the_checkout(packages):
    with zipfile.ZipFile(packages.wheel()) as wheel:
        folders = {name.partition("/")[0] for name in wheel.namelist()}
    assert folders == {"kolibri_azure_plugin", f"kolibri_azure_plugin-{__version__}.dist-info"}
    [archive] = packages.packages.glob("*.tar.gz")
    with tarfile.open(archive) as files:
        found = {name.split("/")[1] for name in files.getnames() if name.count("/")}
    assert found == {
        *("LICENSE", "PKG-INFO", "README.md", "pyproject.toml", "setup.cfg", "setup.py"),
        *("kolibri_azure_plugin", "kolibri_azure_plugin.egg-info"),
    }


def test_the_packages_hold_every_file_that_is_not_python(packages, commit_to_release):
    """Templates, texts, style sheets and scripts have to be listed in setup.py."""
    folder = commit_to_release / "kolibri_azure_plugin"
    wanted = {
        str(path.relative_to(commit_to_release))
        for path in folder.rglob("*")
        if path.is_file() and path.suffix not in (".py", ".pyc")
    }
    assert len(wanted) > 10
    with zipfile.ZipFile(packages.wheel()) as wheel:
        assert wanted <= set(wheel.namelist())
    [archive] = packages.packages.glob("*.tar.gz")
    with tarfile.open(archive) as files:
        assert wanted <= {name.partition("/")[2] for name in files.getnames()}


def test_the_wheels_bill_of_materials_names_all_requirements(packages):
    document = bill(packages.packages_sbom)
    names = {part["name"] for part in document["components"]}
    assert {"kolibri", "azure-identity", "msal", "psycopg2-binary"} <= names
    assert "gunicorn" not in names, "that is the image's"
    [digest] = document["metadata"]["component"]["hashes"]
    assert digest["content"] == sha256(packages.wheel())
    asked = {each["ref"]: each.get("dependsOn", []) for each in document["dependencies"]}
    assert len(asked) == len(document["components"]) + 1
    [identity] = [ref for ref in asked if ref.startswith("pkg:pypi/azure-identity@")]
    assert any(ref.startswith("pkg:pypi/msal@") for ref in asked[identity])
