"""The deployment that a test breaks, with the servers it stands on."""

from __future__ import annotations

import contextlib
import dataclasses
from typing import Callable

from devtools.azure_standin import AzureStandin
from devtools.certificates import CertificateAuthority
from devtools.deployment import Deployment
from devtools.postgres import PostgresServer


@dataclasses.dataclass
class World:
    """What there is to break."""

    deployment: Deployment
    azure: AzureStandin
    postgres: PostgresServer
    other_authority: CertificateAuthority

    def change_url(self, **parts: str | int) -> None:
        """Let the database's secret name another host, port, user, password or database."""
        url = self.deployment.database_url
        for old, new in parts.items():
            url = url.replace(old, str(new))
        self.azure.set_secret("kolibri-database-url", url)


Plant = Callable[[World], "contextlib.AbstractContextManager[None]"]
