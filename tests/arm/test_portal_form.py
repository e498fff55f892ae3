"""The portal's form: few questions, each explained, with the template's defaults."""

from __future__ import annotations

import json
import re
import typing

import pytest

from tests.arm.conftest import ARM

COST = ARM.parent / "docs" / "cost.md"

#: The portal's own questions on the first page.
ASKED_BY_THE_PORTAL = ("subscription", "resource group", "region")

#: Answers that only the person who deploys has, with their names in the form's introduction.
NEEDED = {
    "size": "size",
    "superuserPassword": "password",
    "alerts": "alerts",
}

#: The other questions, with an answer that suits most.
PRESET = {"imageSource": "image"}

#: Questions that an answer on the first page may bring up.
FOLLOW_UPS = {
    "planCanGrow": "size",
    "buildWarning": "imageSource",
    "publishedImage": "imageSource",
    "ownImage": "imageSource",
    "registryId": "imageSource",
    "alertEmails": "alerts",
}

TEXTS = ("Microsoft.Common.InfoBox", "Microsoft.Common.TextBlock")

ELEMENT = re.compile(r"basics\('(?P<basic>\w+)'\)|steps\('(?P<step>\w+)'\)\.(?P<name>\w+)")


class Place(typing.NamedTuple):
    """The place of an element; the step of the first page has no name."""

    step: str
    name: str


@pytest.fixture(scope="module")
def form():
    text = (ARM / "createUiDefinition.json").read_text(encoding="utf-8")
    return json.loads(text)


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


def test_each_answer_is_a_parameter_of_the_template(outputs, production):
    assert set(outputs) <= set(production["parameters"])


def test_each_question_reaches_the_template(outputs, questions):
    used = {place_of(match) for match in ELEMENT.finditer(json.dumps(outputs))}
    assert used == set(questions)


def test_each_parameter_without_a_default_is_asked(outputs, production):
    # Also a nullable one: the vendor's arm-ttk asks for it.
    required = {
        name for name, each in production["parameters"].items() if "defaultValue" not in each
    }
    assert required <= set(outputs)


def test_no_parameter_is_nullable(template):
    # The portal's Redeploy would ask for it, and accept no empty answer.
    nullable = [name for name, each in template["parameters"].items() if each.get("nullable")]
    assert nullable == []


def test_six_answers_are_enough(basics, elements, questions):
    assert len(ASKED_BY_THE_PORTAL) + len(NEEDED) == 6
    named = (*ASKED_BY_THE_PORTAL, *NEEDED.values(), *PRESET.values())
    for word in ("Six answers", *named):
        assert word in basics["description"], word
    on_the_first_page = [place.name for place in elements if not place.step]
    asked = [name for name in on_the_first_page if name not in FOLLOW_UPS]
    assert [name for name in asked if name not in PRESET] == list(NEEDED)
    for place, each in questions.items():
        if place.step or place.name in PRESET:
            is_optional = each.get("constraints", {}).get("required") is False
            assert "defaultValue" in each or is_optional or "Tags" in each["type"], place


def test_a_follow_up_stands_below_the_answer_that_brings_it_up(elements):
    names = [place.name for place in elements if not place.step]
    for name, cause in FOLLOW_UPS.items():
        between = names[names.index(cause) + 1 : names.index(name)]
        assert name in names[names.index(cause) :]
        assert all(FOLLOW_UPS.get(other) == cause for other in between), name
        assert f"basics('{cause}')" in elements[Place("", name)]["visible"]


def test_the_first_page_needs_no_second_answer_where_the_image_is_built(elements):
    brought_up = [
        name
        for name, cause in FOLLOW_UPS.items()
        if cause == "imageSource" and "'build'" in elements[Place("", name)]["visible"]
    ]
    assert brought_up == ["buildWarning"]


def test_the_form_warns_subscriptions_that_cannot_build_next_to_the_choice(elements):
    names = [place.name for place in elements if not place.step]
    assert names.index("buildWarning") == names.index("imageSource") + 1
    warning = elements[Place("", "buildWarning")]
    assert warning["visible"] == "[equals(basics('imageSource'), 'build')]"
    assert warning["options"]["icon"] == "Warning"
    said = warning["options"]["text"]
    for word in ("free trial", "students", "sponsorship", "TasksOperationsNotAllowed"):
        assert word in said, word
    for label, value in choices(elements[Place("", "imageSource")]).items():
        assert (f'"{label}"' in said) == (value != "build"), label
    assert "pay-as-you-go" in said


def test_the_price_of_the_registry_is_on_the_page_of_costs(elements):
    text = json.dumps(elements[Place("", "imageSource")])
    shown = re.search(r"a registry for about (\d+) USD a month", text)
    assert re.search(rf"registry.*\b{shown[1]}\b", COST.read_text(encoding="utf-8"))


def test_no_text_of_the_form_names_an_image_or_a_version_that_the_template_does_not(
    form, production
):
    """While nothing is published, no default here would run."""
    text = json.dumps(form)
    hosts = r"\b(?:ghcr\.io|docker\.io|quay\.io|mcr\.microsoft\.com|[\w-]+\.azurecr\.io)/"
    assert re.findall(hosts, text) == []
    version = production["parameters"]["ref"]["defaultValue"]
    assert set(re.findall(r"\bv\d+\.\d+\.\d+\b", text)) == {version}
    assert set(re.findall(r"kolibri-azure:(\S+?)[\"\\\\]", text)) == {version[1:]}


def test_each_question_is_explained_where_it_is_asked(basics, questions):
    assert basics["location"]["toolTip"]
    for place, each in questions.items():
        assert len(each["toolTip"]) > 20, place


def test_a_warning_stands_below_the_box_that_brings_it_up(elements):
    places = list(elements)
    for name in ("learnerCanSignUp", "learnerCanLoginByName"):
        box = Place("kolibri", name)
        assert elements[box]["defaultValue"] is False
        warning = elements[places[places.index(box) + 1]]
        assert warning["options"]["icon"] == "Warning"
        assert warning["visible"] == f"[steps('kolibri').{name}]"


def test_no_kind_of_facility_is_described_as_open_to_anyone(elements):
    # The kind does not matter: the two boxes decide.
    text = json.dumps(elements[Place("kolibri", "facilityPreset")])
    assert not re.search("sign up|anybody|user name alone", text, re.IGNORECASE)


def test_choices_are_those_of_the_template(handed_over, production):
    for name, element in handed_over.items():
        if has_choices(element):
            allowed = production["parameters"][name]["allowedValues"]
            assert sorted(choices(element).values()) == sorted(allowed), name


def test_a_question_starts_with_the_templates_default(handed_over, production):
    for name, element in handed_over.items():
        given = production["parameters"][name].get("defaultValue")
        if has_choices(element):
            assert choices(element)[element["defaultValue"]] == given, name
        elif given is not None:
            assert element["defaultValue"] == given, name


def test_the_slider_has_the_limits_of_the_template(elements, production):
    slider = elements[Place("operation", "vaultRetentionDays")]
    declared = production["parameters"]["vaultRetentionDays"]
    assert (slider["min"], slider["max"]) == (declared["minValue"], declared["maxValue"])
    assert slider["defaultValue"] == declared["defaultValue"]


def test_the_size_that_may_take_another_plan_is_the_one_with_a_basic_plan(elements, production):
    sizes = production["variables"]["sizes"]
    basic = [name for name, each in sizes.items() if each["planSku"].startswith("B")]
    element = elements[Place("", "planCanGrow")]
    assert [f"[equals(basics('size'), '{name}')]" for name in basic] == [element["visible"]]
    cheapest = next(label for label, can_grow in choices(element).items() if not can_grow)
    assert cheapest == element["defaultValue"]
    assert sizes[basic[0]]["planSku"] in cheapest


def test_the_price_of_the_larger_plan_is_on_the_page_of_costs(elements):
    text = json.dumps(elements[Place("", "planCanGrow")])
    shown = re.search(r"About (\d+) USD a month more", text)
    assert re.search(rf"`P0v3`.* about {shown[1]} more", COST.read_text(encoding="utf-8"))


def test_descriptions_of_choices_are_shown_in_full(questions):
    described = {
        place: each
        for place, each in questions.items()
        for listed in [each.get("constraints", {}).get("allowedValues", [])]
        if any("description" in choice for choice in listed)
    }
    assert described
    for place, each in described.items():
        assert each["multiLine"] is True, place


def test_examples_of_channels_and_the_room_for_them_stand_above_the_question(elements, production):
    names = [place.name for place in elements if place.step == "kolibri"]
    assert names.index("channelsInfo") == names.index("channels") - 1
    said = elements[Place("kolibri", "channelsInfo")]["options"]["text"]
    box = elements[Place("kolibri", "channels")]
    examples = box["placeholder"].split(", ")
    for example in examples:
        assert example in said
        assert re.fullmatch(box["constraints"]["regex"], example)
        assert example in production["parameters"]["channels"]["metadata"]["description"]
    sizes = production["variables"]["sizes"].values()
    assert re.findall(r"[\d,]+(?= GiB| with )", said) == [
        f"{each['contentShareGiB']:,}" for each in sizes
    ]


class TestRulesOfTheVendorsToolkit:
    """arm-ttk's rules for a form. It can't run here; the hosted workflow runs it."""

    def test_its_schema_handler_and_version(self, form):
        schemas = "https://schema.management.azure.com/schemas"
        assert form["$schema"] == f"{schemas}/{form['version']}/CreateUIDefinition.MultiVm.json#"
        assert form["version"] == "0.1.2-preview"
        assert form["handler"] == "Microsoft.Azure.CreateUIDef"

    def test_nothing_is_blank_but_defaults(self):
        text = (ARM / "createUiDefinition.json").read_text(encoding="utf-8")
        blanks = re.findall(r'"(\w+)"\s*:\s*(?:\{\s*\}|\[\s*\]|"\s*"|null)', text)
        assert set(blanks) <= {"defaultValue"}

    def test_the_region_is_handed_over(self, outputs):
        assert outputs["location"] == "[location()]"

    def test_a_text_box_has_a_rule_for_the_whole_text_and_says_it(self, questions):
        boxes = {
            place: each["constraints"]
            for place, each in questions.items()
            if each["type"] == "Microsoft.Common.TextBox"
        }
        assert boxes
        for place, constraints in boxes.items():
            regex = constraints["regex"]
            assert regex == "^" + regex[1:-1] + "$", place
            assert constraints["validationMessage"], place

    def test_a_password_is_typed_twice_and_goes_to_a_secret_parameter(
        self, handed_over, production
    ):
        secrets = {
            name
            for name, each in handed_over.items()
            if each["type"] == "Microsoft.Common.PasswordBox"
        }
        assert secrets == {"superuserPassword"}
        assert handed_over["superuserPassword"]["options"]["hideConfirmation"] is False
        assert production["parameters"]["superuserPassword"]["type"] == "securestring"
