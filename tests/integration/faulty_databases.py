"""Faults of a PostgreSQL that Kolibri has not used yet, and of the connection to it."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator

from devtools.ports import free_port
from devtools.postgres import PostgresServer

from .world import World


@contextlib.contextmanager
def refused(world: World) -> Iterator[None]:
    world.change_url(**{f":{world.postgres.port}/": f":{free_port()}/"})
    yield


@contextlib.contextmanager
def unknown_host(world: World) -> Iterator[None]:
    world.change_url(**{"@localhost:": "@kolibri.postgres.invalid:"})
    yield


@contextlib.contextmanager
def silent(world: World) -> Iterator[None]:
    """A server that accepts the connection and stays silent."""
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
def starting(world: World) -> Iterator[None]:
    world.postgres.start_held_in_recovery()
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
    world.postgres.set_tls(offered=False)
    try:
        yield
    finally:
        world.postgres.set_tls(offered=True)


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


@contextlib.contextmanager
def of_azure(world: World) -> Iterator[None]:
    """A database as Azure creates it before the server has administrators."""
    require_role(world.postgres, "azuresu", "SUPERUSER")
    name = world.deployment.database
    world.postgres.execute(f"ALTER DATABASE {name} OWNER TO azuresu")
    yield


@contextlib.contextmanager
def of_azure_with_data(world: World) -> Iterator[None]:
    world.postgres.execute(
        "SELECT lo_from_bytea(0, 'work of learners')", database=world.deployment.database
    )
    with of_azure(world):
        yield


def require_role(postgres: PostgresServer, name: str, options: str = "") -> None:
    """Make a role, unless it exists from another test."""
    if not postgres.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (name,)):
        postgres.execute(f"CREATE ROLE {name} {options}")
