"""The image as the templates let Azure build it: their context, their arguments, their Dockerfile.

Azure fetches the context and runs `docker build` with DOCKER_BUILDKIT=0, as its builder's source
says: https://github.com/Azure/acr-builder (scan/git.go, builder/builder.go).
"""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from pathlib import Path

import pytest

from devtools.arm import Checker, CheckerMissingError
from devtools.arm.combinations import PASSWORD
from devtools.container.container import run_to_completion
from devtools.container.image import REPOSITORY, build_image, revision
from tests.arm.conftest import NAMES
from tests.arm.image_rules import TASKS
from tests.long_forms import LONG_FORM

pytestmark = pytest.mark.slow

TAG = "v999.0.0"
NAME = "localhost/kolibri-azure:by-the-template"
RECORD = "/usr/share/kolibri-azure/image.json"

#: The files of the context that the build uses; all others are excluded.
CONTEXT = {"LICENSE", "README.md", "docker", "kolibri_azure_plugin", "pyproject.toml", "setup.py"}


def git(*words, folder):
    done = subprocess.run(["git", *words], cwd=folder, capture_output=True, text=True, check=False)
    return done.returncode == 0, done.stdout.strip()


@pytest.fixture(scope="module")
def commit():
    """Of the checkout, as it is when the first test wants it."""
    commit = revision()
    if commit == "unknown":
        pytest.skip("this is no checkout of git")
    return commit


@pytest.fixture(scope="module")
def published(tmp_path_factory, commit):
    """The repository as somebody has published it, with a tag at the commit; its address."""
    folder = tmp_path_factory.mktemp("published") / "kolibri.git"
    assert git("clone", "--quiet", "--bare", str(REPOSITORY), str(folder), folder=REPOSITORY)[0]
    assert git("tag", TAG, commit, folder=folder)[0]
    return folder.as_uri()


@pytest.fixture(scope="module")
def step():
    """What the task of a template does to build a ref."""
    try:
        checker = Checker()
    except CheckerMissingError as error:
        pytest.skip(str(error))

    def step(template, ref, **values):
        given = {"superuserPassword": PASSWORD, "ref": ref, **values}
        result = checker.evaluate(json.loads(NAMES[template].read_text()), given)
        [task] = result.of_type(TASKS)
        return task.properties["step"]

    return step


@pytest.fixture(scope="module")
def fetch(published, tmp_path_factory):
    """Fetch a context as Azure's builder does; returns the folder."""

    def fetch(context_path):
        _address, _, ref = context_path.partition("#")
        folder = tmp_path_factory.mktemp("context")
        assert git("init", "--quiet", folder=folder)[0]
        assert git("remote", "add", "origin", published, folder=folder)[0]
        shallow, _ = git("fetch", "--depth", "1", "origin", ref, folder=folder)
        assert shallow or git("fetch", "origin", folder=folder)[0]
        found, _ = git("checkout", "--quiet", ref, folder=folder)
        assert found, f"Azure's builder can't check out {ref}"
        return folder

    return fetch


@pytest.fixture(scope="module")
def classic(engine):
    """The engine; where it is Docker, with the builder that Azure has."""
    return dataclasses.replace(engine, environment={**engine.environment, "DOCKER_BUILDKIT": "0"})


@pytest.fixture(scope="module")
def built(classic, image, step, fetch, commit):
    """An image that the production template's task has built of the commit.

    After `image`, whose layers it shares.
    """
    task = step("production", commit, rebuild="2026-11")
    context = fetch(task["contextPath"])
    arguments = {each["name"]: each["value"] for each in task["arguments"]}
    build_image(
        classic,
        name=NAME,
        arguments=arguments,
        dockerfile=context / task["dockerFilePath"],
        context=context,
    )
    yield commit
    classic.run("image", "rm", "--force", NAME)


@pytest.mark.parametrize("template", NAMES)
@pytest.mark.parametrize("kind", ["tag", "commit"])
def test_azure_finds_the_source_to_build(template, kind, step, fetch, commit):
    ref = TAG if kind == "tag" else commit
    folder = fetch(step(template, ref)["contextPath"])
    assert git("rev-parse", "HEAD", folder=folder) == (True, commit)


@pytest.mark.parametrize("template", NAMES)
def test_the_task_passes_arguments_that_the_dockerfile_declares(template, step):
    task = step(template, TAG)
    lines = (REPOSITORY / task["dockerFilePath"]).read_text().splitlines()
    assert task["arguments"]
    for argument in task["arguments"]:
        assert any(line.startswith(f"ARG {argument['name']}=") for line in lines)


@LONG_FORM
def test_its_labels_name_its_source(classic, built):
    form = "--format={{json .Config.Labels}}"
    labels = json.loads(classic.run("image", "inspect", form, NAME))
    opencontainers = "org.opencontainers.image."
    assert labels[f"{opencontainers}revision"] == built
    assert labels[f"{opencontainers}version"] == f"{built}-2026-11"
    assert labels[f"{opencontainers}created"] == "unknown"


def test_inside_it_tells_that_too_and_when(classic, built):
    record = json.loads(run_to_completion(classic, NAME, "cat", RECORD, environment={}).output)
    assert (record["revision"], record["version"]) == (built, f"{built}-2026-11")
    assert record["updated"] <= record["created"]


def test_the_smoke_run_passes_with_it(built, repository):
    done = subprocess.run(
        [sys.executable, "-m", "devtools.container.smoke", "--image", NAME],
        cwd=repository,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "All is well" in done.stdout


def test_only_files_of_the_image_go_into_the_build(classic, image, fetch, commit, tmp_path):
    dockerfile = tmp_path / "Dockerfile"
    dockerfile.write_text(f"FROM {image}\nCOPY . /context\n")
    name = f"{NAME}-context"
    build_image(classic, name=name, dockerfile=dockerfile, context=fetch(f"#{commit}"))
    try:
        command = ("find", "/context", "-type", "f")
        listed = run_to_completion(classic, name, *command, environment={}).output
    finally:
        classic.run("image", "rm", "--force", name)
    files = [Path(line).relative_to("/context") for line in listed.splitlines()]
    assert {file.parts[0] for file in files} == CONTEXT
    assert not {"compose.yaml", "smoke"} & {file.name for file in files}
