"""Remedies contain the deployment's own names where it has them."""

from __future__ import annotations

import pytest

from kolibri_azure_plugin.errors import VaultError, remedies
from kolibri_azure_plugin.errors.remedies import fill_in


@pytest.fixture(autouse=True)
def _nothing_known(monkeypatch):
    remedies.forget_all()
    for variable in remedies.FROM_ENVIRONMENT.values():
        monkeypatch.delenv(variable, raising=False)
    yield
    remedies.forget_all()


def test_app_service_tells_group_and_app(monkeypatch):
    monkeypatch.setenv("WEBSITE_RESOURCE_GROUP", "school")
    monkeypatch.setenv("WEBSITE_SITE_NAME", "kolibri")
    assert fill_in("az webapp restart -g GROUP -n APP") == "az webapp restart -g school -n kolibri"


def test_unknown_values_are_explained_below():
    assert fill_in("az webapp restart -g GROUP -n APP") == (
        "az webapp restart -g GROUP -n APP\nGROUP is the resource group\nAPP is the web app"
    )


@pytest.mark.parametrize(
    "written, filled",
    [
        ("az keyvault secret list --vault-name NAME", "az keyvault secret list --vault-name v"),
        ("https://NAME.vault.azure.net", "https://v.vault.azure.net"),
        ("az keyvault show -n NAME", "az keyvault show -n v"),
    ],
)  # fmt: skip
def test_the_vault_knows_its_name(written, filled):
    remedies.note_vault("v.vault.azure.net")
    assert fill_in(written) == filled


def test_a_name_that_is_not_the_vaults_stays():
    remedies.note_vault("v.vault.azure.net")
    assert fill_in("appsettings set --settings NAME=VALUE") == (
        "appsettings set --settings NAME=VALUE"
    )


@pytest.mark.parametrize(
    "host, server",
    [("db.postgres.database.azure.com", "db"), ("localhost", "SERVER"), ("10.0.0.4", "SERVER")],
)
def test_a_server_of_azure_knows_its_name(host, server):
    remedies.note_database(host)
    assert fill_in("-n SERVER").startswith(f"-n {server}")


@pytest.mark.parametrize(
    "source",
    [
        "//account.file.core.windows.net/share",
        "account.file.core.windows.net:/account/share",
    ],
)
def test_a_mount_tells_account_and_share(source):
    remedies.note_mount(source)
    assert fill_in("ACCOUNT SHARE") == "account share"


def test_the_share_of_the_content_is_not_taken_for_that_of_the_media():
    remedies.note_mount("//account.file.core.windows.net/share")
    assert fill_in("ACCOUNT MEDIA_SHARE").startswith("account MEDIA_SHARE\n")


@pytest.mark.parametrize(
    "source, filled",
    [
        ("//archive.file.core.windows.net/nightly", "-n archive -s nightly"),
        ("nas:/kolibri", "-n account -s BACKUP_SHARE"),
    ],
)
def test_another_share_than_the_contents_is_named_after_its_own_mount(source, filled):
    remedies.note_mount("//account.file.core.windows.net/share")
    named = remedies.name_other_share("-n ACCOUNT -s SHARE", "BACKUP_SHARE", source)
    assert fill_in(named).splitlines()[0] == filled


def test_an_error_of_start_up_is_filled_in_too(monkeypatch):
    monkeypatch.setenv("WEBSITE_RESOURCE_GROUP", "school")
    error = VaultError("No.", expected="yes", found="no", remedy="az -g GROUP", code="vault-busy")
    assert "  fix:        az -g school\n" in error.instructions()


def test_a_local_folder_tells_nothing():
    remedies.note_mount("/dev/sda1")
    assert fill_in("-n ACCOUNT").startswith("-n ACCOUNT\n")
