"""The image of a release, as the workflow builds and lists it."""

from __future__ import annotations

import json
import re

import pytest

from kolibri_azure_plugin import PROJECT_ADDRESS, __version__
from tests.clones import git
from tests.image.release.files import TAG, bill, sha256

pytestmark = pytest.mark.slow


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
