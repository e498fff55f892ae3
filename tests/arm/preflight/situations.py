"""Changes to an Azure without obstacles, for one scenario."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping
from typing import Any

from tests.arm.preflight.azure import (
    GROUP_ID,
    NO_GROUP,
    REGISTRY_ID,
    SUBSCRIPTION,
    UNREGISTERED,
    Azure,
    recorded,
)

PERMISSIONS = "rest --method get --url */Microsoft.Authorization/permissions?*"
SUBSCRIPTION_PERMISSIONS = (
    f"rest --method get --url /subscriptions/{SUBSCRIPTION}/providers/"
    "Microsoft.Authorization/permissions?*"
)
PLAN_USAGE = "rest --method get --url */Microsoft.Web/locations/westeurope/usages?*"
DATABASE_USAGE = (
    "rest --method get --url */Microsoft.DBforPostgreSQL/locations/westeurope/resourceType/"
    "flexibleServers/usages?*"
)
DATABASE_OFFERS = "postgres flexible-server list-skus --location westeurope"
SUBSCRIPTION_ITSELF = "rest --method get --url /subscriptions/????????-*?api-version=2022-12-01"
POLICY = "rest --method post --url */checkPolicyRestrictions?*"
ASSIGNMENTS = "policy assignment list --scope * --filter atScope()"
NAME_QUESTION = "rest --method post --url */check[nN]ame[aA]vailability?*"
IMAGE = "acr repository show --name schoolimages --image kolibri:2 --subscription *"

VAULT = "kv-kolibri-ursk4thi"
COMMIT = "0123456789abcdef0123456789abcdef01234567"
DIGEST = "sha256:" + "0123456789abcdef" * 4

Values = Mapping[str, Any]
OWN = {
    "imageSource": "own",
    "image": "schoolimages.azurecr.io/kolibri:2",
    "registryId": REGISTRY_ID,
}
PUBLISHED = {"imageSource": "published", "image": f"registry.example.org/kolibri-azure@{DIGEST}"}


def nothing(_azure: Azure) -> None:
    """Change nothing."""


@dataclasses.dataclass(frozen=True)
class Scenario:
    """One check, in one situation.

    :param check: its id without ``preflight.``.
    :param status: its result.
    :param arrange: changes an Azure without obstacles.
    :param values: the parameters in the file.
    :param options: the command's options.
    """

    check: str
    status: str
    arrange: Callable[[Azure], Any] = nothing
    values: Values = dataclasses.field(default_factory=dict)
    options: tuple[str, ...] = ()


def changed(name: str, change: Callable[[Any], Any]) -> Any:
    answer = recorded(name)
    change(answer)
    return answer


def with_provider(change: Callable[[list[Any]], Any]) -> Callable[[Azure], Any]:
    def arrange(azure: Azure) -> None:
        known = json.loads(azure.answers["provider list"]["text"])
        change(known)
        azure.answer("provider list", known)

    return arrange


def unregistered(known: list[Any]) -> None:
    for provider in known:
        if provider["namespace"] in {"Microsoft.ContainerRegistry", "Microsoft.KeyVault"}:
            provider["registrationState"] = "NotRegistered"


def types(known: list[Any], namespace: str, member: str, value: Any) -> None:
    for provider in known:
        if provider["namespace"] == namespace:
            for kind in provider["resourceTypes"]:
                if "/" not in kind["resourceType"]:
                    kind[member] = value


def quota(name: str, index: int, limit: int) -> Any:
    return changed(name, lambda answer: answer["value"][index].update(limit=limit))


def offer(**changes: Any) -> Any:
    return changed("database_offers", lambda answer: answer[0].update(changes))


def exists(azure: Azure) -> None:
    """An Azure with the resources of an earlier deployment."""
    azure.answer(
        "resource list --resource-group kolibri",
        [
            {"name": name, "type": kind, "id": f"{GROUP_ID}/providers/{kind}/{name}"}
            for kind, name in (
                ("Microsoft.Web/serverFarms", "kolibri-ursk4thi-plan"),
                ("Microsoft.Web/sites", "kolibri-ursk4thi"),
                ("Microsoft.Web/sites", "kolibri-ursk4thi-content"),
                ("Microsoft.Storage/storageAccounts", "kolibrikolibriursk4thi"),
                ("Microsoft.KeyVault/vaults", VAULT),
                ("Microsoft.DBforPostgreSQL/flexibleServers", "kolibri-ursk4thi-db"),
                ("Microsoft.ContainerRegistry/registries", "kolibrikolibriursk4thi"),
            )
        ],
    )
    azure.answer(NAME_QUESTION, recorded("name_taken"))
    azure.answer("storage account check-name --name *", recorded("name_taken"))
    azure.answer("acr check-name --name *", recorded("name_taken"))


def no_group(azure: Azure) -> None:
    azure.refuse("group show --name kolibri", NO_GROUP, code=3)


def deleted_vault(azure: Azure) -> None:
    deleted = recorded("deleted_vaults")
    deleted[0]["name"] = VAULT
    azure.answer("keyvault list-deleted --resource-type vault", deleted)


def contributor_with_rbac_administrator() -> Any:
    return changed(
        "contributor", lambda answer: answer["value"].append(recorded("rbac_administrator"))
    )


def policy(name: str) -> Callable[[Azure], Any]:
    def arrange(azure: Azure) -> None:
        azure.answer(ASSIGNMENTS, recorded("assignments"))
        azure.answer(POLICY + "Microsoft.Storage/storageAccounts*", recorded(name))

    return arrange


def policy_unanswered(assignments: Any) -> Callable[[Azure], Any]:
    return lambda azure: azure.refuse(POLICY, UNREGISTERED).answer(ASSIGNMENTS, assignments)


def offers(quota: str, limit: str = "Off") -> Callable[[Azure], Any]:
    answer = changed(
        "subscription",
        lambda answer: answer["subscriptionPolicies"].update(quotaId=quota, spendingLimit=limit),
    )
    return lambda azure: azure.answer(SUBSCRIPTION_ITSELF, answer)
