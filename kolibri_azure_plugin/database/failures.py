"""Explains libpq's messages for failed connections, with a remedy for each.

psycopg2 has no SQLSTATE for a connection that was never established, so the text must do. The texts
are those of libpq and PostgreSQL 15 to 18 with English messages, which Azure uses.
"""

from __future__ import annotations

import dataclasses
import re

from kolibri_azure_plugin.database.config import DatabaseConfig
from kolibri_azure_plugin.errors import DatabaseError
from kolibri_azure_plugin.errors.redaction import redact

SERVER = "az postgres flexible-server"

SIGN_IN_REFUSED = "database-sign-in"


@dataclasses.dataclass(frozen=True)
class Failure:
    """One kind of failed connection. The remedy may name parts of the configuration."""

    code: str
    pattern: str
    remedy: str
    transient: bool = False


FAILURES = (
    Failure(
        SIGN_IN_REFUSED,
        r"(password|RADIUS|LDAP|PAM|SCRAM) authentication failed|role \".*\" does not exist"
        r"|no password supplied|access token",
        "Set secret {secret} to the right URL, and the server to the password in that URL:\n"
        f"{SERVER} update -g GROUP -n SERVER --admin-password @FILE\n"
        "or, when {user} is not the server's administrator: psql -d {name} -c '\\password {user}'\n"
        "With KOLIBRI_AZURE_DATABASE_AUTH=entra the user is the identity's name:\n"
        f"{SERVER} microsoft-entra-admin list -g GROUP -s SERVER",
    ),
    Failure(
        "database-missing",
        r"database \".*\" does not exist",
        f"{SERVER} db create -g GROUP -s SERVER -n {{name}}",
    ),
    Failure(
        "database-not-allowed",
        r"permission denied for database",
        "As an administrator of the server:\n"
        'psql -d postgres -c \'GRANT CONNECT ON DATABASE "{name}" TO "{user}"\'',
    ),
    Failure(
        "database-not-allowed",
        r"no pg_hba\.conf entry",
        "The server does not allow this address, user or kind of connection:\n"
        f"{SERVER} firewall-rule create -g GROUP -s SERVER -n kolibri --start-ip-address IP "
        "--end-ip-address IP\nor put the app into the server's network.",
    ),
    Failure(
        "database-no-tls",
        r"server does not support SSL",
        f"{SERVER} parameter set -g GROUP -s SERVER -n require_secure_transport -v ON",
    ),
    Failure(
        "database-certificate",
        r"certificate verify failed|does not match host name|root certificate file"
        r"|could not get server's host name|SSL error",
        "Set KOLIBRI_AZURE_DATABASE_SSL_ROOT_CERT to the file of the authority that signed the "
        "server's certificate, and use the host name that the certificate is for:\n"
        "openssl s_client -starttls postgres -connect {host}:{port} -showcerts",
    ),
    Failure(
        "database-name-not-resolved",
        r"could not translate host name",
        "nslookup {host}\n"
        "Check the spelling, and that the private DNS zone is linked to the app's network.",
        transient=True,
    ),
    Failure(
        "database-starting",
        r"the database system is (starting up|shutting down|not (yet )?accepting connections"
        r"|in recovery mode)|terminating connection",
        f"Wait. If it stays so: {SERVER} show -g GROUP -n SERVER --query state",
        transient=True,
    ),
    Failure(
        "database-full",
        r"too many (clients|connections)|remaining connection slots",
        f"{SERVER} parameter show -g GROUP -s SERVER -n max_connections\n"
        "Use fewer threads or instances, or a larger server. Where the limit is the role's own:\n"
        "psql -d {name} -c 'ALTER ROLE \"{user}\" CONNECTION LIMIT -1'",
        transient=True,
    ),
    Failure(
        "database-refused",
        r"Connection refused",
        f"{SERVER} start -g GROUP -n SERVER\nCheck host and port in secret {{secret}}.",
        transient=True,
    ),
    Failure(
        "database-silent",
        r"timeout expired|timed out|[Nn]o route to host|[Nn]etwork is unreachable",
        "Check the firewall and the network between the app and {host}:\n"
        f"{SERVER} show -g GROUP -n SERVER --query network",
        transient=True,
    ),
)

#: Any other message. Waiting costs only time, but giving up might take a whole site down.
UNKNOWN = Failure(
    "database-unknown",
    "",
    f"{SERVER} show -g GROUP -n SERVER\n"
    f"and the server's log: {SERVER} server-logs list -g GROUP -s SERVER",
    transient=True,
)


def failure_of(error: Exception) -> Failure:
    """The failure that matches libpq's text."""
    text = str(error)
    return next((f for f in FAILURES if re.search(f.pattern, text)), UNKNOWN)


def explain(error: Exception, config: DatabaseConfig) -> DatabaseError:
    """Translate psycopg2's error for an administrator."""
    failure = failure_of(error)
    port = config.port or "5432"
    return DatabaseError(
        f"PostgreSQL at {config.host}:{port} can't be used.",
        expected=f"a connection to database {config.name} as {config.user}, "
        f"with sslmode {config.options['sslmode']}",
        found=redact(str(error)).strip(),
        remedy=failure.remedy.format(
            host=config.host,
            port=port,
            name=config.name,
            user=config.user,
            secret=config.secret,
        ),
        code=failure.code,
        transient=failure.transient,
    )
