"""Finds each secret: in an environment variable, else in Key Vault; never in a file."""

from __future__ import annotations

import logging
import threading
import typing
from collections.abc import Mapping, MutableMapping

from kolibri_azure_plugin.configuration.settings import Settings, rows
from kolibri_azure_plugin.configuration.table import UNRESOLVED_REFERENCE
from kolibri_azure_plugin.errors import SecretError, VaultError
from kolibri_azure_plugin.errors.redaction import remember
from kolibri_azure_plugin.errors.remedies import set_app_settings

if typing.TYPE_CHECKING:
    from kolibri_azure_plugin.cloud.vault import Vault, VaultSecret

logger = logging.getLogger(__name__)

#: Kolibri has an option with this name, and writes the variable's value to options.ini as soon as
#: a device setting changes. So the variable is renamed before Kolibri reads it.
RENAMED_VARIABLES = {"KOLIBRI_DATABASE_PASSWORD": "KOLIBRI_AZURE_DATABASE_PASSWORD"}

#: Kolibri's own options for Redis, which may contain its password.
KOLIBRI_REDIS = ("KOLIBRI_CACHE_LOCATION", "KOLIBRI_CACHE_PASSWORD")

#: The prefix that App Service puts before the name of a connection string of type *Custom*.
#: https://learn.microsoft.com/azure/app-service/configure-common#configure-connection-strings
CONNECTION_STRING = "CUSTOMCONNSTR_"

#: With these variables a process gets tokens of the managed identity, which can read the vault.
#: https://learn.microsoft.com/azure/app-service/overview-managed-identity#rest-endpoint-reference
IDENTITY_VARIABLES = ("IDENTITY_ENDPOINT", "IDENTITY_HEADER", "MSI_ENDPOINT", "MSI_SECRET")


def variable_of(name: str) -> str:
    """The environment variable of a secret: ``kolibri-secret-key`` is KOLIBRI_SECRET_KEY."""
    return name.upper().replace("-", "_")


def variables_of(name: str) -> tuple[str, ...]:
    """Every environment variable that may contain a secret, in the order of reading."""
    variable = variable_of(name)
    names = (RENAMED_VARIABLES.get(variable, variable), variable, CONNECTION_STRING + variable)
    return tuple(dict.fromkeys(names))


def sensitive_variables(settings: Settings) -> list[str]:
    """The variables to remove from the environment of a program that needs no secrets."""
    names = {getattr(settings, field) for field, row in rows() if row.secret}
    # A variable with a secret's default name may still be set, although nothing reads it.
    names |= {str(row.default) for _, row in rows() if row.secret}
    variables = {variable for name in names for variable in variables_of(name)}
    vault = "KOLIBRI_AZURE_KEY_VAULT_URL"
    return sorted({*IDENTITY_VARIABLES, vault, *KOLIBRI_REDIS, *variables})


def in_environment(environ: Mapping[str, str], name: str) -> str:
    """The value of a secret in an environment, under any name; empty if not set."""
    return next((environ[found] for found in variables_of(name) if environ.get(found)), "")


def hide_from_options(environ: MutableMapping[str, str]) -> None:
    """Rename the variables that Kolibri would copy to options.ini."""
    for variable, new_name in RENAMED_VARIABLES.items():
        if variable in environ:
            environ[new_name] = environ.pop(variable)


class Secrets:
    """The secrets of this process, each fetched once.

    :param vault: the vault for secrets that are not in the environment, if there is one.
    """

    def __init__(self, environ: Mapping[str, str], vault: Vault | None) -> None:
        self._environ = environ
        self._vault = vault
        self._values: dict[str, str] = {}
        #: The source of each secret that was found.
        self.sources: dict[str, str] = {}
        #: Each secret that came from the vault, with its attributes.
        self.from_vault: dict[str, VaultSecret] = {}
        self._lock = threading.Lock()

    def get(self, name: str) -> str:
        """The value of a secret.

        :raises SecretError: when it has no source, or is an unresolved Key Vault reference.
        :raises VaultError: when it can't be read from the vault.
        :raises IdentityError: when there is no token for the vault.
        """
        value = self.find(name)
        if value is None:
            variable = variable_of(name)
            raise SecretError(
                f"There is no secret {name}.",
                expected=f"a Key Vault with secret {name}, or the environment variable {variable}",
                found="neither KOLIBRI_AZURE_KEY_VAULT_URL nor " + variable + " is set",
                remedy=set_app_settings("KOLIBRI_AZURE_KEY_VAULT_URL=https://NAME.vault.azure.net"),
                code="secret-missing",
            )
        return value

    def find(self, name: str, *, optional: bool = False) -> str | None:
        """The value of a secret, or None when no source is configured for it.

        :param optional: return None also when the vault has no secret with this name.
        """
        if name not in self._values:
            value = self._from_environment(name)
            source = f"environment variable {variable_of(name)}"
            if value is None and self._vault is not None:
                value = self._read_from(self._vault, name, optional)
                source = f"Key Vault {self._vault.host}"
            if value is None:
                return None
            self._values[name], self.sources[name] = value, source
            logger.info("Secret %s comes from the %s.", name, source)
        return self._values[name]

    def is_in_environment(self, name: str) -> bool:
        """Whether the secret is set in the environment of this process.

        :raises SecretError: when it is an unresolved Key Vault reference.
        """
        return self._from_environment(name) is not None

    def reread(self, name: str) -> str:
        """Read the secret from its source again, after the value in use was refused."""
        with self._lock:
            self._values.pop(name, None)
            return self.get(name)

    def _read_from(self, vault: Vault, name: str, optional: bool) -> str | None:
        try:
            secret = vault.read(name)
        except VaultError as error:
            if optional and error.code == "vault-secret-missing":
                return None
            raise
        self.from_vault[name] = secret
        return secret.value

    def _from_environment(self, name: str) -> str | None:
        variable = variable_of(name)
        value = in_environment(self._environ, name)
        if value.startswith(UNRESOLVED_REFERENCE):
            raise SecretError(
                f"The environment variable {variable} does not contain a secret.",
                expected="the secret's value",
                found="a Key Vault reference that App Service could not resolve",
                remedy="Let the plugin read the vault itself: set KOLIBRI_AZURE_KEY_VAULT_URL and "
                f"remove {variable}; or find out why the reference fails:\n"
                "az webapp config appsettings list -g GROUP -n APP\n"
                "The identity needs the role Key Vault Secrets User, and keyVaultReferenceIdentity "
                "must name it when it is a user-assigned one.",
                code="secret-reference-unresolved",
            )
        if not value:
            return None
        remember(value)
        return value
