"""arm/preflight, run where ``az`` and the git addresses are stand-ins."""

from __future__ import annotations

import json
import os
import shutil
import subprocess

import jsonschema
import pytest

from tests.arm.conftest import NAMES
from tests.arm.preflight import azure as stand_in
from tests.arm.preflight.azure import REF, REPOSITORY


@pytest.fixture(scope="session", autouse=True)
def programs():
    """Skip the tests on a machine without the programs that preflight needs."""
    missing = [each for each in ("bash", "jq", "git") if not shutil.which(each)]
    if missing:
        pytest.skip(f"{', '.join(missing)}: not installed")


@pytest.fixture(scope="session")
def git_addresses(tmp_path_factory):
    """Local repositories that git reads in place of the https addresses in the tests."""
    folder = tmp_path_factory.mktemp("git")
    work = folder / "work"
    bare = folder / "git.example.org/schools/kolibri.git"
    identity = {"NAME": "Somebody", "EMAIL": "somebody@example.org", "DATE": "2026-11-01T12:00:00Z"}
    environment = {
        **os.environ,
        **{f"GIT_{who}_{key}": v for who in ("AUTHOR", "COMMITTER") for key, v in identity.items()},
        "GIT_CONFIG_GLOBAL": "/dev/null",
    }

    def git(*words, at=work):
        subprocess.run(["git", *words], cwd=at, env=environment, check=True, capture_output=True)

    work.mkdir()
    git("init", "-b", "main")
    (work / "README.md").write_text("Kolibri\n", encoding="utf-8")
    git("add", "README.md")
    git("commit", "-m", "Begin")
    git("tag", "-a", REF, "-m", "A version")
    git("tag", "release-1")
    git("tag", "v1+x")
    git("clone", "--bare", str(work), str(bare), at=folder)
    return str(folder)


@pytest.fixture
def look(tmp_path, git_addresses):
    """Run a scenario; the answer is the finished process, and ``look.azure`` the stand-in."""

    def run(
        values=(), *options, arrange=lambda _azure: None, template="production", group="kolibri"
    ):
        look_at = NAMES[template]
        azure = run.azure = stand_in.all_well(tmp_path / "bin", look_at)
        arrange(azure)
        given = {"repository": "https://git.example.org/schools/kolibri.git", "ref": REF}
        file = stand_in.parameters(tmp_path, **{**given, **dict(values)})
        ended = stand_in.run(
            azure,
            file,
            "--template",
            str(look_at),
            *options,
            git_addresses=git_addresses,
            group=group,
        )
        assert not azure.refused(), ended.stdout + ended.stderr
        return ended

    return run


@pytest.fixture(scope="session")
def schema():
    text = (REPOSITORY / "docs/preflight.schema.json").read_text(encoding="utf-8")
    return jsonschema.Draft202012Validator(json.loads(text))
