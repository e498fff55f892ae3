"""The current credentials for PostgreSQL: a password from a secret, or a token."""

from __future__ import annotations

import threading
import time
from typing import Callable, Protocol

from kolibri_azure_plugin.cloud.identity import POSTGRESQL_SCOPE, Identity
from kolibri_azure_plugin.database.config import Login
from kolibri_azure_plugin.errors import KolibriAzureError
from kolibri_azure_plugin.errors.redaction import remember

#: Seconds before the source is read again if it had no other login. Otherwise a wrong secret would
#: turn every request into a request to Azure.
PAUSE = 5.0


class Credentials(Protocol):
    """Provides the login for each new connection."""

    def current(self) -> Login:
        """The login to use."""

    def renew(self, refused: Login) -> Login | None:
        """Another login after this one was refused; None if there is no other."""


class PasswordCredentials:
    """The login in a secret, which is read again when PostgreSQL refuses it.

    So a rotation needs no restart: set the new password in the vault, then in PostgreSQL.

    :param read_again: reads the secret from its source again.
    """

    def __init__(self, login: Login, read_again: Callable[[], Login]) -> None:
        self._login = login
        self._read_again = read_again
        self._in_vain_at = float("-inf")
        self._failure: KolibriAzureError | None = None
        self._lock = threading.Lock()

    def current(self) -> Login:
        return self._login

    def renew(self, refused: Login) -> Login | None:
        """Read the secret again, once for all threads whose sign-in was refused.

        :raises KolibriAzureError: when it can't be read; the same error for all of them.
        """
        with self._lock:
            if self._login == refused and time.monotonic() - self._in_vain_at > PAUSE:
                self._read()
            if self._login != refused:
                return self._login
            if self._failure is not None:
                raise self._failure
            return None

    def _read(self) -> None:
        previous, self._failure = self._login, None
        try:
            self._login = self._read_again()
        except KolibriAzureError as error:
            self._failure = error
        if self._login == previous:
            self._in_vain_at = time.monotonic()


class EntraCredentials:
    """A token of the managed identity as the password. The SDK caches it until it nears expiry."""

    def __init__(self, user: str, identity: Identity) -> None:
        self._user = user
        self._identity = identity
        self._renewed_at = float("-inf")
        self._lock = threading.Lock()

    def current(self) -> Login:
        token = self._identity.get_token_info(POSTGRESQL_SCOPE).token
        remember(token)
        return Login(self._user, token)

    def renew(self, refused: Login) -> Login | None:
        """Request a new token, once for all threads whose sign-in was refused."""
        with self._lock:
            login = self.current()
            if login == refused and time.monotonic() - self._renewed_at > PAUSE:
                self._identity.forget_tokens()
                self._renewed_at = time.monotonic()
                login = self.current()
            return login if login != refused else None
