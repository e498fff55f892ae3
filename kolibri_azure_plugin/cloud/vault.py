"""Reads secrets from Key Vault."""

from __future__ import annotations

import dataclasses
import os
import threading
from datetime import datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from kolibri_azure_plugin.cloud.identity import Identity
from kolibri_azure_plugin.cloud.network import (
    CLIENT_OPTIONS,
    TRANSIENT_STATUS,
    explain_unreachable,
    retry_after,
)
from kolibri_azure_plugin.errors import KolibriAzureError, SettingsError, VaultError
from kolibri_azure_plugin.errors.redaction import redact, remember
from kolibri_azure_plugin.errors.remedies import set_secret

#: Words in the service's messages for each reason, used if an answer omits the reason itself. The
#: messages are in English everywhere. Reading the secret's attributes instead would need the
#: permission to list, which an access policy may not include.
WORDS = {
    "SecretDisabled": "not allowed on a disabled secret",
    "ForbiddenByFirewall": "Client address is not authorized",
    "ForbiddenByPolicy": "does not have secrets get permission",
    "ForbiddenByRbac": "Caller is not authorized to perform action",
}


@dataclasses.dataclass(frozen=True)
class VaultSecret:
    """A secret in the vault. Times that the vault does not set are None."""

    name: str
    value: str = dataclasses.field(repr=False)
    version: str
    expires_on: datetime | None
    updated_on: datetime | None


class Vault:
    """A Key Vault, read with a managed identity.

    :param address: ``https://NAME.vault.azure.net``, or a vault's address in another Azure cloud.
    :raises SettingsError: when the address can't belong to a vault.
    """

    def __init__(self, address: str, identity: Identity) -> None:
        parts = urlsplit(address)
        if parts.scheme != "https" or not parts.hostname or parts.path.strip("/"):
            raise SettingsError(
                "The address of the Key Vault can't be used.",
                expected="https://NAME.vault.azure.net",
                found=f"KOLIBRI_AZURE_KEY_VAULT_URL is {address!r}",
                remedy="az keyvault show -n NAME --query properties.vaultUri -o tsv",
                code="vault-address",
            )
        self.host: str = parts.hostname
        self.name = self.host.partition(".")[0]
        self._address = f"https://{parts.netloc}"
        self._identity = identity
        self._lock = threading.Lock()
        self._client: Any = None
        os.register_at_fork(after_in_child=self._forget)

    def disconnect(self) -> None:
        """Close the connection. The next read opens another."""
        with self._lock:
            if self._client is not None:
                self._client.close()
                self._client = None

    def read(self, name: str) -> VaultSecret:
        """The current version of a secret.

        :raises VaultError: when it can't be read.
        :raises IdentityError: when there is no token.
        """
        try:
            secret = self._open().get_secret(name)
        except (KolibriAzureError, ImportError):
            raise
        except Exception as error:
            raise self._explain(error, name) from error
        remember(secret.value)
        properties = secret.properties
        return VaultSecret(
            name, secret.value, properties.version, properties.expires_on, properties.updated_on
        )

    def _open(self) -> Any:
        with self._lock:
            if self._client is None:
                from azure.keyvault.secrets import SecretClient

                self._client = SecretClient(self._address, self._identity, **CLIENT_OPTIONS)
            return self._client

    def _forget(self) -> None:
        """Drop the parent's connections and locks after a fork."""
        self._lock = threading.Lock()
        self._client = None

    def _explain(self, error: Exception, secret: str) -> VaultError:
        failed = f"Secret {secret} could not be read from {self.host}."
        expected = f"the value of secret {secret}"
        status = getattr(error, "status_code", None)
        if status is None:
            if isinstance(error, ValueError):
                return self._not_a_vault(error, failed)
            return VaultError(failed, expected=expected, **explain_unreachable(error, self.host))
        reason = _inner_code(error)
        refusals = self._refusals(secret) if status == HTTPStatus.FORBIDDEN else {}
        known = next((each for each in (reason, _reason_in_words(error)) if each in refusals), "")
        if known:
            code, found, remedy = refusals[known]
        elif status == HTTPStatus.NOT_FOUND:
            code, found = "vault-secret-missing", "the vault has no secret of this name"
            remedy = set_secret(secret, self.name)
        elif status == HTTPStatus.UNAUTHORIZED:
            code, found = "vault-token-rejected", "the vault did not accept the identity's token"
            remedy = (
                "The vault must belong to the tenant of the app: "
                f"az keyvault show -n {self.name} --query properties.tenantId"
            )
        elif status in TRANSIENT_STATUS:
            return VaultError(
                failed,
                expected=expected,
                found=f"the vault answered with status {status}"
                + (", too many requests" if status == HTTPStatus.TOO_MANY_REQUESTS else ""),
                remedy=f"Wait, and look at the vault's health: az keyvault show -n {self.name}",
                code="vault-busy",
                transient=True,
                retry_after=retry_after(error),
            )
        else:
            code, found = "vault-refused", f"status {status} {reason}: {redact(str(error))}"
            remedy = f"az keyvault show -n {self.name}"
        return VaultError(failed, expected=expected, found=found, remedy=remedy, code=code)

    def _refusals(self, secret: str) -> dict[str, tuple[str, str, str]]:
        """Code, finding and remedy for each reason that the vault returns with status 403."""
        who = self._identity.name
        grant_role = (
            "az role assignment create --role 'Key Vault Secrets User' "
            "--assignee-object-id PRINCIPAL_ID --assignee-principal-type ServicePrincipal "
            f"--scope $(az keyvault show -n {self.name} --query id -o tsv)\n"
            "A new role takes up to 10 minutes to take effect."
        )
        grant_policy = (
            f"az keyvault set-policy -n {self.name} --object-id PRINCIPAL_ID "
            "--secret-permissions get"
        )
        open_firewall = (
            f"az keyvault network-rule add -n {self.name} --subnet RESOURCE_ID_OF_THE_SUBNET\n"
            "or give the app's network a private endpoint to the vault."
        )
        enable = (
            f"az keyvault secret set-attributes --vault-name {self.name} -n {secret} --enabled true"
        )
        by_policy = (
            "vault-forbidden-by-policy",
            f"no access policy of the vault lets {who} read secrets",
            grant_policy,
        )
        return {
            "ForbiddenByPolicy": by_policy,
            "AccessDenied": by_policy,
            "ForbiddenByRbac": (
                "vault-forbidden-by-role",
                f"{who} has no role that lets it read secrets",
                grant_role,
            ),
            "ForbiddenByFirewall": (
                "vault-forbidden-by-firewall",
                "the vault's firewall does not let this network in",
                open_firewall,
            ),
            "SecretDisabled": (
                "vault-secret-disabled",
                "the secret is disabled",
                enable,
            ),
        }

    def _not_a_vault(self, error: ValueError, failed: str) -> VaultError:
        """The error for a host that asks for tokens of another resource, which the SDK refuses."""
        return VaultError(
            failed,
            expected="a Key Vault that asks for tokens of its own cloud",
            found=f"{self.host} does not answer as one: {redact(str(error))}",
            remedy="Correct KOLIBRI_AZURE_KEY_VAULT_URL:\n"
            "az keyvault list -g GROUP --query '[].properties.vaultUri' -o tsv",
            code="vault-address",
        )


def _reason_in_words(error: Exception) -> str:
    """The reason according to the service's message; empty if unknown."""
    text = str(error)
    return next((reason for reason, words in WORDS.items() if words in text), "")


def _inner_code(error: Any) -> str:
    """The service's own code for the reason, which the SDK stores at one of two depths."""
    details = getattr(error, "error", None)
    inner = getattr(details, "innererror", None) or {}
    return str(inner.get("code") or getattr(details, "code", None) or "")
