"""What signs in to PostgreSQL at this moment: a password from a secret, or a token."""

from __future__ import annotations

import threading
import time
from typing import Callable, Protocol

from kolibri_azure_plugin.cloud.identity import POSTGRESQL_SCOPE, Identity
from kolibri_azure_plugin.database.config import Login
from kolibri_azure_plugin.redaction import remember

#: Seconds in which a secret that was just read again is not asked for once more, so that a
#: password that is wrong in the vault too does not turn every request into one to the vault.
REREAD_INTERVAL = 5.0


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
        self._read_at = float("-inf")
        self._lock = threading.Lock()

    def current(self) -> Login:
        return self._login

    def renew(self, refused: Login) -> Login | None:
        with self._lock:
            if self._login == refused and time.monotonic() - self._read_at > REREAD_INTERVAL:
                self._login = self._read_again()
                self._read_at = time.monotonic()
            return self._login if self._login != refused else None


class EntraCredentials:
    """A token of the managed identity is the password."""

    def __init__(self, user: str, identity: Identity) -> None:
        self._user = user
        self._identity = identity

    def current(self) -> Login:
        token = self._identity.get_token_info(POSTGRESQL_SCOPE).token
        remember(token)
        return Login(self._user, token)

    def renew(self, refused: Login) -> Login | None:
        self._identity.forget_tokens()
        login = self.current()
        return login if login != refused else None
