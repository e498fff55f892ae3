"""Mistakes in the settings of the apps and in their mounts."""

from __future__ import annotations

from tests.arm.mistakes.catalogue import Template, caught_by, properties, setting


@caught_by("no code reads the setting")
def renamed_setting(template: Template) -> None:
    setting(template, "app", "KOLIBRI_AZURE_KEY_VAULT_URL")["name"] = "KOLIBRI_AZURE_VAULT_URL"


@caught_by("other settings than the app")
def slot_that_differs(template: Template) -> None:
    setting(template, "stagingSlot", "KOLIBRI_AZURE_LANGUAGE")["value"] = "fr-fr"


@caught_by("START_TIME_LIMIT is '600'")
def short_limit_of_the_start(template: Template) -> None:
    setting(template, "app", "WEBSITES_CONTAINER_START_TIME_LIMIT")["value"] = "600"


@caught_by("a secret in the clear")
def storage_key_in_a_setting(template: Template) -> None:
    properties(template, "app")["siteConfig"]["appSettings"].append(
        {
            "name": "KOLIBRI_STORAGE_KEY",
            "value": "[listKeys('storage', '2026-04-01').keys[0].value]",
        }
    )


@caught_by("has to be resolved before")
def reference_to_the_vault(template: Template) -> None:
    setting(template, "app", "KOLIBRI_AZURE_SUPERUSER_NAME")["value"] = (
        "[format('@Microsoft.KeyVault(SecretUri={0}secrets/name)', variables('vaultUrl'))]"
    )


@caught_by("shares are mounted at")
def share_that_is_not_mounted(template: Template) -> None:
    template["variables"]["mountPaths"]["content"] = "/content"


@caught_by("has mounts before it can reach")
def mounts_in_the_site(template: Template) -> None:
    properties(template, "app")["siteConfig"]["azureStorageAccounts"] = {
        "content": {
            "type": "AzureFiles",
            "accountName": "[variables('names').storage]",
            "shareName": "content",
            "mountPath": "/data/content",
            "accessKey": "@AppSettingRef(KOLIBRI_AZURE_SUPERUSER_NAME)",
        }
    }


@caught_by("is not the account's own")
def mount_key_by_reference(template: Template) -> None:
    properties(template, "appMounts")["media"]["accessKey"] = "@AppSettingRef(KOLIBRI_STORAGE_KEY)"


@caught_by("mounts other shares than the app")
def slot_with_fewer_mounts(template: Template) -> None:
    del properties(template, "stagingMounts")["media"]


@caught_by("contentApp has another share than the content")
def content_app_with_uploads(template: Template) -> None:
    mounts = properties(template, "contentMounts")
    mounts["media"] = properties(template, "appMounts")["media"]


@caught_by("contentMounts mounts the backups of the database")
def content_app_with_backups(template: Template) -> None:
    mounts = properties(template, "contentMounts")
    mounts["content"] = {**mounts["content"], "shareName": "backups"}


@caught_by("contentApp is told of the backups")
def content_app_that_makes_backups(template: Template) -> None:
    properties(template, "contentApp")["siteConfig"]["appSettings"].append(
        setting(template, "app", "KOLIBRI_AZURE_BACKUP_KEEP")
    )


@caught_by("KOLIBRI_AZURE_BACKUP_FOLDER is '/data/content', not '/data/backups'")
def backups_on_the_content_share(template: Template) -> None:
    setting(template, "app", "KOLIBRI_AZURE_BACKUP_FOLDER")["value"] = (
        "[variables('mountPaths').content]"
    )


@caught_by("the setting KOLIBRI_AZURE_BACKUP_KEEP is missing")
def no_nightly_backups(template: Template) -> None:
    for symbol in ("app", "stagingSlot"):
        properties(template, symbol)["siteConfig"]["appSettings"].remove(
            setting(template, symbol, "KOLIBRI_AZURE_BACKUP_KEEP")
        )


@caught_by("the database URL is not that of the app's identity on this server")
def url_of_the_first_server(template: Template) -> None:
    template["variables"]["hosts"]["database"] = (
        "[format('{0}-db.postgres.database.azure.com', variables('base'))]"
    )
