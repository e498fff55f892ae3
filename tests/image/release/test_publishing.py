"""The publishing jobs of a release, up to a registry on this machine."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess

import pytest

from devtools.release.destinations import IMAGE
from tests.image.release.files import TAG, replace, sha256
from tests.long_forms import LONG_FORM

pytestmark = [pytest.mark.slow, LONG_FORM]


@pytest.fixture
def push(run, runner):
    """Push the image in a folder as that of the workflow."""

    def push(output, name, tag=TAG, digest=None):
        return run(
            *("push", "--output", output.folder, "--tag", tag),
            *("--digest", runner.outputs("build")["digest"] if digest is None else digest),
            **{IMAGE: name},
        )

    return push


def changed(output):
    """Replace the image; returns the new digest, as the folder itself states it."""
    manifest = (output.image / "manifest.json").read_bytes() + b"\n"
    replace(output.image / "manifest.json", manifest)
    digest = f"sha256:{hashlib.sha256(manifest).hexdigest()}"
    facts = {**json.loads(output.facts.read_text()), "digest": digest}
    replace(output.facts, json.dumps(facts).encode())
    return digest


def test_the_image_that_was_listed_arrives_bit_by_bit(runner, output, local_registry):
    name = f"{local_registry}/schools/kolibri-azure"
    printed = runner.run("image", "devtools.release", **{IMAGE: name})
    reference = f"{name}@sha256:{sha256(output.image / 'manifest.json')}"
    assert printed.splitlines()[-1] == reference
    arrived = subprocess.run(
        ["skopeo", "inspect", "--raw", "--tls-verify=false", f"docker://{name}:{TAG}"],
        capture_output=True,
        check=True,
    ).stdout
    assert arrived == (output.image / "manifest.json").read_bytes()
    again = runner.run("image", "devtools.release", **{IMAGE: name})
    assert again == printed, "a run that is started again goes on"


def test_a_registry_is_asked_for_one_image_and_not_for_all(
    push, output, local_registry, registry_folder
):
    """A registry with many tags answers slowly, and one that lists none would refuse."""
    done = push(output, f"{local_registry}/tags/kolibri-azure")
    assert done.returncode == 0, done.stderr
    asked = (registry_folder / "log").read_text()
    assert f"/v2/tags/kolibri-azure/manifests/{TAG}" in asked
    assert "/tags/list" not in asked


def test_a_tag_that_is_another_image_s_stays_that_image_s(push, output, copied, local_registry):
    name = f"{local_registry}/others/kolibri-azure"
    done = push(output, name)
    assert done.returncode == 0, done.stderr
    refused = push(copied, name, digest=changed(copied))
    assert refused.returncode == 1
    assert f"{name}:{TAG} is another image already" in refused.stderr


def test_an_image_that_is_not_the_listed_one_is_not_pushed(push, copied, local_registry):
    """A person who changes the image can also change the file with its digest."""
    changed(copied)
    refused = push(copied, f"{local_registry}/changed/kolibri-azure")
    assert refused.returncode == 1
    assert "is not the image that was built and listed" in refused.stderr


def test_nothing_is_pushed_without_the_name_of_the_image(push, output, local_registry):
    refused = push(output, f"{local_registry}/schools/kolibri-azure", digest="")
    assert refused.returncode == 1
    assert "--digest is missing" in refused.stderr


def test_nothing_is_pushed_without_a_destination(push, output):
    refused = push(output, "")
    assert refused.returncode == 1
    assert f"{IMAGE} is empty" in refused.stderr


def test_nothing_is_pushed_for_another_tag(push, output, local_registry):
    refused = push(output, f"{local_registry}/tags/kolibri-azure", tag="v9.9.9")
    assert refused.returncode == 1
    assert "the tag is v9.9.9" in refused.stderr


def test_an_image_on_a_stand_in_of_its_base_leaves_this_machine_never(push, copied):
    facts = {**json.loads(copied.facts.read_text()), "is_stand_in": True}
    replace(copied.facts, json.dumps(facts).encode())
    refused = push(copied, "registry.example.org/schools/kolibri-azure")
    assert refused.returncode == 1
    assert "a stand-in for the real base" in refused.stderr


def test_the_page_is_made_of_files_that_are_there(runner, output, tmp_path):
    """GitHub's own program is not available here, but its input is."""
    program = tmp_path / "gh"
    program.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    program.chmod(0o755)
    path = f"{tmp_path}:{os.environ['PATH']}"
    printed = runner.run("page", "gh release", PATH=path)
    words = printed.splitlines()
    assert words[:3] == ["release", "create", TAG]
    assert "--verify-tag" in words
    assert words[words.index("--notes-file") + 1] == "dist/page.md"
    given = {word.removeprefix("dist/") for word in words[words.index("dist/page.md") + 1 :]}
    expected = [*output.packages.iterdir(), output.packages_sbom, output.image_sbom]
    assert given == {str(path.relative_to(output.folder)) for path in expected}
