"""The output of the portal's form fits the template, whatever the answers."""

from __future__ import annotations

import json

import pytest

from devtools.arm.combinations import pairwise
from devtools.arm.portal_form import Form
from kolibri_azure_plugin.configuration import settings
from kolibri_azure_plugin.content.first_content.wanted import read_wanted
from tests.arm.conftest import ARM
from tests.arm.images import COMMIT, FORK
from tests.arm.portal_answers import (
    CHANNEL,
    IMAGES,
    REFUSED,
    REFUSED_IMAGES,
    TAGS,
    TEXTS,
    TOKEN,
    TYPED,
)


@pytest.fixture(scope="session")
def definition():
    return json.loads((ARM / "createUiDefinition.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def form(checker, definition):
    return Form(definition, checker)


def answers_worth_trying(element):
    if element.choices:
        return list(element.choices.values())
    if element.type == "Microsoft.Common.CheckBox":
        return [True, False]
    if element.type == "Microsoft.Common.Slider":
        return [element.body["min"], element.body["max"]]
    return TAGS if element.type == "Microsoft.Common.TagsByResource" else TEXTS[element.key]


@pytest.fixture(scope="session")
def filled_in(form):
    """Sets of answers that cover every pair of answers to two questions."""
    return pairwise({each.key: answers_worth_trying(each) for each in form.questions()})


@pytest.fixture
def opened(form):
    """Answers with only the required texts typed."""
    return {**form.defaults(), **TYPED}


def test_the_answers_that_are_tried_could_be_given(form, filled_in):
    assert [form.refused(answers) for answers in filled_in] == [[] for _ in filled_in]


def test_no_output_is_left_without_a_value(form, filled_in):
    # A null parameter would at best count as missing.
    for answers in filled_in:
        assert None not in form.outputs(answers).values(), answers


def test_an_answer_that_is_hidden_now_changes_nothing(form, filled_in):
    for answers in filled_in:
        assert form.outputs(answers, remembers_hidden=True) == form.outputs(answers), answers


def test_the_checker_finds_nothing_with_any_outputs(checker, form, filled_in, production):
    outputs = [form.outputs(answers) for answers in filled_in]
    assert [f"{each.place}: {each.message}" for each in checker.check(production, outputs)] == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("size", "tiny"),
        ("facilityName", "x" * 101),
        ("vaultRetentionDays", 6),
        ("vaultRetentionDays", "90"),
        ("learnerCanSignUp", "true"),
        ("alertEmails", "one@example.org"),
        ("imageSource", "anywhere"),
        ("ref", "v"),
        ("nameThatNoParameterHas", 1),
    ],
)
def test_the_checker_would_find_an_output_that_does_not_fit(
    name, value, checker, form, opened, production
):
    found = checker.check(production, [{**form.outputs(opened), name: value}])
    assert f"parameters.{name}" in [each.place for each in found]


def test_members_of_the_size_are_those_that_the_template_declares(form, filled_in, production):
    declared = production["definitions"]["sizing"]["properties"]
    given = [form.outputs(answers)["sizeOverrides"] for answers in filled_in]
    assert {} in given
    for override in given:
        assert set(override) <= set(declared)


def test_only_password_and_address_must_be_typed(form):
    assert form.refused(form.defaults()) == ["superuserPassword", "alertEmails"]
    assert form.refused({**form.defaults(), **TYPED}) == []


def test_a_form_that_is_left_as_it_opens_hands_over_the_defaults(form, opened, production):
    different = {
        name
        for name, value in form.outputs(opened).items()
        if value != production["parameters"][name].get("defaultValue")
    }
    assert different == {"location", *TYPED}


@pytest.mark.parametrize(
    ("key", "text"), [(key, text) for key, texts in REFUSED.items() for text in texts]
)
def test_a_text_that_does_not_fit_is_refused(key, text, form, opened):
    assert form.refused({**opened, key: text}) == [key]


@pytest.mark.parametrize(
    ("source", "key", "text"),
    [
        (source, key, text)
        for source, boxes in REFUSED_IMAGES.items()
        for key, texts in boxes.items()
        for text in texts
    ],
)
def test_an_image_that_does_not_fit_is_refused(source, key, text, form, opened):
    answers = {**opened, "imageSource": source, **IMAGES[source]}
    assert form.refused(answers) == []
    assert form.refused({**answers, key: text}) == [key]


@pytest.mark.parametrize("source", IMAGES)
def test_only_parameters_of_the_chosen_image_source_are_asked_and_handed_over(
    source, form, opened, production
):
    built = {"image.ref": COMMIT, "image.rebuild": "2026-11", "image.repository": FORK}
    typed = {"build": built, "published": IMAGES["published"], "own": IMAGES["own"]}
    everything = {key: text for texts in typed.values() for key, text in texts.items()}
    answers = {**opened, **everything, "imageSource": source}
    assert set(form.shown(answers)) & set(everything) == set(typed[source])
    expected = {
        name: each["defaultValue"]
        for name, each in production["parameters"].items()
        if name in {"repository", "ref", "rebuild", "image", "registryId"}
    }
    for key, text in typed[source].items():
        name = key.removeprefix("image.")
        expected["image" if name.endswith("Image") else name] = text
    outputs = form.outputs(answers)
    assert {name: outputs[name] for name in expected} == expected


@pytest.mark.parametrize("branch", ["main", "develop", "refs/heads/main", COMMIT[:7]])
def test_a_branch_that_the_form_refuses_is_refused_by_the_template_too(
    branch, checker, form, opened, production
):
    said = checker.check(production, [form.outputs({**opened, "image.ref": branch})])
    assert any(f"{branch} is not a fixed version" in each.message for each in said)


def test_alerts_go_to_no_one_only_where_that_is_chosen(form, opened):
    no_one = {**opened, "alerts": "none", "alertEmails": None}
    assert form.refused(no_one) == []
    assert form.outputs(no_one)["alertEmails"] == []
    assert "alertEmails" not in form.shown(no_one)
    assert form.refused({**opened, "alertEmails": None}) == ["alertEmails"]


def test_addresses_are_handed_over_one_by_one(form, opened):
    typed = "one@example.org , two@example.org,three@example.org"
    assert form.outputs({**opened, "alertEmails": typed})["alertEmails"] == [
        "one@example.org",
        "two@example.org",
        "three@example.org",
    ]


def test_channels_are_handed_over_as_the_plugin_reads_them(checker, form, opened, production):
    answers = {**opened, "kolibri.channels": f"{TOKEN} ,  {CHANNEL}"}
    given = checker.evaluate(production, form.outputs(answers)).app_settings("app")
    assert given["KOLIBRI_AZURE_CHANNELS"] == f"{TOKEN},{CHANNEL}"


@pytest.mark.parametrize("text", TEXTS["kolibri.channels"])
def test_the_plugin_understands_each_channel_that_the_form_accepts(text, form, opened):
    given = form.outputs({**opened, "kolibri.channels": text})["channels"]
    words = settings.load({"KOLIBRI_AZURE_CHANNELS": given}, {}).channels
    wanted, unreadable = read_wanted(words)
    assert unreadable == []
    assert bool(wanted) == bool(text)


def test_the_longest_list_of_channels_fits_the_parameter(form, opened, production):
    answers = {**opened, "kolibri.channels": " , ".join([CHANNEL] * 30)}
    assert form.refused(answers) == []
    longest = production["parameters"]["channels"]["maxLength"]
    assert len(form.outputs(answers)["channels"]) <= longest


@pytest.mark.parametrize(
    ("size", "can_grow", "sku"),
    [
        ("small", False, "B2"),
        ("small", True, "P0v3"),
        ("medium", True, "P1v3"),
        ("large", True, "P2v3"),
    ],
)
def test_only_the_small_size_has_a_choice_of_plans(
    size, can_grow, sku, checker, form, opened, production
):
    answers = {**opened, "size": size, "planCanGrow": can_grow}
    assert ("planCanGrow" in form.shown(answers)) == (size == "small")
    plan = checker.evaluate(production, form.outputs(answers)).named("plan")
    assert plan.body["sku"]["name"] == sku


@pytest.mark.parametrize("preset", ["formal", "nonformal", "informal"])
@pytest.mark.parametrize(
    ("box", "warning", "setting"),
    [
        ("learnerCanSignUp", "signUpWarning", "KOLIBRI_AZURE_LEARNER_CAN_SIGN_UP"),
        ("learnerCanLoginByName", "loginByNameWarning", "KOLIBRI_AZURE_LEARNER_CAN_LOGIN_BY_NAME"),
    ],
)
def test_a_site_is_open_to_anyone_only_where_a_box_is_ticked(
    box, warning, setting, preset, checker, form, opened, production
):
    for is_ticked in (False, True):
        answers = {
            **opened,
            "kolibri.facilityPreset": preset,
            **({f"kolibri.{box}": True} if is_ticked else {}),
        }
        assert (f"kolibri.{warning}" in form.shown(answers)) is is_ticked
        given = checker.evaluate(production, form.outputs(answers)).app_settings("app")
        assert given[setting] == ("true" if is_ticked else "false")


def test_the_vault_has_the_name_and_the_days_that_were_chosen(checker, form, opened, production):
    answers = {**opened, "operation.vaultName": "kv-school", "operation.vaultRetentionDays": 7}
    vault = checker.evaluate(production, form.outputs(answers)).named("vault")
    assert vault.name == "kv-school"
    assert vault.at("softDeleteRetentionInDays") == 7
