"""What signs in to PostgreSQL at this moment: a password from a secret, or a token."""

from __future__ import annotations

import threading
import time
from typing import Callable, Protocol

from kolibri_azure_plugin.cloud.identity import POSTGRESQL_SCOPE, Identity
from kolibri_azure_plugin.database.config import Login
from kolibri_azure_plugin.errors import KolibriAzureError
from kolibri_azure_plugin.redaction import remember

#: Seconds in which nobody asks again after the source had no other login, so that one that is wrong
#: at its source too does not turn every request into one to Azure.
PAUSE = 5.0


class Credentials(Protocol):
    """Gives the login for each connection that is opened."""

    def current(self) -> Login:
        """The login to try."""

    def renew(self, refused: Login) -> Login | None:
        """Another login after this one was refused; None when there is no other."""


class PasswordCredentials:
    """The login that a secret names; it is read again when PostgreSQL refuses it.

    So a rotation needs no restart: the new password goes into the vault, then into PostgreSQL.

    :param read_again: reads the secret afresh from where it came.
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

        :raises KolibriAzureError: when it can't be read; for all of them the same one.
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
    """A token of the managed identity is the password; the SDK keeps it until it nears its end."""

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
        """Have a new token issued, once for all threads whose sign-in was refused."""
        with self._lock:
            login = self.current()
            if login == refused and time.monotonic() - self._renewed_at > PAUSE:
                self._identity.forget_tokens()
                self._renewed_at = time.monotonic()
                login = self.current()
            return login if login != refused else None
