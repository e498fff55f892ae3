"""Whether a commit may be released: tag, package, changelog and templates name the same version."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from devtools.address import AddressError, parse
from devtools.release.changelog import section
from devtools.release.source import PACKAGE, Source

#: What Kolibri takes for a plugin's version, PyPI writes in the same way, and a template accepts.
VERSION = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)")

TEMPLATES = ("arm/prod_deployment_template.json", "arm/test_deployment_template.json")


def problems(source: Source, *, tag: str = "", address: str = "") -> Iterator[str]:
    """Everything that stands in the way of releasing `source`, each with what to do about it.

    :param tag: the tag that the release is made for; empty where there is none yet.
    :param address: where the workflow runs; empty where it does not.
    """
    yield from _of_the_version(source, tag)
    yield from _of_the_changelog(source)
    yield from _of_the_templates(source)
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


def _of_the_templates(source: Source) -> Iterator[str]:
    expected = {"ref": source.tag, "repository": f"{source.address}.git"}
    for name in TEMPLATES:
        parameters = json.loads(source.text(name))["parameters"]
        for parameter, value in expected.items():
            found = parameters[parameter]["defaultValue"]
            if found != value:
                yield (
                    f"{name} builds {found!r} by default: give its parameter {parameter} the "
                    f"default {value!r}, and run python -m devtools.arm.parameters_page"
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
