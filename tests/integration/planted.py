"""Every fault that a deployment must survive or report, and how to cause it for real.

The tests of start-up and of the doctor both use this list, and docs/faults.md is generated from it.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator

from devtools.ports import free_port
from devtools.share import OVER_FUSE, RELEASED
from tests.fuse import require_fuse

from . import faulty_databases
from .world import Plant, World


@dataclasses.dataclass(frozen=True)
class Planted:
    """A fault.

    :param name: the problem, in an administrator's words.
    :param code: the section of docs/troubleshooting.md that start-up names.
    :param transient: whether start-up retries until its timeout.
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
    """Change environment variables; None removes one."""

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
    """Put another kind of share at the mount point; an empty kind means no share."""

    @contextlib.contextmanager
    def plant(world: World) -> Iterator[None]:
        if kind in OVER_FUSE:
            require_fuse()
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
    """Remove the proxy; nothing listens on port 443 of this machine."""
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
        "the vault's certificate is from an untrusted authority",
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
        "the identity endpoint does not recognise the identity",
        "identity-not-assigned",
        fault("identity", "unknown-identity"),
    ),
    Planted(
        "the identity endpoint is not ready",
        "identity-not-ready",
        fault("identity", "not-ready"),
        transient=True,
    ),
    Planted(
        "PostgreSQL refuses connections",
        "database-refused",
        faulty_databases.refused,
        transient=True,
    ),
    Planted(
        "PostgreSQL's name is unknown",
        "database-name-not-resolved",
        faulty_databases.unknown_host,
        transient=True,
    ),
    Planted(
        "PostgreSQL accepts connections but sends nothing",
        "database-silent",
        faulty_databases.silent,
        transient=True,
    ),
    Planted(
        "PostgreSQL is starting up",
        "database-starting",
        faulty_databases.starting,
        transient=True,
    ),
    Planted("the password is wrong", "database-sign-in", faulty_databases.wrong_password),
    Planted("the database does not exist", "database-missing", faulty_databases.unknown_database),
    Planted("PostgreSQL offers no TLS", "database-no-tls", faulty_databases.no_tls),
    Planted(
        "PostgreSQL's certificate is from an untrusted authority",
        "database-certificate",
        faulty_databases.wrong_authority,
    ),
    Planted(
        "Azure owns the database, which is empty", "database-no-create", faulty_databases.of_azure
    ),
    Planted(
        "Azure owns the database, which contains data",
        "database-no-create",
        faulty_databases.of_azure_with_data,
    ),
    Planted("the URL sets a weak sslmode", "database-ssl-mode", faulty_databases.weak_ssl_mode),
    Planted("the share is not mounted", "share-not-mounted", share("")),
    Planted(
        "the mounted file system is not a share",
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

__all__ = ["PLANTED", "RELEASED", "Plant", "Planted", "World"]
