"""Both templates, with every pair of choices."""

from __future__ import annotations

import itertools
import json
import re

import pytest

from devtools.arm.combinations import PRODUCTION_CHOICES, values_of
from tests.arm import template_rules
from tests.arm.conftest import ARM, NAMES
from tests.arm.inspection import RESULT_RULES, findings

#: Backups that are kept in addition to the nightly ones.
BEFORE_UPGRADES = 3

#: How much of the database's size a backup takes, which leaves out indexes and compresses rows:
#: docs/backup.md.
PART_OF_THE_DATABASE = 0.1


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


@pytest.mark.parametrize("choices", PRODUCTION_CHOICES, ids=["usual", "staged"])
def test_every_pair_of_choices_is_tried(choices, combinations):
    sets = combinations[NAMES["production"]]
    for first, second in itertools.combinations(choices, 2):
        for pair in itertools.product(choices[first], choices[second]):
            wanted = values_of(dict(zip((first, second), pair)))
            assert any({**each, **wanted} == each for each in sets), wanted


@pytest.mark.parametrize("rule", template_rules.RULES, ids=name_of)
def test_the_text(rule, template):
    assert list(rule(template)) == []


def test_an_output_leads_to_the_status_page(template):
    outputs = template["outputs"]
    site, page = (outputs[name]["value"] for name in ("siteUrl", "statusPage"))
    assert page == site.replace("https://{0}/", "https://{0}/azure/status/") != site


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
            # An unedited example must not contain another person's choices.
            if name != "size":
                assert each["value"] == production["parameters"][name]["defaultValue"], name
        sets.append({name: each["value"] for name, each in given.items()})
    assert findings(checker, production, sets) == []


def test_the_test_template_is_one_web_app_and_says_that_data_is_lost(checker):
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
    assert "All data is lost" in template["metadata"]["description"]
    assert "all data is lost" in result.outputs["warning"]


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


def test_the_budget_begins_with_this_month_by_default(checker, production):
    budget = checker.evaluate(production, {"budgetAmount": 500}).named("budget")
    assert re.fullmatch(r"20\d\d-[01]\d-01", budget.at("timePeriod", "startDate"))


@pytest.mark.parametrize("performance", ["standard", "premium"])
def test_shares_accept_the_encryption_of_linux_by_default(performance, checker, production):
    for chosen, expected in (
        ({}, "AES-128-GCM;AES-256-GCM"),
        ({"shareEncryption": "AES-256-GCM"}, "AES-256-GCM"),
    ):
        result = checker.evaluate(production, {"storagePerformance": performance, **chosen})
        smb = result.named("fileService").at("protocolSettings", "smb")
        assert smb["channelEncryption"] == expected


@pytest.mark.parametrize("size", ["small", "medium", "large"])
def test_the_share_of_backups_has_room_for_those_that_are_kept(size, checker, production):
    result = checker.evaluate(production, {"size": size})
    quota = result.named("backupsShare").at("shareQuota")
    database = result.named("database").at("storage", "storageSizeGB")
    nightly = int(result.app_settings("app")["KOLIBRI_AZURE_BACKUP_KEEP"])
    kept = (nightly + BEFORE_UPGRADES) * database * PART_OF_THE_DATABASE
    # Unless the whole size of the database is free, no backup is begun.
    assert quota >= kept + database


@pytest.mark.parametrize(
    ("performance", "least", "tier"),
    [("standard", 32, "TransactionOptimized"), ("premium", 100, "Premium")],
)
def test_every_share_has_a_size_and_a_tier_that_the_account_offers(
    performance, least, tier, checker, production
):
    smallest = {"contentShareGiB": 32, "mediaShareGiB": 32, "backupsShareGiB": 32}
    values = {"storagePerformance": performance, "sizeOverrides": smallest}
    shares = checker.evaluate(production, values).of_type(
        "Microsoft.Storage/storageAccounts/fileServices/shares"
    )
    assert {
        each.name.rsplit("/", 1)[1]: (each.at("shareQuota"), each.at("accessTier"))
        for each in shares
    } == dict.fromkeys(("content", "media", "backups"), (least, tier))


@pytest.mark.parametrize("kept", [0, 7, 60])
def test_the_number_of_nightly_backups_can_be_chosen(kept, checker, production):
    settings = checker.evaluate(production, {"nightlyBackups": kept}).app_settings("app")
    assert settings["KOLIBRI_AZURE_BACKUP_KEEP"] == str(kept)


def test_seven_nightly_backups_are_kept_by_default(checker, production):
    settings = checker.evaluate(production, {}).app_settings("app")
    assert settings["KOLIBRI_AZURE_BACKUP_KEEP"] == "7"


def test_channels_reach_the_app_that_imports_them(checker, template):
    chosen = "nakav-mafak,c9d7f950ab6b5a1199e3d6c10d7f0103"
    for values, expected in (({}, ""), ({"channels": chosen}, chosen)):
        settings = checker.evaluate(template, values).app_settings("app")
        assert settings["KOLIBRI_AZURE_CHANNELS"] == expected


def test_a_test_deployment_keeps_no_backups(checker):
    """It has no share for them, and its database is a SQLite file in the container."""
    template = json.loads(NAMES["test"].read_text(encoding="utf-8"))
    settings = checker.evaluate(template, {}).app_settings("app")
    assert not [name for name in settings if "BACKUP" in name]


def test_a_new_site_is_closed_by_default(checker, template):
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
    assert mounted.count("listKeys(") == mounted.count(".keys[variables('storageKeyIndex')]") == 7


def test_the_own_host_name_of_the_content_is_watched_only_where_it_has_one(checker, production):
    for values, expected in (
        ({}, 1),
        ({"customDomain": "kolibri.example.org"}, 1),
        ({"contentCustomDomain": "kolibri-content.example.org"}, 2),
    ):
        result = checker.evaluate(production, values)
        assert len(list(result.of_type("Microsoft.Insights/webtests"))) == expected


def test_large_has_a_standby_geo_backup_and_zones(checker, production):
    result = checker.evaluate(production, {"size": "large"})
    database = result.named("database")
    assert database.at("highAvailability", "mode") == "ZoneRedundant"
    assert database.at("backup", "geoRedundantBackup") == "Enabled"
    assert result.named("plan").at("zoneRedundant") is True
    assert result.named("stagingSlot").at("enabled") is False


@pytest.mark.parametrize("size", ["medium", "large"])
def test_a_plan_can_do_without_zones_while_data_and_database_keep_theirs(size, checker, production):
    usual = checker.evaluate(production, {"size": size})
    result = checker.evaluate(production, {"size": size, "sizeOverrides": {"planZones": False}})
    without = result.named("plan")
    assert without.at("zoneRedundant") is False
    assert usual.named("plan").at("zoneRedundant") is True
    for name in ("storage", "database", "backupVault"):
        assert result.named(name) == usual.named(name)


def test_only_the_password_must_be_given(production):
    required = [
        name
        for name, each in production["parameters"].items()
        if "defaultValue" not in each and not each.get("nullable")
    ]
    assert required == ["superuserPassword"]
