"""What this process knows of its deployment: settings, identity, vault and secrets."""

from __future__ import annotations

import dataclasses
import functools
import os
from collections.abc import Mapping
from typing import Any

from kolibri.utils.conf import KOLIBRI_HOME

from kolibri_azure_plugin import remedies
from kolibri_azure_plugin.cloud.identity import Identity
from kolibri_azure_plugin.cloud.vault import Vault
from kolibri_azure_plugin.secrets import Secrets, hide_from_options
from kolibri_azure_plugin.settings import SECTION, Settings, load
from kolibri_azure_plugin.settings_table import read_options_file


@dataclasses.dataclass(frozen=True)
class Context:
    """One deployment as one process sees it.

    :param options: options.ini as it stands in the file, for what Kolibri has not read yet.
    """

    settings: Settings
    options: Mapping[str, Mapping[str, Any]]
    identity: Identity
    vault: Vault | None
    secrets: Secrets

    def disconnect(self) -> None:
        """Close the connections to Azure; they are opened again when something is asked."""
        self.identity.forget_tokens()
        if self.vault is not None:
            self.vault.disconnect()


@functools.lru_cache(maxsize=1)
def current() -> Context:
    """The context of this process. Nothing is asked over the network yet.

    :raises SettingsError: when a setting can't be used.
    """
    hide_from_options(os.environ)
    options = read_options_file(os.path.join(KOLIBRI_HOME, "options.ini"))
    settings = load(os.environ, options.get(SECTION, {}))
    identity = Identity(settings.client_id)
    vault = Vault(settings.key_vault_url, identity) if settings.key_vault_url else None
    if vault is not None:
        remedies.note_vault(vault.host)
    remedies.note_share(settings.content_share)
    return Context(settings, options, identity, vault, Secrets(os.environ, vault))
