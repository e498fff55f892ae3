"""A healthy deployment on an empty database, the start of every benchmark of commands."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

from devtools.azure_standin import AzureStandin
from devtools.certificates import CertificateAuthority
from devtools.deployment import Deployment
from devtools.postgres import PostgresServer

DATABASE, USER, PASSWORD = "kolibri_bench", "kolibri", "a-password"


@contextlib.contextmanager
def deployment_to_measure() -> Iterator[tuple[Deployment, PostgresServer, AzureStandin]]:
    """Yield the deployment, its PostgreSQL with TLS and its Azure; remove all at the end."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        authority = CertificateAuthority.create(folder / "authority")
        azure_folder = folder / "azure"
        with PostgresServer.temporary(authority) as postgres, AzureStandin(azure_folder) as azure:
            postgres.create_role(USER, PASSWORD)
            postgres.create_database(DATABASE, owner=USER)
            deployment = Deployment.create(
                folder, azure, postgres, authority, database=DATABASE, user=USER, password=PASSWORD
            )
            yield deployment, postgres, azure
