"""A release: its destinations, its list, and its page."""

from __future__ import annotations

import dataclasses
import gzip
import json
import re
import tarfile
from io import BytesIO

import pytest

from devtools.release.changelog import section
from devtools.release.destinations import IMAGE, PYPI, Destinations
from devtools.release.image import ImageFacts
from devtools.release.listing import listing
from devtools.release.output import Output
from devtools.release.packages import normalized
from devtools.release.page import release_page
from devtools.release.readiness import TEMPLATES
from devtools.release.registry import Repository
from devtools.release.source import ReleaseError, exported
from kolibri_azure_plugin import PROJECT_ADDRESS, __version__
from tests.unit.release_source import TAG, make_source

DIGEST = "sha256:" + "0a" * 32
FACTS = ImageFacts(
    name="localhost/kolibri-azure:" + TAG,
    digest=DIGEST,
    platform="linux/amd64",
    size=227_600_000,
    base="registry.example.org/python:3.12@sha256:" + "0b" * 32,
    is_stand_in=False,
)
NAME = "registry.example.org/schools/kolibri-azure"


@pytest.fixture
def source(repository, tmp_path):
    return make_source(repository, tmp_path / "source")


@pytest.fixture
def output(tmp_path):
    """The output of the steps before the list."""
    output = Output(tmp_path / "dist")
    output.packages.mkdir(parents=True)
    (output.packages / f"kolibri_azure_plugin-{__version__}.tar.gz").write_bytes(b"source")
    (output.packages / f"kolibri_azure_plugin-{__version__}-py3-none-any.whl").write_bytes(b"wheel")
    for bill in (output.packages_sbom, output.image_sbom):
        bill.write_text(json.dumps({"components": [{}, {}]}))
    output.page.write_text("page")
    return output


# The commit


def test_a_commit_is_exported_without_other_files_in_the_checkout(clone):
    (clone / "kolibri_azure_plugin" / "stray.py").write_text("")
    (clone / "README.md").write_text("changed")
    with exported(repository=clone) as source:
        assert source.version == __version__
        assert source.address == PROJECT_ADDRESS
        assert not (source.folder / "kolibri_azure_plugin" / "stray.py").exists()
        assert source.text("README.md") != "changed"
    assert not source.folder.exists()


def test_a_folder_that_is_no_clone_can_t_be_released(tmp_path):
    with pytest.raises(ReleaseError, match="in a clone"), exported(repository=tmp_path):
        pass


# The changelog


def test_the_section_of_a_version_ends_where_the_next_one_begins():
    text = "# Changelog\n\n## 0.2.0 - 2027-01-15\n\n- B\n\n## [0.1.0] - unreleased\n\n- A\n"
    newer, older = section(text, "0.2.0"), section(text, "0.1.0")
    assert (newer.text, newer.is_released) == ("- B\n", True)
    assert (older.text, older.is_released) == ("- A\n", False)
    assert section(text, "0.3.0") is None


# The destinations


def test_without_variables_nothing_is_published():
    assert Destinations.from_environ({}) == Destinations(image=None, pypi=False)
    assert Destinations.from_environ({IMAGE: "", PYPI: ""}) == Destinations(image=None, pypi=False)


def test_the_variables_say_where():
    told = Destinations.from_environ({IMAGE: NAME, PYPI: "true"})
    assert told == Destinations(image=Repository(NAME), pypi=True)


@pytest.mark.parametrize("value", ["True", "yes", "1", "false"])
def test_a_variable_that_says_neither_yes_nor_nothing_is_refused(value):
    with pytest.raises(ReleaseError, match=PYPI):
        Destinations.from_environ({PYPI: value})


@pytest.mark.parametrize(
    "name",
    [
        "kolibri-azure",
        "schools/kolibri-azure",
        "ghcr.io",
        "ghcr.io/Schools/kolibri-azure",
        "ghcr.io/schools/kolibri-azure:1",
        "https://ghcr.io/schools/kolibri-azure",
        "ghcr.io/schools/kolibri azure",
    ],
)
def test_a_name_that_no_registry_takes_is_refused(name):
    with pytest.raises(ReleaseError, match="without a tag"):
        Destinations.from_environ({IMAGE: name})


@pytest.mark.parametrize("name", [NAME, "localhost:5000/kolibri-azure", "schools.azurecr.io/k"])
def test_a_name_in_a_registry_is_taken(name):
    assert Repository.parse(name).name == name


# The list


def listed(source, output, destinations=Destinations(), image=FACTS, problems=()):  # noqa: B008
    return listing(source, output, destinations, image=image, problems=problems)


def test_a_dry_run_lists_every_file_with_its_digest_and_says_that_it_goes_nowhere(source, output):
    text = listed(source, output)
    for path in output.packages.iterdir():
        assert re.search(
            rf"^  {re.escape(path.name)} .* sha256:[0-9a-f]{{64}}$", text, re.MULTILINE
        )
    assert f"@{DIGEST}  227.6 MB  linux/amd64, tag {TAG}" in text
    assert text.count("to nowhere") == 2
    assert "Nothing is attested" in text
    assert PYPI in text
    assert IMAGE in text


def test_the_list_says_where_each_thing_goes(source, output):
    text = listed(source, output, Destinations(Repository(NAME), pypi=True))
    assert "Python packages, to PyPI:" in text
    assert f"Container image, to {NAME}:\n  {NAME}@{DIGEST}" in text
    assert "nowhere" not in text
    assert "With it, attestations" in text


def test_the_list_names_missing_parts_and_a_stand_in_base(source, output):
    image = dataclasses.replace(FACTS, is_stand_in=True)
    text = listed(source, output, image=image, problems=["CHANGELOG.md has no day"])
    assert "  not yet: CHANGELOG.md has no day\n" in text
    assert "not for publishing" in text


def test_a_release_without_an_image_lists_none(source, output):
    output.image_sbom.unlink()
    text = listed(source, output, image=None)
    assert "Container image: not built" in text
    assert "sha256:0a" not in text


# The page


def test_the_page_holds_the_changes_the_digest_and_how_to_check_it(source):
    page = release_page(source, FACTS, Repository(NAME))
    assert page.startswith(section(source.text("CHANGELOG.md"), __version__).text)
    assert f"\n    {NAME}@{DIGEST}\n" in page
    assert f"gh attestation verify oci://{NAME}@{DIGEST} --repo " in page
    assert FACTS.base in page
    assert source.revision in page


def test_the_page_of_a_release_without_a_published_image_names_none(source):
    page = release_page(source, FACTS, None)
    assert DIGEST not in page
    assert f"`{TAG}`" in page
    assert "oci://" not in page


def test_the_page_names_parameters_that_the_templates_have(source):
    text = release_page(source, FACTS, Repository(NAME)) + release_page(source, FACTS, None)
    named = set(re.findall(r"`(image\w*|ref)`", text))
    assert named
    for template in TEMPLATES:
        parameters = json.loads(source.text(template))["parameters"]
        assert named <= set(parameters)
        assert {"build", "published"} <= set(parameters["imageSource"]["allowedValues"])


# The source distribution


def archive(names, *, seconds, user):
    made = BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz") as files:
        for name in names:
            member = tarfile.TarInfo(name)
            member.size, member.mtime, member.uname, member.uid = 3, seconds, user, seconds % 1000
            files.addfile(member, BytesIO(b"abc"))
    return made.getvalue()


def test_an_archive_does_not_depend_on_its_builder_the_time_or_the_order():
    one = archive(["p/a", "p/b"], seconds=1_700_000_000, user="root")
    other = archive(["p/b", "p/a"], seconds=1_700_000_123.5, user="somebody")
    assert one != other
    assert normalized(one, 1_800_000_000) == normalized(other, 1_800_000_000)
    with tarfile.open(fileobj=BytesIO(normalized(one, 1_800_000_000))) as files:
        members = files.getmembers()
        assert [files.extractfile(each).read() for each in members] == [b"abc", b"abc"]
    assert {(each.mtime, each.uid, each.uname) for each in members} == {(1_800_000_000, 0, "")}
    assert gzip.decompress(normalized(one, 1)) != gzip.decompress(normalized(one, 2))
