"""Makes the commands of remedies ready to paste.

A remedy has placeholders, as in ``az webapp restart -g GROUP -n APP``. When it is shown, known
values replace the placeholders, and a line below explains each that is left.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping

#: Helps when a process of the app, or one of its mounts, does not recover without a restart.
RESTART = "az webapp restart -g GROUP -n APP"

#: The meaning of each placeholder.
MEANINGS: Mapping[str, str] = {
    "GROUP": "the resource group",
    "APP": "the web app",
    "PLAN": "its App Service plan, of: az appservice plan list -g GROUP --query '[].name' -o tsv",
    "VAULT": "the Key Vault, of: az keyvault list --query '[].name' -o tsv",
    "SERVER": "the PostgreSQL, of: az postgres flexible-server list --query '[].name' -o tsv",
    "ACCOUNT": "the storage account, of: az storage account list --query '[].name' -o tsv",
    "SHARE": "the file share, of: az storage share-rm list -g GROUP --storage-account ACCOUNT "
    "--query '[].name' -o tsv",
    "MOUNT_NAME": "a name for the mount; one that is in use is replaced",
    "MEDIA_SHARE": "a separate file share, for uploads and exports",
    "BACKUP_SHARE": "a separate file share, for backups",
    "FILE": "a file with the value, without a line break at its end",
    "KEY": "what this prints: az storage account keys list -n ACCOUNT --query '[0].value' -o tsv",
    "PRINCIPAL_ID": "the identity's principalId, of: az webapp identity show -g GROUP -n APP",
    "RESOURCE_ID_OF_THE_SUBNET": "what this prints: az webapp show -g GROUP -n APP "
    "--query virtualNetworkSubnetId -o tsv",
    "RESOURCE_ID_OF_THE_IDENTITY": "one of: az identity list --query '[].id' -o tsv",
    "IP": "one of: az webapp show -g GROUP -n APP --query outboundIpAddresses -o tsv",
    "PASSWORD": "the password in the database URL",
    "GIB": "the new size in GiB",
    "SKU": "a larger size",
    "ZIP_CONTENT_APP": "the web app of the interactive content",
    "NEW": "a name for the new database",
    "NEW_SERVER": "a name for the new server",
    "IMAGE": "the image, with its registry and tag",
    "TOKENS": "the tokens or ids of the channels, separated by commas",
    "TIME": "a moment before the upgrade, such as 2026-09-01T10:00:00Z",
}

#: Environment variables that App Service sets.
#: https://learn.microsoft.com/azure/app-service/reference-app-settings#app-environment
FROM_ENVIRONMENT: Mapping[str, str] = {
    "GROUP": "WEBSITE_RESOURCE_GROUP",
    "APP": "WEBSITE_SITE_NAME",
}

#: Where ``NAME`` is the vault's name.
VAULT_NAME = re.compile(r"(?<=--vault-name )NAME\b|(?<=keyvault show -n )NAME\b")
VAULT_HOST = re.compile(r"\bNAME(?=\.vault\.)")

PLACEHOLDER = re.compile(r"\b(" + "|".join(MEANINGS) + r")\b")

#: ``//ACCOUNT.file.core.windows.net/SHARE`` of SMB and ``HOST:/ACCOUNT/SHARE`` of NFS.
MOUNT_SOURCE = re.compile(
    r"//(?P<smb>[^./]+)\.file\.[^/]+/(?P<smb_share>[^/]+)"
    r"|[^/]+:/(?P<nfs>[^/]+)/(?P<nfs_share>[^/]+)"
)

_known: dict[str, str] = {}


def set_app_settings(*assignments: str) -> str:
    """The command that sets app settings.

    :param assignments: each ``NAME=VALUE``.
    """
    return f"az webapp config appsettings set -g GROUP -n APP --settings {' '.join(assignments)}"


def delete_app_settings(*names: str) -> str:
    """The command that deletes app settings."""
    return f"az webapp config appsettings delete -g GROUP -n APP --setting-names {' '.join(names)}"


def set_secret(name: str, vault: str = "NAME") -> str:
    """The command that sets a secret from a file.

    :param vault: the vault's name; filled in if the process has it.
    """
    return f"az keyvault secret set --vault-name {vault} -n {name} --file FILE"


def note_vault(host: str) -> None:
    """Remember the vault's name."""
    _known["VAULT"] = host.partition(".")[0]


def note_database(host: str) -> None:
    """Remember the server's name, if Azure runs it."""
    if ".postgres.database." in host:
        _known["SERVER"] = host.partition(".")[0]


def note_share(account_and_share: str) -> None:
    """Remember account and share of the content, given as ``ACCOUNT/SHARE``."""
    account, _, share = account_and_share.partition("/")
    if account and share:
        _known.update(ACCOUNT=account.partition(".")[0], SHARE=share)


def note_mount(source: str) -> None:
    """Remember account and share of the content's mount."""
    note_share("/".join(_account_and_share(source)))


def name_other_share(remedy: str, placeholder: str, source: str = "") -> str:
    """A remedy for the content share, for another share instead.

    :param placeholder: the other share's, which is not filled in with the content share's name.
    :param source: that of its mount, which may tell account and share.
    """
    account, share = _account_and_share(source)
    named = {"ACCOUNT": account, "SHARE": share or placeholder}
    return re.sub(r"\b(ACCOUNT|SHARE)\b", lambda match: named[match[1]] or match[1], remedy)


def _account_and_share(source: str) -> tuple[str, str]:
    """Account and share of a mount; empty if Azure does not have it."""
    match = MOUNT_SOURCE.fullmatch(source)
    if match is None:
        return "", ""
    return match["smb"] or match["nfs"], match["smb_share"] or match["nfs_share"]


def forget_all() -> None:
    """Forget the deployment's values, as in a process that has just started."""
    _known.clear()


def fill_in(remedy: str) -> str:
    """The remedy with known values, and a line for each placeholder that is left."""
    named = VAULT_HOST.sub("VAULT", VAULT_NAME.sub("VAULT", remedy))
    filled = _filled(named)
    left = dict.fromkeys(PLACEHOLDER.findall(filled))
    explained = [f"{name} is {_filled(MEANINGS[name])}" for name in left]
    return "\n".join([filled, *explained])


def _filled(text: str) -> str:
    return PLACEHOLDER.sub(lambda match: _value(match[1]) or match[1], text)


def _value(placeholder: str) -> str:
    variable = FROM_ENVIRONMENT.get(placeholder, "")
    return _known.get(placeholder) or os.environ.get(variable, "")
