"""Rules of the order in which a deployment makes things, and of what it tries again.

Each pair answers a report of a deployment that failed; docs/deploy.md names them.
"""

from __future__ import annotations

import typing
from collections.abc import Iterator, Mapping

from devtools.arm import Evaluated

#: A before B, wherever both are deployed.
ORDER: tuple[tuple[str, str], ...] = (
    # A server is not made while endpoints are made in the same network.
    ("vaultEndpointName", "database"),
    ("filesEndpointName", "database"),
    ("redisEndpointName", "database"),
    ("databaseZoneLink", "database"),
    # A server that is still busy refuses the next thing. And the database belongs to an identity
    # that can work in it only if there is one when the database is made.
    ("database", "databaseConfiguration"),
    ("databaseConfiguration", "databaseAdministrators"),
    ("databaseAdministrators", "kolibriDatabase"),
    # A vault answers with BadGateway while its endpoint is made.
    ("vaultEndpointName", "databaseUrlSecret"),
    ("vaultEndpointName", "secretKeySecret"),
    ("vaultEndpointName", "superuserPasswordSecret"),
    ("vaultEndpointName", "redisUrlSecret"),
    # Identity, network and access to the vault, then the site with its settings, then the mounts.
    ("appIdentity", "appReadsSecrets"),
    ("appReadsSecrets", "app"),
    ("appIdentity", "app"),
    ("subnets", "app"),
    ("registryAccess", "app"),
    ("databaseUrlSecret", "app"),
    ("secretKeySecret", "app"),
    ("superuserPasswordSecret", "app"),
    ("redisUrlSecret", "app"),
    ("rewrittenSecrets", "app"),
    ("vaultEndpointName", "app"),
    ("filesEndpointName", "app"),
    ("kolibriDatabase", "app"),
    ("app", "appMounts"),
    ("contentShare", "appMounts"),
    ("mediaShare", "appMounts"),
    ("filesEndpointName", "appMounts"),
    ("stagingSlot", "stagingMounts"),
    ("contentApp", "contentMounts"),
    # The image is there, and may be pulled, before anybody pulls it.
    ("registry", "imageTasks"),
    ("imageTasks", "taskPushesImage"),
    ("taskPushesImage", "imageRuns"),
    ("registry", "registryAccess"),
    ("imageRuns", "app"),
    ("imageRuns", "stagingSlot"),
    ("imageRuns", "contentApp"),
    ("registryAccess", "stagingSlot"),
    ("registryAccess", "contentApp"),
    # Two sites that join one subnet at once: 409, ServiceAssociationLinkLease.
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
)

_BUSY = {"ServerIsBusy", "AadAuthOperationCannotBePerformedWhenServerIsNotAccessible"}

#: What has been seen to be refused and to work a moment later, by type.
RETRIED: Mapping[str, set[str]] = {
    "Microsoft.Authorization/roleAssignments": {"PrincipalNotFound", "ResourceNotFound"},
    "Microsoft.DBforPostgreSQL/flexibleServers/administrators": _BUSY,
    "Microsoft.DBforPostgreSQL/flexibleServers/configurations": _BUSY,
    "Microsoft.DBforPostgreSQL/flexibleServers/databases": _BUSY,
    "Microsoft.KeyVault/vaults/secrets": {"BadGateway"},
}

_LAST = "locks"


def what_must_be_there_comes_first(result: Evaluated) -> Iterator[str]:
    deployed = {each.symbol for each in result.resources}
    for earlier, later in ORDER:
        if {earlier, later} <= deployed and earlier not in result.made_before(later):
            yield f"{later} does not wait for {earlier}"


def locks_come_last(result: Evaluated) -> Iterator[str]:
    """What a failed try leaves behind can be removed."""
    if not any(each.symbol == _LAST for each in result.resources):
        return
    before = result.made_before(_LAST)
    for each in result.resources:
        if not each.is_nested and each.symbol not in before and each.symbol != _LAST:
            yield f"the locks do not wait for {each.symbol}"


def what_fails_for_a_moment_is_tried_again(result: Evaluated) -> Iterator[str]:
    for kind, codes in RETRIED.items():
        for each in result.of_type(kind):
            missing = codes - set(each.retried_on)
            if missing:
                yield f"{each.symbol} is not tried again after {', '.join(sorted(missing))}"


RULES: tuple[typing.Callable[[Evaluated], Iterator[str]], ...] = (
    what_must_be_there_comes_first,
    locks_come_last,
    what_fails_for_a_moment_is_tried_again,
)
