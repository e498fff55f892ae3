"""Parts that Azure evaluates differently from the offline checker, or only at deployment."""

from __future__ import annotations

import inspect
import json
import re

import pytest

from kolibri_azure_plugin.doctor import log_lines
from kolibri_azure_plugin.doctor.catalogue import CHECKS
from kolibri_azure_plugin.doctor.checks import backups
from kolibri_azure_plugin.doctor.outcome import Status
from tests.arm.inspection import findings

#: Only calls of these may delay a variable until the deployment.
AT_DEPLOYMENT = re.compile(r"\b(reference|list\w*)\(")

RUNNING = "reference(variables('planId'), '2025-03-01', 'Full').sku.capacity"


@pytest.mark.parametrize(
    ("size", "running", "expected"),
    [("medium", 1, 2), ("medium", 3, 3), ("medium", 9, 4), ("large", 9, 9), ("small", 3, 1)],
)
def test_a_later_deployment_keeps_the_instances_within_the_limits(
    size, running, expected, checker, production
):
    text = json.dumps(production)
    assert RUNNING in text
    result = checker.evaluate(json.loads(text.replace(RUNNING, str(running))), {"size": size})
    assert result.named("sizedPlan").body["sku"] == {
        **result.named("plan").body["sku"],
        "capacity": expected,
    }


def test_the_alert_reads_what_the_doctor_writes(production):
    alert = next(each for each in production["variables"]["logAlerts"] if each["name"] == "doctor")
    query = alert["query"]
    assert f"tostring(Event.logger) == '{log_lines.logger.name}'" in query
    fields = set(re.findall(r"Event\.(\w+)", query)) - {"logger", "measurements"}
    assert fields <= set(log_lines.ALWAYS)
    statuses = re.findall(r"Event\.status\) == '(\w+)'", query)
    assert statuses == [Status.FAIL.value, Status.WARN.value]
    ids = re.findall(r"'(azure\.[\w.]+)'", query)
    assert ids
    assert set(ids) <= {check.id for check in CHECKS}


def test_an_alert_comes_when_nightly_backups_stop_and_not_before_the_first(production):
    """Only the warning that a verified backup is old has an age."""
    alert = next(each for each in production["variables"]["logAlerts"] if each["name"] == "doctor")
    condition = "== 'azure.kolibri.backups' and isnotnull(Event.measurements.age_h)"
    assert condition in alert["query"]
    assert 'measured["age_h"]' in inspect.getsource(backups)


def test_alerts_go_to_the_addresses_given_and_an_output_shows_them(checker, production):
    for addresses in ([], ["one@example.org", "two@example.org"]):
        result = checker.evaluate(production, {"alertEmails": addresses})
        receivers = result.named("actionGroup").at("emailReceivers")
        assert [each["emailAddress"] for each in receivers] == addresses
        said = result.outputs["alertsReach"]
        assert said == ", ".join(addresses) if addresses else said.startswith("no one")


@pytest.mark.parametrize(
    "symbol", ["appReadsSecrets", "databaseAdministrators", "registryAccess", "taskPushesImage"]
)
def test_an_identity_is_named_by_its_object_id(symbol, production):
    """Not its client id, which is another number and which Microsoft's tests send to PostgreSQL."""
    given = json.dumps(production["resources"][symbol]["properties"]["parameters"])
    assert ".principalId" in given
    assert ".clientId" not in given


def test_a_host_name_is_bound_once(checker, production):
    """A second binding would remove its certificate until a later step of the deployment."""
    result = checker.evaluate(production, {"customDomain": "kolibri.example.org"})
    assert result.named("domains").written_once


def test_every_variable_has_a_value_with_every_combination(
    checker, template, template_path, combinations
):
    """Azure evaluates each variable, even one that is unused with these values.

    The checker evaluates only used ones, so it would miss a fail() for another choice:
    Azure/bicep issues 16247 and 17322.
    """
    names = [name for name in template["variables"] if name != "copy"]
    for name in names:
        assert not AT_DEPLOYMENT.search(json.dumps(template["variables"][name])), name
        template["outputs"][f"{name}IsThere"] = {
            "type": "bool",
            "metadata": {"description": "Whether the variable has a value."},
            "value": f"[equals(string(variables('{name}')), string(variables('{name}')))]",
        }
    said = findings(checker, template, combinations[template_path])
    assert [each for each in said if "expression fails" in each] == []


def test_a_refusal_for_another_choice_is_seen(checker, template, template_path, combinations):
    given = template["variables"]["givenImage"]
    template["variables"]["givenImage"] = (
        given.replace("if(variables('isBuilt'), '', ", "", 1)[:-2] + "]"
    )
    with pytest.raises(AssertionError, match="needs image"):
        test_every_variable_has_a_value_with_every_combination(
            checker, template, template_path, combinations
        )
