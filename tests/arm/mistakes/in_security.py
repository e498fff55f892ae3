"""Mistakes that open access, or grant too many rights."""

from __future__ import annotations

from tests.arm.mistakes.catalogue import Template, caught_by, properties


@caught_by("gives a role that is not among")
def wrong_role(template: Template) -> None:
    role = template["variables"]["roles"]["vaultSecretsUser"]
    administrator = "00482a5a-887f-4fb3-b363-3b7fe8e74483"
    template["variables"]["roles"]["vaultSecretsUser"] = role.replace(
        "4633458b-17de-408a-b874-0445c86b69e6", administrator
    )


@caught_by("roles on the vault are")
def role_on_the_whole_vault(template: Template) -> None:
    parameters = properties(template, "appReadsSecrets")["parameters"]
    parameters["vaultId"]["value"] = "[resourceGroup().id]"


@caught_by("is not named with the object id")
def role_named_without_its_principal(template: Template) -> None:
    role = properties(template, "appReadsSecrets")["template"]["resources"]["readsSecrets"]
    template["resources"]["readsSecrets"] = {
        **role,
        "name": "[guid(variables('vaultId'), variables('appIdentityId'))]",
        "scope": "[variables('vaultId')]",
        "dependsOn": ["vault", "appIdentity"],
        "properties": {
            "roleDefinitionId": "[variables('roles').vaultSecretsUser]",
            "principalId": "[reference('appIdentity').principalId]",
            "principalType": "ServicePrincipal",
        },
    }


@caught_by("overlap")
def overlapping_subnets(template: Template) -> None:
    template["variables"]["subnets"]["database"] = (
        "[cidrSubnet(parameters('networkAddresses'), 28, 4)]"
    )


@caught_by("has no security group")
def subnet_without_guard(template: Template) -> None:
    del template["variables"]["subnetProperties"][1]["properties"]["networkSecurityGroup"]


@caught_by("open to the internet")
def database_open_to_the_world(template: Template) -> None:
    template["resources"]["everybody"] = {
        "type": "Microsoft.DBforPostgreSQL/flexibleServers/firewallRules",
        "apiVersion": "2025-08-01",
        "name": "[format('{0}/everybody', variables('names').database)]",
        "dependsOn": ["database"],
        "properties": {"startIpAddress": "0.0.0.0", "endIpAddress": "255.255.255.255"},
    }


@caught_by("accepts passwords")
def database_with_password(template: Template) -> None:
    properties(template, "database")["authConfig"]["passwordAuth"] = "Enabled"


@caught_by("has public access")
def vault_open_to_the_world(template: Template) -> None:
    template["variables"]["publicAccess"] = "Enabled"


@caught_by("minTlsVersion")
def old_tls(template: Template) -> None:
    properties(template, "contentApp")["siteConfig"]["minTlsVersion"] = "1.0"


@caught_by("to the apps, not")
def shut_port_of_the_shares(template: Template) -> None:
    rule = properties(template, "appSecurityGroup")["securityRules"][1]["properties"]
    rule["destinationPortRanges"].remove("80")


@caught_by("imagePullTraffic goes past")
def image_past_the_network(template: Template) -> None:
    del properties(template, "app")["outboundVnetRouting"]["imagePullTraffic"]


@caught_by("weakly encrypted SMB")
def weak_encryption_of_the_shares(template: Template) -> None:
    smb = properties(template, "fileService")["protocolSettings"]["smb"]
    smb["channelEncryption"] = "AES-128-CCM;AES-128-GCM;AES-256-GCM"


@caught_by("Linux asks for AES-128-GCM first")
def strongest_encryption_alone(template: Template) -> None:
    template["parameters"]["shareEncryption"]["defaultValue"] = "AES-256-GCM"


@caught_by("learnerCanSignUp is open to anyone by default")
def open_sign_up(template: Template) -> None:
    template["parameters"]["learnerCanSignUp"]["defaultValue"] = True


@caught_by("users of its own")
def storage_with_local_users(template: Template) -> None:
    del properties(template, "storage")["isLocalUserEnabled"]


@caught_by("written again")
def secret_key_at_each_deployment(template: Template) -> None:
    del template["resources"]["secretKeySecret"]["@options"]


@caught_by("parameters are")
def parameter_that_the_service_sets_anyway(template: Template) -> None:
    template["variables"]["databaseSettings"].append({"name": "log_checkpoints", "value": "on"})


@caught_by("past the front door")
def way_past_the_front_door(template: Template) -> None:
    config = properties(template, "contentApp")["siteConfig"]
    config["ipSecurityRestrictionsDefaultAction"] = "Allow"


@caught_by("secret from parameter")
def password_in_an_output(template: Template) -> None:
    template["outputs"]["superuser"] = {
        "type": "string",
        "metadata": {"description": "The administrator's password."},
        "value": "[parameters('superuserPassword')]",
    }


@caught_by("the network removes subnets that somebody has added")
def subnets_in_the_network(template: Template) -> None:
    properties(template, "network")["subnets"] = "[variables('subnetProperties')]"
