"""Security rules that no rule set has: each function yields a sentence for each problem."""

from __future__ import annotations

import ipaddress
import re
import typing
from collections.abc import Iterator

from devtools.arm import EvaluatedTemplate, Resource

#: Roles by id, as listed by Microsoft.
ROLES = {
    "4633458b-17de-408a-b874-0445c86b69e6": "Key Vault Secrets User",
    "7f951dda-4ed3-4680-a7ca-43fe172d538d": "AcrPull",
    "8311e382-0749-4cb8-b61a-304f252e45ec": "AcrPush",
}

#: Ports of the private endpoints that the apps use: the vault, and SMB with the port that Microsoft
#: wants open for it.
ENDPOINT_PORTS = {"80", "443", "445"}

#: Encryption of the shares' mounts. The second one is only for deployments that choose it, because
#: Linux asks for 128 bits first and is then refused (azurefile-csi-driver issue 2833).
ENCRYPTIONS = ("AES-128-GCM;AES-256-GCM", "AES-256-GCM")

#: Only values that differ from the service's defaults, as each is another request to a server that
#: may be busy. TLS 1.2 and later, and the log of connections, are defaults.
DATABASE_SETTINGS = {
    "connection_throttle.enable": "on",
    "logfiles.download_enable": "on",
    "logfiles.retention_days": "7",
    # The statement of a failed query contains names and answers.
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
}

#: All routes of a site's own traffic, so that none bypasses the private addresses.
WAYS = ("allTraffic", "contentShareTraffic", "imagePullTraffic")

SITES = ("Microsoft.Web/sites", "Microsoft.Web/sites/slots")


def sites(result: EvaluatedTemplate) -> Iterator[Resource]:
    for kind in SITES:
        yield from result.of_type(kind)


def sites_are_hardened(result: EvaluatedTemplate) -> Iterator[str]:
    expected = {
        "alwaysOn": True,
        "ftpsState": "Disabled",
        "healthCheckPath": "/azure/health/ready",
        "http20Enabled": True,
        "httpLoggingEnabled": True,
        "minTlsVersion": "1.2",
        "remoteDebuggingEnabled": False,
        "scmMinTlsVersion": "1.2",
    }
    policies = {
        each.name.rsplit("/", 1)[0]: set()
        for each in result.resources
        if each.type.endswith("basicPublishingCredentialsPolicies")
    }
    for each in result.resources:
        if each.type.endswith("basicPublishingCredentialsPolicies"):
            policies[each.name.rsplit("/", 1)[0]].add(each.name.rsplit("/", 1)[1])
            if each.at("allow") is not False:
                yield f"{each.symbol} allows publishing with a password"
    for site in sites(result):
        for key, value in expected.items():
            if site.at("siteConfig", key) != value:
                yield f"{site.symbol}: {key} is not {value!r}"
        if site.at("httpsOnly") is not True:
            yield f"{site.symbol} answers without TLS"
        if site.at("clientAffinityEnabled") is not False:
            yield f"{site.symbol} ties a browser to an instance"
        if policies.get(site.name) != {"ftp", "scm"}:
            yield f"{site.symbol} lacks a publishing policy"


def nothing_is_public(result: EvaluatedTemplate) -> Iterator[str]:
    for kind in ("Microsoft.KeyVault/vaults", "Microsoft.Storage/storageAccounts"):
        for each in result.of_type(kind):
            yield from _closed(each)
    for each in result.resources:
        if each.type.lower().endswith(("firewallrules", "publicipaddresses")):
            yield f"{each.symbol} opens something to the internet"
    for each in result.of_type("Microsoft.Network/networkSecurityGroups"):
        yield from _lets_nothing_in(each)


def _closed(each: Resource) -> Iterator[str]:
    rules = each.at("networkAcls", "ipRules") or []
    if each.at("networkAcls", "defaultAction") != "Deny":
        yield f"{each.symbol}: its firewall does not deny by default"
    if each.at("publicNetworkAccess") != ("Enabled" if rules else "Disabled"):
        yield f"{each.symbol} has public access, or has addresses that can't reach it"
    if each.at("allowBlobPublicAccess"):
        yield f"{each.symbol} lets anybody read blobs"


def _lets_nothing_in(group: Resource) -> Iterator[str]:
    inbound = [
        rule["properties"]
        for rule in group.at("securityRules") or []
        if rule["properties"]["direction"] == "Inbound"
    ]
    last = max(inbound, key=lambda rule: rule["priority"], default=None)
    if last is None or last["access"] != "Deny" or last["sourceAddressPrefix"] != "*":
        yield f"{group.symbol} does not end with a rule that denies all inbound traffic"
    for rule in inbound:
        if rule["access"] == "Allow" and rule["sourceAddressPrefix"] in {"*", "Internet"}:
            yield f"{group.symbol} lets the internet in"


def subnets(result: EvaluatedTemplate) -> dict[str, Resource]:
    found = result.of_type("Microsoft.Network/virtualNetworks/subnets")
    return {each.name.rsplit("/", 1)[1]: each for each in found}


def subnets_are_apart_and_guarded(result: EvaluatedTemplate) -> Iterator[str]:
    network = result.named("network")
    if network.at("subnets") is not None:
        yield "the network removes subnets that somebody has added"
    space = ipaddress.ip_network(network.at("addressSpace", "addressPrefixes")[0])
    seen: dict[str, ipaddress.IPv4Network | ipaddress.IPv6Network] = {}
    for name, subnet in subnets(result).items():
        prefix = ipaddress.ip_network(subnet.at("addressPrefix"))
        if not subnet.at("networkSecurityGroup"):
            yield f"subnet {name} has no security group"
        if not prefix.subnet_of(space):  # type: ignore[arg-type]
            yield f"subnet {name} is outside the network"
        for other, taken in seen.items():
            if prefix.overlaps(taken):
                yield f"subnets {name} and {other} overlap"
        seen[name] = prefix
    if set(seen) != {"app", "endpoints", "database"}:
        yield "there is not one subnet each for apps, endpoints and database"


def the_apps_reach_the_endpoints(result: EvaluatedTemplate) -> Iterator[str]:
    prefixes = {name: each.at("addressPrefix") for name, each in subnets(result).items()}
    way = (prefixes["app"], prefixes["endpoints"])
    for symbol in ("appSecurityGroup", "endpointsSecurityGroup"):
        ports: set[str] = set()
        for rule in result.named(symbol).at("securityRules"):
            given = rule["properties"]
            ends = (given["sourceAddressPrefix"], given["destinationAddressPrefix"])
            if given["access"] == "Allow" and ends == way:
                ports.update(given["destinationPortRanges"])
        if ports != ENDPOINT_PORTS:
            yield f"{symbol} opens {sorted(ports)} to the apps, not {sorted(ENDPOINT_PORTS)}"
    for site in sites(result):
        for way in WAYS:
            if site.at("outboundVnetRouting", way) is not True:
                yield f"{site.symbol}: {way} goes past the network, where the endpoints are unknown"


def the_database_is_private(result: EvaluatedTemplate) -> Iterator[str]:
    for server in result.of_type("Microsoft.DBforPostgreSQL/flexibleServers"):
        if server.at("network", "publicNetworkAccess") != "Disabled":
            yield "the database has public access"
        if not server.at("network", "delegatedSubnetResourceId"):
            yield "the database is in no subnet"


def the_database_knows_no_password(result: EvaluatedTemplate) -> Iterator[str]:
    for server in result.of_type("Microsoft.DBforPostgreSQL/flexibleServers"):
        auth = server.at("authConfig")
        if auth.get("passwordAuth") != "Disabled" or auth.get("activeDirectoryAuth") != "Enabled":
            yield "the database accepts passwords"
        if "administratorLoginPassword" in server.properties:
            yield "the database has a password"
    administrators = [
        each.at("principalName")
        for each in result.of_type("Microsoft.DBforPostgreSQL/flexibleServers/administrators")
        if each.at("principalType") == "ServicePrincipal"
    ]
    if administrators != [result.named("appIdentity").name]:
        yield "the app's identity is not the one service that administers the database"


def the_database_is_kept_well(result: EvaluatedTemplate) -> Iterator[str]:
    for server in result.of_type("Microsoft.DBforPostgreSQL/flexibleServers"):
        standby = server.at("highAvailability", "mode")
        wrong = {
            "is older than version 16": int(server.at("version")) < 16,
            "keeps its backups for 7 days or less": server.at("backup", "backupRetentionDays") <= 7,
            "can't grow": server.at("storage", "autoGrow") != "Enabled",
            "is maintained at any time": server.at("maintenanceWindow", "customWindow")
            != "Enabled",
            "has a standby, but is Burstable": standby != "Disabled"
            and server.body["sku"]["tier"] == "Burstable",
        }
        yield from (f"the database {what}" for what, is_so in wrong.items() if is_so)
    settings = {
        each.name.rsplit("/", 1)[1]: each.at("value")
        for each in result.of_type("Microsoft.DBforPostgreSQL/flexibleServers/configurations")
    }
    if settings != DATABASE_SETTINGS:
        yield f"the database's parameters are {settings}, not {DATABASE_SETTINGS}"


def secrets_are_written_once(result: EvaluatedTemplate) -> Iterator[str]:
    for each in result.of_type("Microsoft.KeyVault/vaults/secrets"):
        # The database's address holds no password, and follows the server.
        if each.symbol not in {"secrets", "databaseUrlSecret"} and not each.written_once:
            yield f"{each.symbol} is written again by every deployment"
        if not each.at("value"):
            yield f"{each.symbol} is empty"


def each_role_is_the_least(result: EvaluatedTemplate) -> Iterator[str]:
    vault = result.named("vault").id
    expected = {("Key Vault Secrets User", vault)}
    given = set()
    for each in result.of_type("Microsoft.Authorization/roleAssignments"):
        role = ROLES.get(each.at("roleDefinitionId").rsplit("/", 1)[1])
        if role is None:
            yield f"{each.symbol} gives a role that is not among {sorted(ROLES.values())}"
        elif role in {"AcrPull", "AcrPush"}:
            if "/registries/" not in each.scope:
                yield f"{each.symbol} gives {role} on something that is no registry"
            if (role == "AcrPush") != (each.symbol == "pushesImage"):
                yield f"{each.symbol} gives {role}: the tasks that build push, and the apps pull"
        else:
            given.add((role, each.scope))
        if each.at("principalType") != "ServicePrincipal":
            yield f"{each.symbol} does not say that it is for a service"
        if not each.is_nested:
            yield f"{each.symbol} is not named with the object id, so a new identity gets no role"
    if given != expected:
        yield f"roles on the vault are {sorted(given)}"


def storage_is_encrypted_and_kept(result: EvaluatedTemplate) -> Iterator[str]:
    account = result.named("storage")
    if account.at("supportsHttpsTrafficOnly") is not True:
        yield "storage answers without TLS"
    if account.at("minimumTlsVersion") != "TLS1_2":
        yield "storage accepts old TLS"
    if account.at("isLocalUserEnabled") is not False:
        yield "storage has users of its own"
    is_premium = account.body["sku"]["name"].startswith("Premium")
    if account.at("largeFileSharesState") != (None if is_premium else "Enabled"):
        yield "large shares are switched on where every share is large, or off elsewhere"
    service = result.named("fileService")
    smb = service.at("protocolSettings", "smb")
    if smb["versions"] != "SMB3.1.1" or smb["channelEncryption"] not in ENCRYPTIONS:
        yield "shares accept old or weakly encrypted SMB"
    if not (service.at("shareDeleteRetentionPolicy") or {}).get("enabled"):
        yield "a deleted share is gone at once"
    vault = result.named("vault")
    for key in ("enableRbacAuthorization", "enablePurgeProtection", "enableSoftDelete"):
        if vault.at(key) is not True:
            yield f"the vault lacks {key}"


def outputs_hold_no_secret(result: EvaluatedTemplate) -> Iterator[str]:
    for name, value in result.outputs.items():
        if re.search(r"password|secret|key(?!vault)|token", name, re.IGNORECASE):
            yield f"output {name} sounds like a secret"
        if "Correct-Horse" in str(value):
            yield f"output {name} holds the password"


def front_door_is_the_only_way_in(result: EvaluatedTemplate) -> Iterator[str]:
    has_front_door = any(result.of_type("Microsoft.Cdn/profiles"))
    for site in sites(result):
        rules = site.at("siteConfig", "ipSecurityRestrictions") or []
        if not has_front_door:
            continue
        if site.at("siteConfig", "ipSecurityRestrictionsDefaultAction") != "Deny":
            yield f"{site.symbol} can be reached past the front door"
        if [rule.get("ipAddress") for rule in rules] != ["AzureFrontDoor.Backend"]:
            yield f"{site.symbol} lets others in than the front door"
        if not all(rule.get("headers", {}).get("x-azure-fdid") for rule in rules):
            yield f"{site.symbol} lets every front door in, not just its own"


RULES: tuple[typing.Callable[[EvaluatedTemplate], Iterator[str]], ...] = (
    sites_are_hardened,
    nothing_is_public,
    subnets_are_apart_and_guarded,
    the_apps_reach_the_endpoints,
    the_database_is_private,
    the_database_knows_no_password,
    the_database_is_kept_well,
    secrets_are_written_once,
    each_role_is_the_least,
    storage_is_encrypted_and_kept,
    outputs_hold_no_secret,
    front_door_is_the_only_way_in,
)
