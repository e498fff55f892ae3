"""Rules of a template's text: what is generated, what is described, what is used."""

from __future__ import annotations

import json
import re
import typing
from collections.abc import Iterator, Mapping

Template = Mapping[str, typing.Any]

_GENERATES = re.compile(r"\b(newGuid|utcNow)\(", re.IGNORECASE)
_USES = re.compile(r"\b(parameters|variables)\('([^']+)'\)", re.IGNORECASE)

#: How a description says whether a value must be given.
_BEGINNINGS = ("Required. ", "Optional. ", "Conditional. ")


def generated_values_reach_only_new_secrets(template: Template) -> Iterator[str]:
    """newGuid() and utcNow() give another value at each deployment."""
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
    if resource["type"] == "Microsoft.KeyVault/vaults/secrets":
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


def passwords_are_no_plain_text(template: Template) -> Iterator[str]:
    for name, each in template["parameters"].items():
        is_secure = str(each.get("type", "")).lower().startswith("secure")
        if re.search(r"password|secretKey", name, re.IGNORECASE) and not is_secure:
            yield f"{name} is readable in the history of deployments"
        default = str(each.get("defaultValue", ""))
        if is_secure and default and not _GENERATES.search(default):
            yield f"{name} has a default that anybody can read"


RULES: tuple[typing.Callable[[Template], Iterator[str]], ...] = (
    generated_values_reach_only_new_secrets,
    parameters_say_whether_they_must_be_given,
    passwords_are_no_plain_text,
)
