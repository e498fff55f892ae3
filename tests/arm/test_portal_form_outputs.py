"""What the portal's form hands over fits the template, whatever is chosen and typed."""

from __future__ import annotations

import json

import pytest

from devtools.arm.combinations import CHOICES, PASSWORD, pairwise
from devtools.arm.portal_form import Form, FormError
from tests.arm.conftest import ARM

REGISTRY = next(filter(None, CHOICES["registryId"]))

#: For each text box, texts that it accepts; None where nobody has touched it.
TEXTS = {
    "image": [
        "ghcr.io/learningequality/kolibri-azure:0.1.0",
        "registry.example.org:5000/k@sha256:0a",
    ],
    "superuserPassword": [PASSWORD],
    "alertEmails": ["one@example.org", "one@example.org , two@example.org,three@example.org"],
    "kolibri.facilityName": ["Kolibri", "École nº 7 “O'Brien”", "x" * 100],
    "kolibri.superuserName": ["admin", "A_1"],
    "kolibri.language": ["en", "es-419", "fr-fr"],
    "kolibri.registryId": [None, "", REGISTRY],
    "network.customDomain": [None, "", "kolibri.example.org"],
    "network.contentCustomDomain": [None, "", "kolibri-content.example.org"],
    "operation.vaultName": [None, "", "kv1", "Vault-of-the-Ministry-24"],
    "operation.budgetAmount": ["0", "500", "9999999"],
}

#: For each text box with a rule of its own, texts that it refuses.
REFUSED = {
    "alertEmails": [
        "",
        "nobody",
        "one@example.org two@example.org",
        "one@example.org,",
        ", ".join(["one@example.org"] * 11),
    ],
    "superuserPassword": [
        "",
        "Short1",
        "Aa1" + "x" * 8,
        "Aa1" + "x" * 126,
        "no-capital-but-1-digit",
    ],
    "kolibri.registryId": ["schoolimages.azurecr.io", "schoolimages"],
    "kolibri.facilityName": ["", "x" * 101],
    "network.customDomain": ["kolibri", "https://kolibri.example.org", "Kolibri.example.org"],
    "operation.vaultName": ["kv", "1st-vault", "vault-", "my--vault", "my_vault", "v" * 25],
    "operation.budgetAmount": ["", "12.50", "-1", "none"],
}

TAGS = [{}, {"Microsoft.Web/sites": {"owner": "it", "cost centre": "7"}}]

#: What is typed into a form that is otherwise left as it opens.
TYPED = {"superuserPassword": PASSWORD, "alertEmails": "one@example.org"}


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
    """Sets of answers in which every two answers to two questions occur together."""
    return pairwise({each.key: answers_worth_trying(each) for each in form.questions()})


@pytest.fixture
def opened(form):
    """The answers of somebody who has typed what must be typed."""
    return {**form.defaults(), **TYPED}


def test_the_answers_that_are_tried_could_be_given(form, filled_in):
    assert [form.refused(answers) for answers in filled_in] == [[] for _ in filled_in]


def test_no_output_is_left_without_a_value(form, filled_in):
    # A parameter that gets null would be as one that is not given, at best.
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


def test_nobody_gets_alerts_only_where_nobody_is_chosen(form, opened):
    nobody = {**opened, "alerts": "nobody", "alertEmails": None}
    assert form.refused(nobody) == []
    assert form.outputs(nobody)["alertEmails"] == []
    assert "alertEmails" not in form.shown(nobody)
    assert form.refused({**opened, "alertEmails": None}) == ["alertEmails"]


def test_addresses_are_handed_over_one_by_one(form, opened):
    typed = "one@example.org , two@example.org,three@example.org"
    assert form.outputs({**opened, "alertEmails": typed})["alertEmails"] == [
        "one@example.org",
        "two@example.org",
        "three@example.org",
    ]


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
def test_strangers_get_in_only_where_a_box_is_ticked(
    box, warning, setting, preset, checker, form, opened, production
):
    for is_ticked in (False, True):
        answers = {
            **opened,
            "kolibri.facilityPreset": preset,
            **({f"kolibri.{box}": True} if is_ticked else {}),
        }
        assert (f"kolibri.{warning}" in form.shown(answers)) is is_ticked
        settings = checker.evaluate(production, form.outputs(answers)).app_settings("app")
        assert settings[setting] == ("true" if is_ticked else "false")


def test_the_vault_has_the_name_and_the_days_that_were_chosen(checker, form, opened, production):
    answers = {**opened, "operation.vaultName": "kv-school", "operation.vaultRetentionDays": 7}
    vault = checker.evaluate(production, form.outputs(answers)).named("vault")
    assert vault.name == "kv-school"
    assert vault.at("softDeleteRetentionInDays") == 7


class TestEvaluation:
    """The vendor's own examples of the functions, and what must not pass unseen."""

    @pytest.fixture
    def value(self, checker):
        def compute(expression, **answers):
            element = {"type": "Microsoft.Common.TextBox"}
            parameters = {
                "basics": [{**element, "name": name} for name in answers],
                "steps": [{"name": "page", "elements": [{**element, "name": "empty"}]}],
                "outputs": {"value": expression},
            }
            return Form({"parameters": parameters}, checker).outputs(answers)["value"]

        return compute

    @pytest.mark.parametrize(
        ("expression", "expected"),
        [
            ("[concat('Demo ', basics('name'), ' app')]", "Demo Contoso app"),
            ("[replace('Contoso.net web app', '.net', '.com')]", "Contoso.com web app"),
            ("[split('555-867-5309', '-')]", ["555", "867", "5309"]),
            ("[coalesce(steps('page').empty, 'Contoso')]", "Contoso"),
            ("[contains('webapp', 'web')]", True),
            ("[empty(steps('page').empty)]", True),
            ("[equals(0, 0)]", True),
            ("[and(equals(0, 0), equals('web', 'site'))]", False),
            ("[if(equals(42, 42), 'yes', 'no')]", "yes"),
            ("[int('1')]", 1),
            ("[bool('true')]", True),
            ("[parse('[1,2,3]')]", [1, 2, 3]),
            ('[parse(\'{"type":"webapp"}\')]', {"type": "webapp"}),
            ("no expression", "no expression"),
        ],
    )
    def test_a_function_gives_what_the_vendor_says(self, expression, expected, value):
        assert value(expression, name="Contoso") == expected

    @pytest.mark.parametrize(
        "expression",
        [
            "[basics('other')]",
            "[steps('page').other]",
            "[steps('other').empty]",
            "[steps('page').empty.member]",
            "[split(steps('page').empty, ',')]",
            "[if(equals(1, 1), 'yes', replace(steps('page').empty, 'a', 'b'))]",
            "[if('yes', 1, 2)]",
            "[if(equals(1, 1), 1]",
            "[int('many')]",
            "[parse('{')]",
            "[createObject('a', 1)]",
            "[toLower('A')]",
        ],
    )
    def test_what_the_portal_might_not_compute_is_an_error(self, expression, value):
        with pytest.raises(FormError):
            value(expression, name="Contoso")
