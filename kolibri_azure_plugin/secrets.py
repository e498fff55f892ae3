"""Where each secret comes from: an environment variable, else Key Vault; never a file."""

from __future__ import annotations

import logging
import threading
import typing
from collections.abc import Mapping, MutableMapping

from kolibri_azure_plugin.errors import SecretError, VaultError
from kolibri_azure_plugin.redaction import remember
from kolibri_azure_plugin.settings_table import UNRESOLVED_REFERENCE

if typing.TYPE_CHECKING:
    from kolibri_azure_plugin.cloud.vault import Vault, VaultSecret

logger = logging.getLogger(__name__)

#: Kolibri has an option of this name, and writes the variable's value into options.ini as soon as
#: a device setting is changed. So the variable is renamed before Kolibri looks.
RENAMED_VARIABLES = {"KOLIBRI_DATABASE_PASSWORD": "KOLIBRI_AZURE_DATABASE_PASSWORD"}

#: App Service hands over a connection string of type *Custom* under its name behind this.
#: https://learn.microsoft.com/azure/app-service/configure-common#configure-connection-strings
CONNECTION_STRING = "CUSTOMCONNSTR_"


def variable_of(name: str) -> str:
    """The environment variable of a secret: ``kolibri-secret-key`` is KOLIBRI_SECRET_KEY."""
    return name.upper().replace("-", "_")


def in_environment(environ: Mapping[str, str], name: str) -> str:
    """What an environment holds for a secret, under whatever name; empty when it has nothing."""
    variable = variable_of(name)
    renamed = RENAMED_VARIABLES.get(variable, variable)
    return environ.get(renamed) or environ.get(CONNECTION_STRING + variable, "")


def hide_from_options(environ: MutableMapping[str, str]) -> None:
    """Rename the variables that Kolibri would copy into options.ini."""
    for variable, new_name in RENAMED_VARIABLES.items():
        if variable in environ:
            environ[new_name] = environ.pop(variable)


class Secrets:
    """The secrets of this process, each fetched once.

    :param vault: where a secret comes from that no environment variable holds, if anywhere.
    """

    def __init__(self, environ: Mapping[str, str], vault: Vault | None) -> None:
        self._environ = environ
        self._vault = vault
        self._values: dict[str, str] = {}
        #: For each secret that was found, where it came from.
        self.sources: dict[str, str] = {}
        #: What the vault says of each secret that came from it.
        self.from_vault: dict[str, VaultSecret] = {}
        self._lock = threading.Lock()

    def get(self, name: str) -> str:
        """The value of a secret.

        :raises SecretError: when it is nowhere, or is an unresolved Key Vault reference.
        :raises VaultError: when the vault does not hand it out.
        :raises IdentityError: when there is no token to ask the vault with.
        """
        value = self.find(name)
        if value is None:
            variable = variable_of(name)
            raise SecretError(
                f"There is no secret {name}.",
                expected=f"a Key Vault that holds {name}, or the environment variable {variable}",
                found="neither KOLIBRI_AZURE_KEY_VAULT_URL nor " + variable + " is set",
                remedy="az webapp config appsettings set -g GROUP -n APP --settings "
                "KOLIBRI_AZURE_KEY_VAULT_URL=https://NAME.vault.azure.net",
                code="secret-missing",
            )
        return value

    def find(self, name: str, *, optional: bool = False) -> str | None:
        """The value of a secret, or None when no source is configured for it.

        :param optional: None, too, when the vault has no secret of this name.
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
        """Whether somebody has put the secret into the environment of this process.

        :raises SecretError: when it is an unresolved Key Vault reference.
        """
        return self._from_environment(name) is not None

    def reread(self, name: str) -> str:
        """The value that the source has now, after the one in use was refused."""
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
                f"The environment variable {variable} holds no secret.",
                expected="the secret's value",
                found="a Key Vault reference that App Service could not resolve",
                remedy="Let the plugin read the vault itself: set KOLIBRI_AZURE_KEY_VAULT_URL and "
                f"remove {variable}; or see why the reference fails:\n"
                "az webapp config appsettings list -g GROUP -n APP\n"
                "The identity needs the role Key Vault Secrets User, and keyVaultReferenceIdentity "
                "must name it when it is a user-assigned one.",
                code="secret-reference-unresolved",
            )
        if not value:
            return None
        remember(value)
        return value
