"""The form of the portal: its answers fit the template, and few of them must be given."""

from __future__ import annotations

import json
import re

import pytest

from tests.arm.combinations import CHOICES
from tests.arm.conftest import ARM

#: What an element of the form hands over.
TYPES = {
    "Microsoft.Common.CheckBox": "bool",
    "Microsoft.Common.DropDown": "string",
    "Microsoft.Common.PasswordBox": "securestring",
    "Microsoft.Common.TagsByResource": "object",
    "Microsoft.Common.TextBox": "string",
}

#: What the portal itself asks on the first page: subscription, resource group and region.
ASKED_BY_THE_PORTAL = 3

#: What the form adds to that, and how its introduction calls it.
FIRST_PAGE = {"size": "size", "image": "image", "superuserPassword": "password"}

ELEMENT = re.compile(r"(?:basics\('(?P<basic>\w+)'\)|steps\('(?P<step>\w+)'\)\.(?P<name>\w+))")


@pytest.fixture(scope="module")
def form():
    text = (ARM / "createUiDefinition.json").read_text(encoding="utf-8")
    return json.loads(text)["parameters"]


@pytest.fixture(scope="module")
def elements(form):
    """Every element by the way an output names it."""
    found = {("", each["name"]): each for each in form["basics"]}
    for step in form["steps"]:
        found.update({(step["name"], each["name"]): each for each in step["elements"]})
    return found


def answers(elements):
    return {key: each for key, each in elements.items() if "TextBlock" not in each["type"]}


def type_of(expression, elements):
    """The type that an output's expression gives."""
    if expression == "[location()]" or expression.startswith("[concat("):
        return "string"
    if expression.startswith("[int("):
        return "int"
    if "split(" in expression:
        return "array"
    match = ELEMENT.search(expression)
    return TYPES[elements[match["step"] or "", match["basic"] or match["name"]]["type"]]


def test_each_answer_is_a_parameter_of_the_same_type(form, elements, production):
    for name, expression in form["outputs"].items():
        declared = production["parameters"][name]["type"]
        assert type_of(expression, elements).lower() == declared.lower(), name


def test_each_element_reaches_the_template(form, elements):
    text = json.dumps(form["outputs"])
    used = {
        (match["step"] or "", match["basic"] or match["name"]) for match in ELEMENT.finditer(text)
    }
    assert used == set(answers(elements))


def test_each_required_parameter_is_asked(form, production):
    required = {
        name
        for name, each in production["parameters"].items()
        if "defaultValue" not in each and not each.get("nullable")
    }
    assert required <= set(form["outputs"])


def test_six_answers_are_enough(form, elements):
    assert ASKED_BY_THE_PORTAL + len(form["basics"]) == 6
    description = form["config"]["basics"]["description"]
    assert "Six answers" in description
    for word in ("subscription", "resource group", "region", *FIRST_PAGE.values()):
        assert word in description, word
    assert [each["name"] for each in form["basics"]] == list(FIRST_PAGE)
    for (step, name), each in answers(elements).items():
        if step:
            is_optional = each.get("constraints", {}).get("required") is False
            assert "defaultValue" in each or is_optional or "Tags" in each["type"], name


def test_each_question_is_explained_where_it_is_asked(form, elements):
    assert form["config"]["basics"]["location"]["toolTip"]
    for (_, name), each in answers(elements).items():
        assert len(each["toolTip"]) > 20, name


def test_choices_are_those_of_the_template(form, elements, production):
    for name, expression in form["outputs"].items():
        match = ELEMENT.search(expression)
        each = elements.get((match["step"] or "", match["basic"] or match["name"])) if match else {}
        if each.get("type") == "Microsoft.Common.DropDown":
            choices = [choice["value"] for choice in each["constraints"]["allowedValues"]]
            assert sorted(choices) == sorted(production["parameters"][name]["allowedValues"])
            labels = [choice["label"] for choice in each["constraints"]["allowedValues"]]
            assert each["defaultValue"] in labels


def test_texts_that_the_form_accepts_are_accepted_by_the_template(elements, production):
    image = elements["", "image"]
    assert image["defaultValue"] == production["parameters"]["image"]["defaultValue"]
    password = elements["", "superuserPassword"]["constraints"]["regex"]
    assert re.fullmatch(password, "Correct-Horse-7-Battery")
    assert not re.fullmatch(password, "Short1")
    registry = elements["kolibri", "registryId"]["constraints"]["regex"]
    assert re.fullmatch(registry, "")
    assert re.fullmatch(registry, next(filter(None, CHOICES["registryId"])))
    assert not re.fullmatch(registry, "schoolimages.azurecr.io")
    least = production["parameters"]["superuserPassword"]["minLength"]
    assert not re.fullmatch(password, "Aa1" + "x" * (least - 4))


def test_a_choice_begins_with_what_the_template_would_choose(form, elements, production):
    for name, expression in form["outputs"].items():
        match = ELEMENT.search(expression)
        each = elements.get((match["step"] or "", match["basic"] or match["name"])) if match else {}
        if each.get("type") == "Microsoft.Common.DropDown":
            choices = {
                choice["label"]: choice["value"] for choice in each["constraints"]["allowedValues"]
            }
            expected = production["parameters"][name]["defaultValue"]
            assert choices[each["defaultValue"]] == expected, name


def test_descriptions_of_choices_are_shown_in_full(elements):
    for (_, name), each in elements.items():
        choices = each.get("constraints", {}).get("allowedValues", [])
        if any("description" in choice for choice in choices):
            assert each["multiLine"] is True, name


def test_every_account_has_a_password_unless_another_kind_is_chosen(production):
    assert production["parameters"]["facilityPreset"]["defaultValue"] == "nonformal"


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("", True),
        ("one@example.org", True),
        ("one@example.org, two@example.org", True),
        ("one@example.org two@example.org", False),
        ("nobody", False),
    ],
)
def test_addresses_for_alerts(text, fits, elements):
    regex = elements["operation", "alertEmails"]["constraints"]["regex"]
    assert bool(re.fullmatch(regex, text)) == fits
