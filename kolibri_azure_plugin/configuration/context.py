"""The deployment as this process sees it: settings, identity, vault and secrets."""

from __future__ import annotations

import dataclasses
import functools
import os

from kolibri.utils.conf import KOLIBRI_HOME

from kolibri_azure_plugin.cloud.identity import Identity
from kolibri_azure_plugin.cloud.vault import Vault
from kolibri_azure_plugin.configuration.deployment import Deployment
from kolibri_azure_plugin.configuration.secrets import Secrets, hide_from_options
from kolibri_azure_plugin.configuration.settings import Settings
from kolibri_azure_plugin.errors import remedies


@dataclasses.dataclass(frozen=True)
class Context:
    """One deployment as one process sees it."""

    deployment: Deployment
    identity: Identity
    vault: Vault | None
    secrets: Secrets

    @property
    def settings(self) -> Settings:
        """The plugin's settings."""
        return self.deployment.settings

    def disconnect(self) -> None:
        """Close the connections to Azure. The next request opens them again."""
        self.identity.forget_tokens()
        if self.vault is not None:
            self.vault.disconnect()


@functools.lru_cache(maxsize=1)
def current() -> Context:
    """The context of this process, created without any network request.

    :raises SettingsError: when a setting can't be used.
    """
    hide_from_options(os.environ)
    deployment = Deployment.read(os.environ, KOLIBRI_HOME)
    settings = deployment.settings
    identity = Identity(settings.client_id)
    vault = Vault(settings.key_vault_url, identity) if settings.key_vault_url else None
    if vault is not None:
        remedies.note_vault(vault.host)
    remedies.note_share(settings.content_share)
    return Context(deployment, identity, vault, Secrets(os.environ, vault))
