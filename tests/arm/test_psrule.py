"""The options of PSRule for Azure, which runs only in the hosted workflow."""

from __future__ import annotations

import json
import re

import pytest
import yaml

from devtools.arm import parameter_sets
from tests.arm.conftest import ARM, NAMES

OPTIONS = ARM / "ps-rule.yaml"
SUPPRESSIONS = ARM / "ps-rule" / "Suppressions.Rule.yaml"
EXISTING = ARM.parent / "tests" / "arm" / "psrule_names.txt"
WORKFLOW = ARM.parent / ".github" / "workflows" / "azure-templates.yml"


@pytest.fixture(scope="module")
def options():
    return yaml.safe_load(OPTIONS.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def groups():
    """The suppressed rules, by group."""
    documents = yaml.safe_load_all(SUPPRESSIONS.read_text(encoding="utf-8"))
    return {each["metadata"]["name"]: each["spec"] for each in documents}


def holds(condition, resource):
    """Whether a condition of a suppression applies to a resource, as in PSRule."""
    if "allOf" in condition:
        return all(holds(each, resource) for each in condition["allOf"])
    if "type" in condition:
        value = resource.type
    elif "name" in condition:
        value = resource.name
    else:
        value = resource.body
        for key in condition["field"].split("."):
            value = value.get(key, {}) if isinstance(value, dict) else {}
    value = value.lower() if isinstance(value, str) else None
    if "in" in condition:
        return value in [each.lower() for each in condition["in"]]
    if "endsWith" in condition:
        return value is not None and value.endswith(condition["endsWith"].lower())
    return value == condition["equals"].lower()


def suppressed(groups, result):
    """The rules that are suppressed for a deployment, with the symbols of their resources."""
    return {
        (rule, resource.symbol)
        for group in groups.values()
        for rule in group["rule"]
        for resource in result.resources
        if holds(group["if"], resource)
    }


def in_use(options, groups):
    return [
        *options["rule"]["exclude"],
        *(rule for group in groups.values() for rule in group["rule"]),
    ]


def test_each_rule_that_is_left_out_exists(options, groups):
    lines = EXISTING.read_text(encoding="utf-8").splitlines()
    existing = [line for line in lines if not line.startswith("#")]
    assert sorted(set(in_use(options, groups))) == existing
    assert set(options["rule"]["exclude"]).isdisjoint(
        rule for group in groups.values() for rule in group["rule"]
    )


def test_each_exclusion_has_a_reason(options):
    lines = OPTIONS.read_text(encoding="utf-8").splitlines()
    first = lines.index("  exclude:") + 1
    reason = ""
    for line in lines[first:]:
        reason = line if line.lstrip().startswith("#") else reason
        assert reason, line
        assert line == reason or line.strip()[2:] in options["rule"]["exclude"]


def test_each_suppression_has_its_reason_above_it(groups):
    text = SUPPRESSIONS.read_text(encoding="utf-8")
    reasons = re.findall(r"^---\n# Synopsis: .+\.\napiVersion: .+/v1\n", text, re.MULTILINE)
    assert len(reasons) == len(groups)


def test_the_page_names_each_rule_that_is_left_out(options, groups):
    page = (ARM.parent / "docs" / "security.md").read_text(encoding="utf-8")
    section = page.partition("PSRule for Azure")[2]
    named = re.findall(r"Azure\.\w+\.\w+", section)
    assert sorted(named) == sorted(in_use(options, groups))


def test_large_is_let_off_nothing_that_costs_money(checker, production, groups):
    result = checker.evaluate(production, {"size": "large", "frontDoor": "premium"})
    assert suppressed(groups, result) == {("Azure.NSG.DenyAllInbound", "appSecurityGroup")}


def test_medium_is_let_off_the_standby_and_the_copies_elsewhere(checker, production, groups):
    result = checker.evaluate(production, {"size": "medium"})
    assert suppressed(groups, result) == {
        ("Azure.NSG.DenyAllInbound", "appSecurityGroup"),
        ("Azure.PostgreSQL.ZoneRedundantHA", "database"),
        ("Azure.PostgreSQL.GeoRedundantBackup", "database"),
    }


def test_small_and_the_test_template_are_let_off_what_a_small_plan_lacks(
    checker, template, template_path, groups
):
    of_plan = {
        "Azure.AppService.MinPlan",
        "Azure.AppService.PlanInstanceCount",
        "Azure.AppService.AvailabilityZone",
    }
    result = checker.evaluate(template, {})
    plans = {each.symbol for each in result.of_type("Microsoft.Web/serverfarms")}
    found = suppressed(groups, result)
    assert plans
    assert {each for each in found if each[1] in plans} == {
        (rule, plan) for rule in of_plan for plan in plans
    }
    assert {rule for rule, _ in found if "AppService" in rule} == of_plan


def test_databases_without_a_standby_are_those_that_are_let_off_one(production, groups):
    known = groups["Kolibri.SmallerDatabases"]["if"]["allOf"][1]["in"]
    sizes = production["variables"]["sizes"].values()
    without = [
        each["databaseSku"]
        for each in sizes
        if not each["databaseHighAvailability"] and not each["databaseGeoBackup"]
    ]
    assert sorted(known) == sorted(without)
    assert len(without) < len(sizes)


def test_a_deployment_without_zones_is_not_checked_for_them(checker, production, groups):
    declined = [
        one.values
        for one in parameter_sets.parameter_sets()
        if one.values.get("useAvailabilityZones") is False
    ]
    assert declined
    for values in declined:
        found = suppressed(groups, checker.evaluate(production, values))
        assert ("Azure.AppService.AvailabilityZone", "plan") in found
        assert ("Azure.PostgreSQL.ZoneRedundantHA", "database") in found


@pytest.mark.parametrize(("tier", "let_off"), [("standard", True), ("premium", False)])
def test_front_door_has_managed_rules_where_it_can(tier, let_off, checker, production, groups):
    result = checker.evaluate(production, {"frontDoor": tier})
    rules = {rule for rule, _ in suppressed(groups, result)}
    assert ("Azure.FrontDoorWAF.RuleGroups" in rules) == let_off


def test_parameters_that_only_sound_secret_are_named(options, production):
    sounds = re.compile(r"password|secret|token|keys?$", re.IGNORECASE)

    def plain(template):
        for name, each in template.get("parameters", {}).items():
            if sounds.search(name) and each.get("type") in {"string", "object", "array"}:
                yield name
        for resource in template["resources"].values():
            if "template" in resource.get("properties", {}):
                yield from plain(resource["properties"]["template"])

    named = options["configuration"]["AZURE_DEPLOYMENT_NONSENSITIVE_PARAMETER_NAMES"]
    test = json.loads(NAMES["test"].read_text(encoding="utf-8"))
    assert sorted(named) == sorted({*plain(production), *plain(test)})
