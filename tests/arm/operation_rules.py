"""Rules of what keeps a deployment running: sizes, watching, backup, locks."""

from __future__ import annotations

import typing
from collections.abc import Iterator

from devtools.arm import Evaluated

#: The types that can send logs or metrics to the workspace.
DIAGNOSED = {
    "microsoft.cache/redisenterprise",
    "microsoft.cache/redisenterprise/databases",
    "microsoft.cdn/profiles",
    "microsoft.dbforpostgresql/flexibleservers",
    "microsoft.insights/autoscalesettings",
    "microsoft.keyvault/vaults",
    "microsoft.network/networksecuritygroups",
    "microsoft.network/virtualnetworks",
    "microsoft.operationalinsights/workspaces",
    "microsoft.recoveryservices/vaults",
    "microsoft.storage/storageaccounts",
    "microsoft.storage/storageaccounts/fileservices",
    "microsoft.web/serverfarms",
    "microsoft.web/sites",
    "microsoft.web/sites/slots",
}

#: What an administrator is told of: a metric, or a table of the logs.
WATCHED = {
    "Http5xx",
    "HealthCheckStatus",
    "CpuPercentage",
    "MemoryPercentage",
    "cpu_percent",
    "storage_percent",
    "active_connections",
    "FileCapacity",
    "AppServicePlatformLogs",
    "AZKVAuditLogs",
}


def every_resource_is_diagnosed(result: Evaluated) -> Iterator[str]:
    workspace = result.named("logs").id
    sent = {}
    for each in result.of_type("Microsoft.Insights/diagnosticSettings"):
        sent[each.scope.lower()] = each
        if each.at("workspaceId") != workspace:
            yield f"{each.symbol} sends to another workspace"
        if not (each.at("logs") or each.at("metrics")):
            yield f"{each.symbol} sends nothing"
    for each in result.resources:
        if each.type.lower() in DIAGNOSED and each.id.lower() not in sent:
            yield f"{each.symbol} has no diagnostic setting"


def alerts_reach_the_operators(result: Evaluated) -> Iterator[str]:
    group = result.named("actionGroup").id
    watched = set()
    for each in result.of_type("Microsoft.Insights/metricAlerts"):
        if [action["actionGroupId"] for action in each.at("actions")] != [group]:
            yield f"alert {each.name} reaches nobody"
        for criterion in each.at("criteria").get("allOf", []):
            watched.add(criterion["metricName"])
    for each in result.of_type("Microsoft.Insights/scheduledQueryRules"):
        if each.at("actions", "actionGroups") != [group]:
            yield f"alert {each.name} reaches nobody"
        watched.add(each.at("criteria")["allOf"][0]["query"].split(" ", 1)[0])
    for missing in sorted(WATCHED - watched):
        yield f"nothing watches {missing}"
    test = result.named("availabilityTest")
    if not test.at("ValidationRules", "SSLCertRemainingLifetimeCheck"):
        yield "nothing watches the certificate"


def the_size_is_coherent(result: Evaluated) -> Iterator[str]:
    plan = result.named("plan")
    sku, instances = plan.body["sku"]["name"], plan.body["sku"]["capacity"]
    has_autoscale = any(result.of_type("Microsoft.Insights/autoscalesettings"))
    if sku.startswith("B") and (instances > 1 or has_autoscale):
        yield f"plan {sku} can't have zones or autoscale"
    if sku.startswith("B") and any(result.of_type("Microsoft.Web/sites/slots")):
        yield f"plan {sku} can't have a slot"
    if plan.at("zoneRedundant") and instances < 2:
        yield "one instance can't be spread over zones"
    for each in result.of_type("Microsoft.Insights/autoscalesettings"):
        capacity = each.at("profiles")[0]["capacity"]
        if not int(capacity["minimum"]) < int(capacity["maximum"]):
            yield "autoscale has no room"
        metrics = {
            (rule["metricTrigger"]["metricName"], rule["scaleAction"]["direction"])
            for rule in each.at("profiles")[0]["rules"]
        }
        if len(metrics) != 4:
            yield "autoscale does not go both ways by both metrics"
    most = int(result.app_settings("app")["KOLIBRI_AZURE_INSTANCES"])
    if most < instances:
        yield "more instances run than the connections are shared between"
    if int(result.app_settings("app")["KOLIBRI_AZURE_DATABASE_MAX_CONNECTIONS"]) < 10 * most:
        yield "fewer than 10 database connections for each instance"


def locks_and_backup_hold_the_data(result: Evaluated) -> Iterator[str]:
    locks = list(result.of_type("Microsoft.Authorization/locks"))
    if locks and {each.scope for each in locks} != {
        result.named(name).id for name in ("database", "storage", "vault")
    }:
        yield "the locks are not on database, storage and vault"
    items = list(
        result.of_type(
            "Microsoft.RecoveryServices/vaults/backupFabrics/protectionContainers/protectedItems"
        )
    )
    if items and {each.name.rsplit(";", 1)[1] for each in items} != {"content", "media"}:
        yield "not both shares are backed up"


def the_budget_begins_with_a_month(result: Evaluated) -> Iterator[str]:
    for each in result.of_type("Microsoft.Consumption/budgets"):
        if not each.at("timePeriod")["startDate"].endswith("-01"):
            yield "the budget does not start on the first of a month"


RULES: tuple[typing.Callable[[Evaluated], Iterator[str]], ...] = (
    every_resource_is_diagnosed,
    alerts_reach_the_operators,
    the_size_is_coherent,
    locks_and_backup_hold_the_data,
    the_budget_begins_with_a_month,
)
