"""checkov on what the templates come to: no failure but those listed here with their reasons.

checkov sees no resource in a template with symbolic names and can't evaluate its functions, so it
gets the evaluated resources as a list. What it parsed and counted is asserted: it ends with 0 when
it could read nothing.
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
}
PRODUCTION = {
    **EVERYWHERE,
    "CKV_AZURE_41": "an expired secret would stop the site; secretLifetimeDays sets an expiry for "
    "those who renew it",
    "CKV_AZURE_206": "the shares are zone-redundant and backed up; premium shares can't be copied "
    "to another region",
}
ONE_INSTANCE = {
    "CKV_AZURE_212": "this size has one instance",
    "CKV_AZURE_225": "one instance can't be spread over zones",
}
TEST = {
    **EVERYWHERE,
    **ONE_INSTANCE,
    "CKV_AZURE_16": "there is no vault or database to sign in to",
    "CKV_AZURE_71": "there is no vault or database to sign in to",
}

CASES = {
    "small": ("production", {}, {**PRODUCTION, **ONE_INSTANCE}),
    "small, secrets that expire": (
        "production",
        {"secretLifetimeDays": 365},
        {
            **{rule: why for rule, why in PRODUCTION.items() if rule != "CKV_AZURE_41"},
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
def test_checkov_fails_nothing_but_what_is_listed(case, checker, checkov, tmp_path):
    name, values, listed = CASES[case]
    template = json.loads(NAMES[name].read_text(encoding="utf-8"))
    result = checker.evaluate(template, values)
    path = tmp_path / "template.json"
    path.write_text(json.dumps(result.as_listed_template(), indent=2), encoding="utf-8")
    command = [checkov, "-f", str(path), "--framework", "arm", "-o", "json", "--skip-download"]
    run = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
    report = json.loads(run.stdout)
    assert report["summary"]["parsing_errors"] == 0
    assert report["summary"]["resource_count"] == len(result.resources)
    assert report["summary"]["passed"] >= 10
    failed = {each["check_id"] for each in report["results"]["failed_checks"]}
    assert failed == set(listed)
