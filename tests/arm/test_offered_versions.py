"""The tool that compares the list of API versions with those of a subscription."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from devtools.arm import api_versions
from tests.arm.conftest import ARM

#: Answers as ``az provider show`` prints them, cut down to a few types and versions.
ANSWERS = {
    "Microsoft.Web": {
        "authorizations": [{"applicationId": "abfa0a7c-a6b6-4736-8310-5855508787cd"}],
        "id": "/subscriptions/33333333-3333-3333-3333-333333333333/providers/Microsoft.Web",
        "namespace": "Microsoft.Web",
        "registrationPolicy": "RegistrationRequired",
        "registrationState": "Registered",
        "resourceTypes": [
            {
                "apiProfiles": [{"apiVersion": "2018-02-01", "profileVersion": "2018-06-01"}],
                "apiVersions": ["2025-03-01", "2024-11-01", "2024-04-01"],
                "defaultApiVersion": "2018-02-01",
                "locations": ["South Central US", "West Europe"],
                "resourceType": "sites",
                "zoneMappings": [],
            },
            {
                "apiProfiles": None,
                "apiVersions": ["2024-11-01", "2024-04-01"],
                "defaultApiVersion": None,
                "locations": ["South Central US", "West Europe"],
                "resourceType": "serverFarms",
                "zoneMappings": None,
            },
        ],
    },
    "Microsoft.Consumption": {
        "namespace": "Microsoft.Consumption",
        "registrationPolicy": "RegistrationFree",
        "registrationState": "Registered",
        "resourceTypes": [
            {
                "apiVersions": ["2024-08-01", "2023-11-01"],
                "locations": [],
                "resourceType": "Budgets",
            }
        ],
    },
}

#: A stand-in for the Azure CLI: prints an answer from the folder AZ_ANSWERS.
AZ = """\
#!{python}
import os, pathlib, sys

expected = ["provider", "show", "--namespace", sys.argv[4], "--output", "json"]
assert sys.argv[1:] == expected, sys.argv
answer = pathlib.Path(os.environ["AZ_ANSWERS"], sys.argv[4] + ".json")
if not answer.exists():
    sys.exit("ERROR: Please run 'az login' to setup account.")
print(answer.read_text())
"""


def offering_all():
    """Answers with every version of the list; for parents, only versions that a child has too."""
    answers = {}
    for name, entry in api_versions.listed().items():
        namespace, _, kind = name.partition("/")
        answer = answers.setdefault(namespace, {"namespace": namespace, "resourceTypes": []})
        answer["resourceTypes"].append({"resourceType": kind, "apiVersions": [entry.version]})
    return answers


@pytest.fixture
def run(tmp_path):
    """Run the tool with an ``az`` that has these answers; without answers there is no ``az``."""

    def run(*arguments, answers=None, given=None):
        bin_folder = tmp_path / "bin"
        bin_folder.mkdir()
        if answers is not None:
            for name, answer in answers.items():
                (tmp_path / f"{name}.json").write_text(json.dumps(answer))
            program = bin_folder / "az"
            program.write_text(AZ.format(python=sys.executable))
            program.chmod(0o755)
        return subprocess.run(
            [sys.executable, "-m", "devtools.arm.offered_versions", *arguments],
            input=given,
            env={**os.environ, "PATH": str(bin_folder), "AZ_ANSWERS": str(tmp_path)},
            cwd=ARM.parent,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return run


def test_a_subscription_that_offers_everything_passes(run):
    done = run(answers=offering_all())
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"All {len(api_versions.listed())} API versions are offered.\n"


def test_each_missing_version_is_named_with_the_offered_ones(run):
    answers = offering_all()
    alerts = answers["Microsoft.Insights"]["resourceTypes"]
    of_metrics = next(each for each in alerts if each["resourceType"] == "metricAlerts")
    of_metrics["apiVersions"] = ["2017-01-01", "2016-01-01"]
    answers["Microsoft.Consumption"]["resourceTypes"] = []
    done = run(answers=answers)
    wanted = api_versions.listed()
    version = wanted["Microsoft.Insights/metricAlerts"].version
    assert done.returncode == 1
    assert done.stdout.splitlines() == [
        "Microsoft.Consumption/budgets is not offered at all.",
        (
            f"Microsoft.Insights/metricAlerts is not offered in version {version}. The newest are "
            "2017-01-01, 2016-01-01."
        ),
        f"Change 2 of {len(wanted)} in arm/api-versions.json and the templates.",
    ]


def test_saved_answers_are_held_to_their_own_types(run, tmp_path):
    saved = tmp_path / "consumption.json"
    saved.write_text(json.dumps(ANSWERS["Microsoft.Consumption"]))
    done = run(str(saved), "-", given=json.dumps(ANSWERS["Microsoft.Web"]))
    wanted = api_versions.listed()
    of_both = [each for each in wanted if each.startswith(("Microsoft.Web/", "Microsoft.Cons"))]
    assert done.returncode == 1
    assert done.stdout.splitlines() == [
        "Microsoft.Web/certificates is not offered at all.",
        (
            "Microsoft.Web/serverfarms is not offered in version 2025-03-01. The newest are "
            "2024-11-01, 2024-04-01."
        ),
        f"Change 2 of {len(of_both)} in arm/api-versions.json and the templates.",
    ]


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        (None, "Install the Azure CLI, and sign in: az login"),
        ({}, "az provider show --namespace Microsoft.Authorization --output json failed: ERROR"),
        ({"Microsoft.Authorization": {"namespace": "Microsoft.Authorization"}}, "resourceTypes"),
    ],
    ids=["no az", "not signed in", "another answer"],
)
def test_without_an_answer_nothing_is_said_to_be_offered(answers, said, run):
    done = run(answers=answers)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr
