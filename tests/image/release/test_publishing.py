"""What the jobs that publish do with a release, up to a registry on this machine."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess

import pytest

from devtools.release.destinations import IMAGE
from devtools.release.output import Output
from tests.image.release.files import TAG, sha256

pytestmark = pytest.mark.slow


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
