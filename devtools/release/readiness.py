"""Checks whether a commit can be released: all places must name the same version.

These are the tag, the package, the changelog, the templates, the portal's form and the examples.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping

from devtools.address import AddressError, parse
from devtools.release.changelog import section
from devtools.release.source import PACKAGE, Source

#: Versions that Kolibri accepts, PyPI does not normalise, and the templates accept.
VERSION = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)")

TEMPLATES = ("arm/prod_deployment_template.json", "arm/test_deployment_template.json")
FORM = "arm/createUiDefinition.json"
EXAMPLES = "arm/parameters/*.parameters.json"


def problems(source: Source, *, tag: str = "", address: str = "") -> Iterator[str]:
    """Yield every problem that prevents the release of `source`, with its fix.

    :param tag: the tag of the release; empty if there is none yet.
    :param address: the address of the repository that runs the workflow; empty elsewhere.
    """
    yield from _version_problems(source, tag)
    yield from _changelog_problems(source)
    expected = {"ref": source.tag, "repository": f"{source.address}.git"}
    yield from _template_problems(source, expected)
    yield from _form_problems(source, expected)
    yield from _example_problems(source)
    yield from _address_problems(source, address)


def _version_problems(source: Source, tag: str) -> Iterator[str]:
    if not VERSION.fullmatch(source.version):
        yield (
            f"{PACKAGE} names the version {source.version!r}; expected three numbers, such as 0.2.0"
        )
    if tag and tag != source.tag:
        yield (
            f"the tag is {tag}, the version in {PACKAGE} {source.version}: tag the commit that has "
            f"the version, as {source.tag}"
        )


def _changelog_problems(source: Source) -> Iterator[str]:
    found = section(source.text("CHANGELOG.md"), source.version)
    if found is None:
        yield f"CHANGELOG.md has no section about it: ## {source.version} - YEAR-MONTH-DAY"
    elif not found.is_released:
        yield (
            f"CHANGELOG.md says '{source.version} - {found.day}': give it the day of the release, "
            f"## {source.version} - YEAR-MONTH-DAY"
        )


def _template_problems(source: Source, expected: Mapping[str, str]) -> Iterator[str]:
    for name in TEMPLATES:
        parameters = json.loads(source.text(name))["parameters"]
        for parameter, value in expected.items():
            found = parameters[parameter]["defaultValue"]
            if found != value:
                yield (
                    f"{name} builds {found!r} by default: give its parameter {parameter} the "
                    f"default {value!r}, and run python -m devtools.arm.parameters_page"
                )


def _form_problems(source: Source, expected: Mapping[str, str]) -> Iterator[str]:
    """Problems in the form, which sets each parameter to an answer or to a fixed text."""
    form = json.loads(source.text(FORM))["parameters"]
    elements = {each["name"]: each for step in form["steps"] for each in step["elements"]}
    for parameter, value in expected.items():
        found = elements[parameter]["defaultValue"]
        if found != value:
            yield (
                f"{FORM} proposes {found!r}: give its element {parameter} the defaultValue "
                f"{value!r}"
            )
        handed_on = form["outputs"][parameter]
        if f"'{value}'" not in handed_on:
            yield (
                f"{FORM} hands on {handed_on!r}: let its output {parameter} end in {value!r}, for "
                "an image that is not built"
            )


def _example_problems(source: Source) -> Iterator[str]:
    for path in sorted(source.folder.glob(EXAMPLES)):
        found = json.loads(path.read_text(encoding="utf-8"))["parameters"]["ref"]["value"]
        if found != source.tag:
            yield (
                f"{path.relative_to(source.folder)} builds {found!r}: give its parameter ref the "
                f"value {source.tag!r}"
            )


def _address_problems(source: Source, address: str) -> Iterator[str]:
    try:
        if address and not parse(address).is_same_as(parse(source.address)):
            yield (
                f"this is {address}, but the buttons, the links and the templates' default lead to "
                f"{source.address}: make address ADDRESS={address}"
            )
    except AddressError as error:
        yield str(error)
