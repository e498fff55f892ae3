"""Rules for the order in which a deployment creates resources, and for its retries.

Each pair prevents a failure that someone reported; docs/failed-deployments.md lists them.
"""

from __future__ import annotations

import typing
from collections.abc import Iterator, Mapping

from devtools.arm import EvaluatedTemplate

#: A before B, wherever both are deployed.
ORDER: tuple[tuple[str, str], ...] = (
    # A server can't be created while endpoints are created in the same network.
    ("vaultEndpointName", "database"),
    ("filesEndpointName", "database"),
    ("databaseZoneLink", "database"),
    # A server that is still busy refuses the next step. And the database belongs to an identity
    # that can work in it only if there is one when the database is made.
    ("database", "databaseConfiguration"),
    ("databaseConfiguration", "databaseAdministrators"),
    ("databaseAdministrators", "kolibriDatabase"),
    # A vault answers with BadGateway while its endpoint is created.
    ("vaultEndpointName", "databaseUrlSecret"),
    ("vaultEndpointName", "secretKeySecret"),
    ("vaultEndpointName", "superuserPasswordSecret"),
    # Identity, network and access to the vault, then the site with its settings, then the mounts.
    ("appIdentity", "appReadsSecrets"),
    ("appReadsSecrets", "app"),
    ("appIdentity", "app"),
    ("subnets", "app"),
    ("registryAccess", "app"),
    ("databaseUrlSecret", "app"),
    ("secretKeySecret", "app"),
    ("superuserPasswordSecret", "app"),
    ("rewrittenSecrets", "app"),
    ("vaultEndpointName", "app"),
    ("filesEndpointName", "app"),
    ("kolibriDatabase", "app"),
    ("app", "appMounts"),
    ("contentShare", "appMounts"),
    ("mediaShare", "appMounts"),
    ("backupsShare", "appMounts"),
    ("backupsShare", "stagingMounts"),
    # Its first start may migrate, and makes a backup before.
    ("backupsShare", "app"),
    ("filesEndpointName", "appMounts"),
    ("stagingSlot", "stagingMounts"),
    ("contentApp", "contentMounts"),
    # The image exists, and the apps have the right to pull it, before they do.
    ("registry", "imageTasks"),
    ("imageTasks", "taskPushesImage"),
    ("taskPushesImage", "imageRuns"),
    ("registry", "registryAccess"),
    ("imageRuns", "app"),
    ("imageRuns", "stagingSlot"),
    ("imageRuns", "contentApp"),
    ("registryAccess", "stagingSlot"),
    ("registryAccess", "contentApp"),
    # If two sites join one subnet at once: 409, ServiceAssociationLinkLease.
    ("app", "stagingSlot"),
    ("app", "contentApp"),
    ("stagingSlot", "contentApp"),
    ("plan", "planSize"),
    ("planSize", "app"),
    ("planSize", "autoscale"),
    ("domains", "domainCertificates"),
    ("domainCertificates", "domainTls"),
    ("frontDoorRoutes", "firewallOnFrontDoor"),
    ("backupPolicy", "backupOfShares"),
    ("backupOfStorage", "backupOfShares"),
    ("backupsShare", "backupOfShares"),
)

_BUSY = {"ServerIsBusy", "AadAuthOperationCannotBePerformedWhenServerIsNotAccessible"}

#: Types whose creation has failed and succeeded a moment later.
RETRIED: Mapping[str, set[str]] = {
    "Microsoft.Authorization/roleAssignments": {"PrincipalNotFound", "ResourceNotFound"},
    "Microsoft.DBforPostgreSQL/flexibleServers/administrators": _BUSY,
    "Microsoft.DBforPostgreSQL/flexibleServers/configurations": _BUSY,
    "Microsoft.DBforPostgreSQL/flexibleServers/databases": _BUSY,
    "Microsoft.KeyVault/vaults/secrets": {"BadGateway"},
}

_LAST = "locks"


def what_must_be_there_comes_first(result: EvaluatedTemplate) -> Iterator[str]:
    deployed = {each.symbol for each in result.resources}
    for earlier, later in ORDER:
        if {earlier, later} <= deployed and earlier not in result.dependencies_of(later):
            yield f"{later} does not wait for {earlier}"


def locks_come_last(result: EvaluatedTemplate) -> Iterator[str]:
    """The remains of a failed try can be removed."""
    if not any(each.symbol == _LAST for each in result.resources):
        return
    before = result.dependencies_of(_LAST)
    for each in result.resources:
        if not each.is_nested and each.symbol not in before and each.symbol != _LAST:
            yield f"the locks do not wait for {each.symbol}"


def what_fails_for_a_moment_is_tried_again(result: EvaluatedTemplate) -> Iterator[str]:
    for kind, codes in RETRIED.items():
        for each in result.of_type(kind):
            missing = codes - set(each.retried_on)
            if missing:
                yield f"{each.symbol} is not tried again after {', '.join(sorted(missing))}"


RULES: tuple[typing.Callable[[EvaluatedTemplate], Iterator[str]], ...] = (
    what_must_be_there_comes_first,
    locks_come_last,
    what_fails_for_a_moment_is_tried_again,
)
