"""Rules for the app settings, the mounts and their secrets."""

from __future__ import annotations

import re
import typing
from collections.abc import Iterator

from devtools.arm import EvaluatedTemplate
from devtools.arm.evaluation import AT_DEPLOYMENT
from tests.arm import app_settings
from tests.arm.security_rules import sites

#: The resource with the mounts of each site.
MOUNTS = {"app": "appMounts", "stagingSlot": "stagingMounts", "contentApp": "contentMounts"}

#: The share with the backups of the database, and the resources that mount it. An app that serves
#: other people's programs has no use for it.
BACKUPS, MOUNTS_OF_THE_BACKUPS = "backups", {"appMounts", "stagingMounts"}

_SOUNDS_SECRET = re.compile(r"PASSWORD|SECRET|_KEY$|TOKEN|DATABASE_URL|REDIS_URL|CONNECTION_STRING")


def _written(result: EvaluatedTemplate) -> set[str]:
    return {
        each.name.rsplit("/", 1)[1] for each in result.of_type("Microsoft.KeyVault/vaults/secrets")
    }


def settings_are_known(result: EvaluatedTemplate) -> Iterator[str]:
    for site in sites(result):
        for name in result.app_settings(site.symbol):
            if name not in app_settings.KNOWN:
                yield f"{site.symbol}: no code reads the setting {name}"


def settings_are_complete(result: EvaluatedTemplate) -> Iterator[str]:
    required = {
        "app": app_settings.REQUIRED_IN_PRODUCTION,
        "stagingSlot": app_settings.REQUIRED_IN_PRODUCTION,
        "contentApp": app_settings.REQUIRED_FOR_CONTENT,
    }
    for site in sites(result):
        given = result.app_settings(site.symbol)
        for name in sorted(required[site.symbol]):
            if not given.get(name):
                yield f"{site.symbol}: the setting {name} is missing"
        for name, value in app_settings.AGREED.items():
            if name in given and given[name] != value:
                yield f"{site.symbol}: {name} is {given[name]!r}, not {value!r}"


def the_slot_is_like_the_app(result: EvaluatedTemplate) -> Iterator[str]:
    if not any(result.of_type("Microsoft.Web/sites/slots")):
        return
    if result.app_settings("app") != result.app_settings("stagingSlot"):
        yield "the staging slot has other settings than the app"
    app, slot = (dict(result.named(name).at("siteConfig")) for name in ("app", "stagingSlot"))
    for config in (app, slot):
        del config["linuxFxVersion"], config["appSettings"]
    if app != slot:
        yield "the staging slot is configured in another way than the app"


def the_content_app_has_no_secret_but_the_share(result: EvaluatedTemplate) -> Iterator[str]:
    given = result.app_settings("contentApp")
    for name in given:
        if "DATABASE" in name or "KEY_VAULT" in name or "SUPERUSER" in name or "CLIENT_ID" in name:
            yield f"contentApp: the setting {name} reaches what it must not reach"
    if result.named("contentApp").at("siteConfig", "appCommandLine") != "zipcontent":
        yield "contentApp does not run in zipcontent mode"
    if set(result.named("contentMounts").properties) != {"content"}:
        yield "contentApp has another share than the content"


def no_setting_holds_or_names_a_secret(result: EvaluatedTemplate) -> Iterator[str]:
    """After one failure, App Service passes a vault reference on as literal text for hours."""
    for site in sites(result):
        if site.at("siteConfig", "connectionStrings"):
            yield f"{site.symbol} has connection strings"
        for name, value in result.app_settings(site.symbol).items():
            if value.startswith("@Microsoft.KeyVault"):
                yield f"{site.symbol}: {name} has to be resolved before the site can start"
            elif _SOUNDS_SECRET.search(name):
                yield f"{site.symbol}: {name} is a secret in the clear"


def every_secret_is_there(result: EvaluatedTemplate) -> Iterator[str]:
    expected = set(app_settings.SECRETS)
    if _written(result) != expected:
        yield f"the vault's secrets are {sorted(_written(result))}, not {sorted(expected)}"
    url = result.named("databaseUrlSecret").at("value")
    user = result.named("appIdentity").name
    server, database = result.named("kolibriDatabase").name.split("/")
    if url != f"postgresql://{user}@{server}.postgres.database.azure.com:5432/{database}":
        yield "the database URL is not that of the app's identity on this server"
    if result.named("database").name != server:
        yield "the database is made on another server than the template's"


def the_shares_are_mounted(result: EvaluatedTemplate) -> Iterator[str]:
    account = result.named("storage").name
    shares = {
        each.name.rsplit("/", 1)[1]
        for each in result.of_type("Microsoft.Storage/storageAccounts/fileServices/shares")
    }
    for site in sites(result):
        if site.at("siteConfig", "azureStorageAccounts"):
            yield f"{site.symbol} has mounts before it can reach the shares"
        for name, mount in result.named(MOUNTS[site.symbol]).properties.items():
            if mount["accountName"] != account or mount["shareName"] not in shares:
                yield f"{site.symbol} mounts {mount['shareName']}, which is not there"
            if mount["accessKey"] != AT_DEPLOYMENT:
                yield f"{site.symbol}: the key of the mount {name} is not the account's own"
    mounts = result.named("appMounts").properties
    paths = {mount["shareName"]: mount["mountPath"] for mount in mounts.values()}
    if paths != {
        "content": "/data/content",
        "media": "/var/lib/kolibri/media",
        BACKUPS: "/data/backups",
    }:
        yield f"the app's shares are mounted at {paths}"
    slot = [each.properties for each in result.resources if each.symbol == "stagingMounts"]
    if slot not in ([], [mounts]):
        yield "the staging slot mounts other shares than the app"


def only_the_app_has_the_backups(result: EvaluatedTemplate) -> Iterator[str]:
    """Each of them holds all accounts and progress."""
    for each in result.resources:
        if each.type.endswith("/config") and each.symbol not in MOUNTS_OF_THE_BACKUPS:
            for mount in each.properties.values():
                if isinstance(mount, dict) and mount.get("shareName") == BACKUPS:
                    yield f"{each.symbol} mounts the backups of the database"
    for site in sites(result):
        given = result.app_settings(site.symbol)
        has_setting = any(name.startswith("KOLIBRI_AZURE_BACKUP_") for name in given)
        if has_setting and MOUNTS[site.symbol] not in MOUNTS_OF_THE_BACKUPS:
            yield f"{site.symbol} is told of the backups of the database"


def the_two_origins_differ(result: EvaluatedTemplate) -> Iterator[str]:
    for site in sites(result):
        given = result.app_settings(site.symbol)
        origin = given.get("KOLIBRI_ZIP_CONTENT_ORIGIN", "")
        hosts = given.get("KOLIBRI_AZURE_ALLOWED_HOSTS", "").split(",")
        if not origin.startswith("https://"):
            yield f"{site.symbol}: the content's origin is not https"
        is_content = site.symbol == "contentApp"
        if (origin.removeprefix("https://") in hosts) != is_content and "<" not in origin:
            yield f"{site.symbol}: the content's origin is not apart from the site's"


RULES: tuple[typing.Callable[[EvaluatedTemplate], Iterator[str]], ...] = (
    settings_are_known,
    settings_are_complete,
    the_slot_is_like_the_app,
    the_content_app_has_no_secret_but_the_share,
    no_setting_holds_or_names_a_secret,
    every_secret_is_there,
    the_shares_are_mounted,
    only_the_app_has_the_backups,
    the_two_origins_differ,
)
