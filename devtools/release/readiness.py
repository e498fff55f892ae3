"""Whether a commit may be released: everything that names the version names the same one.

That is the tag, the package, the changelog, the templates, the portal's form and the examples.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping

from devtools.address import AddressError, parse
from devtools.release.changelog import section
from devtools.release.source import PACKAGE, Source

#: What Kolibri takes for a plugin's version, PyPI writes in the same way, and a template accepts.
VERSION = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)")

TEMPLATES = ("arm/prod_deployment_template.json", "arm/test_deployment_template.json")
FORM = "arm/createUiDefinition.json"
EXAMPLES = "arm/parameters/*.parameters.json"


def problems(source: Source, *, tag: str = "", address: str = "") -> Iterator[str]:
    """Everything that stands in the way of releasing `source`, each with what to do about it.

    :param tag: the tag that the release is made for; empty where there is none yet.
    :param address: where the workflow runs; empty where it does not.
    """
    yield from _of_the_version(source, tag)
    yield from _of_the_changelog(source)
    expected = {"ref": source.tag, "repository": f"{source.address}.git"}
    yield from _of_the_templates(source, expected)
    yield from _of_the_form(source, expected)
    yield from _of_the_examples(source)
    yield from _of_the_address(source, address)


def _of_the_version(source: Source, tag: str) -> Iterator[str]:
    if not VERSION.fullmatch(source.version):
        yield (
            f"{PACKAGE} names the version {source.version!r}; expected three numbers, such as 0.2.0"
        )
    if tag and tag != source.tag:
        yield (
            f"the tag is {tag}, the version in {PACKAGE} {source.version}: tag the commit that has "
            f"the version, as {source.tag}"
        )


def _of_the_changelog(source: Source) -> Iterator[str]:
    found = section(source.text("CHANGELOG.md"), source.version)
    if found is None:
        yield f"CHANGELOG.md has no section about it: ## {source.version} - YEAR-MONTH-DAY"
    elif not found.is_released:
        yield (
            f"CHANGELOG.md says '{source.version} - {found.day}': give it the day of the release, "
            f"## {source.version} - YEAR-MONTH-DAY"
        )


def _of_the_templates(source: Source, expected: Mapping[str, str]) -> Iterator[str]:
    for name in TEMPLATES:
        parameters = json.loads(source.text(name))["parameters"]
        for parameter, value in expected.items():
            found = parameters[parameter]["defaultValue"]
            if found != value:
                yield (
                    f"{name} builds {found!r} by default: give its parameter {parameter} the "
                    f"default {value!r}, and run python -m devtools.arm.parameters_page"
                )


def _of_the_form(source: Source, expected: Mapping[str, str]) -> Iterator[str]:
    """It hands every parameter to the template: what is asked, or without the question a text."""
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


def _of_the_examples(source: Source) -> Iterator[str]:
    for path in sorted(source.folder.glob(EXAMPLES)):
        found = json.loads(path.read_text(encoding="utf-8"))["parameters"]["ref"]["value"]
        if found != source.tag:
            yield (
                f"{path.relative_to(source.folder)} builds {found!r}: give its parameter ref the "
                f"value {source.tag!r}"
            )


def _of_the_address(source: Source, address: str) -> Iterator[str]:
    try:
        if address and not parse(address).is_same_as(parse(source.address)):
            yield (
                f"this is {address}, but the buttons, the links and the templates' default lead to "
                f"{source.address}: make address ADDRESS={address}"
            )
    except AddressError as error:
        yield str(error)
