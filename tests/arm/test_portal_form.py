"""The portal's form: few questions, each explained, and handed over to the template."""

from __future__ import annotations

import json
import re

from .portal_questions import ELEMENT, Place, choices, place_of

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
