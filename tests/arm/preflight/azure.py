"""A stand-in for ``az`` that answers arm/preflight, and a git address that it can read.

The answers have the form of Microsoft's documentation; each is a file in answers/. The stand-in
refuses calls without an answer, as az refuses unknown commands, and records its arguments.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).parents[3]
PREFLIGHT = REPOSITORY / "arm/preflight"
ANSWERS = Path(__file__).with_name("answers")

SUBSCRIPTION = "11111111-1111-1111-1111-111111111111"
GROUP_ID = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/kolibri"
REGISTRY_ID = (
    "/subscriptions/33333333-3333-3333-3333-333333333333/resourceGroups/images/providers/"
    "Microsoft.ContainerRegistry/registries/schoolimages"
)

#: A tag that the repository of the tests has.
REF = "v1.2.3"

#: az's messages when it lacks permission, fails, or finds nothing.
FORBIDDEN = (
    "ERROR: (AuthorizationFailed) The client 'admin@schools.example.org' does not have "
    "authorization to perform action over scope."
)
UNREGISTERED = (
    'ERROR: Conflict({"error": {"code": "MissingSubscriptionRegistration", "message": "The '
    'subscription is not registered to use this namespace."}})'
)
NO_GROUP = "ERROR: (ResourceGroupNotFound) Resource group 'kolibri' could not be found."

STAND_IN = f"""#!{sys.executable} -I
import fnmatch, json, os, sys

folder = os.path.dirname(os.path.abspath(__file__))
words = [word for word in sys.argv[1:] if word != "--only-show-errors"]
place = words.index("--output")
del words[place : place + 2]
with open(os.path.join(folder, "calls"), "a") as calls:
    calls.write(json.dumps(words) + "\\n")
question = " ".join(words)
with open(os.path.join(folder, "answers.json")) as file:
    answers = json.load(file)
for pattern, answer in answers:
    if fnmatch.fnmatchcase(question, pattern):
        sys.stderr.write(answer["words"])
        sys.stdout.write(answer["text"])
        sys.exit(answer["code"])
with open(os.path.join(folder, "refused"), "a") as refused:
    refused.write(question + "\\n")
sys.exit("ERROR: the stand-in does not know: " + question)
"""


@functools.cache
def _recorded(name: str) -> str:
    return (ANSWERS / f"{name}.json").read_text(encoding="utf-8")


def recorded(name: str) -> Any:
    """A copy of an answer that a test can change."""
    return json.loads(_recorded(name))


def providers(template: Path, *, region: str = "West Europe") -> list[dict[str, Any]]:
    """The output of ``az provider list`` for a region with all the template's types."""
    types: dict[str, dict[str, set[str]]] = {}
    for match in re.finditer(
        r'"type": "(Microsoft\.\w+)/([\w/]+)",\s+"apiVersion": "([\w-]+)"',
        template.read_text(encoding="utf-8"),
    ):
        types.setdefault(match[1], {}).setdefault(match[2], set()).add(match[3])
    return [
        {
            "id": f"/subscriptions/{SUBSCRIPTION}/providers/{namespace}",
            "namespace": namespace,
            "providerAuthorizationConsentState": None,
            "registrationPolicy": "RegistrationRequired",
            "registrationState": "Registered",
            "resourceTypes": [
                {
                    "apiVersions": sorted(versions, reverse=True),
                    "capabilities": "SupportsTags, SupportsLocation",
                    "locations": [] if "/" in kind else [region, "North Central US"],
                    "resourceType": kind,
                }
                for kind, versions in kinds.items()
            ],
        }
        for namespace, kinds in sorted(types.items())
    ]


@dataclasses.dataclass
class Azure:
    """The stand-in's answers; the last pattern that matches a call counts."""

    folder: Path
    answers: dict[str, dict[str, Any]] = dataclasses.field(default_factory=dict)

    def answer(self, pattern: str, value: Any) -> Azure:
        """Answer calls that match the pattern."""
        self.answers.pop(pattern, None)
        self.answers[pattern] = {"text": json.dumps(value), "words": "", "code": 0}
        return self

    def refuse(self, pattern: str, words: str = FORBIDDEN, code: int = 1) -> Azure:
        """Make calls that match the pattern fail."""
        self.answers.pop(pattern, None)
        self.answers[pattern] = {"text": "", "words": words + "\n", "code": code}
        return self

    def install(self) -> Path:
        """The folder for the PATH."""
        self.folder.mkdir(exist_ok=True)
        stand_in = self.folder / "az"
        stand_in.write_text(STAND_IN, encoding="utf-8")
        stand_in.chmod(0o755)
        latest_first = list(reversed(self.answers.items()))
        (self.folder / "answers.json").write_text(json.dumps(latest_first), encoding="utf-8")
        return self.folder

    def calls(self) -> list[list[str]]:
        """The arguments of az's calls."""
        path = self.folder / "calls"
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        return [json.loads(line) for line in text.splitlines()]

    def refused(self) -> list[str]:
        """The calls without an answer."""
        path = self.folder / "refused"
        return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


def all_well(folder: Path, template: Path) -> Azure:
    """An Azure without obstacles, and with an empty resource group."""
    azure = Azure(folder)
    azure.answer("account show", recorded("account"))
    azure.answer("group show --name kolibri", recorded("group"))
    azure.answer("resource list --resource-group kolibri", [])
    azure.answer("provider list", providers(template))
    azure.answer("account list-locations", recorded("locations"))
    azure.answer(
        "rest --method get --url */Microsoft.Authorization/permissions?*", recorded("owner")
    )
    azure.answer(
        "rest --method get --url /subscriptions/????????-*?api-version=2022-12-01",
        recorded("subscription"),
    )
    azure.answer(
        "appservice list-locations --sku * --linux-workers-enabled", recorded("plan_regions")
    )
    azure.answer(
        "rest --method get --url */Microsoft.Web/locations/westeurope/usages?*",
        recorded("plan_usage"),
    )
    azure.answer("storage sku list", recorded("storage_skus"))
    azure.answer(
        "postgres flexible-server list-skus --location westeurope", recorded("database_offers")
    )
    azure.answer(
        "rest --method get --url */Microsoft.DBforPostgreSQL/locations/westeurope/*/usages?*",
        recorded("database_usage"),
    )
    azure.answer("rest --method post --url */check[nN]ame[aA]vailability?*", recorded("name_free"))
    azure.answer("storage account check-name --name *", recorded("name_free"))
    azure.answer("acr check-name --name *", recorded("name_free"))
    azure.answer("keyvault list-deleted --resource-type vault", [])
    azure.answer("policy assignment list --scope * --filter atScope()", [])
    azure.answer("rest --method post --url */checkPolicyRestrictions?*", recorded("policy_allows"))
    return azure


def parameters(folder: Path, **values: Any) -> Path:
    """A parameters file."""
    path = folder / "kolibri.parameters.json"
    given = {name: {"value": value} for name, value in values.items()}
    path.write_text(json.dumps({"parameters": given}), encoding="utf-8")
    return path


def run(
    azure: Azure,
    file: Path,
    *options: str,
    git_addresses: str = "",
    group: str = "kolibri",
) -> subprocess.CompletedProcess[str]:
    """Run arm/preflight with the stand-in for az.

    :param git_addresses: the folder of the repositories behind https addresses.
    """
    environment = {
        **os.environ,
        "PATH": os.pathsep.join([str(azure.install()), os.environ["PATH"]]),
        "LC_ALL": "C.UTF-8",
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.file://{git_addresses}/.insteadOf",
        "GIT_CONFIG_VALUE_0": "https://",
    }
    return subprocess.run(
        ["bash", str(PREFLIGHT), file.name, "--resource-group", group, *options],
        cwd=file.parent,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def checks() -> list[str]:
    """The ids of all checks without ``preflight.``, in order."""
    source = PREFLIGHT.read_text(encoding="utf-8")
    return re.findall(r"^(\w+)\|\w+\|\w+\|", source, re.MULTILINE)
