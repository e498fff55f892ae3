"""Parts that Azure evaluates differently from the offline checker, or only at deployment."""

from __future__ import annotations

import json
import logging
import re
from pathlib import Path

import pytest

from kolibri_azure_plugin.doctor import log_lines
from kolibri_azure_plugin.doctor.catalogue import CHECKS
from kolibri_azure_plugin.doctor.checks import backups
from kolibri_azure_plugin.doctor.outcome import Status
from kolibri_azure_plugin.errors.redaction import FIELDS
from tests.arm.inspection import findings

GOLDEN = Path(__file__).parents[1] / "golden" / "doctor"

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


#: What the doctor says of the backups, by the name of a golden report, and changed measurements.
WARNINGS = {
    "the newest verified one is old": ("azure.kolibri.backups--old", {}, True),
    "no folder is set": ("azure.kolibri.backups--no-folder", {}, True),
    "the share does not answer": ("azure.kolibri.backups--dead", {}, True),
    "the check itself hangs": ("azure.kolibri.backups--dead", None, True),
    "the first one is still to come": ("azure.kolibri.backups", {}, False),
    "none came in the first nights": (
        "azure.kolibri.backups", {"awaited_h": backups.LIMIT + 1}, True,
    ),
    "all is well": ("all-pass", {}, False),
}  # fmt: skip


@pytest.mark.parametrize("case", WARNINGS)
def test_an_alert_comes_without_a_recent_backup_but_not_before_the_first(case, production):
    name, measured, expected = WARNINGS[case]
    line = next(each for each in lines_of(name) if each["check"] == backups.ID)
    if measured is None:
        del line["measurements"]
    else:
        line["measurements"].update(measured)

    assert fires(production, line) is expected


def lines_of(golden):
    """The lines that the doctor logs for a golden report, as Azure stores them."""
    report = json.loads((GOLDEN / f"{golden}.json").read_text(encoding="utf-8"))
    said = []
    handler = logging.Handler()
    handler.emit = lambda record: said.append(getattr(record, FIELDS))
    log_lines.logger.addHandler(handler)
    level = log_lines.logger.level
    log_lines.logger.setLevel(logging.INFO)
    try:
        log_lines.log(report["checks"])
    finally:
        log_lines.logger.setLevel(level)
        log_lines.logger.removeHandler(handler)
    return [{"logger": log_lines.logger.name, **json.loads(json.dumps(line))} for line in said]


def fires(production, line):
    """Whether the alert's conditions hold for a line, with Kusto's functions in Python."""
    alert = next(each for each in production["variables"]["logAlerts"] if each["name"] == "doctor")
    _, _, *conditions = alert["query"].split(" | ")
    functions = {
        "Event": Dynamic(line),
        "tostring": lambda each: str(each.value or ""),
        "toint": lambda each: int(each.value),
        "isnull": lambda each: each.value is None,
        "isnotnull": lambda each: each.value is not None,
    }
    return all(
        eval(condition.removeprefix("where "), {"__builtins__": {}}, functions)
        for condition in conditions
    )


class Dynamic:
    """A value of Kusto's type dynamic, in which each name that is not there is null."""

    def __init__(self, value):
        self.value = value

    def __getattr__(self, name):
        return Dynamic(self.value.get(name) if isinstance(self.value, dict) else None)


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
