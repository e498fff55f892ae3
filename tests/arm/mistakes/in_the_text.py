"""Mistakes in names, types and versions."""

from __future__ import annotations

from tests.arm.mistakes.catalogue import Template, caught_by, properties


@caught_by("generated value")
def generated_password_in_a_name(template: Template) -> None:
    template["variables"]["suffix"] = "[take(uniqueString(parameters('secretKeySeed')), 8)]"


@caught_by("expected int")
def number_as_text(template: Template) -> None:
    properties(template, "mediaShare")["shareQuota"] = "32"


@caught_by("Microsoft.DBforPostgreSQL/servers")
def retired_database(template: Template) -> None:
    template["resources"]["database"]["type"] = "Microsoft.DBforPostgreSQL/servers"


@caught_by("is not allowed for Microsoft.KeyVault/vaults")
def endless_name(template: Template) -> None:
    names = template["variables"]["names"]
    names["vault"] = "[format('kv-{0}-{1}', parameters('name'), variables('suffix'))]"


@caught_by("is in none of the modules")
def newest_version(template: Template) -> None:
    template["resources"]["metricAlerts"]["apiVersion"] = "2026-01-01"


@caught_by("is nullable")
def nullable_parameter(template: Template) -> None:
    template["parameters"]["databaseAdministrator"]["nullable"] = True
