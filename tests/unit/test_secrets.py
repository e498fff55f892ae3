"""The source of a secret, and the message when there is none."""

from __future__ import annotations

import pytest

from kolibri_azure_plugin.configuration.secrets import (
    IDENTITY_VARIABLES,
    Secrets,
    hide_from_options,
    sensitive_variables,
    variable_of,
)
from kolibri_azure_plugin.configuration.settings import Settings
from kolibri_azure_plugin.errors import SecretError


def test_a_secrets_variable_follows_its_name():
    assert variable_of("kolibri-database-url") == "KOLIBRI_DATABASE_URL"


def test_a_secret_comes_from_its_variable_and_says_so():
    secrets = Secrets({"KOLIBRI_SECRET_KEY": "from the environment"}, None)
    assert secrets.get("kolibri-secret-key") == "from the environment"
    assert secrets.sources["kolibri-secret-key"] == "environment variable KOLIBRI_SECRET_KEY"


def test_a_connection_string_of_app_service_counts_as_the_variable():
    secrets = Secrets({"CUSTOMCONNSTR_KOLIBRI_SECRET_KEY": "from the portal"}, None)
    assert secrets.get("kolibri-secret-key") == "from the portal"


def test_a_secret_that_is_nowhere_is_named_with_both_ways_to_give_it():
    with pytest.raises(SecretError) as caught:
        Secrets({}, None).get("kolibri-secret-key")
    assert caught.value.code == "secret-missing"
    assert "KOLIBRI_SECRET_KEY" in caught.value.found
    assert "KOLIBRI_AZURE_KEY_VAULT_URL" in caught.value.remedy


def test_an_optional_secret_may_be_nowhere():
    assert Secrets({}, None).find("kolibri-database-url") is None


def test_an_unresolved_key_vault_reference_is_recognised():
    reference = "@Microsoft.KeyVault(SecretUri=https://v.vault.azure.net/secrets/s)"
    with pytest.raises(SecretError) as caught:
        Secrets({"KOLIBRI_SECRET_KEY": reference}, None).get("kolibri-secret-key")
    assert caught.value.code == "secret-reference-unresolved"


def test_the_password_that_kolibri_would_write_down_is_renamed_and_still_found():
    environ = {"KOLIBRI_DATABASE_PASSWORD": "s3cret-password"}
    hide_from_options(environ)
    assert environ == {"KOLIBRI_AZURE_DATABASE_PASSWORD": "s3cret-password"}
    hide_from_options(environ)
    assert Secrets(environ, None).get("kolibri-database-password") == "s3cret-password"


@pytest.mark.parametrize(
    "variable",
    [
        *IDENTITY_VARIABLES,
        "KOLIBRI_AZURE_KEY_VAULT_URL",
        "KOLIBRI_SECRET_KEY",
        "KOLIBRI_DATABASE_URL",
        "KOLIBRI_DATABASE_PASSWORD",
        "KOLIBRI_AZURE_DATABASE_PASSWORD",
        "KOLIBRI_SUPERUSER_PASSWORD",
        "KOLIBRI_CACHE_LOCATION",
        "KOLIBRI_CACHE_PASSWORD",
        "CUSTOMCONNSTR_KOLIBRI_SECRET_KEY",
        "CUSTOMCONNSTR_KOLIBRI_DATABASE_PASSWORD",
    ],
)
def test_a_process_without_secrets_gets_no_variable_of_one(variable):
    assert variable in sensitive_variables(Settings())


@pytest.mark.parametrize("variable", ["SCHOOL_KEY", "CUSTOMCONNSTR_SCHOOL_KEY"])
def test_nor_one_of_a_secret_that_has_another_name_here(variable):
    renamed = sensitive_variables(Settings(signing_key_secret="school-key"))
    assert variable in renamed
    # It may still be set, although no code reads it.
    assert "KOLIBRI_SECRET_KEY" in renamed
