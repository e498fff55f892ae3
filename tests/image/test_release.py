"""A release, made of a commit as the workflow makes it, up to a registry on this machine."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from email import message_from_bytes

import pytest
import yaml

from devtools.container.engine import MissingEngineError, find_engine
from devtools.release.destinations import IMAGE, PYPI
from devtools.release.output import Output
from devtools.state import state_folder
from kolibri_azure_plugin import PROJECT_ADDRESS, __version__
from tests.clones import commit, git, make_clone
from tests.image.registry import registry

pytestmark = pytest.mark.slow

TAG = f"v{__version__}"
INSTALL_SECONDS, STEP_SECONDS = 600, 900


@pytest.fixture(scope="module")
def python(repository):
    """The Python that a release is made with, of files whose hashes are known."""
    folder = state_folder() / "release-environment"
    subprocess.run(
        ["sh", str(repository / "devtools/environment.sh"), str(folder), "release", sys.executable],
        check=True,
        timeout=INSTALL_SECONDS,
    )
    return folder / "bin" / "python"


@pytest.fixture(scope="module")
def commit_to_release(repository, tmp_path_factory):
    """A clone of this checkout in which the version has its day, with its tag."""
    root = make_clone(repository, tmp_path_factory.mktemp("release") / "clone")
    changelog = root / "CHANGELOG.md"
    heading = rf"(?m)^## {re.escape(__version__)} - .+$"
    dated = re.sub(heading, f"## {__version__} - 2027-01-15", changelog.read_text())
    changelog.write_text(dated)
    if git(root, "status", "--porcelain"):
        commit(root, "Release it")
    git(root, "tag", TAG)
    return root


@pytest.fixture(scope="module")
def run(python, commit_to_release):
    """Runs the script of a release in the clone, with the variables of its repository."""

    def run(*words, umask=0o022, **variables):
        environment = {name: text for name, text in os.environ.items() if name not in (IMAGE, PYPI)}
        return subprocess.run(
            [str(python), "-m", "devtools.release", *map(str, words)],
            cwd=commit_to_release,
            env={**environment, "PYTHONDONTWRITEBYTECODE": "1", **variables},
            umask=umask,
            capture_output=True,
            text=True,
            timeout=STEP_SECONDS,
            check=False,
        )

    return run


@pytest.fixture(scope="module")
def engine():
    if not shutil.which("skopeo"):
        pytest.skip("there is no skopeo here: apt-get install skopeo")
    try:
        return find_engine()
    except MissingEngineError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def packages(run, tmp_path_factory):
    """What `make release ARGS=--without-image` makes."""
    folder = tmp_path_factory.mktemp("packages")
    done = run("--without-image", "--output", folder)
    assert done.returncode == 0, done.stderr
    return Output(folder)


@pytest.fixture(scope="module")
def jobs(repository):
    path = repository / ".github" / "workflows" / "release.yml"
    return yaml.safe_load(path.read_text(encoding="utf-8"))["jobs"]


@pytest.fixture(scope="module")
def run_job(jobs, python, commit_to_release, tmp_path_factory):
    """Runs the commands of one of the workflow's jobs that make, list or publish a release."""
    folder = tmp_path_factory.mktemp("runner")

    def run_job(name, words, path="", **variables):
        given = {
            **os.environ,
            "PATH": f"{path}:{os.environ['PATH']}",
            "PYTHON": str(python),
            "PYTHONDONTWRITEBYTECODE": "1",
            "GITHUB_REF_NAME": TAG,
            "GITHUB_SERVER_URL": "https://github.com",
            "GITHUB_REPOSITORY": PROJECT_ADDRESS.removeprefix("https://github.com/"),
            "GITHUB_OUTPUT": str(folder / f"{name}-output"),
            "GITHUB_STEP_SUMMARY": str(folder / f"{name}-summary"),
            **variables,
        }
        commands = [step["run"] for step in jobs[name]["steps"] if words in step.get("run", "")]
        assert commands
        printed = ""
        for command in commands:
            done = subprocess.run(
                ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", command],
                cwd=commit_to_release,
                env=given,
                capture_output=True,
                text=True,
                timeout=STEP_SECONDS,
                check=False,
            )
            if "mmdebstrap" in done.stderr:
                pytest.skip(done.stderr)
            assert done.returncode == 0, done.stderr
            printed += done.stdout
        return printed, folder

    return run_job


@pytest.fixture(scope="module")
def dry_run(run_job, engine, commit_to_release):
    """What the workflow makes of a tag where no variable is set, what it prints, and its notes."""
    printed, folder = run_job("build", "devtools.release", **{IMAGE: "", PYPI: ""})
    return Output(commit_to_release / "dist"), printed, folder


@pytest.fixture(scope="module")
def output(dry_run):
    return dry_run[0]


@pytest.fixture(scope="module")
def local_registry(tmp_path_factory):
    with contextlib.ExitStack() as started:
        try:
            yield started.enter_context(registry(tmp_path_factory.mktemp("registry") / "it"))
        except FileNotFoundError as error:
            pytest.skip(str(error))


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def bill(path):
    return json.loads(path.read_text(encoding="utf-8"))


def metadata(output):
    with zipfile.ZipFile(output.wheel()) as wheel:
        [name] = [each for each in wheel.namelist() if each.endswith(".dist-info/METADATA")]
        return message_from_bytes(wheel.read(name))


# The Python packages


def test_the_packages_are_the_same_whoever_builds_them_and_when(run, packages, tmp_path):
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


def test_the_wheel_s_bill_names_what_it_asks_for_and_what_that_asks_for(packages):
    document = bill(packages.packages_bill)
    names = {part["name"] for part in document["components"]}
    assert {"kolibri", "azure-identity", "msal", "psycopg2-binary"} <= names
    assert "gunicorn" not in names, "that is the image's"
    [digest] = document["metadata"]["component"]["hashes"]
    assert digest["content"] == sha256(packages.wheel())
    asked = {each["ref"]: each.get("dependsOn", []) for each in document["dependencies"]}
    assert len(asked) == len(document["components"]) + 1
    [identity] = [ref for ref in asked if ref.startswith("pkg:pypi/azure-identity@")]
    assert any(ref.startswith("pkg:pypi/msal@") for ref in asked[identity])


# The image


def test_a_run_without_variables_lists_what_it_has_made_and_publishes_nothing(dry_run):
    output, listed, _ = dry_run
    for path in output.packages.iterdir():
        assert f"sha256:{sha256(path)}" in listed
    assert f"@sha256:{sha256(output.image / 'manifest.json')}" in listed
    assert listed.count("to nowhere") == 2
    assert "not yet" not in listed
    assert "push:" not in listed


def test_the_list_is_in_the_summary_and_the_digest_goes_to_the_jobs_that_publish(dry_run):
    output, listed, folder = dry_run
    summary = (folder / "build-summary").read_text()
    assert listed.partition(f"{TAG} of commit ")[2] in summary
    assert output.page.read_text() in summary
    handed_on = dict(line.split("=", 1) for line in (folder / "build-output").read_text().split())
    assert handed_on["digest"] == f"sha256:{sha256(output.image / 'manifest.json')}"
    assert handed_on["name"].endswith(f":{TAG}")


def test_the_image_says_which_version_and_commit_it_is(engine, output, commit_to_release):
    facts = json.loads(output.facts.read_text())
    told = json.loads(
        engine.run("image", "inspect", "--format={{json .Config.Labels}}", facts["name"])
    )
    assert told["org.opencontainers.image.version"] == __version__
    assert (
        told["org.opencontainers.image.revision"]
        == git(commit_to_release, "rev-parse", "HEAD").strip()
    )
    assert told["org.opencontainers.image.source"] == PROJECT_ADDRESS
    assert re.fullmatch(
        r"20\d\d-\d\d-\d\dT[\d:]{8}\+00:00", told["org.opencontainers.image.created"]
    )


def test_what_would_be_pushed_is_whole(output):
    manifest = bill(output.image / "manifest.json")
    for part in (manifest["config"], *manifest["layers"]):
        digest = part["digest"].removeprefix("sha256:")
        assert sha256(output.image / digest) == digest
        assert (output.image / digest).stat().st_size == part["size"]
    configuration = bill(output.image / manifest["config"]["digest"].removeprefix("sha256:"))
    assert configuration["config"]["Healthcheck"], "the form that knows no health check loses it"


def test_the_image_s_bill_names_its_packages_those_within_kolibri_too(output):
    document = bill(output.image_bill)
    addresses = {part["purl"] for part in document["components"]}
    places = {
        part["name"]: [each["location"] for each in part.get("evidence", {}).get("occurrences", [])]
        for part in document["components"]
    }
    assert f"pkg:pypi/kolibri-azure-plugin@{__version__}" in addresses
    assert any(place.endswith("/kolibri/dist") for place in places["django"])
    assert any(address.startswith("pkg:deb/debian/nginx@") for address in addresses)
    assert "pip" not in places, "the image has none"
    [digest] = document["metadata"]["component"]["hashes"]
    assert digest["content"] == sha256(output.image / "manifest.json")


# Publishing


def test_the_image_that_was_listed_arrives_bit_by_bit(run_job, output, local_registry):
    name = f"{local_registry}/schools/kolibri-azure"
    printed, _ = run_job("image", "devtools.release", **{IMAGE: name})
    reference = f"{name}@sha256:{sha256(output.image / 'manifest.json')}"
    assert printed.splitlines()[-1] == reference
    arrived = subprocess.run(
        ["skopeo", "inspect", "--raw", "--tls-verify=false", f"docker://{name}:{TAG}"],
        capture_output=True,
        check=True,
    ).stdout
    assert arrived == (output.image / "manifest.json").read_bytes()
    again, _ = run_job("image", "devtools.release", **{IMAGE: name})
    assert again == printed, "a run that is started again goes on"


def test_a_tag_that_is_another_image_s_stays_that_image_s(run, output, local_registry, tmp_path):
    name = f"{local_registry}/others/kolibri-azure"
    done = run("push", "--output", output.folder, "--tag", TAG, **{IMAGE: name})
    assert done.returncode == 0, done.stderr
    other = Output(tmp_path / "dist")
    shutil.copytree(output.folder, other.folder)
    manifest = (other.image / "manifest.json").read_bytes() + b"\n"
    (other.image / "manifest.json").write_bytes(manifest)
    digest = f"sha256:{hashlib.sha256(manifest).hexdigest()}"
    facts = {**json.loads(other.facts.read_text()), "digest": digest}
    other.facts.write_text(json.dumps(facts))
    refused = run("push", "--output", other.folder, "--tag", TAG, **{IMAGE: name})
    assert refused.returncode == 1
    assert f"{name}:{TAG} is another image already" in refused.stderr


def test_an_image_that_is_not_the_listed_one_is_not_pushed(run, output, local_registry, tmp_path):
    other = Output(tmp_path / "dist")
    shutil.copytree(output.folder, other.folder)
    with (other.image / "manifest.json").open("a") as file:
        file.write("\n")
    name = f"{local_registry}/changed/kolibri-azure"
    refused = run("push", "--output", other.folder, "--tag", TAG, **{IMAGE: name})
    assert refused.returncode == 1
    assert "is not the image that was built and listed" in refused.stderr


def test_nothing_is_pushed_where_nobody_has_said_where(run, output):
    refused = run("push", "--output", output.folder, "--tag", TAG)
    assert refused.returncode == 1
    assert f"{IMAGE} is empty" in refused.stderr


def test_nothing_is_pushed_for_another_tag(run, output, local_registry):
    name = f"{local_registry}/tags/kolibri-azure"
    refused = run("push", "--output", output.folder, "--tag", "v9.9.9", **{IMAGE: name})
    assert refused.returncode == 1
    assert "the tag is v9.9.9" in refused.stderr


def test_an_image_on_a_stand_in_of_its_base_leaves_this_machine_never(run, output, tmp_path):
    other = Output(tmp_path / "dist")
    shutil.copytree(output.folder, other.folder)
    other.facts.write_text(json.dumps({**json.loads(other.facts.read_text()), "is_stand_in": True}))
    refused = run(
        *("push", "--output", other.folder, "--tag", TAG),
        **{IMAGE: "registry.example.org/schools/kolibri-azure"},
    )
    assert refused.returncode == 1
    assert "stands in for the real base" in refused.stderr


def test_the_page_is_made_of_files_that_are_there(run_job, output, tmp_path):
    """GitHub's own program is not to be had here: what it would be given is."""
    program = tmp_path / "gh"
    program.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    program.chmod(0o755)
    printed, _ = run_job("page", "gh release", path=str(tmp_path))
    words = printed.splitlines()
    assert words[:3] == ["release", "create", TAG]
    assert "--verify-tag" in words
    assert words[words.index("--notes-file") + 1] == "dist/page.md"
    given = {word.removeprefix("dist/") for word in words[words.index("dist/page.md") + 1 :]}
    expected = [*output.packages.iterdir(), output.packages_bill, output.image_bill]
    assert given == {str(path.relative_to(output.folder)) for path in expected}
