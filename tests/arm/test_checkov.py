"""checkov finds no failure in the evaluated templates except those listed here with reasons.

checkov finds no resource in a template with symbolic names and can't evaluate its functions, so it
gets the evaluated resources as a list. It exits with 0 when it could read nothing, so the tests
assert how much it parsed and counted.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.arm.conftest import NAMES

#: Rules that both templates break on purpose.
EVERYWHERE = {
    "CKV_AZURE_17": "learners have no client certificates",
    "CKV_AZURE_222": "learners reach the site over the internet; with a front door the app denies "
    "all others",
    "CKV_AZURE_139": "a registry that is closed to the internet costs ten times as much; no "
    "one gets in without a sign-in",
    "CKV_AZURE_163": "the rule asks for a larger registry, for the scan that comes with it",
    "CKV_AZURE_166": "quarantine needs a larger registry, and a person who releases each image",
}

#: Rules about the configuration of an app. checkov applies them to the mounts, which have the same
#: type, Microsoft.Web/sites/config. The apps themselves pass all of them.
OF_THE_MOUNTS = dict.fromkeys(
    (f"CKV_AZURE_{number}" for number in (13, 63, 65, 66, 80, 88)),
    "checkov takes the mounts for the app",
)
PRODUCTION = {
    **EVERYWHERE,
    **OF_THE_MOUNTS,
    "CKV_AZURE_41": "an expired secret would stop the site; secretLifetimeDays sets an expiry for "
    "those who renew it",
    "CKV_AZURE_206": "the shares are zone-redundant and backed up; premium shares can't be copied "
    "to another region",
}
#: The rule that secrets expire, and a secret that need not: the database's address has no password.
EXPIRY, HOLDS_NO_SECRET = "CKV_AZURE_41", "/kolibri-database-url"

ONE_INSTANCE = {
    "CKV_AZURE_212": "this size has one instance",
    "CKV_AZURE_225": "one instance can't be spread over zones",
}
TEST = {**EVERYWHERE, **ONE_INSTANCE}

CASES = {
    "small": ("production", {}, {**PRODUCTION, **ONE_INSTANCE}),
    "small, secrets that expire": (
        "production",
        {"secretLifetimeDays": 365},
        {
            **{rule: why for rule, why in PRODUCTION.items() if rule != EXPIRY},
            **ONE_INSTANCE,
        },
    ),
    "large": ("production", {"size": "large", "frontDoor": "premium"}, PRODUCTION),
    "test": ("test", {}, TEST),
}


@pytest.fixture(scope="session")
def checkov():
    beside = Path(sys.executable).with_name("checkov")
    found = str(beside) if beside.is_file() else shutil.which("checkov")
    if not found:
        pytest.skip("checkov is not installed: pip install checkov, in an environment of its own")
    return found


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_checkov_fails_only_the_listed_checks(case, checker, checkov, tmp_path):
    name, values, listed = CASES[case]
    template = json.loads(NAMES[name].read_text(encoding="utf-8"))
    result = checker.evaluate(template, values)
    listed_template = result.as_listed_template()
    path = tmp_path / "template.json"
    path.write_text(json.dumps(listed_template, indent=2), encoding="utf-8")
    command = [checkov, "-f", str(path), "--framework", "arm", "-o", "json", "--skip-download"]
    run = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
    report = json.loads(run.stdout)
    assert report["summary"]["parsing_errors"] == 0
    # The plan appears twice, and roles that get their names at deployment share one here.
    different = {(each["type"], each["name"]) for each in listed_template["resources"]}
    assert report["summary"]["resource_count"] == len(different)
    assert report["summary"]["passed"] >= 10
    failed = {
        each["check_id"]
        for each in report["results"]["failed_checks"]
        if not (each["check_id"] == EXPIRY and each["resource"].endswith(HOLDS_NO_SECRET))
    }
    assert failed == set(listed)
