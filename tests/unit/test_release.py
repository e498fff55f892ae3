"""What stands in the way of a release, where it goes, and what its page says."""

from __future__ import annotations

import dataclasses
import gzip
import json
import re
import shutil
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
from devtools.release.readiness import TEMPLATES, problems
from devtools.release.registry import Repository
from devtools.release.source import PACKAGE, ReleaseError, Source, exported
from kolibri_azure_plugin import PROJECT_ADDRESS, __version__

TAG = f"v{__version__}"
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


def change(source, path, old, new):
    text = source.text(path)
    assert re.search(old, text), (path, old)
    (source.folder / path).write_text(re.sub(old, new, text), encoding="utf-8")


@pytest.fixture
def source(repository, tmp_path):
    """This checkout's files, as of a commit that may be released."""
    for path in (str(PACKAGE), "CHANGELOG.md", *TEMPLATES):
        (tmp_path / "source" / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(repository / path, tmp_path / "source" / path)
    source = Source(tmp_path / "source", "c" * 40, 1_800_000_000)
    change(source, "CHANGELOG.md", rf"(?m)^## {re.escape(__version__)} - .+$", DATED)
    return source


DATED = f"## {__version__} - 2027-01-15"


@pytest.fixture
def output(tmp_path):
    """What the steps before the list have left."""
    output = Output(tmp_path / "dist")
    output.packages.mkdir(parents=True)
    (output.packages / f"kolibri_azure_plugin-{__version__}.tar.gz").write_bytes(b"source")
    (output.packages / f"kolibri_azure_plugin-{__version__}-py3-none-any.whl").write_bytes(b"wheel")
    for bill in (output.packages_bill, output.image_bill):
        bill.write_text(json.dumps({"components": [{}, {}]}))
    output.page.write_text("page")
    return output


def the_one(found):
    [text] = list(found)
    return text


# What stands in the way


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


def test_a_fork_that_has_not_set_its_address_is_refused(source):
    fork = "https://github.com/ministry/schools"
    assert f"make address ADDRESS={fork}" in the_one(problems(source, address=fork))


def test_owners_and_names_are_compared_as_github_does(source):
    host, owner, name = PROJECT_ADDRESS.rsplit("/", 2)
    assert list(problems(source, address=f"{host}/{owner.upper()}/{name.title()}.git")) == []


def test_a_commit_is_exported_without_what_else_lies_in_the_checkout(clone):
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


# Where it goes


def test_without_variables_nothing_is_published():
    assert Destinations.told_by({}) == Destinations(image=None, pypi=False)
    assert Destinations.told_by({IMAGE: "", PYPI: ""}) == Destinations(image=None, pypi=False)


def test_the_variables_say_where():
    told = Destinations.told_by({IMAGE: NAME, PYPI: "true"})
    assert told == Destinations(image=Repository(NAME), pypi=True)


@pytest.mark.parametrize("value", ["True", "yes", "1", "false"])
def test_a_variable_that_says_neither_yes_nor_nothing_is_refused(value):
    with pytest.raises(ReleaseError, match=PYPI):
        Destinations.told_by({PYPI: value})


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
        Destinations.told_by({IMAGE: name})


@pytest.mark.parametrize("name", [NAME, "localhost:5000/kolibri-azure", "schools.azurecr.io/k"])
def test_a_name_in_a_registry_is_taken(name):
    assert Repository.parse(name).name == name


# What is listed


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


def test_the_list_names_what_is_not_ready_yet_and_a_base_that_only_stands_in(source, output):
    image = dataclasses.replace(FACTS, is_stand_in=True)
    text = listed(source, output, image=image, problems=["CHANGELOG.md has no day"])
    assert "  not yet: CHANGELOG.md has no day\n" in text
    assert "not for publishing" in text


def test_a_release_without_an_image_lists_none(source, output):
    output.image_bill.unlink()
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
    for template in TEMPLATES:
        parameters = json.loads(source.text(template))["parameters"]
        assert set(re.findall(r"`(image\w*|ref)`", text)) <= set(parameters)
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


def test_an_archive_is_the_same_whoever_packed_it_when_and_in_what_order():
    one = archive(["p/a", "p/b"], seconds=1_700_000_000, user="root")
    other = archive(["p/b", "p/a"], seconds=1_700_000_123.5, user="somebody")
    assert one != other
    assert normalized(one, 1_800_000_000) == normalized(other, 1_800_000_000)
    with tarfile.open(fileobj=BytesIO(normalized(one, 1_800_000_000))) as files:
        members = files.getmembers()
        assert [files.extractfile(each).read() for each in members] == [b"abc", b"abc"]
    assert {(each.mtime, each.uid, each.uname) for each in members} == {(1_800_000_000, 0, "")}
    assert gzip.decompress(normalized(one, 1)) != gzip.decompress(normalized(one, 2))
