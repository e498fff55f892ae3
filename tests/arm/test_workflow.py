"""The hosted workflow: which jobs act as Owner, no passwords in logs, and the steps."""

from __future__ import annotations

import importlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.arm.conftest import ARM
from tests.arm.inspection import findings

PATH = ARM.parent / ".github" / "workflows" / "azure-templates.yml"


def script(job, words):
    """The number and the command of the only step with these words."""
    found = [
        (number, step["run"])
        for number, step in enumerate(job["steps"])
        if words in step.get("run", "")
    ]
    assert len(found) == 1, words
    return found[0]


@pytest.fixture(scope="module")
def text():
    return PATH.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def jobs(text):
    return yaml.safe_load(text)["jobs"]


def test_each_job_that_signs_in_waits_for_a_reviewer(jobs):
    environments = {
        name: job.get("environment")
        for name, job in jobs.items()
        if any(step.get("uses", "").startswith("azure/login") for step in job["steps"])
    }
    assert environments == {"validate": "azure-validate", "deploy": "azure"}


def test_a_deployment_is_not_held_up_by_the_rule_sets(jobs):
    assert jobs["deploy"]["needs"] == "validate"


def test_passwords_are_in_files_that_only_their_user_reads(jobs, text):
    assert "superuserPassword=" not in text
    scripts = [step.get("run", "") for job in jobs.values() for step in job["steps"]]
    with_passwords = [each for each in scripts if "add-mask" in each]
    assert with_passwords
    for each in with_passwords:
        assert "umask 077" in each
        assert "GITHUB_ENV" not in each
    deploying = re.compile(r"az deployment group (?:create|\"\$step\")[^|]*")
    commands = [command for each in scripts for command in deploying.findall(each)]
    assert commands
    for command in commands:
        assert "@$" in command, command


@pytest.mark.parametrize("size", ["test", "medium"])
@pytest.mark.parametrize("image", ["", "registry.example.org/kolibri-azure:2"])
def test_a_deployment_runs_the_image_that_is_given_or_else_the_commit_that_is_tried(
    size, image, jobs, checker, tmp_path
):
    _, command = script(jobs["deploy"], "add-mask")
    commit = "0123456789abcdef0123456789abcdef01234567"
    environment = {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "RUNNER_TEMP": str(tmp_path),
        "SIZE": size,
        "IMAGE": image,
        "GITHUB_SERVER_URL": "https://git.example.org",
        "GITHUB_REPOSITORY": "ministry/kolibri",
        "GITHUB_SHA": commit,
    }
    subprocess.run(["bash", "-ec", command], env=environment, check=True, capture_output=True)
    given = json.loads((tmp_path / "parameters.json").read_text())["parameters"]
    values = {name: each["value"] for name, each in given.items()}
    name = "test" if size == "test" else "prod"
    template = json.loads((ARM / f"{name}_deployment_template.json").read_text(encoding="utf-8"))
    assert findings(checker, template, [values]) == []
    result = checker.evaluate(template, values)
    tasks = result.of_type("Microsoft.ContainerRegistry/registries/tasks")
    built = [] if image else [f"https://git.example.org/ministry/kolibri.git#{commit}"]
    assert [task.at("step", "contextPath") for task in tasks] == built
    assert result.outputs["image"].endswith(image or f"/kolibri-azure:{commit}")


def test_what_a_job_has_made_is_removed_whatever_happens(jobs):
    for name in ("validate", "deploy"):
        last = jobs[name]["steps"][-1]
        assert last["if"] == "always()"
        assert "az group delete" in last["run"]


def test_arm_ttk_checks_only_the_form_next_to_its_template(jobs):
    _, command = script(jobs["tools"], "Test-AzTemplate")
    assert re.findall(r"Test-AzTemplate .*", command) == [
        'Test-AzTemplate -TemplatePath "$folder" -GroupName CreateUIDefinition)'
    ]
    copied = re.findall(r"Copy-Item (\S+)", command)
    assert copied == ["arm/createUiDefinition.json", "arm/prod_deployment_template.json"]
    assert "throw 'arm-ttk ran no tests'" in command


def test_psrule_sees_every_combination_and_what_is_left_out(jobs):
    steps = jobs["tools"]["steps"]
    written, command = script(jobs["tools"], "devtools.arm.parameter_sets")
    folder = command.split()[-1]
    number, given = next(
        (number, step["with"])
        for number, step in enumerate(steps)
        if step.get("uses", "").startswith("microsoft/ps-rule")
    )
    assert written < number
    assert given["inputPath"] == f"{folder}/json/"
    assert (ARM.parent / given["option"]).is_file()
    assert list((ARM.parent / given["source"]).glob("*.Rule.yaml"))


def test_the_folder_with_the_combinations_is_never_committed(jobs):
    _, command = script(jobs["tools"], "devtools.arm.parameter_sets")
    ignored = (ARM.parent / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert f"/{command.split()[-1].partition('/')[0]}/" in ignored


def test_the_vendors_engine_runs_without_signing_in_in_a_version_that_is_named(jobs):
    _, command = script(jobs["tools"], "devtools.arm.snapshot")
    assert re.search(r"az bicep install --version v\d+\.\d+\.\d+\n", command)
    assert "env" not in jobs["tools"]
    assert "permissions" not in jobs["tools"]


def test_versions_are_compared_with_the_subscription_before_anything_is_validated(jobs):
    steps = jobs["validate"]["steps"]
    signed_in = next(
        number
        for number, step in enumerate(steps)
        if step.get("uses", "").startswith("azure/login")
    )
    compared, _ = script(jobs["validate"], "devtools.arm.offered_versions")
    validated, _ = script(jobs["validate"], "az deployment group")
    assert signed_in < compared < validated


def test_each_module_that_a_step_runs_exists(text):
    modules = set(re.findall(r"python -m (devtools\.[\w.]+)", text))
    assert modules
    for name in modules:
        assert callable(importlib.import_module(name).main), name
