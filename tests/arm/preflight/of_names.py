"""Globally unique names."""

from __future__ import annotations

from collections.abc import Mapping

from tests.arm.preflight.azure import UNREGISTERED, recorded
from tests.arm.preflight.situations import NAME_QUESTION, PUBLISHED, Scenario, deleted_vault, exists

SCENARIOS: Mapping[str, Scenario] = {
    "site_name": Scenario(
        "site_name", "fail", lambda a: a.answer(NAME_QUESTION, recorded("name_taken"))
    ),
    "site_name--there": Scenario("site_name", "pass", exists),
    "site_name--unanswered": Scenario(
        "site_name", "warn", lambda a: a.refuse(NAME_QUESTION, UNREGISTERED)
    ),
    "storage_name": Scenario(
        "storage_name",
        "fail",
        lambda a: a.answer("storage account check-name --name *", recorded("name_taken")),
    ),
    "storage_name--there": Scenario("storage_name", "pass", exists),
    "vault_name": Scenario(
        "vault_name", "fail", lambda a: a.answer(NAME_QUESTION, recorded("name_taken"))
    ),
    "vault_name--deleted": Scenario("vault_name", "fail", deleted_vault),
    "vault_name--there": Scenario("vault_name", "pass", exists),
    "vault_name--other": Scenario(
        "vault_name", "pass", deleted_vault, values={"vaultName": "kv-second"}
    ),
    "database_name": Scenario(
        "database_name",
        "fail",
        lambda a: a.answer(NAME_QUESTION, recorded("name_taken")),
        values={"databaseServerName": "Kolibri-Database"},
    ),
    "database_name--there": Scenario("database_name", "pass", exists),
    "registry_name": Scenario(
        "registry_name",
        "fail",
        lambda a: a.answer("acr check-name --name *", recorded("name_taken")),
    ),
    "registry_name--there": Scenario("registry_name", "pass", exists),
    "registry_name--not-built": Scenario("registry_name", "skip", values=PUBLISHED),
}
