"""The workflow of a release: which jobs publish, when, with which rights and steps."""

from __future__ import annotations

import re

import pytest
import yaml

from devtools.release.__main__ import STEPS
from devtools.release.destinations import IMAGE, PYPI
from devtools.release.output import SBOM_SUFFIX, Output
from tests.clones import git

#: The jobs that publish, and the variable without which each does nothing.
PUBLISH = {"image": IMAGE, "pypi": PYPI}

#: Rights that can do no harm.
READS = {"contents": "read"}


@pytest.fixture(scope="module")
def text(repository):
    path = repository / ".github" / "workflows" / "release.yml"
    return path.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def workflows(repository):
    return sorted((repository / ".github" / "workflows").glob("*.yml"))


@pytest.fixture(scope="module")
def workflow(text):
    return yaml.safe_load(text)


@pytest.fixture(scope="module")
def jobs(workflow):
    return workflow["jobs"]


def commands(job):
    return [step["run"] for step in job.get("steps", ()) if "run" in step]


def steps_of(job):
    """The steps of devtools.release that a job runs, in their order."""
    return re.findall(r"-m devtools\.release (\w+)", "\n".join(commands(job)))


def actions(job):
    return [step["uses"] for step in job.get("steps", ()) if "uses" in step]


def test_a_tag_starts_it_and_so_does_somebody_by_hand(workflow):
    # YAML takes the word `on` for true.
    assert workflow[True] == {"push": {"tags": ["v*"]}, "workflow_dispatch": None}


def test_nothing_is_published_unless_a_tag_was_pushed_and_a_variable_says_where(jobs):
    """A manual start can choose a tag too, but publishes nothing."""
    for name, variable in PUBLISH.items():
        pushed = "github.event_name == 'push' && github.ref_type == 'tag'"
        told = f"vars.{variable} " + ("!= ''" if variable == IMAGE else "== 'true'")
        assert jobs[name]["if"] == f"{pushed} && {told}"


def test_jobs_that_publish_wait_for_the_tests_the_list_and_a_reviewer(jobs):
    for name in PUBLISH:
        assert set(jobs[name]["needs"]) == {"tests", "build", "try"}
        assert jobs[name]["environment"] == "release"
    assert jobs["tests"]["uses"] == "./.github/workflows/tests.yml"


def test_the_tests_can_be_called(repository):
    path = repository / ".github" / "workflows" / "tests.yml"
    assert "workflow_call" in yaml.safe_load(path.read_text(encoding="utf-8"))[True]


def test_each_job_has_the_rights_that_it_needs_and_no_others(workflow, jobs):
    assert workflow["permissions"] == READS
    attests = {**READS, "id-token": "write", "attestations": "write"}
    assert {name: job.get("permissions") for name, job in jobs.items()} == {
        "tests": None,
        "build": None,
        "try": None,
        "image": {**attests, "packages": "write"},
        "pypi": attests,
        "page": {"contents": "write"},
    }


def test_the_job_that_writes_the_page_comes_after_the_approved_jobs(jobs):
    page = jobs["page"]
    assert set(page["needs"]) == {"build", *PUBLISH}
    for words in (
        "!cancelled()",
        "!contains(needs.*.result, 'failure')",
        "!contains(needs.*.result, 'cancelled')",
        "(needs.image.result == 'success' || needs.pypi.result == 'success')",
    ):
        assert words in page["if"]


def test_no_job_of_any_workflow_keeps_a_token_in_its_checkout(workflows):
    checkouts = [
        (path.name, name, step)
        for path in workflows
        for name, job in yaml.safe_load(path.read_text(encoding="utf-8"))["jobs"].items()
        for step in job.get("steps", ())
        if step.get("uses", "").startswith("actions/checkout@")
    ]
    assert {workflow for workflow, _, _ in checkouts} == {path.name for path in workflows}
    for *where, step in checkouts:
        assert step["with"]["persist-credentials"] is False, where


def test_jobs_that_may_write_install_no_python_package(jobs):
    for name, job in jobs.items():
        if job.get("permissions"):
            assert not re.search(r"\bpip\b|environment\.sh|\bmake\b", "\n".join(commands(job))), (
                name
            )


def test_secrets_and_tokens_are_given_to_actions_and_never_to_another_registry(text, jobs):
    [login] = [
        step["with"]
        for step in jobs["image"]["steps"]
        if step.get("uses", "").startswith("docker/login-action")
    ]
    choice = "steps.registry.outputs.host == 'ghcr.io' && github.token || secrets.PUBLISH_PASSWORD"
    assert login["password"] == f"${{{{ {choice} }}}}"
    assert set(re.findall(r"secrets\.(\w+)", text)) == {"PUBLISH_PASSWORD"}
    assert len(re.findall(r"github\.token", text)) == 2, "the login's, and the page's"


def test_no_untrusted_text_becomes_a_command(jobs):
    for name, job in jobs.items():
        for command in commands(job):
            assert "${{" not in command, name


def test_each_action_of_a_release_is_named_by_its_commit_in_its_tests_too(text, jobs, repository):
    called = {job["uses"] for job in jobs.values() if "uses" in job}
    assert called == {"./.github/workflows/tests.yml"}
    texts = [text, *((repository / path).read_text(encoding="utf-8") for path in called)]
    named = [found for each in texts for found in re.findall(r"uses: (\S+)(.*)", each)]
    assert len(named) > 20
    for action, comment in named:
        if not action.startswith("./"):
            assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", action), action
            assert re.fullmatch(r"  # v\d+\.\d+\.\d+", comment), action


def test_every_workflow_takes_the_same_version_of_an_action(workflows):
    """GitHub removes the runtimes of old actions, from all workflows."""
    versions = {}
    for path in workflows:
        for line in path.read_text(encoding="utf-8").splitlines():
            found = re.search(r"uses: ([\w/-]+)@\S*?(?:\s+# )?v(\d+)[\d.]*$", line)
            if found:
                versions.setdefault(found[1], set()).add(found[2])
            assert found or "uses: " not in line or "uses: ./" in line, line
    assert len(versions) > 5
    assert {action: majors for action, majors in versions.items() if len(majors) > 1} == {}


def test_the_script_does_every_step_and_the_one_that_publishes_last(jobs):
    built = steps_of(jobs["build"])
    assert built + steps_of(jobs["try"]) + steps_of(jobs["image"]) == list(STEPS)
    assert steps_of(jobs["pypi"]) == steps_of(jobs["page"]) == []


def test_tag_and_address_are_checked_before_anything_is_built_and_again_before_the_push(jobs):
    checked = [
        command
        for job in (jobs["build"], jobs["image"])
        for command in commands(job)
        if re.search(r"devtools\.release (check|push)", command)
    ]
    assert len(checked) == 2
    for command in checked:
        assert '--tag "$GITHUB_REF_NAME"' in command
        assert '--address "$GITHUB_SERVER_URL/$GITHUB_REPOSITORY"' in command


def test_nothing_without_a_hash_is_installed_where_a_release_is_built(jobs):
    text = "\n".join(commands(jobs["build"]))
    assert re.findall(r"environment\.sh.*|\bpip\b.*|\bplaywright\b.*|\bmake\b.*", text) == [
        "environment.sh build/release-environment release"
    ]
    assert {action.partition("@")[0] for action in actions(jobs["build"])} == {
        *("actions/checkout", "actions/setup-python", "actions/upload-artifact")
    }


def test_the_hashes_are_told_and_the_files_handed_on_when_all_is_made(jobs):
    *_, listing, hashes, upload = jobs["build"]["steps"]
    assert "devtools.release list" in listing["run"]
    assert "sha256sum" in hashes["run"]
    assert jobs["build"]["outputs"]["files"] == f"${{{{ steps.{hashes['id']}.outputs.files }}}}"
    assert upload["with"] == {"name": "release", "path": "dist/", "if-no-files-found": "error"}


def test_each_job_checks_its_input_against_the_hashes_of_the_build(jobs):
    """Any job of a run can replace an artifact, but not another job's output."""
    taken = {}
    for name, job in jobs.items():
        steps = job.get("steps", [])
        for step, after in zip(steps, steps[1:]):
            if step.get("uses", "").startswith("actions/download-artifact"):
                assert step["with"] == {"name": "release", "path": "dist"}
                assert after["env"] == {"FILES": "${{ needs.build.outputs.files }}"}
                assert "if" not in after
                assert "continue-on-error" not in after
                taken[name] = after["run"]
    assert set(taken) == {"try", "page", *PUBLISH}
    assert len(set(taken.values())) == 1, "the same everywhere"


def test_the_image_that_is_loaded_and_pushed_is_named_by_the_job_that_built_it(jobs):
    steps = [
        step
        for name in ("try", "image")
        for step in jobs[name]["steps"]
        if re.search(r"devtools\.release (load|push)", step.get("run", ""))
    ]
    assert len(steps) == 2
    for step in steps:
        assert '--digest "$DIGEST"' in step["run"]
        assert step["env"] == {"DIGEST": "${{ needs.build.outputs.digest }}"}


def test_the_image_is_scanned_and_tried_on_its_own_machine(jobs):
    steps = jobs["try"]["steps"]

    def number(words):
        [found] = [n for n, step in enumerate(steps) if words in str(step)]
        return found

    order = [number(words) for words in ("release load", "trivy", "make smoke")]
    assert order == sorted(order)
    _, scan, life = (steps[each] for each in order)
    assert scan["with"]["exit-code"] == "1"
    name = "${{ needs.build.outputs.name }}"
    assert (scan["with"]["image-ref"], life["env"]["IMAGE"]) == (name, name)


def test_a_pipe_fails_when_any_of_its_commands_does(workflow):
    """GitHub adds these options to bash only where the shell is named."""
    assert workflow["defaults"]["run"]["shell"] == "bash"


def test_attested_files_are_the_published_files(jobs):
    attested = {
        name: [
            step["with"]
            for step in jobs[name]["steps"]
            if step.get("uses", "").startswith("actions/attest@")
        ]
        for name in PUBLISH
    }
    provenance, bill = attested["image"]
    subject = {
        "subject-name": "${{ vars.PUBLISH_IMAGE }}",
        "subject-digest": "${{ needs.build.outputs.digest }}",
    }
    assert provenance == subject
    assert {key: bill[key] for key in subject} == subject
    packages, wheel = attested["pypi"]
    assert packages == {"subject-path": "dist/packages/*"}
    assert wheel["subject-path"] == "dist/packages/*.whl"


def test_a_publication_that_failed_half_way_can_be_started_again_as_the_docs_say(jobs, repository):
    [publish] = [step for step in jobs["pypi"]["steps"] if "gh-action-pypi" in step.get("uses", "")]
    assert publish["with"] == {"packages-dir": "dist/packages/", "skip-existing": True}
    assert "`skip-existing`" in (repository / "docs" / "release.md").read_text(encoding="utf-8")


def test_the_files_that_the_workflow_names_are_those_that_the_steps_write(text, repository):
    output = Output(repository / "dist")
    written = {
        str(path.relative_to(repository))
        for path in (output.packages_sbom, output.image_sbom, output.page, output.facts)
    }
    named = set(re.findall(rf"dist/[\w-]+(?:{re.escape(SBOM_SUFFIX)}|\.md|\.json)\b", text))
    assert named == written
    assert output.packages == repository / "dist" / "packages"


def test_files_of_a_release_are_never_committed(repository):
    ignored = git(repository, "check-ignore", "dist/packages", "build/release-environment")
    assert ignored.split() == ["dist/packages", "build/release-environment"]
