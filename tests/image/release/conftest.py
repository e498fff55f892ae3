"""A release of this checkout, made once, as the workflow makes it."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import sys

import pytest
import yaml

from devtools.container.engine import MissingEngineError, find_engine
from devtools.release.destinations import IMAGE, PYPI
from devtools.release.output import Output
from devtools.state import state_folder
from kolibri_azure_plugin import PROJECT_ADDRESS, __version__
from tests.clones import commit, git, make_clone
from tests.image.release.files import TAG
from tests.image.release.registry import registry
from tests.image.release.runner import STEP_SECONDS, Runner

INSTALL_SECONDS = 600


@pytest.fixture(scope="package")
def python(repository):
    """The Python that a release is made with, of files whose hashes are known."""
    folder = state_folder() / "release-environment"
    subprocess.run(
        ["sh", str(repository / "devtools/environment.sh"), str(folder), "release", sys.executable],
        check=True,
        timeout=INSTALL_SECONDS,
    )
    return folder / "bin" / "python"


@pytest.fixture(scope="package")
def commit_to_release(repository, tmp_path_factory):
    """A clone of this checkout with a release date for the version, and its tag."""
    root = make_clone(repository, tmp_path_factory.mktemp("release") / "clone")
    changelog = root / "CHANGELOG.md"
    heading = rf"(?m)^## {re.escape(__version__)} - .+$"
    dated = re.sub(heading, f"## {__version__} - 2027-01-15", changelog.read_text())
    changelog.write_text(dated)
    if git(root, "status", "--porcelain"):
        commit(root, "Release it")
    git(root, "tag", TAG)
    return root


@pytest.fixture(scope="package")
def run(python, commit_to_release):
    """Run the release script in the clone, with the variables of its repository."""

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


@pytest.fixture(scope="package")
def engine():
    if not shutil.which("skopeo"):
        pytest.skip("there is no skopeo here: apt-get install skopeo")
    try:
        return find_engine()
    except MissingEngineError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="package")
def packages(run, tmp_path_factory):
    """The output of `make release ARGS=--without-image`."""
    folder = tmp_path_factory.mktemp("packages")
    done = run("--without-image", "--output", folder)
    assert done.returncode == 0, done.stderr
    return Output(folder)


@pytest.fixture(scope="package")
def jobs(repository):
    path = repository / ".github" / "workflows" / "release.yml"
    return yaml.safe_load(path.read_text(encoding="utf-8"))["jobs"]


@pytest.fixture(scope="package")
def runner(jobs, python, commit_to_release, tmp_path_factory):
    return Runner(
        jobs,
        root=commit_to_release,
        folder=tmp_path_factory.mktemp("runner"),
        environment={
            "PYTHON": str(python),
            "PYTHONDONTWRITEBYTECODE": "1",
            "GITHUB_REF_NAME": TAG,
            "GITHUB_SERVER_URL": "https://github.com",
            "GITHUB_REPOSITORY": PROJECT_ADDRESS.removeprefix("https://github.com/"),
        },
    )


@pytest.fixture(scope="package")
def dry_run(runner, engine, commit_to_release):
    """The workflow's files and output for a tag, without any variable."""
    printed = runner.run("build", "devtools.release", "GITHUB_OUTPUT", **{IMAGE: "", PYPI: ""})
    return Output(commit_to_release / "dist"), printed


@pytest.fixture(scope="package")
def output(dry_run):
    return dry_run[0]


@pytest.fixture
def copied(output, tmp_path):
    """The built files, in a folder where a test may replace some."""
    copy = Output(tmp_path / "copy" / "dist")
    shutil.copytree(output.folder, copy.folder, copy_function=os.link)
    return copy


@pytest.fixture(scope="package")
def registry_folder(tmp_path_factory):
    return tmp_path_factory.mktemp("registry") / "it"


@pytest.fixture(scope="package")
def local_registry(registry_folder):
    with contextlib.ExitStack() as started:
        try:
            yield started.enter_context(registry(registry_folder))
        except FileNotFoundError as error:
            pytest.skip(str(error))
