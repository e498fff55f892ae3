"""Mistakes in dependencies and retries."""

from __future__ import annotations

from tests.arm.mistakes.catalogue import Template, caught_by, properties


@caught_by("no dependsOn")
def missing_dependency(template: Template) -> None:
    template["resources"]["vaultEndpoint"]["dependsOn"].remove("vault")


@caught_by("before its role on the vault")
def site_before_its_role(template: Template) -> None:
    template["resources"]["app"]["dependsOn"].remove("kolibriDatabase")


@caught_by("app does not wait for appReadsSecrets")
def site_before_its_vault(template: Template) -> None:
    template["resources"]["app"]["dependsOn"].remove("appReadsSecrets")


@caught_by("kolibriDatabase does not wait")
def database_before_its_administrators(template: Template) -> None:
    template["resources"]["kolibriDatabase"]["dependsOn"] = ["databaseConfiguration"]


@caught_by("database does not wait for files")
def server_in_the_endpoints_subnet(template: Template) -> None:
    template["resources"]["database"]["dependsOn"].remove("filesEndpointName")


@caught_by("secretKeySecret does not wait")
def secret_before_the_endpoint(template: Template) -> None:
    template["resources"]["secretKeySecret"]["dependsOn"] = ["vault"]


@caught_by("contentApp does not wait for")
def two_sites_at_once(template: Template) -> None:
    template["resources"]["contentApp"]["dependsOn"] = template["resources"]["contentApp"][
        "dependsOn"
    ][2:]


@caught_by("does not wait for frontDoorRoutes")
def firewall_before_the_routes(template: Template) -> None:
    template["resources"]["firewallOnFrontDoor"]["dependsOn"].remove("frontDoorRoutes")


@caught_by("stagingMounts does not wait for backupsShare")
def slot_before_its_share(template: Template) -> None:
    template["resources"]["stagingMounts"]["dependsOn"].remove("backupsShare")
    template["resources"]["app"]["dependsOn"].remove("backupsShare")


@caught_by("the locks do not wait for appMounts")
def lock_before_the_site(template: Template) -> None:
    template["resources"]["locks"]["dependsOn"].remove("appMounts")


@caught_by("databaseConfiguration is not tried")
def configuration_tried_once(template: Template) -> None:
    del template["resources"]["databaseConfiguration"]["@options"]


@caught_by("appAdministrator is not tried again")
def administrator_tried_once(template: Template) -> None:
    inner = properties(template, "databaseAdministrators")["template"]["resources"]
    del inner["appAdministrator"]["@options"]


@caught_by("readsSecrets is not tried again after")
def role_tried_once(template: Template) -> None:
    inner = properties(template, "appReadsSecrets")["template"]["resources"]
    del inner["readsSecrets"]["@options"]


@caught_by("secretKeySecret is not tried again after")
def secret_tried_once(template: Template) -> None:
    template["resources"]["secretKeySecret"]["@options"] = {"onlyIfNotExists": []}


@caught_by("takes no @options")
def nested_deployment_tried_again(template: Template) -> None:
    template["resources"]["appReadsSecrets"]["@options"] = {"retryOn": [["PrincipalNotFound"], 5]}


@caught_by("not in its form")
def tried_too_often(template: Template) -> None:
    template["resources"]["databaseConfiguration"]["@options"]["retryOn"][1] = 31
