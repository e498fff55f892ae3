"""The error explains why the vault refuses, with or without a reason in the answer."""

from __future__ import annotations

import pytest

from devtools.azure_standin import AzureStandin
from kolibri_azure_plugin.cloud.identity import Identity
from kolibri_azure_plugin.cloud.vault import Vault
from kolibri_azure_plugin.errors import VaultError

NAME = "kolibri-database-url"


@pytest.fixture(scope="module")
def standin(tmp_path_factory):
    with AzureStandin(tmp_path_factory.mktemp("azure")) as standin:
        standin.set_secret(NAME, "a value")
        yield standin


@pytest.fixture
def azure(standin, monkeypatch):
    for name, value in standin.environment().items():
        monkeypatch.setenv(name, value)
    yield standin
    standin.clear_faults()


@pytest.fixture
def vault(azure):
    vault = Vault("https://kolibri.vault.azure.net", Identity(""))
    yield vault
    vault.disconnect()


def refusal(vault):
    with pytest.raises(VaultError) as refused:
        vault.read(NAME)
    return refused.value


@pytest.mark.parametrize("form", ["", "-bare"])
@pytest.mark.parametrize(
    "fault, code",
    [
        ("disabled", "vault-secret-disabled"),
        ("forbidden-by-rbac", "vault-forbidden-by-role"),
        ("forbidden-by-policy", "vault-forbidden-by-policy"),
        ("forbidden-by-firewall", "vault-forbidden-by-firewall"),
    ],
)
def test_each_refusal_is_told_from_the_others(azure, vault, fault, code, form):
    azure.fail("vault", fault + form)
    error = refusal(vault)
    assert error.code == code
    assert not error.transient
    azure.clear_faults()
    assert vault.read(NAME).value == "a value"


def test_a_refusal_for_an_unknown_reason_is_shown_as_it_is(azure, vault, monkeypatch):
    """The message guesses at no reason."""
    monkeypatch.setattr("kolibri_azure_plugin.cloud.vault.WORDS", {})
    azure.fail("vault", "disabled-bare")
    error = refusal(vault)
    assert error.code == "vault-refused"
    assert "status 403 Forbidden" in error.found
    assert "disabled secret" in error.found
