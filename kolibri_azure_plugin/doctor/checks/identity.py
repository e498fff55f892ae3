"""Does the managed identity work, and which one is it?"""

from __future__ import annotations

import base64
import contextlib
import json
import socket
import time
from urllib.parse import urlsplit

from kolibri_azure_plugin.cloud.identity import POSTGRESQL_SCOPE, VAULT_SCOPE
from kolibri_azure_plugin.cloud.network import CONNECT_TIMEOUT
from kolibri_azure_plugin.doctor.check_context import CheckContext
from kolibri_azure_plugin.doctor.outcome import Measurement, Outcome, passed, skipped
from kolibri_azure_plugin.doctor.registry import Registry, Scope
from kolibri_azure_plugin.errors.stopwatch import Stopwatch

CHECKS = Registry("identity")

#: The claims about a token's owner. https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference
CLAIMS = {"appid": "client_id", "oid": "principal_id", "tid": "tenant_id", "xms_mirid": "resource"}


@CHECKS.check(
    "endpoint",
    "The identity endpoint answers.",
    scope=Scope.INSTANCE,
    requires=("kolibri.settings",),
)
def endpoint(ctx: CheckContext) -> Outcome:
    here = ctx.context
    if not _is_used(ctx):
        return skipped("no Key Vault and no Entra sign-in are configured, so no identity is needed")
    parts = urlsplit(f"//{here.identity.endpoint}")
    stopwatch = Stopwatch()
    try:
        socket.create_connection((parts.hostname, parts.port or 80), CONNECT_TIMEOUT).close()
    except OSError as error:
        raise here.identity.unreachable_error(error) from error
    return passed(f"{here.identity.endpoint} answers.", connect_ms=stopwatch.milliseconds())


@CHECKS.check(
    "vault_token",
    "The endpoint issues a token for Key Vault.",
    scope=Scope.INSTANCE,
    requires=("identity.endpoint",),
    timeout=12,
)
def vault_token(ctx: CheckContext) -> Outcome:
    if ctx.context.vault is None:
        return skipped("no Key Vault is configured")
    return _token(ctx, VAULT_SCOPE)


@CHECKS.check(
    "database_token",
    "The endpoint issues a token for PostgreSQL.",
    scope=Scope.INSTANCE,
    requires=("identity.endpoint",),
    timeout=12,
)
def database_token(ctx: CheckContext) -> Outcome:
    if ctx.context.settings.database_auth != "entra":
        return skipped("KOLIBRI_AZURE_DATABASE_AUTH is password")
    return _token(ctx, POSTGRESQL_SCOPE)


def _is_used(ctx: CheckContext) -> bool:
    settings = ctx.context.settings
    uses_token = settings.database_auth == "entra" or settings.content_share
    return bool(ctx.context.vault or uses_token)


def _token(ctx: CheckContext, scope: str) -> Outcome:
    identity = ctx.context.identity
    token = identity.get_token_info(scope)
    measurements: dict[str, Measurement] = {"valid_for_s": round(token.expires_on - time.time())}
    return passed(f"Got a token for {identity.name}.", **measurements, **_owner(token.token))


def _owner(token: str) -> dict[str, str]:
    """The claims about a token's owner; empty if the token has another form."""
    with contextlib.suppress(ValueError, IndexError):
        payload = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        return {name: str(claims[claim]) for claim, name in CLAIMS.items() if claim in claims}
    return {}
