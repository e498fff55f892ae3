"""Every fault that a deployment must survive or report, and how it is planted for real.

The start-up tests and the doctor's tests both go through this list, and the table in
docs/checks.md is made of it.
"""

from __future__ import annotations

import contextlib
import dataclasses
import socket
import threading
from collections.abc import Iterator
from typing import Callable

from devtools.azure_standin import AzureStandin
from devtools.certificates import CertificateAuthority
from devtools.deployment import Deployment
from devtools.ports import free_port
from devtools.postgres import PostgresServer
from devtools.share import RELEASED


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


@dataclasses.dataclass(frozen=True)
class Planted:
    """A fault.

    :param name: what is wrong, in an administrator's words.
    :param code: the section of docs/troubleshooting.md that start-up names.
    :param transient: start-up keeps trying until its timeout.
    """

    name: str
    code: str
    plant: Plant
    transient: bool = False


def fault(service: str, name: str, **details: int) -> Plant:
    """A fault of the stand-in."""

    @contextlib.contextmanager
    def plant(world: World) -> Iterator[None]:
        world.azure.fail(service, name, **details)
        yield

    return plant


def environment(**variables: str | None) -> Plant:
    """Other environment variables; None removes one."""

    @contextlib.contextmanager
    def plant(world: World) -> Iterator[None]:
        for name, value in variables.items():
            if value is None:
                world.deployment.environment.pop(name, None)
            else:
                world.deployment.environment[name] = value
        yield

    return plant


def share(kind: str) -> Plant:
    """Another kind of share at the mount point; nothing when empty."""

    @contextlib.contextmanager
    def plant(world: World) -> Iterator[None]:
        world.deployment.kind = kind
        yield

    return plant


@contextlib.contextmanager
def no_identity(world: World) -> Iterator[None]:
    variables = world.deployment.environment
    for name in ("IDENTITY_ENDPOINT", "IDENTITY_HEADER"):
        del variables[name]
    variables["AZURE_POD_IDENTITY_AUTHORITY_HOST"] = f"http://127.0.0.1:{free_port()}"
    variables["WEBSITE_SITE_NAME"] = "kolibri"
    yield


@contextlib.contextmanager
def identity_refused(world: World) -> Iterator[None]:
    world.deployment.environment["IDENTITY_ENDPOINT"] = f"http://127.0.0.1:{free_port()}/msi/token"
    yield


@contextlib.contextmanager
def vault_refused(world: World) -> Iterator[None]:
    """No proxy in between: nothing listens on port 443 of this machine."""
    for name in ("HTTPS_PROXY", "https_proxy"):
        del world.deployment.environment[name]
    world.deployment.environment["KOLIBRI_AZURE_KEY_VAULT_URL"] = "https://127.0.0.1"
    yield


@contextlib.contextmanager
def vault_unknown(world: World) -> Iterator[None]:
    for name in ("HTTPS_PROXY", "https_proxy"):
        del world.deployment.environment[name]
    world.deployment.environment["KOLIBRI_AZURE_KEY_VAULT_URL"] = "https://kolibri.vault.invalid"
    yield


@contextlib.contextmanager
def secret_missing(world: World) -> Iterator[None]:
    world.azure.delete_secret("kolibri-secret-key")
    yield


@contextlib.contextmanager
def secret_disabled(world: World) -> Iterator[None]:
    world.azure.disable_secret("kolibri-database-url")
    yield


@contextlib.contextmanager
def database_refused(world: World) -> Iterator[None]:
    world.change_url(**{f":{world.postgres.port}/": f":{free_port()}/"})
    yield


@contextlib.contextmanager
def database_unknown_host(world: World) -> Iterator[None]:
    world.change_url(**{"@localhost:": "@kolibri.postgres.invalid:"})
    yield


@contextlib.contextmanager
def database_silent(world: World) -> Iterator[None]:
    """A server that takes the connection and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        accepted = []
        threading.Thread(target=_accept_all, args=(listener, accepted), daemon=True).start()
        port = listener.getsockname()[1]
        world.change_url(**{f":{world.postgres.port}/": f":{port}/"})
        yield


def _accept_all(listener: socket.socket, accepted: list[socket.socket]) -> None:
    with contextlib.suppress(OSError):
        while True:
            accepted.append(listener.accept()[0])


@contextlib.contextmanager
def database_starting(world: World) -> Iterator[None]:
    world.postgres.start_up_held()
    try:
        yield
    finally:
        world.postgres.release()


@contextlib.contextmanager
def wrong_password(world: World) -> Iterator[None]:
    world.azure.set_secret(
        "kolibri-database-url",
        world.postgres.url(world.deployment.database, world.deployment.user, "not-the-password"),
    )
    yield


@contextlib.contextmanager
def unknown_database(world: World) -> Iterator[None]:
    world.change_url(**{f"/{world.deployment.database}": "/nowhere"})
    yield


@contextlib.contextmanager
def no_tls(world: World) -> Iterator[None]:
    world.postgres.offer_tls(offered=False)
    try:
        yield
    finally:
        world.postgres.offer_tls(offered=True)


@contextlib.contextmanager
def wrong_authority(world: World) -> Iterator[None]:
    world.deployment.environment["KOLIBRI_AZURE_DATABASE_SSL_ROOT_CERT"] = str(
        world.other_authority.certificate_file
    )
    yield


@contextlib.contextmanager
def weak_ssl_mode(world: World) -> Iterator[None]:
    world.azure.set_secret("kolibri-database-url", f"{world.deployment.database_url}?sslmode=allow")
    yield


PLANTED = (
    Planted(
        "the identity has no role on the vault",
        "vault-forbidden-by-role",
        fault("vault", "forbidden-by-rbac"),
    ),
    Planted(
        "the vault has no access policy for the identity",
        "vault-forbidden-by-policy",
        fault("vault", "forbidden-by-policy"),
    ),
    Planted(
        "the vault's firewall is closed",
        "vault-forbidden-by-firewall",
        fault("vault", "forbidden-by-firewall"),
    ),
    Planted(
        "the vault rejects the token", "vault-token-rejected", fault("vault", "token-rejected")
    ),
    Planted("a secret is missing from the vault", "vault-secret-missing", secret_missing),
    Planted("a secret is disabled", "vault-secret-disabled", secret_disabled),
    Planted("the vault is throttled", "vault-busy", fault("vault", "throttled"), transient=True),
    Planted(
        "the vault fails with 500", "vault-busy", fault("vault", "server-error"), transient=True
    ),
    Planted("the vault hangs", "no-answer", fault("vault", "hang"), transient=True),
    Planted("the vault refuses connections", "no-answer", vault_refused, transient=True),
    Planted("the vault's name is unknown", "name-not-resolved", vault_unknown, transient=True),
    Planted(
        "the vault's certificate is of another authority",
        "certificate-not-trusted",
        fault("vault", "wrong-authority"),
    ),
    Planted(
        "the vault's certificate is for another host",
        "certificate-not-trusted",
        fault("vault", "wrong-host"),
    ),
    Planted(
        "the vault's certificate has expired",
        "certificate-not-trusted",
        fault("vault", "expired-certificate"),
    ),
    Planted("the app has no managed identity", "identity-not-assigned", no_identity),
    Planted(
        "the identity endpoint refuses connections",
        "identity-silent",
        identity_refused,
        transient=True,
    ),
    Planted(
        "the identity endpoint knows no such identity",
        "identity-not-assigned",
        fault("identity", "unknown-identity"),
    ),
    Planted(
        "the identity endpoint is not ready",
        "identity-not-ready",
        fault("identity", "not-ready"),
        transient=True,
    ),
    Planted("PostgreSQL refuses connections", "database-refused", database_refused, transient=True),
    Planted(
        "PostgreSQL's name is unknown",
        "database-name-not-resolved",
        database_unknown_host,
        transient=True,
    ),
    Planted(
        "PostgreSQL accepts and says nothing", "database-silent", database_silent, transient=True
    ),
    Planted("PostgreSQL is starting up", "database-starting", database_starting, transient=True),
    Planted("the password is wrong", "database-sign-in", wrong_password),
    Planted("the database does not exist", "database-missing", unknown_database),
    Planted("PostgreSQL offers no TLS", "database-no-tls", no_tls),
    Planted(
        "PostgreSQL's certificate is of another authority", "database-certificate", wrong_authority
    ),
    Planted("the URL asks for a weak sslmode", "database-ssl-mode", weak_ssl_mode),
    Planted("the share is not mounted", "share-not-mounted", share("")),
    Planted(
        "what is mounted is no share",
        "share-wrong-type",
        environment(KOLIBRI_AZURE_MOUNT_TYPES="cifs,nfs4"),
    ),
    Planted("the share is read-only", "share-read-only", share("read-only")),
    Planted("the share hangs", "share-hangs", share("hang"), transient=True),
    Planted("the share is dead", "share-dead", share("dead"), transient=True),
    Planted(
        "interactive content comes from Kolibri's own host",
        "zip-content-same-host",
        environment(
            KOLIBRI_AZURE_ALLOWED_HOSTS="kolibri.example.org",
            KOLIBRI_ZIP_CONTENT_ORIGIN="https://Kolibri.Example.org/",
        ),
    ),
)

__all__ = ["PLANTED", "RELEASED", "Planted", "World"]
