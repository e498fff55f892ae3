"""A PostgreSQL with TLS on 127.0.0.1, for the tests and the demo, with or without root.

Used like this::

    with PostgresServer.temporary(CertificateAuthority.create(folder)) as server:
        server.create_role("kolibri", "secret")
        server.create_database("kolibri", owner="kolibri")
        server.url("kolibri", "kolibri", "secret", sslmode="verify-full")
"""

from devtools.postgres.administration import Connection
from devtools.postgres.installation import Installation, MissingPostgresError, find_installation
from devtools.postgres.postmaster import PostgresError
from devtools.postgres.server import PostgresServer

__all__ = [
    "Connection",
    "Installation",
    "MissingPostgresError",
    "PostgresError",
    "PostgresServer",
    "find_installation",
]
