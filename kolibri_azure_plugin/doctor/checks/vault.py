"""Does Key Vault return every secret, and when does each expire?"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from kolibri_azure_plugin.cloud.network import CONNECT_TIMEOUT, READ_TIMEOUT, explain_unreachable
from kolibri_azure_plugin.doctor.check_context import CheckContext
from kolibri_azure_plugin.doctor.checks import expiration
from kolibri_azure_plugin.doctor.outcome import Outcome, passed, skipped, warned
from kolibri_azure_plugin.doctor.registry import Registry, Scope
from kolibri_azure_plugin.errors import VaultError
from kolibri_azure_plugin.errors.remedies import set_secret
from kolibri_azure_plugin.errors.stopwatch import Stopwatch
from kolibri_azure_plugin.errors.wording import counted

CHECKS = Registry("vault")

#: The lifetime of a new secret in the remedy; the administrator may choose another.
LIFETIME = timedelta(days=365)

NO_VAULT = "KOLIBRI_AZURE_KEY_VAULT_URL is empty: secrets come from the environment"


@CHECKS.check(
    "reachable",
    "Key Vault answers, with a certificate that can be trusted.",
    scope=Scope.INSTANCE,
    requires=("kolibri.settings",),
    timeout=12,
)
def reachable(ctx: CheckContext) -> Outcome:
    # The HTTP client of the Azure SDKs. Kolibri bundles its own version.
    import requests

    vault = ctx.context.vault
    if vault is None:
        return skipped(NO_VAULT)
    stopwatch = Stopwatch()
    try:
        answer = requests.get(
            f"https://{vault.host}/healthstatus", timeout=(CONNECT_TIMEOUT, READ_TIMEOUT)
        )
    except requests.RequestException as error:
        raise VaultError(
            f"Key Vault {vault.host} can't be reached.",
            expected="an answer over TLS",
            **explain_unreachable(error, vault.host),
        ) from error
    return passed(
        f"{vault.host} answers.",
        status=answer.status_code,
        answer_ms=stopwatch.milliseconds(),
    )


@CHECKS.check(
    "secrets",
    "Each secret can be read and is enabled.",
    scope=Scope.DEPLOYMENT,
    requires=("vault.reachable",),
    after=("identity.vault_token",),
    timeout=15,
)
def secrets(ctx: CheckContext) -> Outcome:
    if ctx.context.vault is None:
        return skipped(NO_VAULT)
    here = ctx.context.secrets
    for name in ctx.secret_names:
        here.get(name)
    sources = [f"{name}: {here.sources[name]}" for name in ctx.secret_names]
    return passed(f"{counted(len(sources), 'secret')} can be read.", sources=sources)


@CHECKS.check(
    "expiry",
    "No secret expires soon.",
    scope=Scope.DEPLOYMENT,
    requires=("vault.secrets",),
    advisory=True,
)
def expiry(ctx: CheckContext) -> Outcome:
    vault = ctx.context.vault
    if vault is None:
        return skipped(NO_VAULT)
    now = datetime.now(timezone.utc)
    kept = list(ctx.context.secrets.from_vault.values())
    ages = {f"{s.name}_age_days": (now - s.updated_on).days for s in kept if s.updated_on}
    ending = {s.name: (s.expires_on - now).days for s in kept if s.expires_on}
    left = {f"{name}_days_left": days for name, days in ending.items()}
    near = sorted(
        (days, name) for name, days in ending.items() if expiration.is_expiring_soon(days)
    )
    if near:
        said = ", ".join(f"{name} {expiration.expiry_phrase(days)}" for days, name in near)
        return warned(
            f"Secret {said}.",
            cause="Key Vault still returns it after that date, "
            "but its owner expects a new one by then",
            remedy="\n".join(
                f"{set_secret(name, vault.name)} --expires {now + LIFETIME:%Y-%m-%d}"
                for _days, name in near
            ),
            **ages,
            **left,
        )
    return passed(f"No secret expires within {expiration.NEAR_DAYS} days.", **ages, **left)
