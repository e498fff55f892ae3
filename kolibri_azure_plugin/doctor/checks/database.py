"""Can Kolibri reach its PostgreSQL, safely?"""

from __future__ import annotations

import socket

from kolibri_azure_plugin.database.failures import SERVER, explain
from kolibri_azure_plugin.database.handshake import Handshake, perform_handshake
from kolibri_azure_plugin.database.opening import connect
from kolibri_azure_plugin.doctor.check_context import CheckContext
from kolibri_azure_plugin.doctor.checks import expiration
from kolibri_azure_plugin.doctor.outcome import (
    Measurement,
    Outcome,
    failed,
    passed,
    skipped,
    warned,
)
from kolibri_azure_plugin.doctor.registry import Registry, Scope
from kolibri_azure_plugin.errors.remedies import set_app_settings
from kolibri_azure_plugin.errors.retry import Deadline
from kolibri_azure_plugin.errors.stopwatch import Stopwatch
from kolibri_azure_plugin.errors.wording import counted

CHECKS = Registry("database")

SQLITE = "this is a test deployment without PostgreSQL"

#: Seconds to wait for the port.
CONNECT_TIMEOUT = 4.0


@CHECKS.check(
    "url",
    "The settings name a database, over TLS.",
    scope=Scope.INSTANCE,
    after=("kolibri.settings", "vault.secrets"),
    timeout=15,
)
def url(ctx: CheckContext) -> Outcome:
    if not ctx.wants_postgresql:
        return skipped(SQLITE)
    config = ctx.database.config
    return passed(
        f"Database {config.name} on {config.host}, as {config.user}.",
        host=config.host,
        port=config.port or "5432",
        sslmode=config.options["sslmode"],
        sslrootcert=config.options.get("sslrootcert", ""),
    )


@CHECKS.check(
    "name", "The server's name resolves.", scope=Scope.INSTANCE, requires=("database.url",)
)
def name(ctx: CheckContext) -> Outcome:
    config = ctx.database.config
    try:
        found = socket.getaddrinfo(config.host, config.port or 5432, type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        text = OSError(f"could not translate host name: {error.strerror}")
        raise explain(text, config) from error
    addresses = sorted({str(entry[4][0]) for entry in found})
    return passed(f"{config.host} resolves.", addresses=addresses)


@CHECKS.check(
    "port", "The server's port answers.", scope=Scope.INSTANCE, requires=("database.name",)
)
def port(ctx: CheckContext) -> Outcome:
    config = ctx.database.config
    stopwatch = Stopwatch()
    try:
        address = (config.host, int(config.port or 5432))
        socket.create_connection(address, CONNECT_TIMEOUT).close()
    except OSError as error:
        raise explain(error, config) from error
    return passed(f"Port {address[1]} accepts connections.", connect_ms=stopwatch.milliseconds())


@CHECKS.check(
    "tls",
    "The server offers TLS, with a certificate that can be trusted.",
    scope=Scope.DEPLOYMENT,
    requires=("database.port",),
    timeout=8,
)
def tls(ctx: CheckContext) -> Outcome:
    config = ctx.database.config
    try:
        handshake = perform_handshake(config, CONNECT_TIMEOUT)
    except OSError as error:
        raise explain(error, config) from error
    measurements: dict[str, Measurement] = {
        "version": handshake.version,
        "cipher": handshake.cipher,
        "subject": handshake.subject,
        "issuer": handshake.issuer,
        "days_left": handshake.days_left,
        "verified": handshake.verified,
    }
    return _certificate_outcome(config.host, handshake, measurements)


def _certificate_outcome(
    host: str, handshake: Handshake, measurements: dict[str, Measurement]
) -> Outcome:
    if expiration.is_expiring_soon(handshake.days_left):
        return warned(
            f"The certificate of {host} {expiration.expiry_phrase(handshake.days_left)}.",
            cause="with verify-ca and verify-full, no connection succeeds after that",
            remedy="Azure renews it automatically. If it does not: "
            f"{SERVER} restart -g GROUP -n SERVER",
            **measurements,
        )
    if not handshake.verified:
        return warned(
            "The connection is encrypted, but the server's certificate is not verified.",
            cause="sslmode is require: an attacker who can redirect the connection can read it",
            remedy=set_app_settings("KOLIBRI_AZURE_DATABASE_SSL_MODE=verify-full"),
            **measurements,
        )
    return passed(
        f"{handshake.version}, certificate verified, {counted(handshake.days_left, 'day')} left.",
        **measurements,
    )


@CHECKS.check(
    "sign_in",
    "Kolibri can sign in.",
    scope=Scope.INSTANCE,
    requires=("database.tls",),
    after=("identity.database_token",),
    timeout=10,
)
def sign_in(ctx: CheckContext) -> Outcome:
    stopwatch = Stopwatch()
    connect(ctx.database, Deadline(0)).close()
    took = stopwatch.milliseconds()
    user = ctx.database.config.user
    return passed(f"Signed in as {user} in {took} ms.", connect_ms=took)


@CHECKS.check(
    "encryption",
    "The server sees TLS on Django's and on channel import's connection.",
    scope=Scope.INSTANCE,
    requires=("database.sign_in", "kolibri.start"),
)
def encryption(_ctx: CheckContext) -> Outcome:
    from django.db import connection
    from kolibri.core.content.utils.sqlalchemybridge import get_default_db_string, get_engine

    statement = "SELECT ssl, version, cipher FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
    seen = {}
    with connection.cursor() as cursor:
        cursor.execute(statement)
        seen["django"] = cursor.fetchone()
    connection.close()
    engine = get_engine(get_default_db_string())
    with engine.connect() as bridge:
        seen["channel_import"] = tuple(bridge.execute(statement).fetchone())
    engine.dispose()
    plain = [stack for stack, (encrypted, *_) in seen.items() if not encrypted]
    versions = {f"{stack}_tls": version or "none" for stack, (_, version, _) in seen.items()}
    if plain:
        return failed(
            f"Unencrypted connections: {', '.join(plain)}.",
            cause="something between Kolibri and PostgreSQL removes TLS, such as a pooler",
            remedy="Name the server itself in the database URL, not a proxy.",
            **versions,
        )
    return passed("Both connections are encrypted.", **versions)
