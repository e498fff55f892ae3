"""The deployment that a test breaks, with its servers."""

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
    """Everything that a test can break."""

    deployment: Deployment
    azure: AzureStandin
    postgres: PostgresServer
    other_authority: CertificateAuthority

    def change_url(self, **parts: str | int) -> None:
        """Change the host, port, user, password or database in the database's secret."""
        url = self.deployment.database_url
        for old, new in parts.items():
            url = url.replace(old, str(new))
        self.azure.set_secret("kolibri-database-url", url)


Plant = Callable[[World], "contextlib.AbstractContextManager[None]"]
