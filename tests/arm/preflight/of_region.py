"""The region's services, and the subscription's quotas there."""

from __future__ import annotations

from collections.abc import Mapping

from tests.arm.preflight.azure import UNREGISTERED, recorded
from tests.arm.preflight.situations import (
    DATABASE_OFFERS,
    DATABASE_USAGE,
    PLAN_USAGE,
    Scenario,
    changed,
    exists,
    no_group,
    offer,
    quota,
    types,
    with_provider,
)

SCENARIOS: Mapping[str, Scenario] = {
    "region": Scenario("region", "fail", no_group, options=("--location", "westeuropa")),
    "region--unanswered": Scenario("region", "warn", lambda a: a.refuse("account list-locations")),
    "types": Scenario(
        "types",
        "fail",
        with_provider(
            lambda k: types(k, "Microsoft.RecoveryServices", "locations", ["North Europe"])
        ),
    ),
    "types--version": Scenario(
        "types",
        "warn",
        with_provider(lambda k: types(k, "Microsoft.KeyVault", "apiVersions", ["2023-07-01"])),
    ),
    "types--unanswered": Scenario("types", "warn", lambda a: a.refuse("provider list")),
    "zones": Scenario(
        "zones",
        "fail",
        lambda a: a.answer(
            "account list-locations",
            changed("locations", lambda answer: answer[0].update(availabilityZoneMappings=None)),
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
        "plan_quota", "fail", lambda a: a.answer(PLAN_USAGE, quota("plan_usage", 0, 0))
    ),
    "plan_quota--region": Scenario(
        "plan_quota", "fail", lambda a: a.answer(PLAN_USAGE, quota("plan_usage", 2, 1))
    ),
    "plan_quota--autoscale": Scenario(
        "plan_quota",
        "warn",
        lambda a: a.answer(PLAN_USAGE, quota("plan_usage", 1, 3)),
        values={"size": "medium"},
    ),
    "plan_quota--not-listed": Scenario(
        "plan_quota", "warn", lambda a: a.answer(PLAN_USAGE, {"value": [], "nextLink": None})
    ),
    "plan_quota--there": Scenario("plan_quota", "skip", exists),
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
            offer(
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
        lambda a: a.answer(DATABASE_OFFERS, offer(supportedServerVersions=[{"name": "17"}])),
    ),
    "database--standby": Scenario(
        "database", "fail", values={"sizeOverrides": {"databaseHighAvailability": True}}
    ),
    "database--copies": Scenario(
        "database",
        "fail",
        lambda a: a.answer(
            DATABASE_OFFERS, offer(supportedFeatures=[{"name": "GeoBackup", "status": "Disabled"}])
        ),
        values={"size": "large"},
    ),
    "database--unanswered": Scenario(
        "database", "warn", lambda a: a.refuse(DATABASE_OFFERS, UNREGISTERED)
    ),
    "database_quota": Scenario(
        "database_quota",
        "fail",
        lambda a: a.answer(DATABASE_USAGE, quota("database_usage", 1, 10)),
        values={"size": "large"},
    ),
    "database_quota--total": Scenario(
        "database_quota", "fail", lambda a: a.answer(DATABASE_USAGE, quota("database_usage", 2, 4))
    ),
    "database_quota--not-listed": Scenario(
        "database_quota", "warn", lambda a: a.answer(DATABASE_USAGE, {"value": []})
    ),
    "database_quota--there": Scenario("database_quota", "skip", exists),
    "database_quota--unanswered": Scenario(
        "database_quota", "warn", lambda a: a.refuse(DATABASE_USAGE)
    ),
}
