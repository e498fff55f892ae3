"""The elements of the portal's form: what it asks, and what it hands over to the template."""

from __future__ import annotations

import json
import re
import typing
from pathlib import Path

import pytest

__all__ = ["basics", "elements", "form", "handed_over", "outputs", "questions"]

DEFINITION = Path(__file__).parents[2] / "arm" / "createUiDefinition.json"

TEXTS = ("Microsoft.Common.InfoBox", "Microsoft.Common.TextBlock")

ELEMENT = re.compile(r"basics\('(?P<basic>\w+)'\)|steps\('(?P<step>\w+)'\)\.(?P<name>\w+)")


class Place(typing.NamedTuple):
    """The place of an element; the step of the first page has no name."""

    step: str
    name: str


@pytest.fixture(scope="module")
def form():
    return json.loads(DEFINITION.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def basics(form):
    return form["parameters"]["config"]["basics"]


@pytest.fixture(scope="module")
def outputs(form):
    return form["parameters"]["outputs"]


@pytest.fixture(scope="module")
def elements(form):
    found = {Place("", each["name"]): each for each in form["parameters"]["basics"]}
    for step in form["parameters"]["steps"]:
        found.update({Place(step["name"], each["name"]): each for each in step["elements"]})
    return found


@pytest.fixture(scope="module")
def questions(elements):
    return {place: each for place, each in elements.items() if each["type"] not in TEXTS}


@pytest.fixture(scope="module")
def handed_over(outputs, questions):
    """The questions whose answer becomes a parameter's value unchanged."""
    return {
        name: questions[place_of(match)]
        for name, expression in outputs.items()
        if (match := ELEMENT.fullmatch(expression[1:-1]))
    }


def place_of(match):
    return Place(match["step"] or "", match["basic"] or match["name"])


def choices(element):
    return {each["label"]: each["value"] for each in element["constraints"]["allowedValues"]}


def has_choices(element):
    return "allowedValues" in element.get("constraints", {})
