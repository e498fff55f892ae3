"""The demo's Azure: the managed identity's endpoint, a Key Vault and PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from devtools.azure_standin import AzureStandin
from devtools.certificates import CertificateAuthority
from devtools.demo.accounts import FACILITY, SUPERUSER, Accounts, persistent_secret
from devtools.demo.database import DemoDatabase
from devtools.demo.folder import DemoFolder
from devtools.demo.narration import say, step
from devtools.postgres import PostgresServer, find_installation

REPOSITORY = Path(__file__).parents[2]
VAULT_URL = "https://kolibri-demo.vault.azure.net"
SECRET_KEY_BYTES = 48

#: Each of the 150 threads of Kolibri's web server keeps one.
CONNECTIONS = 200


@dataclass(frozen=True)
class Cloud:
    """The running services, the database, and Kolibri's accounts.

    :param root_certificate: the authority that signed PostgreSQL's certificate.
    """

    azure: AzureStandin
    database: DemoDatabase
    root_certificate: Path
    accounts: Accounts

    def settings(self, folder: DemoFolder) -> dict[str, str]:
        """Kolibri's environment, as App Service would set it, without secrets.

        It differs from production in two ways: the content folder is not a mounted share, and no
        proxy terminates TLS.
        """
        return {
            **self.azure.environment(),
            "PYTHONPATH": str(REPOSITORY),
            "KOLIBRI_PLUGIN_ENABLE": "kolibri_azure_plugin",
            "KOLIBRI_AZURE_DEPLOYMENT": "test",
            "KOLIBRI_AZURE_HTTPS_PROXY": "false",
            "KOLIBRI_AZURE_ALLOWED_HOSTS": "localhost",
            "KOLIBRI_AZURE_KEY_VAULT_URL": VAULT_URL,
            "KOLIBRI_AZURE_CONTENT_MOUNT": str(folder.content),
            "KOLIBRI_AZURE_DATABASE_SSL_MODE": "verify-full",
            "KOLIBRI_AZURE_DATABASE_SSL_ROOT_CERT": str(self.root_certificate),
            "KOLIBRI_AZURE_FACILITY_NAME": FACILITY,
            "KOLIBRI_AZURE_SUPERUSER_NAME": SUPERUSER,
        }


@contextmanager
def running_cloud(folder: DemoFolder) -> Iterator[Cloud]:
    """Start the services on the data in `folder`, and stop them at the end.

    Raises MissingPostgresError, PostgresError, and OSError if the folder is unusable.
    """
    with AzureStandin(folder.azure, keeps_secrets=True) as azure:
        accounts = Accounts.of(azure)
        persistent_secret(azure, "kolibri-secret-key", SECRET_KEY_BYTES)
        say("  Azure: the managed identity's endpoint and a Key Vault are running")
        authority = CertificateAuthority.create(folder.authority)
        with running_postgres(folder, authority) as server:
            database = DemoDatabase(server)
            azure.set_secret("kolibri-database-url", database.prepare())
            yield Cloud(azure, database, authority.certificate_file, accounts)


@contextmanager
def running_postgres(
    folder: DemoFolder, authority: CertificateAuthority
) -> Iterator[PostgresServer]:
    """The demo's server, whose data survive a crash of the machine."""
    with step("PostgreSQL with TLS: finding or fetching one"):
        find_installation()
    with ExitStack() as started:
        with step("PostgreSQL: starting"):
            server = PostgresServer.create(folder.postgres, authority, durable=True)
            started.callback(_stop, server)
            server.configure(max_connections=CONNECTIONS)
            server.start()
        yield server


def _stop(server: PostgresServer) -> None:
    with step("PostgreSQL: stopping"):
        server.close()
