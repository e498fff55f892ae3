"""What may stand in the way of a deployment, one thing at a time."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping
from typing import Any

from tests.arm.preflight_azure import (
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


def _nothing(_azure: Azure) -> None:
    """All is well."""


@dataclasses.dataclass(frozen=True)
class Scenario:
    """One check, in one situation.

    :param check: its id, less ``preflight.``.
    :param status: how it ends.
    :param arrange: changes an Azure in which all is well.
    :param values: what the parameters file holds.
    :param options: of the command.
    """

    check: str
    status: str
    arrange: Callable[[Azure], Any] = _nothing
    values: Values = dataclasses.field(default_factory=dict)
    options: tuple[str, ...] = ()


def _changed(name: str, change: Callable[[Any], Any]) -> Any:
    answer = recorded(name)
    change(answer)
    return answer


def _with_provider(change: Callable[[list[Any]], Any]) -> Callable[[Azure], Any]:
    def arrange(azure: Azure) -> None:
        known = json.loads(azure.answers["provider list"]["text"])
        change(known)
        azure.answer("provider list", known)

    return arrange


def _unregistered(known: list[Any]) -> None:
    for provider in known:
        if provider["namespace"] in {"Microsoft.ContainerRegistry", "Microsoft.KeyVault"}:
            provider["registrationState"] = "NotRegistered"


def _types(known: list[Any], namespace: str, member: str, value: Any) -> None:
    for provider in known:
        if provider["namespace"] == namespace:
            for kind in provider["resourceTypes"]:
                if "/" not in kind["resourceType"]:
                    kind[member] = value


def _quota(name: str, index: int, limit: int) -> Any:
    return _changed(name, lambda answer: answer["value"][index].update(limit=limit))


def _offer(**changes: Any) -> Any:
    return _changed("database_offers", lambda answer: answer[0].update(changes))


def _exists(azure: Azure) -> None:
    """What an earlier deployment has left."""
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


def _no_group(azure: Azure) -> None:
    azure.refuse("group show --name kolibri", NO_GROUP, code=3)


def _deleted_vault(azure: Azure) -> None:
    deleted = recorded("deleted_vaults")
    deleted[0]["name"] = VAULT
    azure.answer("keyvault list-deleted --resource-type vault", deleted)


def _contributor_with_rbac_administrator() -> Any:
    return _changed(
        "contributor", lambda answer: answer["value"].append(recorded("rbac_administrator"))
    )


def _policy(name: str) -> Callable[[Azure], Any]:
    def arrange(azure: Azure) -> None:
        azure.answer(ASSIGNMENTS, recorded("assignments"))
        azure.answer(POLICY + "Microsoft.Storage/storageAccounts*", recorded(name))

    return arrange


def _policy_unanswered(assignments: Any) -> Callable[[Azure], Any]:
    return lambda azure: azure.refuse(POLICY, UNREGISTERED).answer(ASSIGNMENTS, assignments)


def _offers(quota: str, limit: str = "Off") -> Callable[[Azure], Any]:
    answer = _changed(
        "subscription",
        lambda answer: answer["subscriptionPolicies"].update(quotaId=quota, spendingLimit=limit),
    )
    return lambda azure: azure.answer(SUBSCRIPTION_ITSELF, answer)


SCENARIOS: Mapping[str, Scenario] = {
    "account": Scenario(
        "account",
        "fail",
        lambda a: a.refuse("account show", "ERROR: Please run 'az login' to setup account."),
    ),
    "account--disabled": Scenario(
        "account",
        "fail",
        lambda a: a.answer("account show", recorded("account") | {"state": "Disabled"}),
    ),
    "parameters--unknown": Scenario("parameters", "fail", values={"sise": "small"}),
    "parameters--not-allowed": Scenario("parameters", "fail", values={"size": "huge"}),
    "parameters--type": Scenario("parameters", "fail", values={"useAvailabilityZones": "false"}),
    "parameters--range": Scenario(
        "parameters", "fail", values={"vaultRetentionDays": 5, "name": "k"}
    ),
    "parameters--size": Scenario("parameters", "fail", values={"sizeOverrides": {"plan": "B2"}}),
    "parameters--basic-plan": Scenario(
        "parameters", "fail", values={"size": "medium", "sizeOverrides": {"planSku": "B3"}}
    ),
    "parameters--password": Scenario(
        "parameters", "warn", values={"superuserPassword": "not to be shown"}
    ),
    "parameters--spelling": Scenario("parameters", "pass", values={"SIZE": "medium"}),
    "region": Scenario("region", "fail", _no_group, options=("--location", "westeuropa")),
    "region--unanswered": Scenario("region", "warn", lambda a: a.refuse("account list-locations")),
    "group--new": Scenario("group", "pass", _no_group, options=("--location", "West Europe")),
    "group--elsewhere": Scenario("group", "warn", options=("--location", "northcentralus")),
    "group--deleting": Scenario(
        "group",
        "fail",
        lambda a: a.answer(
            "group show --name kolibri",
            recorded("group") | {"properties": {"provisioningState": "Deleting"}},
        ),
    ),
    "group--unanswered": Scenario(
        "group",
        "warn",
        lambda a: a.refuse("group show --name kolibri"),
        options=("--location", "westeurope"),
    ),
    "providers": Scenario("providers", "warn", _with_provider(_unregistered)),
    "providers--not-allowed": Scenario(
        "providers",
        "fail",
        lambda a: (
            _with_provider(_unregistered)(a),
            a.answer(SUBSCRIPTION_PERMISSIONS, recorded("reader")),
        ),
    ),
    "providers--rights-unknown": Scenario(
        "providers",
        "fail",
        lambda a: (_with_provider(_unregistered)(a), a.refuse(SUBSCRIPTION_PERMISSIONS)),
    ),
    "providers--unanswered": Scenario("providers", "warn", lambda a: a.refuse("provider list")),
    "types": Scenario(
        "types",
        "fail",
        _with_provider(
            lambda k: _types(k, "Microsoft.RecoveryServices", "locations", ["North Europe"])
        ),
    ),
    "types--version": Scenario(
        "types",
        "warn",
        _with_provider(lambda k: _types(k, "Microsoft.KeyVault", "apiVersions", ["2023-07-01"])),
    ),
    "types--unanswered": Scenario("types", "warn", lambda a: a.refuse("provider list")),
    "rights": Scenario("rights", "fail", lambda a: a.answer(PERMISSIONS, recorded("reader"))),
    "rights--contributor": Scenario(
        "rights", "fail", lambda a: a.answer(PERMISSIONS, recorded("contributor"))
    ),
    "rights--no-locks": Scenario(
        "rights", "fail", lambda a: a.answer(PERMISSIONS, _contributor_with_rbac_administrator())
    ),
    "rights--without-locks": Scenario(
        "rights",
        "pass",
        lambda a: a.answer(PERMISSIONS, _contributor_with_rbac_administrator()),
        values={"deleteLocks": False},
    ),
    "rights--no-group": Scenario(
        "rights",
        "fail",
        lambda a: (_no_group(a), a.answer(PERMISSIONS, recorded("reader"))),
        options=("--location", "westeurope"),
    ),
    "rights--unanswered": Scenario("rights", "warn", lambda a: a.refuse(PERMISSIONS)),
    "policies": Scenario("policies", "fail", _policy("policy_denies")),
    "policies--changes": Scenario("policies", "warn", _policy("policy_changes")),
    "policies--unanswered": Scenario(
        "policies", "warn", _policy_unanswered(recorded("assignments"))
    ),
    "policies--none": Scenario("policies", "pass", _policy_unanswered([])),
    "policies--nothing-known": Scenario(
        "policies", "warn", lambda a: a.refuse(POLICY, UNREGISTERED).refuse(ASSIGNMENTS)
    ),
    "zones": Scenario(
        "zones",
        "fail",
        lambda a: a.answer(
            "account list-locations",
            _changed("locations", lambda answer: answer[0].update(availabilityZoneMappings=None)),
        ),
    ),
    "zones--not-wanted": Scenario("zones", "skip", values={"useAvailabilityZones": False}),
    "plan": Scenario(
        "plan",
        "fail",
        lambda a: a.answer(
            "appservice list-locations --sku B2 --linux-workers-enabled",
            recorded("plan_regions")[:1],
        ),
    ),
    "plan--unknown": Scenario(
        "plan",
        "warn",
        lambda a: a.refuse(
            "appservice list-locations --sku P9V9 --linux-workers-enabled",
            "ERROR: az appservice list-locations: 'P9V9' is not a valid value for '--sku'.",
            code=2,
        ),
        values={"sizeOverrides": {"planSku": "P9v9"}},
    ),
    "plan_quota": Scenario(
        "plan_quota", "fail", lambda a: a.answer(PLAN_USAGE, _quota("plan_usage", 0, 0))
    ),
    "plan_quota--region": Scenario(
        "plan_quota", "fail", lambda a: a.answer(PLAN_USAGE, _quota("plan_usage", 2, 1))
    ),
    "plan_quota--autoscale": Scenario(
        "plan_quota",
        "warn",
        lambda a: a.answer(PLAN_USAGE, _quota("plan_usage", 1, 3)),
        values={"size": "medium"},
    ),
    "plan_quota--not-listed": Scenario(
        "plan_quota", "warn", lambda a: a.answer(PLAN_USAGE, {"value": [], "nextLink": None})
    ),
    "plan_quota--there": Scenario("plan_quota", "skip", _exists),
    "plan_quota--unanswered": Scenario(
        "plan_quota", "warn", lambda a: a.refuse(PLAN_USAGE, UNREGISTERED)
    ),
    "storage": Scenario("storage", "fail", values={"storagePerformance": "premium"}),
    "storage--unanswered": Scenario("storage", "warn", lambda a: a.refuse("storage sku list")),
    "database--closed": Scenario(
        "database",
        "fail",
        lambda a: a.answer(
            DATABASE_OFFERS,
            _offer(
                supportedFeatures=[{"name": "OfferRestricted", "status": "Enabled"}],
                reason="Subscriptions are restricted from provisioning in this region.",
            ),
        ),
    ),
    "database--none": Scenario("database", "fail", lambda a: a.answer(DATABASE_OFFERS, [])),
    "database--size": Scenario(
        "database", "fail", values={"sizeOverrides": {"databaseSku": "Standard_B9s"}}
    ),
    "database--version": Scenario(
        "database",
        "fail",
        lambda a: a.answer(DATABASE_OFFERS, _offer(supportedServerVersions=[{"name": "17"}])),
    ),
    "database--standby": Scenario(
        "database", "fail", values={"sizeOverrides": {"databaseHighAvailability": True}}
    ),
    "database--copies": Scenario(
        "database",
        "fail",
        lambda a: a.answer(
            DATABASE_OFFERS, _offer(supportedFeatures=[{"name": "GeoBackup", "status": "Disabled"}])
        ),
        values={"size": "large"},
    ),
    "database--unanswered": Scenario(
        "database", "warn", lambda a: a.refuse(DATABASE_OFFERS, UNREGISTERED)
    ),
    "database_quota": Scenario(
        "database_quota",
        "fail",
        lambda a: a.answer(DATABASE_USAGE, _quota("database_usage", 1, 10)),
        values={"size": "large"},
    ),
    "database_quota--total": Scenario(
        "database_quota", "fail", lambda a: a.answer(DATABASE_USAGE, _quota("database_usage", 2, 4))
    ),
    "database_quota--not-listed": Scenario(
        "database_quota", "warn", lambda a: a.answer(DATABASE_USAGE, {"value": []})
    ),
    "database_quota--there": Scenario("database_quota", "skip", _exists),
    "database_quota--unanswered": Scenario(
        "database_quota", "warn", lambda a: a.refuse(DATABASE_USAGE)
    ),
    "site_name": Scenario(
        "site_name", "fail", lambda a: a.answer(NAME_QUESTION, recorded("name_taken"))
    ),
    "site_name--there": Scenario("site_name", "pass", _exists),
    "site_name--unanswered": Scenario(
        "site_name", "warn", lambda a: a.refuse(NAME_QUESTION, UNREGISTERED)
    ),
    "storage_name": Scenario(
        "storage_name",
        "fail",
        lambda a: a.answer("storage account check-name --name *", recorded("name_taken")),
    ),
    "storage_name--there": Scenario("storage_name", "pass", _exists),
    "vault_name": Scenario(
        "vault_name", "fail", lambda a: a.answer(NAME_QUESTION, recorded("name_taken"))
    ),
    "vault_name--deleted": Scenario("vault_name", "fail", _deleted_vault),
    "vault_name--there": Scenario("vault_name", "pass", _exists),
    "vault_name--other": Scenario(
        "vault_name", "pass", _deleted_vault, values={"vaultName": "kv-second"}
    ),
    "database_name": Scenario(
        "database_name",
        "fail",
        lambda a: a.answer(NAME_QUESTION, recorded("name_taken")),
        values={"databaseServerName": "Kolibri-Database"},
    ),
    "database_name--there": Scenario("database_name", "pass", _exists),
    "registry_name": Scenario(
        "registry_name",
        "fail",
        lambda a: a.answer("acr check-name --name *", recorded("name_taken")),
    ),
    "registry_name--there": Scenario("registry_name", "pass", _exists),
    "registry_name--not-built": Scenario("registry_name", "skip", values=PUBLISHED),
    "builds": Scenario("builds", "fail", _offers("FreeTrial_2014-09-01", "On")),
    "builds--students": Scenario("builds", "fail", _offers("AzureForStudents_2018-01-01", "On")),
    "builds--sponsored": Scenario("builds", "warn", _offers("Sponsored_2016-01-01")),
    "builds--spending-limit": Scenario("builds", "warn", _offers("SomethingNew_2027-01-01", "On")),
    "builds--unanswered": Scenario("builds", "warn", lambda a: a.refuse(SUBSCRIPTION_ITSELF)),
    "builds--not-built": Scenario("builds", "skip", values=PUBLISHED),
    "repository": Scenario(
        "repository", "fail", values={"repository": "https://git.example.org/nothing.git"}
    ),
    "repository--form": Scenario(
        "repository", "fail", values={"repository": "git@git.example.org:schools"}
    ),
    "repository--not-built": Scenario("repository", "skip", values=PUBLISHED),
    "ref--branch": Scenario("ref", "fail", values={"ref": "main"}),
    "ref--missing": Scenario("ref", "fail", values={"ref": "v9.9.9"}),
    "ref--form": Scenario("ref", "fail", values={"ref": "release-1"}),
    "ref--commit": Scenario("ref", "warn", values={"ref": COMMIT}),
    "ref--staging": Scenario("ref", "fail", values={"size": "medium", "stagingRef": "v9.9.9"}),
    "image": Scenario("image", "fail", values={"imageSource": "own"}),
    "image--no-digest": Scenario(
        "image",
        "fail",
        values={"imageSource": "published", "image": "registry.example.org/kolibri-azure:1"},
    ),
    "image--there": Scenario(
        "image", "pass", lambda a: a.answer(IMAGE, recorded("image")), values=OWN
    ),
    "image--missing": Scenario(
        "image",
        "fail",
        lambda a: a.refuse(
            IMAGE, 'ERROR: Error: manifest tagged by "2" is not found. Correlation ID: 1.'
        ),
        values=OWN,
    ),
    "image--unanswered": Scenario(
        "image", "warn", lambda a: a.refuse(IMAGE, "ERROR: Unauthorized"), values=OWN
    ),
    "image--other-registry": Scenario(
        "image", "fail", values=OWN | {"image": "otherimages.azurecr.io/kolibri:2"}
    ),
    "image--public": Scenario("image", "skip", values=PUBLISHED),
    "registry_rights": Scenario(
        "registry_rights",
        "fail",
        lambda a: a.answer(f"rest --method get --url {REGISTRY_ID}/*", recorded("contributor")),
        values=OWN,
    ),
    "registry_rights--group": Scenario(
        "registry_rights",
        "fail",
        lambda a: a.answer(
            "rest --method get --url */resourceGroups/images/providers/Microsoft.Authorization/*",
            recorded("reader"),
        ),
        values=OWN,
    ),
    "registry_rights--form": Scenario(
        "registry_rights", "fail", values=OWN | {"registryId": "schoolimages.azurecr.io"}
    ),
    "registry_rights--missing": Scenario(
        "registry_rights",
        "fail",
        lambda a: a.refuse(
            f"rest --method get --url {REGISTRY_ID}/*",
            'ERROR: Not Found({"error": {"code": "ResourceNotFound"}})',
        ),
        values=OWN,
    ),
    "registry_rights--unanswered": Scenario(
        "registry_rights",
        "warn",
        lambda a: a.refuse(f"rest --method get --url {REGISTRY_ID}/*"),
        values=OWN,
    ),
    "registry_rights--enough": Scenario("registry_rights", "pass", values=OWN),
}
