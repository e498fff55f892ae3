"""The managed identity: one credential for Key Vault, PostgreSQL and storage."""

from __future__ import annotations

import os
import threading
import time
from typing import Any
from urllib.parse import urlsplit

from kolibri_azure_plugin.cloud.network import (
    CLIENT_OPTIONS,
    TRANSIENT_STATUS,
    explain_unreachable,
    on_app_service,
)
from kolibri_azure_plugin.errors import IdentityError
from kolibri_azure_plugin.errors.redaction import redact
from kolibri_azure_plugin.errors.remedies import RESTART

#: The scope of tokens that Azure Database for PostgreSQL accepts as a password.
#: https://learn.microsoft.com/azure/postgresql/flexible-server/how-to-configure-sign-in-azure-ad-authentication
POSTGRESQL_SCOPE = "https://ossrdbms-aad.database.windows.net/.default"
VAULT_SCOPE = "https://vault.azure.net/.default"

#: Seconds that a token must still be valid when it is returned.
MARGIN = 60

#: IMDS may answer 404 or 410 while it starts.
#: https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/how-to-use-vm-token#error-handling
NOT_READY_STATUS = TRANSIENT_STATUS | {404, 410}

ASSIGN_IDENTITY = "az webapp identity assign -g GROUP -n APP"


class Identity:
    """A managed identity that issues tokens, with errors that explain why it can't.

    It implements the credential protocol of the Azure SDKs. The SDK caches each token and fetches
    the next one 5 minutes before it expires, or at half the lifetime of a long-lived token.

    :param client_id: the client id of a user-assigned identity; empty for the system-assigned one.
    """

    def __init__(self, client_id: str = "") -> None:
        self.client_id = client_id
        self._lock = threading.Lock()
        self._credential: Any = None
        self._last_status: int | None = None
        os.register_at_fork(after_in_child=self._forget)

    @property
    def name(self) -> str:
        """A description of the identity, for messages."""
        if self.client_id:
            return f"the user-assigned managed identity {self.client_id}"
        return "the system-assigned managed identity"

    @property
    def endpoint(self) -> str:
        """Host and port of the endpoint that issues tokens."""
        address = (
            os.environ.get("IDENTITY_ENDPOINT")
            or os.environ.get("MSI_ENDPOINT")
            or os.environ.get("AZURE_POD_IDENTITY_AUTHORITY_HOST")
            or "http://169.254.169.254"
        )
        return urlsplit(address).netloc

    def get_token_info(self, *scopes: str, options: Any = None) -> Any:
        """A token that is valid for at least another minute.

        :raises IdentityError: when none is available.
        """
        with self._lock:
            self._last_status = None
            try:
                token = self._open().get_token_info(*scopes, options=options)
            except ImportError:
                raise
            except Exception as error:
                # Use a new client next time. MSAL repeats a failure from its cache for 5 s.
                self._credential = None
                raise self._explain(error, scopes[0]) from error
        if token.expires_on < time.time() + MARGIN:
            raise self._expired(token.expires_on, scopes[0])
        return token

    def get_token(self, *scopes: str, **_options: Any) -> Any:
        """The same for the SDKs' older protocol."""
        from azure.core.credentials import AccessToken

        info = self.get_token_info(*scopes)
        return AccessToken(info.token, info.expires_on)

    def forget_tokens(self) -> None:
        """Fetch new tokens from now on, even if a cached one is still valid."""
        with self._lock:
            self._credential = None

    def _open(self) -> Any:
        if self._credential is None:
            from azure.identity import ManagedIdentityCredential

            self._credential = ManagedIdentityCredential(
                client_id=self.client_id or None,
                raw_response_hook=self._note_status,
                **CLIENT_OPTIONS,
            )
        return self._credential

    def _note_status(self, response: Any) -> None:
        """Keep the status code. The SDK's exceptions do not include it."""
        self._last_status = response.http_response.status_code

    def _forget(self) -> None:
        """Drop the parent's connections and locks after a fork."""
        self._lock = threading.Lock()
        self._credential = None

    def unreachable_error(self, error: Exception) -> IdentityError:
        """The error for an endpoint that can't be reached."""
        return self._explain_unreachable(
            error,
            f"The identity endpoint at {self.endpoint} does not answer.",
            "an endpoint that issues tokens",
        )

    def _explain(self, error: Exception, scope: str) -> IdentityError:
        failed = f"Could not get a token for {_resource(scope)} from {self.name}."
        expected = f"a token from the identity endpoint at {self.endpoint}"
        status = self._last_status
        if status is None:
            return self._explain_unreachable(error, failed, expected)
        if status in NOT_READY_STATUS:
            return IdentityError(
                failed,
                expected=expected,
                found=f"the endpoint answered with status {status}",
                remedy=f"Wait. If the error continues, restart: {RESTART}",
                code="identity-not-ready",
                transient=True,
            )
        client = (
            "Correct KOLIBRI_AZURE_CLIENT_ID, which must be a client id of:\n"
            "az identity list --query '[].{name:name, clientId:clientId}' -o table\n"
            "or remove it to use the system-assigned identity, or assign the one that it names:\n"
            f"{ASSIGN_IDENTITY} --identities RESOURCE_ID_OF_THE_IDENTITY"
            if self.client_id
            else f"{ASSIGN_IDENTITY}\n"
            "or set KOLIBRI_AZURE_CLIENT_ID to the client id of the user-assigned identity."
        )
        return IdentityError(
            failed,
            expected=f"{self.name}, assigned to this app",
            found=f"the endpoint answered with status {status}: {redact(str(error))}",
            remedy=client,
            code="identity-not-assigned",
        )

    def _explain_unreachable(self, error: Exception, failed: str, expected: str) -> IdentityError:
        reason = explain_unreachable(error, self.endpoint)
        if "IDENTITY_ENDPOINT" in os.environ or not on_app_service():
            reason["remedy"] = (
                f"On App Service: {RESTART}\n"
                "Elsewhere there is no managed identity: leave KOLIBRI_AZURE_KEY_VAULT_URL empty "
                "and give the secrets as environment variables."
            )
            return IdentityError(failed, expected=expected, **{**reason, "code": "identity-silent"})
        return IdentityError(
            failed,
            expected="IDENTITY_ENDPOINT in the environment, which App Service sets for an app "
            "that has a managed identity",
            found="no such variable, and " + reason["found"],
            remedy=ASSIGN_IDENTITY,
            code="identity-not-assigned",
        )

    def _expired(self, expires_on: int, scope: str) -> IdentityError:
        return IdentityError(
            f"The token for {_resource(scope)} from {self.name} can't be used.",
            expected=f"a token that is valid for {MARGIN} seconds or more",
            found=f"a token that expires in {expires_on - time.time():.0f} seconds",
            remedy="Check the clock of this machine: date -u",
            code="identity-token-expired",
            transient=True,
        )


def _resource(scope: str) -> str:
    return urlsplit(scope).netloc
