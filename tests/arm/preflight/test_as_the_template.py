"""preflight's queries match the template's resources."""

from __future__ import annotations

import json
import subprocess

import pytest

from tests.arm.conftest import NAMES
from tests.arm.preflight import azure as stand_in
from tests.arm.preflight.azure import GROUP_ID
from tests.arm.refused import REFUSED, TAKEN

VIRTUAL_MACHINE = (
    "/subscriptions/31e9f9a0-9fd2-4294-a0a3-0101246d9700/resourceGroups/"
    "rg-modm201-20230913120256/providers/Microsoft.Compute/virtualMachines/bobjacmodm201"
)

#: Options that leave out the other checks, which take most of the time.
ONLY_NAMES = [
    word
    for kind in ("site", "storage", "vault", "database", "registry")
    for word in ("--only", f"preflight.{kind}_name")
]


class TestNames:
    """Queries for globally unique names use those of the template."""

    #: Published by others who compared their results with Azure's.
    PAIRS = (
        (("test",), "rbgf3xv4ufgzg"),
        (("abc",), "cgtzqvhu4i23s"),
        (("hello", "world"), "a7wkljktk6wne"),
        (("foo", "bar", "baz"), "xzi4ioaxtmth4"),
        (
            ("/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/my-rg",),
            "bmg7c6xu4tw46",
        ),
        ((VIRTUAL_MACHINE,), "yvjxno3je5on2"),
    )  # fmt: skip

    @pytest.mark.parametrize(("texts", "expected"), PAIRS)
    def test_unique_string(self, texts, expected):
        source = stand_in.PREFLIGHT.with_name("preflight.d") / "unique_string.sh"
        script = f'set -euo pipefail; source "{source}"; unique_string "$@"'
        printed = subprocess.run(
            ["bash", "-c", script, "bash", *texts], capture_output=True, text=True, check=True
        )
        assert printed.stdout.strip() == expected

    @pytest.mark.parametrize("template", NAMES)
    @pytest.mark.parametrize(
        "values",
        [
            {"name": "kolibri"},
            {"name": "A-very-long-Name-123"},
            {"name": "0school-1", "vaultName": "kv-second", "databaseServerName": "Restored-db"},
        ],
    )
    def test_they_are_the_templates(self, look, checker, template, values):
        declared = json.loads(NAMES[template].read_text(encoding="utf-8"))
        values = {name: value for name, value in values.items() if name in declared["parameters"]}
        made = checker.evaluate(
            declared, {**values, "superuserPassword": "twelve characters"}
        ).resources
        look(values, *ONLY_NAMES, template=template)
        asked = {name for name in map(_name_asked_for, look.azure.calls()) if name}
        kinds = {
            "Microsoft.Web/sites", "Microsoft.Storage/storageAccounts", "Microsoft.KeyVault/vaults",
            "Microsoft.DBforPostgreSQL/flexibleServers", "Microsoft.ContainerRegistry/registries",
        }  # fmt: skip
        expected = {each.name for each in made if each.type in kinds}
        theirs = next(each.name for each in made if each.symbol == "plan").split("-")[-2]
        ours = _suffix(values["name"])
        assert asked == {name.replace(theirs, ours) for name in expected}


def _suffix(name):
    source = stand_in.PREFLIGHT.with_name("preflight.d") / "unique_string.sh"
    script = f'source "{source}"; unique_string "$@"'
    return subprocess.run(
        ["bash", "-c", script, "bash", GROUP_ID, name.lower()],
        capture_output=True,
        text=True,
        check=True,
    ).stdout[:8]


def _name_asked_for(call):
    if "check-name" in call:
        return call[call.index("--name") + 1]
    if "--body" in call:
        return json.loads(call[call.index("--body") + 1]).get("name")
    return None


class TestRefusals:
    """preflight refuses the values that the template refuses, and no others."""

    @pytest.mark.parametrize("name", REFUSED)
    def test_it_refuses(self, look, name):
        ended = look(REFUSED[name][0], "--only", "preflight.parameters")
        assert (ended.returncode, ended.stderr) == (1, ""), ended.stdout

    @pytest.mark.parametrize("name", TAKEN)
    def test_it_takes(self, look, name):
        ended = look(TAKEN[name], "--only", "preflight.parameters")
        assert (ended.returncode, ended.stderr) == (0, ""), ended.stdout


class TestPolicies:
    def test_azure_policy_is_asked_about_the_templates_resources(self, look, checker, production):
        values = {
            "size": "medium",
            "administratorAddresses": ["203.0.113.7"],
            "tags": {"owner": "ministry"},
        }
        look(values, "--only", "policies")
        made = {
            each.symbol: each
            for each in checker.evaluate(
                production, {**values, "superuserPassword": "twelve characters"}
            ).resources
        }
        bodies = [
            json.loads(call[call.index("--body") + 1])
            for call in look.azure.calls()
            if "--body" in call
        ]
        assert len(bodies) == 6
        for body in bodies:
            content = body["resourceDetails"]["resourceContent"]
            resource = next(
                each
                for each in made.values()
                if each.type == content["type"] and each.symbol != "contentApp"
            )
            assert body["resourceDetails"]["apiVersion"] == resource.version
            assert content.get("kind") == resource.body.get("kind")
            assert content.get("sku") == resource.body.get("sku")
            assert _is_part_of(content["properties"], resource.properties), resource.symbol
            assert content["tags"]["owner"] == "ministry"
        storage = next(
            b
            for b in bodies
            if "storage" in b["resourceDetails"]["resourceContent"]["type"].lower()
        )
        assert (
            storage["resourceDetails"]["resourceContent"]["properties"]["allowSharedKeyAccess"]
            is True
        )
        assert storage["pendingFields"][0]["values"] == ["true"]


def _is_part_of(part, whole):
    if isinstance(part, dict):
        return isinstance(whole, dict) and all(
            key in whole and _is_part_of(value, whole[key]) for key, value in part.items()
        )
    if isinstance(part, list):
        return isinstance(whole, list) and all(
            any(_is_part_of(one, other) for other in whole) for one in part
        )
    return part == whole
