"""Mistakes that somebody could make in the production template, each with what must catch it."""

from __future__ import annotations

import typing

Template = dict[str, typing.Any]


class Mistake(typing.NamedTuple):
    """A change to a good template.

    :param make: does it, in place.
    :param caught_by: part of the sentence that must be said.
    """

    name: str
    make: typing.Callable[[Template], typing.Any]
    caught_by: str


def _properties(template: Template, symbol: str) -> typing.Any:
    return template["resources"][symbol]["properties"]


def _setting(template: Template, symbol: str, name: str) -> typing.Any:
    settings = _properties(template, symbol)["siteConfig"]["appSettings"]
    return next(entry for entry in settings if entry["name"] == name)


def wrong_role(template: Template) -> None:
    role = template["variables"]["roles"]["vaultSecretsUser"]
    administrator = "00482a5a-887f-4fb3-b363-3b7fe8e74483"
    template["variables"]["roles"]["vaultSecretsUser"] = role.replace(
        "4633458b-17de-408a-b874-0445c86b69e6", administrator
    )


def role_on_the_whole_vault(template: Template) -> None:
    template["resources"]["contentReadsStorageKey"]["scope"] = "[variables('vaultId')]"


def renamed_setting(template: Template) -> None:
    _setting(template, "app", "KOLIBRI_AZURE_KEY_VAULT_URL")["name"] = "KOLIBRI_AZURE_VAULT_URL"


def slot_that_differs(template: Template) -> None:
    _setting(template, "stagingSlot", "KOLIBRI_AZURE_LANGUAGE")["value"] = "fr-fr"


def overlapping_subnets(template: Template) -> None:
    template["variables"]["subnets"]["database"] = (
        "[cidrSubnet(parameters('networkAddresses'), 28, 4)]"
    )


def subnet_without_guard(template: Template) -> None:
    del _properties(template, "network")["subnets"][1]["properties"]["networkSecurityGroup"]


def password_in_an_output(template: Template) -> None:
    template["outputs"]["superuser"] = {
        "type": "string",
        "metadata": {"description": "The administrator's password."},
        "value": "[parameters('superuserPassword')]",
    }


def storage_key_in_a_setting(template: Template) -> None:
    _setting(template, "app", "KOLIBRI_STORAGE_KEY")["value"] = (
        "[listKeys('storage', '2026-04-01').keys[0].value]"
    )


def reference_to_no_secret(template: Template) -> None:
    setting = _setting(template, "app", "KOLIBRI_STORAGE_KEY")
    setting["value"] = setting["value"].replace("kolibri-storage-key", "kolibri-store-key")


def secret_key_at_each_deployment(template: Template) -> None:
    del template["resources"]["secretKeySecret"]["@options"]


def generated_password_in_a_name(template: Template) -> None:
    template["variables"]["suffix"] = "[take(uniqueString(parameters('secretKeySeed')), 8)]"


def database_open_to_the_world(template: Template) -> None:
    template["resources"]["everybody"] = {
        "type": "Microsoft.DBforPostgreSQL/flexibleServers/firewallRules",
        "apiVersion": "2025-08-01",
        "name": "[format('{0}/everybody', variables('names').database)]",
        "dependsOn": ["database"],
        "properties": {"startIpAddress": "0.0.0.0", "endIpAddress": "255.255.255.255"},
    }


def database_with_password(template: Template) -> None:
    _properties(template, "database")["authConfig"]["passwordAuth"] = "Enabled"


def vault_open_to_the_world(template: Template) -> None:
    template["variables"]["publicAccess"] = "Enabled"


def share_that_is_not_mounted(template: Template) -> None:
    template["variables"]["mounts"]["content"]["mountPath"] = "/content"


def number_as_text(template: Template) -> None:
    _properties(template, "mediaShare")["shareQuota"] = "32"


def missing_dependency(template: Template) -> None:
    template["resources"]["vaultEndpoint"]["dependsOn"].remove("vault")


def retired_database(template: Template) -> None:
    template["resources"]["database"]["type"] = "Microsoft.DBforPostgreSQL/servers"


def endless_name(template: Template) -> None:
    names = template["variables"]["names"]
    names["vault"] = "[format('kv-{0}-{1}', parameters('name'), variables('suffix'))]"


def old_tls(template: Template) -> None:
    _properties(template, "contentApp")["siteConfig"]["minTlsVersion"] = "1.0"


def silent_resource(template: Template) -> None:
    del template["resources"]["vaultDiagnostics"]


def alert_that_reaches_nobody(template: Template) -> None:
    _properties(template, "metricAlerts")["actions"] = []


def budget_that_never_warns(template: Template) -> None:
    _properties(template, "budget")["notification"] = _properties(template, "budget").pop(
        "notifications"
    )


def budget_with_another_date_each_month(template: Template) -> None:
    del template["resources"]["budget"]["@options"]


def budget_that_tells_nobody(template: Template) -> None:
    _properties(template, "budget")["notifications"]["Actual80"]["contactGroups"] = []


def half_a_word_in_an_alert(template: Template) -> None:
    alert = template["variables"]["logAlerts"][1]
    alert["query"] = alert["query"].replace("contains 'NearExpiry'", "has 'NearExpiry'")


def half_a_word_in_the_workbook(template: Template) -> None:
    template["variables"]["workbookQueries"][0]["query"] = (
        "AZKVAuditLogs | where ResultDescription has_any ('SecretNear', 'CertificateNear')"
    )


def alarm_at_each_deployment(template: Template) -> None:
    alert = template["variables"]["logAlerts"][0]
    alert["query"] = alert["query"].replace("mul(variables('sizing').maximumInstances, 3)", "3")


def alarm_when_the_share_is_full(template: Template) -> None:
    alert = template["variables"]["metricAlerts"][-1]
    alert["threshold"] = "[mul(variables('sizing').contentShareGiB, 1073741824)]"


def unwatched_content_address(template: Template) -> None:
    template["variables"]["watchedAddresses"][1]["isWatched"] = False


def backup_registered_anew(template: Template) -> None:
    del template["resources"]["backupOfStorage"]["@options"]


def site_before_its_role(template: Template) -> None:
    template["resources"]["contentApp"]["dependsOn"].remove("databaseAdministrators")


def shut_port_of_the_shares(template: Template) -> None:
    rule = _properties(template, "appSecurityGroup")["securityRules"][1]["properties"]
    rule["destinationPortRanges"].remove("80")


def weak_encryption_of_the_shares(template: Template) -> None:
    smb = _properties(template, "fileService")["protocolSettings"]["smb"]
    smb["channelEncryption"] = "AES-128-CCM;AES-128-GCM;AES-256-GCM"


def way_past_the_front_door(template: Template) -> None:
    config = _properties(template, "contentApp")["siteConfig"]
    config["ipSecurityRestrictionsDefaultAction"] = "Allow"


MISTAKES = (
    Mistake("wrong role id", wrong_role, "gives a role that is not among"),
    Mistake("role on too much", role_on_the_whole_vault, "roles on the vault are"),
    Mistake("setting renamed", renamed_setting, "nobody reads the setting"),
    Mistake("slot unlike the app", slot_that_differs, "other settings than the app"),
    Mistake("subnet overlap", overlapping_subnets, "overlap"),
    Mistake("subnet without group", subnet_without_guard, "has no security group"),
    Mistake("password in output", password_in_an_output, "secret from parameter"),
    Mistake("key in a setting", storage_key_in_a_setting, "a secret in the clear"),
    Mistake("reference to no secret", reference_to_no_secret, "which nobody writes"),
    Mistake("secret written anew", secret_key_at_each_deployment, "written anew"),
    Mistake("generated name", generated_password_in_a_name, "generated value"),
    Mistake("open database", database_open_to_the_world, "open to the internet"),
    Mistake("database password", database_with_password, "accepts passwords"),
    Mistake("open vault", vault_open_to_the_world, "has public access"),
    Mistake("mount elsewhere", share_that_is_not_mounted, "shares are mounted at"),
    Mistake("number as text", number_as_text, "expected int"),
    Mistake("missing dependency", missing_dependency, "no dependsOn"),
    Mistake("retired type", retired_database, "Microsoft.DBforPostgreSQL/servers"),
    Mistake("name too long", endless_name, "is not allowed for Microsoft.KeyVault/vaults"),
    Mistake("old TLS", old_tls, "minTlsVersion"),
    Mistake("no diagnostics", silent_resource, "has no diagnostic setting"),
    Mistake("silent alert", alert_that_reaches_nobody, "reaches nobody"),
    Mistake("silent budget", budget_that_never_warns, "unknown property 'notification'"),
    Mistake("budget of each month", budget_with_another_date_each_month, "another start date"),
    Mistake("budget tells nobody", budget_that_tells_nobody, "warning Actual80 reaches nobody"),
    Mistake("half a word, alert", half_a_word_in_an_alert, "searches OperationName with has"),
    Mistake("half a word, workbook", half_a_word_in_the_workbook, "part of a word"),
    Mistake("alarm by deployment", alarm_at_each_deployment, "which a deployment causes"),
    Mistake("alarm too late", alarm_when_the_share_is_full, "of the content share"),
    Mistake("content not watched", unwatched_content_address, "kolibri-content.example.org"),
    Mistake("backup anew", backup_registered_anew, "is registered anew"),
    Mistake("site before role", site_before_its_role, "before its role on the vault"),
    Mistake("port 80 shut", shut_port_of_the_shares, "to the apps, not"),
    Mistake("weak SMB", weak_encryption_of_the_shares, "weakly encrypted SMB"),
    Mistake("past the front door", way_past_the_front_door, "past the front door"),
)
