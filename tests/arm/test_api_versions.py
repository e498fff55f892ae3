"""The templates use the API versions of the list, and the list has reasons for old ones."""

from __future__ import annotations

import importlib.util
import json
import re

import pytest

from devtools.arm import CheckerMissingError, api_versions
from devtools.arm.checker import checker_folder
from tests.arm.conftest import ARM, NAMES

WORKFLOW = ARM.parent / ".github" / "workflows" / "azure-templates.yml"


@pytest.fixture(scope="module")
def listed():
    return api_versions.listed()


@pytest.fixture(scope="module")
def used():
    return [
        use
        for path in NAMES.values()
        for use in api_versions.uses(json.loads(path.read_text(encoding="utf-8")))
    ]


@pytest.fixture(scope="module")
def modules():
    """The versions that Microsoft's modules deploy, by type in lower case.

    The checker's list has a few more from other sources, which are left out.
    """
    try:
        folder = checker_folder()
    except CheckerMissingError as error:
        pytest.skip(str(error))
    deployed = json.loads((folder / "deployed.json").read_text(encoding="utf-8"))["versions"]
    spec = importlib.util.spec_from_file_location("build_deployed", folder / "build_deployed.py")
    builder = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(builder)
    others = {name.lower(): versions for name, versions in builder.EXTRA.items()}
    return {
        name.lower(): set(versions) - set(others.get(name.lower(), ()))
        for name, versions in deployed.items()
    }


def test_each_resource_and_each_call_uses_the_version_of_the_list(used, listed):
    assert len(used) > 100
    expected = {name: entry.version for name, entry in listed.items()}
    wrong = [
        f"{use.place}: {use.type or 'which type?'}@{use.version}, listed {expected.get(use.type)}"
        for use in used
        if use.version != expected.get(use.type)
    ]
    assert wrong == []


def test_nothing_is_listed_in_vain(used, listed):
    assert set(listed) == {use.type for use in used}
    assert list(listed) == sorted(listed)


def test_a_preview_has_a_reason(listed):
    previews = {name for name, entry in listed.items() if entry.version.endswith("preview")}
    assert {name for name in previews if not listed[name].reason} == set()


def test_each_version_older_than_the_newest_stable_one_has_a_reason(listed, modules):
    newest = {
        name: max((each for each in modules.get(name.lower(), ()) if len(each) == 10), default="")
        for name in listed
    }
    others = {name for name, entry in listed.items() if entry.version != newest[name]}
    assert {name for name, entry in listed.items() if entry.reason} == others


def test_the_workflow_asks_for_resources_in_the_listed_versions(listed):
    text = WORKFLOW.read_text(encoding="utf-8")
    asked = re.findall(r"/secrets/[\w-]+\?api-version=([\w-]+)", text)
    assert set(asked) == {listed["Microsoft.KeyVault/vaults/secrets"].version}


def test_versions_are_found_in_nested_templates_and_in_calls():
    template = {
        "variables": {"planId": "[resourceId('Microsoft.Web/serverfarms', 'a')]", "size": 1},
        "resources": {
            "storage": {"type": "Microsoft.Storage/storageAccounts", "apiVersion": "2026-04-01"},
            "nested": {
                "type": "Microsoft.Resources/deployments",
                "apiVersion": "2025-04-01",
                "properties": {
                    "parameters": {
                        "key": {"value": "[listKeys('storage', '2020-01-01').keys[0].value]"},
                        "print": {
                            "value": "[if(true(), reference(resourceId('Microsoft.Web/certificates'"
                            ", format('{0},{1}', 'a', 'b')), '2021-01-01', 'Full').thumbprint, '')]"
                        },
                        "host": {"value": "[reference('storage').primaryEndpoints]"},
                        "size": {"value": "[reference(variables('planId'), '2021-02-01').sku]"},
                    },
                    "template": {
                        "resources": {
                            "site": {"type": "Microsoft.Web/sites", "apiVersion": "2022-01-01"}
                        },
                        "outputs": {"id": {"value": "[reference('site', '2023-01-01').id]"}},
                    },
                },
            },
        },
        "outputs": {"which": {"value": "[listKeys(parameters('id'), '2024-01-01').key]"}},
    }
    nested = "resources.nested.properties"
    assert set(api_versions.uses(template)) == {
        ("resources.storage.apiVersion", "Microsoft.Storage/storageAccounts", "2026-04-01"),
        ("resources.nested.apiVersion", "Microsoft.Resources/deployments", "2025-04-01"),
        (f"{nested}.parameters.key.value", "Microsoft.Storage/storageAccounts", "2020-01-01"),
        (f"{nested}.parameters.print.value", "Microsoft.Web/certificates", "2021-01-01"),
        (f"{nested}.parameters.size.value", "Microsoft.Web/serverfarms", "2021-02-01"),
        (f"{nested}.template.resources.site.apiVersion", "Microsoft.Web/sites", "2022-01-01"),
        (f"{nested}.template.outputs.id.value", "Microsoft.Web/sites", "2023-01-01"),
        ("outputs.which.value", "", "2024-01-01"),
    }
