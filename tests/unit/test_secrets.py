"""Where a secret comes from, and what is said when it is nowhere."""

from __future__ import annotations

import pytest

from kolibri_azure_plugin import settings
from kolibri_azure_plugin.errors import SecretError
from kolibri_azure_plugin.preconditions import wants_postgresql
from kolibri_azure_plugin.secrets import Secrets, hide_from_options, variable_of


def test_a_secrets_variable_follows_its_name():
    assert variable_of("kolibri-database-url") == "KOLIBRI_DATABASE_URL"


def test_a_secret_comes_from_its_variable_and_says_so():
    secrets = Secrets({"KOLIBRI_SECRET_KEY": "from the environment"}, None)
    assert secrets.get("kolibri-secret-key") == "from the environment"
    assert secrets.sources["kolibri-secret-key"] == "environment variable KOLIBRI_SECRET_KEY"


def test_a_connection_string_of_app_service_counts_as_the_variable():
    secrets = Secrets({"CUSTOMCONNSTR_KOLIBRI_SECRET_KEY": "from the portal"}, None)
    assert secrets.get("kolibri-secret-key") == "from the portal"


@pytest.mark.parametrize("prefix", ["", "CUSTOMCONNSTR_"])
def test_a_test_deployment_with_a_database_url_is_on_postgresql_however_it_is_given(prefix):
    test = settings.load({"KOLIBRI_AZURE_DEPLOYMENT": "test"}, {})
    assert not wants_postgresql(test, {}, {})
    assert wants_postgresql(test, {f"{prefix}KOLIBRI_DATABASE_URL": "postgresql://host/name"}, {})


def test_a_secret_that_is_nowhere_is_named_with_both_ways_to_give_it():
    with pytest.raises(SecretError) as caught:
        Secrets({}, None).get("kolibri-secret-key")
    assert caught.value.code == "secret-missing"
    assert "KOLIBRI_SECRET_KEY" in caught.value.found
    assert "KOLIBRI_AZURE_KEY_VAULT_URL" in caught.value.remedy


def test_an_optional_secret_may_be_nowhere():
    assert Secrets({}, None).find("kolibri-redis-url") is None


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
