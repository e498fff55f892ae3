"""Choices, defaults and sizes in the portal's form are the template's, and prices are the docs'."""

from __future__ import annotations

import json
import re

from tests.arm.conftest import ARM

from .portal_questions import Place, choices, has_choices

COST = ARM.parent / "docs" / "cost.md"


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
