"""Rules of what keeps a deployment running: sizes, watching, backup, locks."""

from __future__ import annotations

import json
import re
import typing
from collections.abc import Iterator

from devtools.arm import Evaluated, Resource
from devtools.arm.combinations import CHOICES
from devtools.arm.evaluated import AT_DEPLOYMENT

#: The types that can send logs or metrics to the workspace.
DIAGNOSED = {
    "microsoft.cache/redisenterprise",
    "microsoft.cache/redisenterprise/databases",
    "microsoft.cdn/profiles",
    "microsoft.containerregistry/registries",
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
    "AppServiceConsoleLogs",
    "_LogOperation",
}

#: What is tried for how long a vault keeps what was deleted.
KEPT_DAYS = CHOICES["vaultRetentionDays"]

#: Columns whose values are words run together, of which none is found by itself.
RUN_TOGETHER = {"OperationName"}

#: Words with a capital inside that are whole words of what is searched: the health check calls
#: itself HealthCheck/1.0.
WHOLE_WORDS = {"HealthCheck"}

#: What a Linux plan reports and autoscale acts on. Memory hardly shrinks while a program runs: as a
#: condition for fewer instances it would keep them for ever.
AUTOSCALE = {
    ("CpuPercentage", "Increase"),
    ("CpuPercentage", "Decrease"),
    ("MemoryPercentage", "Increase"),
}

_SEARCH = re.compile(r"(\w+)\s+!?\bhas(?:_\w+)?\b\s*(\([^)]*\)|'[^']*')")
_CAPITAL_INSIDE = re.compile(r"[A-Z][a-z]+[A-Z]\w*")
_STARTS = re.compile(r"\bStarts > (\d+)")


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
    for each in result.of_type("Microsoft.Consumption/budgets"):
        for name, notification in (each.at("notifications") or {}).items():
            if notification.get("contactGroups") != [group]:
                yield f"the budget's warning {name} reaches nobody"


def alerts_do_not_repeat_themselves(result: Evaluated) -> Iterator[str]:
    for each in result.of_type("Microsoft.Insights/scheduledQueryRules"):
        if not each.at("muteActionsDuration"):
            yield f"alert {each.name} writes a mail each time that it is evaluated"


def each_address_is_asked(result: Evaluated) -> Iterator[str]:
    group = result.named("actionGroup").id
    told = set()
    for alert in result.of_type("Microsoft.Insights/metricAlerts"):
        if [action["actionGroupId"] for action in alert.at("actions")] == [group]:
            told.add(alert.at("criteria").get("webTestId"))
    asked = set()
    for test in result.of_type("Microsoft.Insights/webtests"):
        asked.add(test.at("Request", "RequestUrl").split("/")[2])
        rules = test.at("ValidationRules")
        if not (rules.get("SSLCheck") and rules.get("SSLCertRemainingLifetimeCheck")):
            yield f"{test.name} does not look at the certificate"
        if test.id not in told:
            yield f"nobody is told when {test.name} fails"
    own = {
        each.name.split("/")[1] for each in result.of_type("Microsoft.Web/sites/hostNameBindings")
    }
    own |= {each.at("hostName") for each in result.of_type("Microsoft.Cdn/profiles/customDomains")}
    if not asked:
        yield "nothing watches the site from outside"
    for missing in sorted(own - asked):
        yield f"nothing watches {missing} and its certificate"


def queries_search_for_whole_words(result: Evaluated) -> Iterator[str]:
    """`has` finds whole words only: NearExpiry is none in SecretNearExpiryEventGridNotification."""
    for where, query in _queries(result):
        for column, searched in _SEARCH.findall(query):
            words = set(_CAPITAL_INSIDE.findall(searched)) - WHOLE_WORDS
            if words or column in RUN_TOGETHER:
                yield f"{where} searches {column} with has for {searched}, part of a word"


def _queries(result: Evaluated) -> Iterator[tuple[str, str]]:
    for alert in result.of_type("Microsoft.Insights/scheduledQueryRules"):
        yield alert.name, alert.at("criteria")["allOf"][0]["query"]
    for item in json.loads(result.named("workbook").at("serializedData"))["items"]:
        if "query" in item["content"]:
            yield item["name"], item["content"]["query"]


def a_deployment_is_no_crash(result: Evaluated) -> Iterator[str]:
    """Each container may start twice in a deployment: once for its settings, once for its image."""
    limits = [_STARTS.search(query) for _, query in _queries(result)]
    found = [int(limit[1]) for limit in limits if limit]
    if len(found) != 1:
        yield "nothing counts the starts of the containers"
    elif found[0] < 2 * _most_instances(result):
        yield f"more than {found[0]} starts are an alert, which a deployment causes"


def _most_instances(result: Evaluated) -> int:
    most = [
        int(each.at("profiles")[0]["capacity"]["maximum"])
        for each in result.of_type("Microsoft.Insights/autoscalesettings")
    ]
    return max([*most, result.named("plan").body["sku"]["capacity"]])


def the_shares_are_watched_before_one_is_full(result: Evaluated) -> Iterator[str]:
    """The metric is the whole account's: when the content share is full, it says at least that."""
    quota = _share(result, "content").at("shareQuota")
    for each in result.of_type("Microsoft.Insights/metricAlerts"):
        for criterion in each.at("criteria").get("allOf", []):
            share = criterion["threshold"] / 2**30 / quota
            if criterion["metricName"] == "FileCapacity" and not 0.8 <= share <= 0.9:
                yield f"the alert {each.name} comes at {share:.0%} of the content share"


def _share(result: Evaluated, name: str) -> Resource:
    found = result.of_type("Microsoft.Storage/storageAccounts/fileServices/shares")
    return next(each for each in found if each.name.endswith(f"/{name}"))


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
    most = int(result.app_settings("app")["KOLIBRI_AZURE_INSTANCES"])
    if most < instances:
        yield "more instances run than the connections are shared between"
    if int(result.app_settings("app")["KOLIBRI_AZURE_DATABASE_MAX_CONNECTIONS"]) < 10 * most:
        yield "fewer than 10 database connections for each instance"


def autoscale_is_on_where_it_has_room(result: Evaluated) -> Iterator[str]:
    """Where it has none it is switched off: left out, an old one would go on."""
    is_basic = result.named("plan").body["sku"]["name"].startswith("B")
    if not (is_basic or any(result.of_type("Microsoft.Insights/autoscalesettings"))):
        yield "an old autoscale goes on where the size has none"
    for each in result.of_type("Microsoft.Insights/autoscalesettings"):
        capacity = each.at("profiles")[0]["capacity"]
        has_room = int(capacity["minimum"]) < int(capacity["maximum"])
        if each.at("enabled") is not has_room:
            yield "autoscale is on without room, or off with it"
        metrics = {
            (rule["metricTrigger"]["metricName"], rule["scaleAction"]["direction"])
            for rule in each.at("profiles")[0]["rules"]
        }
        if metrics != AUTOSCALE:
            yield f"autoscale acts on {sorted(metrics)}, not on {sorted(AUTOSCALE)}"


def locks_hold_the_data(result: Evaluated) -> Iterator[str]:
    locks = list(result.of_type("Microsoft.Authorization/locks"))
    for each in locks:
        if each.at("level") != "CanNotDelete":
            yield f"{each.name} forbids more than deletion, and so the next deployment"
    if locks and {each.scope for each in locks} != {
        result.named(name).id for name in ("database", "storage", "vault")
    }:
        yield "the locks are not on database, storage and vault"


def the_shares_are_backed_up(result: Evaluated) -> Iterator[str]:
    items = list(
        result.of_type(
            "Microsoft.RecoveryServices/vaults/backupFabrics/protectionContainers/protectedItems"
        )
    )
    if items and {each.name.rsplit(";", 1)[1] for each in items} != {"content", "media"}:
        yield "not both shares are backed up"
    for each in result.resources:
        if "/protectionContainers" in each.type and not each.written_once:
            yield f"{each.symbol} is registered anew by every deployment"
    for each in items:
        if each.at("isInlineInquiry") is not True:
            yield f"{each.symbol} is not looked for in the account, and so not found"
    for each in result.of_type("Microsoft.RecoveryServices/vaults"):
        if each.at("securitySettings"):
            yield "the backup vault sets a soft delete that the service refuses to change"


def the_budget_begins_once_and_with_a_month(result: Evaluated) -> Iterator[str]:
    for each in result.of_type("Microsoft.Consumption/budgets"):
        if not each.written_once:
            yield "the budget gets another start date, which Azure refuses"
        if not each.at("timePeriod")["startDate"].endswith("-01"):
            yield "the budget does not start on the first of a month"


def a_deployment_scales_nothing_down(result: Evaluated) -> Iterator[str]:
    """Autoscale's number of instances is read before the plan is written."""
    if not result.named("plan").written_once:
        yield "the plan goes back to its first number of instances at every deployment"
    if result.named("sizedPlan").body["sku"]["capacity"] != AT_DEPLOYMENT:
        yield "the number of instances does not follow from those that run"


def logs_have_a_daily_cap(result: Evaluated) -> Iterator[str]:
    if not (result.named("logs").at("workspaceCapping") or {}).get("dailyQuotaGb"):
        yield "nothing limits what logs cost"


def the_vault_keeps_for_as_long_as_asked(result: Evaluated) -> Iterator[str]:
    """It is fixed at the first deployment: a value that follows the size stops a change of size."""
    if result.named("vault").at("softDeleteRetentionInDays") not in KEPT_DAYS:
        yield "the vault's retention is not the parameter's"


RULES: tuple[typing.Callable[[Evaluated], Iterator[str]], ...] = (
    every_resource_is_diagnosed,
    alerts_reach_the_operators,
    alerts_do_not_repeat_themselves,
    each_address_is_asked,
    queries_search_for_whole_words,
    a_deployment_is_no_crash,
    the_shares_are_watched_before_one_is_full,
    the_size_is_coherent,
    autoscale_is_on_where_it_has_room,
    locks_hold_the_data,
    the_shares_are_backed_up,
    the_budget_begins_once_and_with_a_month,
    a_deployment_scales_nothing_down,
    logs_have_a_daily_cap,
    the_vault_keeps_for_as_long_as_asked,
)
