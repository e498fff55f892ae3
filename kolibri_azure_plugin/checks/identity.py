"""Does the managed identity work, and which one is it?"""

from __future__ import annotations

import base64
import contextlib
import json
import socket
import time
from urllib.parse import urlsplit

from kolibri_azure_plugin.checks.model import Measurement, Outcome, Registry, Scope, passed, skipped
from kolibri_azure_plugin.checks.subject import Subject
from kolibri_azure_plugin.cloud.identity import POSTGRESQL_SCOPE, VAULT_SCOPE
from kolibri_azure_plugin.cloud.network import CONNECT_TIMEOUT

CHECKS = Registry("identity")

#: What a token of Entra says of its owner. https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference
CLAIMS = {"appid": "client_id", "oid": "principal_id", "tid": "tenant_id", "xms_mirid": "resource"}


@CHECKS.check(
    "endpoint",
    "The identity endpoint answers.",
    scope=Scope.INSTANCE,
    requires=("kolibri.settings",),
)
def endpoint(subject: Subject) -> Outcome:
    here = subject.context
    if not _is_used(subject):
        return skipped("no Key Vault and no Entra sign-in is configured, so no identity is used")
    parts = urlsplit(f"//{here.identity.endpoint}")
    begun = time.perf_counter()
    try:
        socket.create_connection((parts.hostname, parts.port or 80), CONNECT_TIMEOUT).close()
    except OSError as error:
        raise here.identity.no_answer(error) from error
    return passed(
        f"{here.identity.endpoint} answers.",
        connect_ms=round((time.perf_counter() - begun) * 1000, 1),
    )


@CHECKS.check(
    "vault_token",
    "The identity gets a token for Key Vault.",
    scope=Scope.INSTANCE,
    requires=("identity.endpoint",),
    timeout=12,
)
def vault_token(subject: Subject) -> Outcome:
    if subject.context.vault is None:
        return skipped("no Key Vault is configured")
    return _token(subject, VAULT_SCOPE)


@CHECKS.check(
    "database_token",
    "The identity gets a token for PostgreSQL.",
    scope=Scope.INSTANCE,
    requires=("identity.endpoint",),
    timeout=12,
)
def database_token(subject: Subject) -> Outcome:
    if subject.context.settings.database_auth != "entra":
        return skipped("KOLIBRI_AZURE_DATABASE_AUTH is password")
    return _token(subject, POSTGRESQL_SCOPE)


def _is_used(subject: Subject) -> bool:
    settings = subject.context.settings
    uses_token = settings.database_auth == "entra" or settings.content_share
    return bool(subject.context.vault or uses_token)


def _token(subject: Subject, scope: str) -> Outcome:
    identity = subject.context.identity
    token = identity.get_token_info(scope)
    measurements: dict[str, Measurement] = {"valid_for_s": round(token.expires_on - time.time())}
    return passed(f"A token for {identity.name}.", **measurements, **_owner(token.token))


def _owner(token: str) -> dict[str, str]:
    """What a token says of its owner; nothing, when it is not of the usual form."""
    with contextlib.suppress(ValueError, IndexError):
        payload = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        return {name: str(claims[claim]) for claim, name in CLAIMS.items() if claim in claims}
    return {}
