"""The image of a release, as the workflow builds and lists it."""

from __future__ import annotations

import json
import re

import pytest

from kolibri_azure_plugin import PROJECT_ADDRESS, __version__
from tests.clones import git
from tests.image.release.files import TAG, bill, replace, sha256
from tests.long_forms import LONG_FORM

pytestmark = [pytest.mark.slow, LONG_FORM]


def test_a_run_without_variables_lists_its_files_and_publishes_nothing(dry_run):
    output, listed = dry_run
    for path in output.packages.iterdir():
        assert f"sha256:{sha256(path)}" in listed
    assert f"@sha256:{sha256(output.image / 'manifest.json')}" in listed
    assert listed.count("to nowhere") == 2
    assert "not yet" not in listed
    assert "push:" not in listed


def test_the_list_is_in_the_summary(dry_run, runner):
    output, listed = dry_run
    summary = runner.summary("build")
    assert listed.partition(f"{TAG} of commit ")[2] in summary
    assert output.page.read_text() in summary


def test_the_digests_of_image_and_files_go_to_the_jobs_that_take_them(output, runner):
    handed_on = runner.outputs("build")
    assert handed_on["digest"] == f"sha256:{sha256(output.image / 'manifest.json')}"
    assert handed_on["name"].endswith(f":{TAG}")
    files = [path for path in output.folder.rglob("*") if path.is_file()]
    assert len(files) > 10
    assert set(handed_on["files"].splitlines()) == {
        f"{sha256(path)}  dist/{path.relative_to(output.folder)}" for path in files
    }


@pytest.mark.parametrize("job", ["try", "image", "pypi", "page"])
def test_a_job_takes_the_files_that_were_built(output, runner, job):
    assert runner.run(job, "sha256sum") == ""


def test_no_job_takes_a_file_that_was_changed_since(copied, runner):
    replace(copied.wheel(), b"another wheel")
    refused = runner.attempt("pypi", "sha256sum", root=copied.folder.parent)
    assert refused.returncode == 1
    assert copied.wheel().name in refused.stdout


def test_no_job_takes_a_file_more_than_was_built(copied, runner):
    (copied.packages / "one_more-1.0-py3-none-any.whl").write_bytes(b"a wheel")
    refused = runner.attempt("pypi", "sha256sum", root=copied.folder.parent)
    assert refused.returncode == 1
    assert "one_more" in refused.stdout


def test_no_job_takes_anything_where_no_hash_was_told(copied, runner):
    refused = runner.attempt("pypi", "sha256sum", root=copied.folder.parent, FILES="")
    assert refused.returncode == 1


def test_another_machine_s_engine_is_given_the_very_image(run, runner, engine, copied):
    facts = json.loads(copied.facts.read_text())
    name = "localhost/kolibri-azure:another-machine"
    replace(copied.facts, json.dumps({**facts, "name": name}).encode())
    done = run("load", "--output", copied.folder, "--digest", runner.outputs("build")["digest"])
    assert done.returncode == 0, done.stderr
    try:
        loaded, built = (
            json.loads(engine.run("image", "inspect", each))[0] for each in (name, facts["name"])
        )
    finally:
        engine.run("image", "rm", name)
    for key in ("Architecture", "Config", "RootFS"):
        assert loaded[key] == built[key]
    # Podman keeps it next to Config, Docker inside.
    assert {**loaded, **loaded["Config"]}["Healthcheck"]


def test_the_image_is_loaded_by_the_job_that_tries_it(output, runner):
    assert json.loads(output.facts.read_text())["name"] in runner.run("try", "devtools.release")


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


def test_the_image_to_push_is_complete(output):
    manifest = bill(output.image / "manifest.json")
    for part in (manifest["config"], *manifest["layers"]):
        digest = part["digest"].removeprefix("sha256:")
        assert sha256(output.image / digest) == digest
        assert (output.image / digest).stat().st_size == part["size"]
    configuration = bill(output.image / manifest["config"]["digest"].removeprefix("sha256:"))
    assert configuration["config"]["Healthcheck"], "the form that knows no health check loses it"


def test_the_image_s_bill_names_its_packages_those_within_kolibri_too(output):
    document = bill(output.image_sbom)
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
