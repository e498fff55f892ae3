"""Rules for a template's text: generated values, descriptions, and unused parts."""

from __future__ import annotations

import json
import re
import typing
from collections.abc import Iterator, Mapping

Template = Mapping[str, typing.Any]

_GENERATES = re.compile(r"\b(newGuid|utcNow)\(", re.IGNORECASE)
_USES = re.compile(r"\b(parameters|variables)\('([^']+)'\)", re.IGNORECASE)

#: Resources that keep the first value they get.
_WRITTEN_ONCE = {"Microsoft.Consumption/budgets", "Microsoft.KeyVault/vaults/secrets"}

#: A deployment that always exists, and is slow enough that earlier role assignments have spread.
_LONG = "kolibriDatabase"

#: The words of a description for a required or optional value.
_BEGINNINGS = ("Required. ", "Optional. ", "Conditional. ")


def generated_values_reach_only_resources_written_once(template: Template) -> Iterator[str]:
    """newGuid() and utcNow() return another value at each deployment."""
    tainted = {
        ("parameters", name)
        for name, each in template["parameters"].items()
        if _GENERATES.search(str(each.get("defaultValue", "")))
    }
    tainted |= _variables_that_use(template, tainted)
    for name in ("variables", "outputs"):
        if _GENERATES.search(json.dumps(template.get(name, {}))):
            yield f"{name} generate a value"
    for symbol, resource in template["resources"].items():
        text = json.dumps(resource)
        if _GENERATES.search(text):
            yield f"{symbol} generates a value"
        if tainted & _used_by(text) and not _is_written_on_purpose(resource):
            yield f"{symbol} gets a generated value at each deployment"
    if tainted & _used_by(json.dumps(template.get("outputs", {}))):
        yield "an output shows a generated value"


def _is_written_on_purpose(resource: Template) -> bool:
    if resource["type"] in _WRITTEN_ONCE:
        return "onlyIfNotExists" in resource.get("@options", {})
    return (
        resource["type"] == "Microsoft.Resources/deployments"
        and resource.get("condition") == "[not(empty(parameters('rewriteSecrets')))]"
    )


def _variables_that_use(template: Template, tainted: set[tuple[str, str]]) -> set[tuple[str, str]]:
    uses = {
        ("variables", name): _used_by(json.dumps(value))
        for name, value in template.get("variables", {}).items()
    }
    found: set[tuple[str, str]] = set()
    while True:
        more = {name for name, used in uses.items() if used & (tainted | found)} - found
        if not more:
            return found
        found |= more


def _used_by(text: str) -> set[tuple[str, str]]:
    return {(kind.lower(), name) for kind, name in _USES.findall(text)}


def parameters_say_whether_they_must_be_given(template: Template) -> Iterator[str]:
    for name, each in template["parameters"].items():
        description = each.get("metadata", {}).get("description", "")
        if not description.startswith(_BEGINNINGS):
            yield f"the description of {name} does not say whether it must be given"
        has_default = "defaultValue" in each or each.get("nullable") is True
        if description.startswith("Required. ") == has_default:
            yield f"{name} says that it is required, and has a default, or the other way round"
        if each.get("nullable"):
            yield f"{name} is nullable, which the portal's Redeploy shows as required"


def passwords_are_no_plain_text(template: Template) -> Iterator[str]:
    for name, each in template["parameters"].items():
        is_secure = str(each.get("type", "")).lower().startswith("secure")
        if re.search(r"password|secretKey", name, re.IGNORECASE) and not is_secure:
            yield f"{name} is readable in the history of deployments"
        default = str(each.get("defaultValue", ""))
        if is_secure and default and not _GENERATES.search(default):
            yield f"{name} has a default that anybody can read"


def sites_wait_until_their_roles_have_spread(template: Template) -> Iterator[str]:
    """A start without access to its secrets fails, and the next one comes minutes later."""
    resources = template["resources"]
    for symbol, resource in resources.items():
        is_site = resource["type"] in {"Microsoft.Web/sites", "Microsoft.Web/sites/slots"}
        if is_site and _LONG in resources and _LONG not in _waits_for(resources, symbol):
            yield f"{symbol} may start before its role on the vault has spread"


def _waits_for(resources: Mapping[str, Template], symbol: str) -> set[str]:
    found: set[str] = set()
    todo = [symbol]
    while todo:
        # Expressions are skipped: their names depend on the values.
        more = {each for each in resources[todo.pop()].get("dependsOn", ()) if each in resources}
        todo.extend(more - found)
        found |= more
    return found


def shares_accept_the_encryption_of_linux(template: Template) -> Iterator[str]:
    """256 bits alone ends in mount error 13 (azurefile-csi-driver issue 2833)."""
    given = template["parameters"].get("shareEncryption", {"defaultValue": "AES-128-GCM"})
    if "AES-128-GCM" not in given["defaultValue"]:
        yield "Linux asks for AES-128-GCM first, and the shares refuse it by default"


def sign_up_is_off_by_default(template: Template) -> Iterator[str]:
    for name in ("learnerCanSignUp", "learnerCanLoginByName"):
        if template["parameters"][name]["defaultValue"] is not False:
            yield f"{name} is open to anyone by default"


RULES: tuple[typing.Callable[[Template], Iterator[str]], ...] = (
    generated_values_reach_only_resources_written_once,
    parameters_say_whether_they_must_be_given,
    passwords_are_no_plain_text,
    sites_wait_until_their_roles_have_spread,
    shares_accept_the_encryption_of_linux,
    sign_up_is_off_by_default,
)
