"""Both templates, with every pair of choices."""

from __future__ import annotations

import itertools
import json
import re

import pytest

from devtools.arm.combinations import CHOICES, PASSWORD, values_of
from tests.arm import template_rules
from tests.arm.conftest import ARM, NAMES
from tests.arm.inspection import RESULT_RULES, findings


def name_of(rule):
    return rule.__name__


@pytest.mark.parametrize("path", sorted(ARM.rglob("*.json")), ids=lambda path: path.name)
def test_a_file_is_strict_json_without_tabs(path):
    def no_repetition(pairs):
        keys = [key for key, _ in pairs]
        assert len(keys) == len(set(keys)), f"a key stands twice among {keys}"
        return dict(pairs)

    text = path.read_text(encoding="utf-8")
    assert "\t" not in text
    assert text.endswith("}\n")
    json.loads(text, object_pairs_hook=no_repetition)


def test_the_checker_finds_nothing_with_any_combination(
    checker, template, template_path, combinations
):
    assert findings(checker, template, combinations[template_path]) == []


def test_every_pair_of_choices_is_tried(combinations):
    sets = combinations[NAMES["production"]]
    for first, second in itertools.combinations(CHOICES, 2):
        for pair in itertools.product(CHOICES[first], CHOICES[second]):
            wanted = values_of(dict(zip((first, second), pair)))
            assert any({**each, **wanted} == each for each in sets), wanted


@pytest.mark.parametrize("rule", template_rules.RULES, ids=name_of)
def test_the_text(rule, template):
    assert list(rule(template)) == []


@pytest.mark.parametrize("rule", RESULT_RULES, ids=name_of)
def test_every_combination(rule, evaluated):
    assert [list(rule(each)) for each in evaluated] == [[] for _ in evaluated]


def test_parameters_files_fit_the_template(checker, production):
    files = sorted((ARM / "parameters").glob("*.parameters.json"))
    assert [path.name.split(".")[0] for path in files] == ["large", "medium", "small"]
    sets = []
    for path in files:
        given = json.loads(path.read_text(encoding="utf-8"))["parameters"]
        assert set(given) <= set(production["parameters"])
        assert "superuserPassword" not in given
        for name, each in given.items():
            # Who forgets to edit an example gets nothing that somebody else has chosen.
            if name != "size":
                assert each["value"] == production["parameters"][name]["defaultValue"], name
        sets.append({name: each["value"] for name, each in given.items()})
    assert findings(checker, production, sets) == []


def test_the_test_template_is_one_web_app_and_says_that_data_dies(checker):
    template = json.loads(NAMES["test"].read_text(encoding="utf-8"))
    web_app = {
        "Microsoft.ManagedIdentity/userAssignedIdentities",
        "Microsoft.Web/serverfarms",
        "Microsoft.Web/sites",
        "Microsoft.Web/sites/basicPublishingCredentialsPolicies",
    }
    what_builds_the_image = {
        "Microsoft.Authorization/roleAssignments",
        "Microsoft.ContainerRegistry/registries",
        "Microsoft.ContainerRegistry/registries/taskRuns",
        "Microsoft.ContainerRegistry/registries/tasks",
        "Microsoft.Resources/deployments",
    }
    own = {"imageSource": "own", "image": "registry.example.org/kolibri-azure:2"}
    for values, expected in ((own, web_app), ({}, web_app | what_builds_the_image)):
        result = checker.evaluate(template, values)
        assert {each.type for each in result.resources} == expected
    assert result.app_settings("app")["KOLIBRI_AZURE_DEPLOYMENT"] == "test"
    assert "dies" in template["metadata"]["description"]
    assert "dies" in result.outputs["warning"]


def test_a_second_deployment_with_the_same_values_changes_no_resource(checker, production):
    first, second = (
        checker.evaluate(
            production,
            {
                "budgetAmount": 500,
                "budgetStartDate": month,
                "secretKeySeed": seed * 36,
                "secretsWrittenAt": now,
            },
        )
        for seed, now, month in (
            ("a", "20260101T000000Z", "2026-01-01"),
            ("b", "20270101T000000Z", "2027-01-01"),
        )
    )
    changed = [
        one.symbol
        for one, other in zip(first.resources, second.resources)
        if one != other and not one.written_once
    ]
    assert changed == []


def test_the_budget_begins_with_this_month_when_nobody_says_another(checker, production):
    budget = checker.evaluate(production, {"budgetAmount": 500}).named("budget")
    assert re.fullmatch(r"20\d\d-[01]\d-01", budget.at("timePeriod", "startDate"))


@pytest.mark.parametrize("performance", ["standard", "premium"])
def test_shares_accept_what_linux_asks_for_unless_somebody_chooses_otherwise(
    performance, checker, production
):
    for chosen, expected in (
        ({}, "AES-128-GCM;AES-256-GCM"),
        ({"shareEncryption": "AES-256-GCM"}, "AES-256-GCM"),
    ):
        result = checker.evaluate(production, {"storagePerformance": performance, **chosen})
        smb = result.named("fileService").at("protocolSettings", "smb")
        assert smb["channelEncryption"] == expected


@pytest.mark.parametrize(
    ("size", "allowed"), [("small", True), ("medium", False), ("large", False)]
)
def test_a_basic_plan_with_several_instances_or_a_slot_is_refused(
    size, allowed, checker, production
):
    values = {"size": size, "sizeOverrides": {"planSku": "B3"}, "superuserPassword": PASSWORD}
    said = findings(checker, production, [values])
    assert (said == []) == allowed
    if not allowed:
        assert any("B3 is a Basic plan" in each and "P0v3" in each for each in said)


def test_a_new_site_lets_nobody_in_unless_somebody_chooses_otherwise(checker, template):
    for chosen, expected in (({}, "false"), (True, "true")):
        values = dict.fromkeys(("learnerCanSignUp", "learnerCanLoginByName"), chosen) or {}
        given = checker.evaluate(template, values if chosen else {}).app_settings("app")
        assert given["KOLIBRI_AZURE_LEARNER_CAN_SIGN_UP"] == expected
        assert given["KOLIBRI_AZURE_LEARNER_CAN_LOGIN_BY_NAME"] == expected


def test_the_other_key_of_the_account_can_be_chosen(production):
    index = production["variables"]["storageKeyIndex"]
    assert index == "[if(equals(parameters('storageKey'), 'key2'), 1, 0)]"
    mounted = json.dumps(
        [production["resources"][name] for name in ("appMounts", "stagingMounts", "contentMounts")]
    )
    assert mounted.count("listKeys(") == mounted.count(".keys[variables('storageKeyIndex')]") == 5


def test_the_own_host_name_of_the_content_is_watched_only_where_it_has_one(checker, production):
    for values, expected in (
        ({}, 1),
        ({"customDomain": "kolibri.example.org"}, 1),
        ({"contentCustomDomain": "kolibri-content.example.org"}, 2),
    ):
        result = checker.evaluate(production, values)
        assert len(list(result.of_type("Microsoft.Insights/webtests"))) == expected


def test_large_has_a_standby_geo_backup_zones_and_redis(checker, production):
    result = checker.evaluate(production, {"size": "large"})
    database = result.named("database")
    assert database.at("highAvailability", "mode") == "ZoneRedundant"
    assert database.at("backup", "geoRedundantBackup") == "Enabled"
    assert result.named("plan").at("zoneRedundant") is True
    assert result.named("redis").at("publicNetworkAccess") == "Disabled"
    assert result.named("stagingSlot").at("enabled") is False


def test_only_the_password_must_be_given(production):
    required = [
        name
        for name, each in production["parameters"].items()
        if "defaultValue" not in each and not each.get("nullable")
    ]
    assert required == ["superuserPassword"]
