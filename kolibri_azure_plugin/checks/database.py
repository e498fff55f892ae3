"""Can Kolibri reach its PostgreSQL, safely?"""

from __future__ import annotations

import socket
import time

from kolibri_azure_plugin import startup
from kolibri_azure_plugin.checks import endings
from kolibri_azure_plugin.checks.model import (
    Measurement,
    Outcome,
    Registry,
    Scope,
    failed,
    passed,
    skipped,
    warned,
)
from kolibri_azure_plugin.checks.subject import Subject
from kolibri_azure_plugin.database.failures import SERVER, explain
from kolibri_azure_plugin.database.handshake import Handshake, shake_hands
from kolibri_azure_plugin.retry import Deadline

CHECKS = Registry("database")

SQLITE = "a test deployment without PostgreSQL"

#: Seconds to wait for the port.
CONNECT_TIMEOUT = 4.0


@CHECKS.check(
    "url",
    "The settings name a database, over TLS.",
    scope=Scope.INSTANCE,
    after=("kolibri.settings", "vault.secrets"),
    timeout=15,
)
def url(subject: Subject) -> Outcome:
    if not subject.wants_postgresql:
        return skipped(SQLITE)
    config = subject.database.config
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
def name(subject: Subject) -> Outcome:
    config = subject.database.config
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
def port(subject: Subject) -> Outcome:
    config = subject.database.config
    begun = time.perf_counter()
    try:
        address = (config.host, int(config.port or 5432))
        socket.create_connection(address, CONNECT_TIMEOUT).close()
    except OSError as error:
        raise explain(error, config) from error
    return passed(
        f"Port {address[1]} answers.", connect_ms=round((time.perf_counter() - begun) * 1000, 1)
    )


@CHECKS.check(
    "tls",
    "The server offers TLS, with a certificate that can be trusted.",
    scope=Scope.DEPLOYMENT,
    requires=("database.port",),
    timeout=8,
)
def tls(subject: Subject) -> Outcome:
    config = subject.database.config
    try:
        handshake = shake_hands(config, CONNECT_TIMEOUT)
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
    if endings.is_near(handshake.days_left):
        return warned(
            f"The certificate of {host} {endings.in_words(handshake.days_left)}.",
            cause="with verify-ca and verify-full, no connection succeeds after that",
            remedy=f"Azure renews it by itself; if not: {SERVER} restart -g GROUP -n SERVER",
            **measurements,
        )
    if not handshake.verified:
        return warned(
            "The connection is encrypted, but the server's certificate is not verified.",
            cause="sslmode is require: whoever can redirect the connection can read it",
            remedy="az webapp config appsettings set -g GROUP -n APP --settings "
            "KOLIBRI_AZURE_DATABASE_SSL_MODE=verify-full",
            **measurements,
        )
    return passed(
        f"{handshake.version}, certificate verified, {handshake.days_left} days left.",
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
def sign_in(subject: Subject) -> Outcome:
    begun = time.perf_counter()
    startup.connect(subject.database, Deadline(0)).close()
    took = round((time.perf_counter() - begun) * 1000, 1)
    user = subject.database.config.user
    return passed(f"Signed in as {user} in {took} ms.", connect_ms=took)


@CHECKS.check(
    "encryption",
    "The server sees TLS on Django's and on channel import's connection.",
    scope=Scope.INSTANCE,
    requires=("database.sign_in", "kolibri.start"),
)
def encryption(_subject: Subject) -> Outcome:
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
            f"Unencrypted for the server: {', '.join(plain)}.",
            cause="something between Kolibri and PostgreSQL takes TLS away, such as a pooler",
            remedy="Name the server itself in the database URL, not a proxy.",
            **versions,
        )
    return passed("Both connections are encrypted.", **versions)
