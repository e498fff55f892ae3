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

INSTALL_SECONDS, STEP_SECONDS = 600, 900


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


@pytest.fixture(scope="package")
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
    """What `make release ARGS=--without-image` makes."""
    folder = tmp_path_factory.mktemp("packages")
    done = run("--without-image", "--output", folder)
    assert done.returncode == 0, done.stderr
    return Output(folder)


@pytest.fixture(scope="package")
def jobs(repository):
    path = repository / ".github" / "workflows" / "release.yml"
    return yaml.safe_load(path.read_text(encoding="utf-8"))["jobs"]


@pytest.fixture(scope="package")
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


@pytest.fixture(scope="package")
def dry_run(run_job, engine, commit_to_release):
    """What the workflow makes of a tag where no variable is set, what it prints, and its notes."""
    printed, folder = run_job("build", "devtools.release", **{IMAGE: "", PYPI: ""})
    return Output(commit_to_release / "dist"), printed, folder


@pytest.fixture(scope="package")
def output(dry_run):
    return dry_run[0]


@pytest.fixture(scope="package")
def local_registry(tmp_path_factory):
    with contextlib.ExitStack() as started:
        try:
            yield started.enter_context(registry(tmp_path_factory.mktemp("registry") / "it"))
        except FileNotFoundError as error:
            pytest.skip(str(error))
