"""The API versions that the templates use, and the list that they must follow.

The list is ``arm/api-versions.json``: for each resource type, the newest stable version in
Microsoft's own modules (Azure/bicep-registry-modules), or another one with the reason. A version
that a subscription does not offer fails the whole deployment, so the very newest is risky.
"""

from __future__ import annotations

import json
import re
import typing
from collections.abc import Iterator, Mapping
from pathlib import Path

ARM = Path(__file__).parents[2] / "arm"
LIST = ARM / "api-versions.json"

Template = Mapping[str, typing.Any]

_CALL = re.compile(r"\b(?:reference|list\w*)\(")
_VERSION = re.compile(r"'(\d{4}-\d\d-\d\d(?:-\w+)?)'")
#: One copy of a loop: its index follows the symbol.
_COPY = re.compile(r"format\('(\w+)\[\{0\}\]'")
_TYPE = re.compile(r"'([A-Za-z]+\.[A-Za-z.]+/[A-Za-z/]+)'")


class Listed(typing.NamedTuple):
    """The list's entry for a resource type.

    :param reason: why it is not the newest stable version in the modules; empty if it is.
    """

    version: str
    reason: str


class Use(typing.NamedTuple):
    """One place in a template that names an API version.

    :param place: the path in the template, such as ``resources.site.apiVersion``.
    :param type: the resource type; empty if it can't be derived.
    """

    place: str
    type: str
    version: str


def listed() -> dict[str, Listed]:
    """The list, by resource type."""
    entries = json.loads(LIST.read_text(encoding="utf-8"))
    return {name: Listed(each["version"], each.get("reason", "")) for name, each in entries.items()}


def uses(template: Template) -> Iterator[Use]:
    """Yield each API version in a template: of resources, and in reference() and list*()."""
    yield from _uses(template, "", {})


def _uses(value: typing.Any, place: str, names: Mapping[str, str]) -> Iterator[Use]:
    if isinstance(value, str):
        for kind, version in _in_expression(value, names):
            yield Use(place, kind, version)
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from _uses(each, f"{place}[{index}]", names)
    elif isinstance(value, dict):
        if {"type", "apiVersion"} <= set(value):
            yield Use(_join(place, "apiVersion"), value["type"], value["apiVersion"])
        inside = {**names, **dict(_names(value))}
        for key, each in value.items():
            yield from _uses(each, _join(place, key), inside)


def _names(template: Template) -> Iterator[tuple[str, str]]:
    """Yield the names and types of a template's resources; nothing for any other object.

    A name is a resource's symbol, or a variable with its ID.
    """
    resources, variables = template.get("resources"), template.get("variables")
    if isinstance(resources, dict):
        for symbol, each in resources.items():
            if "type" in each:
                yield f"'{symbol}'", each["type"]
    if isinstance(variables, dict):
        for name, each in variables.items():
            kind = _TYPE.search(each) if isinstance(each, str) else None
            if kind:
                yield f"variables('{name}')", kind[1]


def _in_expression(text: str, names: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    if not text.startswith("["):
        return
    for call in _CALL.finditer(text):
        of, *others = _arguments(text[call.end() :])
        version = _VERSION.fullmatch(others[0]) if others else None
        if version:
            kind = _TYPE.search(of)
            copy = _COPY.match(of)
            yield kind[1] if kind else names.get(f"'{copy[1]}'" if copy else of, ""), version[1]


def _arguments(text: str) -> list[str]:
    """Split the arguments of a call, from the text after its opening parenthesis."""
    arguments, depth, quoted = [""], 0, False
    for character in text:
        quoted ^= character == "'"
        if not quoted:
            depth += (character in "([") - (character in ")]")
            if depth < 0:
                break
            if character == "," and depth == 0:
                arguments.append("")
                continue
        arguments[-1] += character
    return [each.strip() for each in arguments]


def _join(place: str, key: str) -> str:
    return f"{place}.{key}" if place else key
