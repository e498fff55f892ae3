"""The subscription, your permissions in it, and the parameters file."""

from __future__ import annotations

from collections.abc import Mapping

from tests.arm.preflight.azure import UNREGISTERED, recorded
from tests.arm.preflight.situations import (
    ASSIGNMENTS,
    OWN,
    PERMISSIONS,
    POLICY,
    PUBLISHED,
    SUBSCRIPTION_PERMISSIONS,
    Scenario,
    contributor_with_rbac_administrator,
    no_group,
    policy,
    policy_unanswered,
    unregistered,
    with_provider,
)

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
    "parameters--redis": Scenario(
        "parameters", "fail", values={"sizeOverrides": {"redis": False, "redisSku": "Balanced_B0"}}
    ),
    "parameters--secrets": Scenario(
        "parameters",
        "fail",
        values={"rewriteSecrets": ["kolibri-secret-key", "kolibri-redis-url", "database"]},
    ),
    "parameters--basic-plan": Scenario(
        "parameters", "fail", values={"size": "medium", "sizeOverrides": {"planSku": "B3"}}
    ),
    "parameters--connections": Scenario(
        "parameters",
        "fail",
        values={"sizeOverrides": {"planSku": "P0v3", "maximumInstances": 20}},
    ),
    "parameters--unused-image": Scenario("parameters", "fail", values={"image": "school.io/k:1"}),
    "parameters--unused-ref": Scenario("parameters", "fail", values=OWN | {"stagingRef": "v1"}),
    "parameters--unused-registry": Scenario(
        "parameters", "fail", values=PUBLISHED | {"registryId": OWN["registryId"]}
    ),
    "parameters--no-slot": Scenario("parameters", "fail", values={"stagingRef": "v0.2.0"}),
    "parameters--one-domain": Scenario(
        "parameters",
        "fail",
        values={
            "customDomain": "kolibri.example.org",
            "contentCustomDomain": "kolibri.example.org",
        },
    ),
    "parameters--rebuild": Scenario("parameters", "fail", values={"rebuild": "Nov 2026"}),
    "parameters--password": Scenario(
        "parameters", "warn", values={"superuserPassword": "not to be shown"}
    ),
    "parameters--spelling": Scenario("parameters", "pass", values={"SIZE": "medium"}),
    "group--new": Scenario("group", "pass", no_group, options=("--location", "West Europe")),
    "group--elsewhere": Scenario("group", "warn", options=("--location", "northcentralus")),
    "group--deleting": Scenario(
        "group",
        "fail",
        lambda a: a.answer(
            "group show --name kolibri",
            recorded("group") | {"properties": {"provisioningState": "Deleting"}},
        ),
    ),
    "group--redis": Scenario(
        "group",
        "warn",
        lambda a: a.answer(
            "resource list --resource-group kolibri",
            [{"name": "kolibri-ursk4thi-redis", "type": "Microsoft.Cache/redisEnterprise"}],
        ),
    ),
    "group--unanswered": Scenario(
        "group",
        "warn",
        lambda a: a.refuse("group show --name kolibri"),
        options=("--location", "westeurope"),
    ),
    "providers": Scenario("providers", "warn", with_provider(unregistered)),
    "providers--not-allowed": Scenario(
        "providers",
        "fail",
        lambda a: (
            with_provider(unregistered)(a),
            a.answer(SUBSCRIPTION_PERMISSIONS, recorded("reader")),
        ),
    ),
    "providers--rights-unknown": Scenario(
        "providers",
        "fail",
        lambda a: (with_provider(unregistered)(a), a.refuse(SUBSCRIPTION_PERMISSIONS)),
    ),
    "providers--unanswered": Scenario("providers", "warn", lambda a: a.refuse("provider list")),
    "rights": Scenario("rights", "fail", lambda a: a.answer(PERMISSIONS, recorded("reader"))),
    "rights--contributor": Scenario(
        "rights", "fail", lambda a: a.answer(PERMISSIONS, recorded("contributor"))
    ),
    "rights--no-locks": Scenario(
        "rights", "fail", lambda a: a.answer(PERMISSIONS, contributor_with_rbac_administrator())
    ),
    "rights--without-locks": Scenario(
        "rights",
        "pass",
        lambda a: a.answer(PERMISSIONS, contributor_with_rbac_administrator()),
        values={"deleteLocks": False},
    ),
    "rights--no-group": Scenario(
        "rights",
        "fail",
        lambda a: (no_group(a), a.answer(PERMISSIONS, recorded("reader"))),
        options=("--location", "westeurope"),
    ),
    "rights--unanswered": Scenario("rights", "warn", lambda a: a.refuse(PERMISSIONS)),
    "policies": Scenario("policies", "fail", policy("policy_denies")),
    "policies--changes": Scenario("policies", "warn", policy("policy_changes")),
    "policies--unanswered": Scenario(
        "policies", "warn", policy_unanswered(recorded("assignments"))
    ),
    "policies--none": Scenario("policies", "pass", policy_unanswered([])),
    "policies--nothing-known": Scenario(
        "policies", "warn", lambda a: a.refuse(POLICY, UNREGISTERED).refuse(ASSIGNMENTS)
    ),
}
