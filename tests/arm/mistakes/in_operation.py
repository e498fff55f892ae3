"""Mistakes that show after weeks: a silent alert, a setting undone, a growing bill."""

from __future__ import annotations

from tests.arm.mistakes.catalogue import Template, caught_by, properties


@caught_by("has no diagnostic setting")
def silent_resource(template: Template) -> None:
    del template["resources"]["vaultDiagnostics"]


@caught_by("reaches no one")
def alert_without_receiver(template: Template) -> None:
    properties(template, "metricAlerts")["actions"] = []


@caught_by("nothing watches AppServiceConsoleLogs")
def missing_doctor_alert(template: Template) -> None:
    del template["variables"]["logAlerts"][1]


@caught_by("unknown property 'notification'")
def budget_that_never_warns(template: Template) -> None:
    properties(template, "budget")["notification"] = properties(template, "budget").pop(
        "notifications"
    )


@caught_by("another start date")
def budget_with_another_date_each_month(template: Template) -> None:
    del template["resources"]["budget"]["@options"]


@caught_by("warning Actual80 reaches no one")
def budget_without_contacts(template: Template) -> None:
    properties(template, "budget")["notifications"]["Actual80"]["contactGroups"] = []


@caught_by("searches OperationName with has")
def half_a_word_in_an_alert(template: Template) -> None:
    template["variables"]["logAlerts"][1]["query"] = (
        "AppServiceConsoleLogs | where OperationName has 'NearExpiry'"
    )


@caught_by("part of a word")
def half_a_word_in_the_workbook(template: Template) -> None:
    template["variables"]["workbookQueries"][0]["query"] = (
        "AZKVAuditLogs | where ResultDescription has_any ('SecretNear', 'CertificateNear')"
    )


@caught_by("which a deployment causes")
def alarm_at_each_deployment(template: Template) -> None:
    alert = template["variables"]["logAlerts"][0]
    alert["query"] = alert["query"].replace("mul(variables('maximumInstances'), 3)", "3")


@caught_by("of the content share")
def alarm_when_the_share_is_full(template: Template) -> None:
    alert = template["variables"]["metricAlerts"][-1]
    alert["threshold"] = "[mul(variables('sizing').contentShareGiB, 1073741824)]"


@caught_by("kolibri-content.example.org")
def unwatched_content_address(template: Template) -> None:
    template["variables"]["watchedAddresses"][1]["isWatched"] = False


@caught_by("not every share is backed up")
def share_without_backup(template: Template) -> None:
    template["variables"]["shares"].remove("backups")


@caught_by("is registered again")
def reregistered_backup(template: Template) -> None:
    del template["resources"]["backupOfStorage"]["@options"]


@caught_by("is not looked for in the account")
def backup_without_a_look(template: Template) -> None:
    del properties(template, "backupOfShares")["isInlineInquiry"]


@caught_by("refuses to change")
def backup_vault_with_half_a_soft_delete(template: Template) -> None:
    properties(template, "backupVault")["securitySettings"] = {
        "softDeleteSettings": {"softDeleteState": "Enabled"}
    }


@caught_by("retention is not the parameter's")
def retention_that_follows_the_size(template: Template) -> None:
    properties(template, "vault")["softDeleteRetentionInDays"] = "[variables('sizing').backupDays]"


@caught_by("plan B3 can't have")
def basic_plan_for_many(template: Template) -> None:
    template["variables"]["planSku"] = "B3"


@caught_by("the image refuses to start")
def connections_of_the_site_without_its_slot(template: Template) -> None:
    template["variables"]["sizes"]["medium"]["databaseConnections"] = 12 + 9 * 2
    template["variables"]["neededConnections"] = "[add(12, mul(9, variables('maximumInstances')))]"


@caught_by("does not follow from those that run")
def plan_scaled_down(template: Template) -> None:
    inner = properties(template, "planSize")["template"]["resources"]["sizedPlan"]
    inner["sku"]["capacity"] = 1


@caught_by("goes back to its first number")
def plan_written_at_once(template: Template) -> None:
    del template["resources"]["plan"]["@options"]


@caught_by("autoscale acts on")
def autoscale_by_a_metric_that_linux_lacks(template: Template) -> None:
    rules = properties(template, "autoscale")["profiles"][0]["rules"]
    rules[1]["metricTrigger"]["metricName"] = "HttpQueueLength"


@caught_by("nothing limits what logs cost")
def logs_without_end(template: Template) -> None:
    del properties(template, "logs")["workspaceCapping"]


@caught_by("forbids more than deletion")
def locks_that_stop_deployments(template: Template) -> None:
    properties(template, "locks")["level"] = "ReadOnly"


@caught_by("writes a mail each time")
def alert_every_hour(template: Template) -> None:
    properties(template, "logAlerts")["muteActionsDuration"] = ""


@caught_by("an old autoscale goes on")
def autoscale_left_to_itself(template: Template) -> None:
    template["resources"]["autoscale"]["condition"] = "[variables('hasAutoscale')]"
