"""The page of costs matches the templates' resources."""

from __future__ import annotations

import json
import re

import pytest

from tests.arm.conftest import ARM, NAMES

#: A row of costs: the item, its quantity, its price, and the sum.
ROW = re.compile(r"^\| ([^*|]+) \| ([^|]+) \| ([^|]+) \| \d[\d,]* \|$", re.MULTILINE)

SIZES = ("small", "medium", "large")

MINUTES_OF_A_MONTH = 730 * 60

#: How often App Service reads each mount, according to its documentation.
LOOKS_OF_A_MINUTE = 12

#: Transactions of a probe of the share, counted in probe_process.py.
TRANSACTIONS_OF_A_PROBE = 15

#: Kinds of resources that the tables count.
COUNTED = re.compile(
    r"serverfarms|flexibleServers$|shares$|privateEndpoints$|workspaces$|metricAlerts$"
    r"|scheduledQueryRules$|webtests$|protectedItems$|privateDnsZones$|registries$",
)

PAGE = (ARM.parent / "docs" / "cost.md").read_text(encoding="utf-8")


@pytest.fixture(params=SIZES)
def size(request):
    return request.param


@pytest.fixture
def deployed(checker, production_template, size):
    return checker.evaluate(
        production_template, {"size": size, "superuserPassword": "twelve characters"}
    )


def table(size):
    """The rows of a size, without their sums."""
    return ROW.findall(PAGE.split(f"## {size}\n")[1].split("\n## ")[0])


@pytest.fixture
def tried_out(checker):
    """The resources of the test template."""
    template = json.loads(NAMES["test"].read_text(encoding="utf-8"))
    return checker.evaluate(template, {"superuserPassword": "twelve characters"})


@pytest.fixture
def rows(size):
    """The quantity of each item with a price."""
    return {what: how_much for what, how_much, _ in table(size.capitalize())}


def count(deployed, kind):
    return str(len(list(deployed.of_type(kind))))


def first_number(text):
    return float(text.split()[0].replace(",", ""))


def test_the_plan_and_its_instances(deployed, rows):
    plan = deployed.named("plan").body["sku"]
    said = rows[f"App Service plan {plan['name']}"]
    assert first_number(said) == plan["capacity"]
    scaled = [each for each in deployed.resources if each.symbol == "autoscale"]
    most = scaled[0].at("profiles")[0]["capacity"]["maximum"] if scaled else None
    assert re.findall(r"up to (\d+)", said) == ([most] if most else [])


def test_the_database_and_its_storage(deployed, rows):
    server = deployed.named("database")
    sku = server.body["sku"]["name"].removeprefix("Standard_")
    servers = 1 if server.at("highAvailability", "mode") == "Disabled" else 2
    assert first_number(rows[f"PostgreSQL {sku}"]) == servers
    assert first_number(rows["its storage"]) == servers * server.at("storage", "storageSizeGB")


def test_the_shares_and_their_backup(deployed, rows):
    shares = list(deployed.of_type("Microsoft.Storage/storageAccounts/fileServices/shares"))
    assert len(shares) == 3
    quota = sum(share.at("shareQuota") for share in shares)
    stored, of = re.fullmatch(
        r"(\d+) GiB stored, of (\d+)", rows["shares, zone-redundant"]
    ).groups()
    assert int(of) == quota
    assert int(stored) < quota
    protected = (
        "Microsoft.RecoveryServices/vaults/backupFabrics/protectionContainers/protectedItems"
    )
    assert rows["backup of the shares"] == f"{count(deployed, protected)} shares"


def test_premium_shares_are_billed_by_their_quota(checker, production_template):
    said = re.search(
        r"Premium shares: ([\d.]+) a GiB of quota.*?: (\d+) for all three shares in `small`,"
        r" (\d+) in\s+`medium`, (\d+) in `large`",
        PAGE,
        re.DOTALL,
    )
    price, *amounts = said.groups()
    for size, amount in zip(SIZES, amounts):
        values = {"size": size, "storagePerformance": "premium"}
        shares = checker.evaluate(production_template, values).of_type(
            "Microsoft.Storage/storageAccounts/fileServices/shares"
        )
        cost = sum(share.at("shareQuota") for share in shares) * float(price)
        assert abs(cost - int(amount)) <= 5, size


def test_the_share_for_backups_is_sized_by_the_database(deployed):
    assert "has room for twice the size's database" in PAGE
    database = deployed.named("database").at("storage", "storageSizeGB")
    assert deployed.named("backupsShare").at("shareQuota") == 2 * database


def test_transactions_without_a_request_are_counted(deployed, rows):
    instances = deployed.named("plan").body["sku"]["capacity"]
    apps = len(list(deployed.of_type("Microsoft.Web/sites")))
    mounts = sum(len(deployed.named(name).properties) for name in ("appMounts", "contentMounts"))
    of_an_instance = MINUTES_OF_A_MONTH * (
        mounts * LOOKS_OF_A_MINUTE + apps * TRANSACTIONS_OF_A_PROBE
    )
    millions = round(instances * of_an_instance / 1e6)
    assert rows["their transactions"] == f"{millions} million"


def test_endpoints_and_zones(deployed, rows):
    assert rows["private endpoints"] == count(deployed, "Microsoft.Network/privateEndpoints")
    assert rows["DNS zones"] == count(deployed, "Microsoft.Network/privateDnsZones")


def test_logs_end_at_their_cap(deployed, rows):
    cap = deployed.named("logs").at("workspaceCapping", "dailyQuotaGb")
    assert re.fullmatch(rf"\d+ GB, {cap * 30} at most", rows["logs"])


def test_alerts(deployed, rows):
    assert rows["metric alerts"] == count(deployed, "Microsoft.Insights/metricAlerts")
    assert rows["log alerts"] == count(deployed, "Microsoft.Insights/scheduledQueryRules")


def test_runs_of_the_availability_test(deployed, rows):
    (test,) = deployed.of_type("Microsoft.Insights/webtests")
    runs = MINUTES_OF_A_MONTH * 60 // test.at("Frequency") * len(test.at("Locations"))
    assert rows["availability test"] == f"{runs:,} runs"


def test_the_registry(deployed, rows):
    sku = deployed.named("registry").body["sku"]["name"]
    assert first_number(rows[f"registry, {sku}"]) == 1


def test_what_the_test_template_costs(tried_out):
    said = {what for what, *_ in table("The test template")}
    plan, registry = tried_out.named("plan"), tried_out.named("registry")
    assert said == {
        f"App Service plan {plan.body['sku']['name']}",
        f"registry, {registry.body['sku']['name']}",
    }
    assert {each.type for each in tried_out.resources if COUNTED.search(each.type)} == {
        plan.type,
        registry.type,
    }


def test_each_price_says_where_it_is_from():
    records = set(re.findall(r"^\| ([a-z]) \|", PAGE, re.MULTILINE))
    headings = [*(size.capitalize() for size in SIZES), "The test template"]
    for what, _, price in (row for heading in headings for row in table(heading)):
        named = re.search(r"\(([a-z])\)$", price)
        assert named[1] in records if named else price.endswith("not looked up"), what
    assert records == set(re.findall(r"\(([a-z])\)", PAGE))


def test_front_door_probes_nothing(production_template):
    """Each group has one origin, so probes would be useless, and they cost transactions."""
    groups = production_template["resources"]["frontDoorOriginGroups"]["properties"]
    assert "healthProbeSettings" not in groups


def test_nothing_is_deployed_that_the_page_leaves_out(deployed, rows):
    """This test notices a resource with a price that is not counted above."""
    free = re.compile(
        r"managedIdentity|networkSecurityGroups|virtualNetworks|virtualNetworkLinks|privateDnsZoneGroups"
        r"|roleAssignments|locks|diagnosticSettings|actionGroups|workbooks|/config|publishingCredentials"
        r"|flexibleServers/|fileServices|backupPolicies|protectionContainers$|autoscale"
        r"|sites|Resources/deployments|Insights/components|storageAccounts$|RecoveryServices/vaults$"
        r"|KeyVault/vaults|registries/(tasks|taskRuns)$",
        re.IGNORECASE,
    )
    kinds = {each.type for each in deployed.resources}
    assert [kind for kind in kinds if not free.search(kind) and not COUNTED.search(kind)] == []
