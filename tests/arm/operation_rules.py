"""Rules about operation: monitoring, backup, locks."""

from __future__ import annotations

import json
import re
import typing
from collections.abc import Iterator

from devtools.arm import EvaluatedTemplate, Resource
from devtools.arm.combinations import CHOICES

#: The types that can send logs or metrics to the workspace.
DIAGNOSED = {
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

#: Metrics and log tables with alerts for an administrator.
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

#: Values to try for the days that a vault keeps deleted secrets.
KEPT_DAYS = CHOICES["vaultRetentionDays"]

#: Columns whose values are words run together, so that `has` can't find one of them.
JOINED_WORDS = {"OperationName"}

#: Words with an inner capital that are whole words in the logs: the health check's user agent is
#: HealthCheck/1.0.
WHOLE_WORDS = {"HealthCheck"}

_SHARES = "Microsoft.Storage/storageAccounts/fileServices/shares"
_SEARCH = re.compile(r"(\w+)\s+!?\bhas(?:_\w+)?\b\s*(\([^)]*\)|'[^']*')")
_CAPITAL_INSIDE = re.compile(r"[A-Z][a-z]+[A-Z]\w*")
_STARTS = re.compile(r"\bStarts > (\d+)")


def every_resource_is_diagnosed(result: EvaluatedTemplate) -> Iterator[str]:
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


def alerts_reach_the_operators(result: EvaluatedTemplate) -> Iterator[str]:
    group = result.named("actionGroup").id
    watched = set()
    for each in result.of_type("Microsoft.Insights/metricAlerts"):
        if [action["actionGroupId"] for action in each.at("actions")] != [group]:
            yield f"alert {each.name} reaches no one"
        for criterion in each.at("criteria").get("allOf", []):
            watched.add(criterion["metricName"])
    for each in result.of_type("Microsoft.Insights/scheduledQueryRules"):
        if each.at("actions", "actionGroups") != [group]:
            yield f"alert {each.name} reaches no one"
        watched.add(each.at("criteria")["allOf"][0]["query"].split(" ", 1)[0])
    for missing in sorted(WATCHED - watched):
        yield f"nothing watches {missing}"
    for each in result.of_type("Microsoft.Consumption/budgets"):
        for name, notification in (each.at("notifications") or {}).items():
            if notification.get("contactGroups") != [group]:
                yield f"the budget's warning {name} reaches no one"


def alerts_do_not_repeat_themselves(result: EvaluatedTemplate) -> Iterator[str]:
    for each in result.of_type("Microsoft.Insights/scheduledQueryRules"):
        if not each.at("muteActionsDuration"):
            yield f"alert {each.name} writes a mail each time that it is evaluated"


def each_address_is_asked(result: EvaluatedTemplate) -> Iterator[str]:
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
            yield f"no alert is sent when {test.name} fails"
    own = {
        each.name.split("/")[1] for each in result.of_type("Microsoft.Web/sites/hostNameBindings")
    }
    own |= {each.at("hostName") for each in result.of_type("Microsoft.Cdn/profiles/customDomains")}
    if not asked:
        yield "nothing watches the site from outside"
    for missing in sorted(own - asked):
        yield f"nothing watches {missing} and its certificate"


def queries_search_for_whole_words(result: EvaluatedTemplate) -> Iterator[str]:
    """`has` finds only whole words, so not NearExpiry in SecretNearExpiryEventGridNotification."""
    for where, query in _queries(result):
        for column, searched in _SEARCH.findall(query):
            words = set(_CAPITAL_INSIDE.findall(searched)) - WHOLE_WORDS
            if words or column in JOINED_WORDS:
                yield f"{where} searches {column} with has for {searched}, part of a word"


def _queries(result: EvaluatedTemplate) -> Iterator[tuple[str, str]]:
    for alert in result.of_type("Microsoft.Insights/scheduledQueryRules"):
        yield alert.name, alert.at("criteria")["allOf"][0]["query"]
    for item in json.loads(result.named("workbook").at("serializedData"))["items"]:
        if "query" in item["content"]:
            yield item["name"], item["content"]["query"]


def a_deployment_is_no_crash(result: EvaluatedTemplate) -> Iterator[str]:
    """A container starts at most twice in a deployment: for its settings and for its image."""
    limits = [_STARTS.search(query) for _, query in _queries(result)]
    found = [int(limit[1]) for limit in limits if limit]
    if len(found) != 1:
        yield "nothing counts the starts of the containers"
    elif found[0] < 2 * _max_instances(result):
        yield f"more than {found[0]} starts are an alert, which a deployment causes"


def _max_instances(result: EvaluatedTemplate) -> int:
    most = [
        int(each.at("profiles")[0]["capacity"]["maximum"])
        for each in result.of_type("Microsoft.Insights/autoscalesettings")
    ]
    return max([*most, result.named("plan").body["sku"]["capacity"]])


def the_shares_are_watched_before_one_is_full(result: EvaluatedTemplate) -> Iterator[str]:
    """The metric counts the whole account: when the content share is full, at least its size."""
    quota = _share(result, "content").at("shareQuota")
    for each in result.of_type("Microsoft.Insights/metricAlerts"):
        for criterion in each.at("criteria").get("allOf", []):
            share = criterion["threshold"] / 2**30 / quota
            if criterion["metricName"] == "FileCapacity" and not 0.8 <= share <= 0.9:
                yield f"the alert {each.name} comes at {share:.0%} of the content share"


def _share(result: EvaluatedTemplate, name: str) -> Resource:
    found = result.of_type(_SHARES)
    return next(each for each in found if each.name.endswith(f"/{name}"))


def locks_hold_the_data(result: EvaluatedTemplate) -> Iterator[str]:
    locks = list(result.of_type("Microsoft.Authorization/locks"))
    for each in locks:
        if each.at("level") != "CanNotDelete":
            yield f"{each.name} forbids more than deletion, and so the next deployment"
    if locks and {each.scope for each in locks} != {
        result.named(name).id for name in ("database", "storage", "vault")
    }:
        yield "the locks are not on database, storage and vault"


def the_shares_are_backed_up(result: EvaluatedTemplate) -> Iterator[str]:
    items = list(
        result.of_type(
            "Microsoft.RecoveryServices/vaults/backupFabrics/protectionContainers/protectedItems"
        )
    )
    shares = {each.name.rsplit("/", 1)[1] for each in result.of_type(_SHARES)}
    if items and {each.name.rsplit(";", 1)[1] for each in items} != shares:
        yield "not every share is backed up"
    for each in result.resources:
        if "/protectionContainers" in each.type and not each.written_once:
            yield f"{each.symbol} is registered again by every deployment"
    for each in items:
        if each.at("isInlineInquiry") is not True:
            yield f"{each.symbol} is not looked for in the account, and so not found"
    for each in result.of_type("Microsoft.RecoveryServices/vaults"):
        if each.at("securitySettings"):
            yield "the backup vault sets a soft delete that the service refuses to change"


def the_budget_begins_once_and_with_a_month(result: EvaluatedTemplate) -> Iterator[str]:
    for each in result.of_type("Microsoft.Consumption/budgets"):
        if not each.written_once:
            yield "the budget gets another start date, which Azure refuses"
        if not each.at("timePeriod")["startDate"].endswith("-01"):
            yield "the budget does not start on the first of a month"


def logs_have_a_daily_cap(result: EvaluatedTemplate) -> Iterator[str]:
    if not (result.named("logs").at("workspaceCapping") or {}).get("dailyQuotaGb"):
        yield "nothing limits what logs cost"


def the_vault_keeps_for_as_long_as_asked(result: EvaluatedTemplate) -> Iterator[str]:
    """It is fixed at the first deployment. If it depended on the size, no size could change."""
    if result.named("vault").at("softDeleteRetentionInDays") not in KEPT_DAYS:
        yield "the vault's retention is not the parameter's"


RULES: tuple[typing.Callable[[EvaluatedTemplate], Iterator[str]], ...] = (
    every_resource_is_diagnosed,
    alerts_reach_the_operators,
    alerts_do_not_repeat_themselves,
    each_address_is_asked,
    queries_search_for_whole_words,
    a_deployment_is_no_crash,
    the_shares_are_watched_before_one_is_full,
    locks_hold_the_data,
    the_shares_are_backed_up,
    the_budget_begins_once_and_with_a_month,
    logs_have_a_daily_cap,
    the_vault_keeps_for_as_long_as_asked,
)
