"""The hosted workflow: who may act as Owner, and where passwords are not."""

from __future__ import annotations

import re

import pytest
import yaml

from tests.arm.conftest import ARM

PATH = ARM.parent / ".github" / "workflows" / "azure-templates.yml"


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
    for job in jobs.values():
        for step in job["steps"]:
            script = step.get("run", "")
            if "add-mask" in script:
                assert "umask 077" in script
                assert "GITHUB_ENV" not in script
            for command in re.findall(r"az deployment group (?:create|\"\$step\")[^|]*", script):
                assert "@$" in command, command


def test_what_a_job_has_made_is_removed_whatever_happens(jobs):
    for name in ("validate", "deploy"):
        last = jobs[name]["steps"][-1]
        assert last["if"] == "always()"
        assert "az group delete" in last["run"]
