"""Azure's answers for resources, as far as the project's commands use them.

Each type has one body, from Microsoft's REST API reference; az derives the input of a ``--query``
from it. Id, name, type and location are added. A list contains one such resource. An action, such
as listKeys, returns only the body.
"""

from __future__ import annotations

import typing
from collections.abc import Mapping

RESOURCES: Mapping[str, Mapping[str, typing.Any] | str] = {
    "Microsoft.Web/sites": {
        "kind": "app,linux,container",
        "identity": {"type": "SystemAssigned", "principalId": "P", "tenantId": "T"},
        "properties": {
            "state": "Running",
            "outboundIpAddresses": "203.0.113.1,203.0.113.2",
            "possibleOutboundIpAddresses": "203.0.113.1,203.0.113.2,203.0.113.3",
            "virtualNetworkSubnetId": "/subscriptions/S/subnets/apps",
            "serverFarmId": "/subscriptions/S/serverfarms/PLAN",
        },
    },
    "Microsoft.Web/sites/config": {"properties": {"linuxFxVersion": "DOCKER|image"}},
    "Microsoft.Web/sites/config/list": {
        "properties": {
            "content": {
                "type": "AzureFiles",
                "accountName": "account",
                "shareName": "content",
                "mountPath": "/data/content",
                "accessKey": "made up",
                "state": "InvalidCredentials",
            }
        }
    },
    "Microsoft.Web/sites/slots/config": {"properties": {"linuxFxVersion": "DOCKER|image"}},
    "Microsoft.Web/sites/publishxml": '<publishData><publishProfile publishMethod="FTP" '
    'publishUrl="ftps://one.example.org" userName="made up" userPWD="made up"/></publishData>',
    "Microsoft.Web/serverfarms": {"sku": {"name": "B2"}, "properties": {"status": "Ready"}},
    "Microsoft.KeyVault/vaults": {
        "properties": {"tenantId": "T", "vaultUri": "https://vault.vault.azure.net/"}
    },
    "Microsoft.KeyVault/vaults/secrets": {
        "properties": {"secretUriWithVersion": "https://vault.vault.azure.net/secrets/one/1"}
    },
    "Microsoft.Storage/storageAccounts": {
        "sku": {"name": "Standard_ZRS"},
        "kind": "StorageV2",
        "properties": {"statusOfPrimary": "available", "primaryLocation": "westeurope"},
    },
    "Microsoft.Storage/storageAccounts/listKeys": {
        "keys": [{"keyName": "key1", "value": "made up", "permissions": "FULL"}]
    },
    "Microsoft.Storage/storageAccounts/fileServices/shares": {"properties": {"shareQuota": 512}},
    "Microsoft.DBforPostgreSQL/flexibleServers": {
        "sku": {"name": "Standard_B2s", "tier": "Burstable"},
        "properties": {
            "state": "Ready",
            "storage": {"storageSizeGB": 32, "autoGrow": "Enabled"},
            "network": {"publicNetworkAccess": "Disabled"},
            "backup": {"backupRetentionDays": 14, "earliestRestoreDate": "2026-09-01T10:00:00Z"},
        },
    },
    "Microsoft.ManagedIdentity/userAssignedIdentities": {
        "properties": {"tenantId": "T", "principalId": "P", "clientId": "C"}
    },
    "Microsoft.ContainerRegistry/registries": {
        "sku": {"name": "Basic"},
        "properties": {"loginServer": "registry.azurecr.io"},
    },
    "Microsoft.Network/FrontDoorWebApplicationFirewallPolicies": {},
    "Microsoft.Resources/locations": {
        "displayName": "West Europe",
        "metadata": {"regionType": "Physical", "pairedRegion": [{"name": "northeurope"}]},
        "availabilityZoneMappings": [{"logicalZone": "1", "physicalZone": "westeurope-az1"}],
    },
    "Microsoft.Resources/deployments": {
        "properties": {
            "provisioningState": "Succeeded",
            "parameters": {"size": {"type": "String", "value": "small"}},
            "outputs": {
                name: {"type": "String", "value": "made up"}
                for name in ("siteUrl", "appName", "vaultName", "azureCheckCommand")
            },
        }
    },
    "Microsoft.Resources/deployments/operations": {
        "operationId": "O",
        "properties": {
            "provisioningState": "Failed",
            "targetResource": {"id": "/subscriptions/S/one", "resourceName": "one"},
            "statusMessage": {"error": {"code": "Conflict", "message": "made up"}},
        },
    },
    "Microsoft.RecoveryServices/vaults/backupProtectedItems": {
        "properties": {
            "protectedItemType": "AzureFileShareProtectedItem",
            "friendlyName": "content",
            "protectionState": "Protected",
            "isScheduledForDeferredDelete": False,
            "lastBackupTime": "2026-09-01T02:00:00Z",
        }
    },
}
